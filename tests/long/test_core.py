"""Statistics that travel between Tegula and bioimageio.core itself."""

import json
import os
import pathlib
import subprocess

import numpy as np
import pytest
import tifffile
import zarr
from identity_model import write_model

CORE = pathlib.Path(os.environ["TEGULA_SOURCE"]) / ".deps/core/bin/python"
NORMALISE = {
    "of a sample": "{id: zero_mean_unit_variance, kwargs: {axes: [y, x]}}",
    "of a dataset": "{id: zero_mean_unit_variance, kwargs: {axes: [batch, y, x]}}",
    "of everything": "{id: zero_mean_unit_variance, kwargs: {}}",
    "percentiles": "{id: scale_range, kwargs: {axes: [y, x], min_percentile: 1, max_percentile: 99.8}}",
    "clipped": "{id: clip, kwargs: {axes: [y, x], min_percentile: 5, max_percentile: 95}}",
}


def normalised(tegula, model, image, out, *words):
    tegula("predict", model, image, "-o", out, "--save-statistics", *words).ok()
    return np.asarray(zarr.open_group(out / "prediction.ome.zarr", mode="r")["0"])[0]


@pytest.mark.parametrize("name", NORMALISE)
def test_each_reads_what_the_other_wrote(tegula, data, tmp_path, name):
    raw = tifffile.imread(data / "images/fluorescence/stardist_img2d.tif")
    image = tmp_path / "a.tif"
    tifffile.imwrite(image, raw)
    constant = np.zeros((64, 64), "uint16")
    model = write_model(tmp_path / "model", constant, constant, pre=NORMALISE[name])  # they all make zeros of zeros
    own = normalised(tegula, model, image, tmp_path / "own")
    done = subprocess.run([CORE, pathlib.Path(__file__).parent / "core_statistics.py", model / "rdf.yaml",
                           tmp_path / "own/statistics.json", tmp_path / "core.json", image],
                          capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    rows = json.loads(done.stdout.splitlines()[-1])
    assert rows and all(row["found"] and row["difference"] < 1e-3 for row in rows), rows
    shared = normalised(tegula, model, image, tmp_path / "shared", "--statistics-from", tmp_path / "core.json")
    assert np.abs(shared - own).max() < 1e-5
