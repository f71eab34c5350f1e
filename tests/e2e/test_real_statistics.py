"""Statistics of real images, whatever tiles their files have, beside NumPy in float64 on the whole image."""

import json

import numpy as np
import pytest
import tifffile
from identity_model import write_model

IMAGES = {
    "fluorescence/neubias_xyc_16bit__hela-cells.tif": 2,
    "fluorescence/neubias_xyc_16bit__nuclei_tubulin.tif": 0,
    "fluorescence/piximi_8b_rgb_FluorescentCells.tif": 2,
    "ome_tiff/multi-channel.ome.tif": 0,
    "spots/deepblink_image_c1.tif": None,
    "wsi/kidney-48-5.tif": 2,
}


def values(path):
    return [np.ravel(entry["value"]["data"] if isinstance(entry["value"], dict) else entry["value"])
            for entry in json.loads(path.read_text())]


@pytest.mark.parametrize("name", IMAGES)
@pytest.mark.parametrize("axes", ["{axes: [y, x], ", "{"], ids=["per channel", "jointly"])
def test_statistics_are_numpy_s(tegula, data, tmp_path, name, axes):
    pixels = tifffile.imread(data / "images" / name)
    channel_axis = IMAGES[name]
    cyx = pixels[None] if channel_axis is None else np.moveaxis(pixels, channel_axis, 0)
    files = [data / "images" / name]
    for tile in (64, 272):
        files.append(tmp_path / f"{tile}.tif")
        tifffile.imwrite(files[-1], cyx if len(cyx) > 1 else cyx[0], tile=(tile, tile), photometric="minisblack",
                         planarconfig="separate" if len(cyx) > 1 else None)
    reduced = (1, 2) if "axes" in axes else None
    wide = np.ascontiguousarray(cyx, np.float64)  # along other strides NumPy itself is less exact than 1e-12
    zeros = np.zeros((32, 32), pixels.dtype)
    moments = write_model(tmp_path / "moments", zeros, zeros, channels=len(cyx),
                          pre="{id: zero_mean_unit_variance, kwargs: " + axes + "eps: 0.001}}")
    ranges = [write_model(tmp_path / f"range{i}", zeros, zeros, channels=len(cyx),
                          pre="{id: scale_range, kwargs: " + axes + f"min_percentile: {low}, max_percentile: {high}" + "}}")
              for i, (low, high) in enumerate([(0, 99.8), (1, 37.3), (37.3, 100)])]
    expected_range = [[np.quantile(wide, q / 100, axis=reduced) for q in pair] for pair in [(0, 99.8), (1, 37.3), (37.3, 100)]]
    out = tmp_path / "statistics.json"
    for file in files:
        tegula("statistics", moments, file, "-o", out).ok()
        mean, std = values(out)
        assert np.allclose(mean, np.ravel(wide.mean(axis=reduced)), rtol=1e-12, atol=1e-12)
        assert np.allclose(std, np.ravel(wide.std(axis=reduced)), rtol=1e-12, atol=0)
        for model, expected in zip(ranges, expected_range):
            tegula("statistics", model, file, "-o", out).ok()
            for found, exact in zip(values(out), expected):
                assert np.array_equal(found, np.ravel(exact))
