"""Objects of mosaics of real nuclei: scikit-image's numbers, the same in tiles of any size, and memory that does not grow."""

import json
import os
import pathlib
import subprocess
import sys

import numpy as np
import pytest
import shapely
import tifffile
import zarr
from scipy import ndimage
from skimage import measure

from identity_model import write_model

DATA = pathlib.Path(os.environ["TEGULA_TEST_DATA"])
SIZE, LARGE = 4096, 32768
LIMIT_MB = 500


@pytest.fixture(scope="module")
def probability(tmp_path_factory):
    """What a network says of a mosaic, as a stored prediction."""
    folder = tmp_path_factory.mktemp("mosaic")
    subprocess.run([sys.executable, DATA / "bench/make_mosaic.py", DATA / "data", folder, str(SIZE)], check=True)
    subprocess.run([os.environ["TEGULA_PROGRAM"], "predict", DATA / "data/models_made/nuclei_unet_any_size",
                    folder / f"nuclei_{SIZE}.tif", "-o", folder / "out"], check=True)
    return folder / "out"


@pytest.fixture(scope="module")
def values(probability):
    return zarr.open_group(probability / "prediction.ome.zarr", mode="r")["0"][0]


@pytest.fixture(scope="module")
def identity(tmp_path_factory):
    test = np.zeros((64, 64), "float32")
    return write_model(tmp_path_factory.mktemp("identity") / "model", test, test)


def features_of(folder):
    return json.loads((folder / "objects.geojson").read_text())["features"]


def test_objects_are_scikit_images_and_their_outlines_give_back_every_pixel(tegula, probability, values, tmp_path):
    tegula("objects", probability, "-o", tmp_path / "o").ok()
    expected = measure.label(values >= 0.5, connectivity=1)
    table = measure.regionprops_table(expected, values, properties=("area", "centroid", "bbox", "mean_intensity"))
    features = features_of(tmp_path / "o")
    assert len(features) == len(table["area"]) > 4000
    numbers = [f["properties"]["measurements"] for f in features]
    for name, column, shift in [("Area px^2", "area", 0), ("Centroid Y px", "centroid-0", 0.5), ("Centroid X px", "centroid-1", 0.5),
                                ("Box Y px", "bbox-0", 0), ("Box X px", "bbox-1", 0), ("probability: Mean", "mean_intensity", 0)]:
        np.testing.assert_allclose([n[name] for n in numbers], table[column] + shift, rtol=1e-6 if shift == 0 else 1e-9)
    shapes = shapely.from_geojson([json.dumps(f["geometry"]) for f in features])
    assert shapely.is_valid(shapes).all()
    again = np.zeros_like(expected)
    for number, shape in enumerate(shapes):
        x0, y0, x1, y1 = map(int, shape.bounds)
        y, x = np.mgrid[y0:y1, x0:x1]
        again[y0:y1, x0:x1][shapely.contains_xy(shape, x + 0.5, y + 0.5)] = number + 1
    assert np.array_equal(again, expected)


def test_tiles_and_workers_change_nothing(tegula, values, identity, tmp_path):
    tifffile.imwrite(tmp_path / "map.tif", values)
    words = ["--measure", "all", "--split", "distance", "--min-area", "20px", "--simplify", "0.4px", "--smooth", "0.7px"]
    written = set()
    for tile, threads in [(64, 1), (64, 8), (257, 2), (1024, 8), (SIZE, 1)]:
        out = tmp_path / f"{tile}"
        if not out.exists():
            tegula("predict", identity, tmp_path / "map.tif", "-o", out, "--tile", tile).ok()
        tegula("objects", out, "-o", tmp_path / "o", "--overwrite", "--threads", threads, *words).ok()
        written.add((tmp_path / "o/objects.geojson").read_bytes())
    assert len(written) == 1


def test_memory_does_not_grow_with_the_slide(tegula, values, identity, results, tmp_path):
    """Half a million nuclei: those of the mosaic at 0.7 times their size, side by side."""
    image = tmp_path / "large.tif"
    dense = ndimage.zoom(values, 0.7, order=1)
    across = -(-LARGE // dense.shape[1])
    large = tifffile.memmap(image, shape=(LARGE, LARGE), dtype="float32", bigtiff=True, rowsperstrip=64)
    for y in range(0, LARGE, dense.shape[0]):
        rows = large[y:y + dense.shape[0]]
        rows[:] = np.tile(dense[:len(rows)], (1, across))[:, :LARGE]
    del rows, large
    tegula("predict", identity, image, "-o", tmp_path / "out").ok()
    for name, words in {"basic": [], "all": ["--measure", "all"],
                        "all, split": ["--measure", "all", "--split", "distance", "--object-files", "geojson,csv"],
                        "all, cells": ["--measure", "all", "--object-type", "cell", "--cell-expansion", "5px"]}.items():
        run = tegula("objects", tmp_path / "out", "-o", tmp_path / "o", "--overwrite", *words).ok()
        with (tmp_path / "o/objects.geojson").open() as file:
            objects = sum(1 for _ in file) - 2
        results[f"objects of {LARGE} x {LARGE}, measured: {name}"] = {
            "objects": objects, "seconds": round(run.seconds, 1), "cpu_seconds": round(run.cpu_seconds, 1), "peak_mb": round(run.peak_mb)}
        assert objects > 500_000
        assert run.peak_mb < LIMIT_MB
