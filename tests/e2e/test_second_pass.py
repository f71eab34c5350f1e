"""Postprocessing that wants statistics of the whole output, beside NumPy on the whole image."""

import numpy as np
import pytest
import tifffile
import zarr
from identity_model import write_model

LINEAR = "{id: scale_linear, kwargs: {gain: 0.5, offset: 3}}"


def network(raw):
    return raw.astype(np.float32) * np.float32(0.5) + np.float32(3)


def scaled(raw):
    out = network(raw).astype(np.float64)
    low, high = np.percentile(out, [2, 99])
    return ((out - low) / (high - low + 1e-6)).astype(np.float32)


def matched(raw):
    out = network(raw).astype(np.float64)
    reference = raw.astype(np.float64)
    return ((out - out.mean()) / (out.std() + 1e-6) * (reference.std() + 1e-6) + reference.mean()).astype(np.float32)


def clipped(raw):
    out = network(raw).astype(np.float64)
    low, high = np.percentile(out, [5, 80], method="inverted_cdf")
    return np.clip(out, low, high).astype(np.float32)


CASES = {
    "scale_range": ("{id: scale_range, kwargs: {axes: [y, x], min_percentile: 2, max_percentile: 99}}", scaled),
    "scale_mean_variance": ("{id: scale_mean_variance, kwargs: {reference_tensor: raw, axes: [y, x]}}", matched),
    "clip": ("{id: clip, kwargs: {axes: [y, x], min_percentile: 5, max_percentile: 80}}", clipped),
}


@pytest.mark.parametrize("name", CASES)
def test_the_whole_output_decides(tegula, data, tmp_path, name):
    post, expected = CASES[name]
    raw = tifffile.imread(data / "images/fluorescence/stardist_img2d.tif")
    part = raw[:64, :80]
    model = write_model(tmp_path / "model", part, expected(part), pre=LINEAR, post=post)
    tegula("test", model).ok()
    tifffile.imwrite(tmp_path / "a.tif", raw)
    run = tegula("predict", model, tmp_path / "a.tif", "-o", tmp_path / "out", "--tile", "100", "--save-statistics").ok()
    found = np.asarray(zarr.open_group(tmp_path / "out/prediction.ome.zarr", mode="r")["0"])[0]
    whole = expected(raw)
    assert np.abs(found - whole).max() <= 1e-6 * np.abs(whole).max(), run.err
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == [
        "prediction.ome.zarr", "report.html", "run.json", "statistics.json"]

    # With the whole output's numbers at hand one pass is enough, and a part is predicted as part of the whole.
    tifffile.imwrite(tmp_path / "part.tif", raw[100:300, 50:250])
    tegula("predict", model, tmp_path / "part.tif", "-o", tmp_path / "part", "--statistics-from",
           tmp_path / "out/statistics.json").ok()
    part = np.asarray(zarr.open_group(tmp_path / "part/prediction.ome.zarr", mode="r")["0"])[0]
    assert np.array_equal(part, found[100:300, 50:250])
