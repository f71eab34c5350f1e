"""Whole-image statistics of images that do not fit, beside NumPy."""

import json

import numpy as np
import pytest
import tifffile
from identity_model import write_model

SIDE, TILE = 30_000, 512
BANDS = range(-(-SIDE // TILE))
PERCENTILES = (1, 99.8)


def band(number, dtype):
    """Smooth structure with noise, as images have; the same every time."""
    random = np.random.default_rng(number)
    y, x = np.ogrid[number * TILE : min(SIDE, (number + 1) * TILE), :SIDE]
    smooth = 900 + 500 * np.sin(y / 777) * np.cos(x / 1234)
    return (smooth + random.gamma(2, 150, smooth.shape)).astype(dtype)


def tiles(dtype):
    for number in BANDS:
        rows = band(number, dtype)
        for x in range(0, SIDE, TILE):
            yield rows[:, x : x + TILE]


def expected(dtype):
    """Exact counts for integers; for floats all values sorted, and sums in extended precision."""
    if dtype == "uint16":
        counts = sum(np.bincount(band(i, dtype).ravel(), minlength=65536) for i in BANDS)
        total, values = int(counts.sum()), np.arange(65536, dtype=np.int64)
        mean = int((counts * values).sum()) / total
        std = np.sqrt(float(((values - mean) ** 2 * counts).sum()) / total)
        ends = np.cumsum(counts)

        def at(rank):
            return float(np.searchsorted(ends, rank, side="right"))
    else:
        every = np.concatenate([band(i, dtype).ravel() for i in BANDS])
        mean = float(every.mean(dtype=np.longdouble))
        total = every.size
        std = float(np.sqrt(sum(np.square(part.astype(np.longdouble) - mean).sum()
                                for part in np.array_split(every, 100)) / total))
        every.sort()

        def at(rank):
            return float(every[rank])
    percentiles = []
    for percentile in PERCENTILES:
        position = (total - 1) * (percentile / 100)
        low, high = at(int(position)), at(int(position) + 1)
        weight = position - int(position)
        percentiles.append(low + (high - low) * weight if weight < 0.5 else high - (high - low) * (1 - weight))
    return mean, std, percentiles


@pytest.mark.parametrize("dtype", ["uint16", "float32"])
def test_statistics_of_30000_by_30000_pixels_are_numpy_s_within_400_mb(tegula, tmp_path, results, dtype):
    image = tmp_path / "large.tif"
    tifffile.imwrite(image, tiles(dtype), shape=(SIDE, SIDE), dtype=dtype, tile=(TILE, TILE), bigtiff=True)
    zeros = np.zeros((64, 64), dtype)
    op = "{id: scale_range, kwargs: {axes: [y, x], min_percentile: 1, max_percentile: 99.8}}"
    moments = "{id: zero_mean_unit_variance, kwargs: {axes: [y, x]}}"
    ran = {}
    for name, pre in (("percentiles", op), ("moments", moments)):
        model = write_model(tmp_path / name, zeros, zeros, pre=pre)
        ran[name] = tegula("statistics", model, image, "-o", tmp_path / f"{name}.json").ok()
        assert ran[name].peak_mb < 400
    read = lambda name: [np.ravel(entry["value"]["data"])[0] for entry in json.loads((tmp_path / f"{name}.json").read_text())]
    mean, std, percentiles = expected(dtype)
    assert read("percentiles") == percentiles
    assert np.allclose(read("moments"), [mean, std], rtol=1e-12, atol=0)
    results[f"statistics of 30000 x 30000 {dtype}"] = {
        name: {"peak_mb": run.peak_mb, "cpu_seconds": run.cpu_seconds} for name, run in ran.items()}
