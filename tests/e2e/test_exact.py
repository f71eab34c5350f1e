"""The tiled answer is the whole-image answer, edges included."""

import itertools

import numpy as np
import pytest
import zarr

CASES = {
    "he_nuclei_rgb": ("images/he/skimage_ihc.png", 128),
    "nuclei_fluo_globalnorm": ("models/unmicst/sample/105.tif", 128),
}


def predict(tegula, model, image, out, *words):
    tegula("predict", model, image, "-o", out, "-q", *words).ok()
    return zarr.open_group(out / "prediction.ome.zarr", mode="r")["0"][:]


@pytest.mark.parametrize("name", CASES)
@pytest.mark.parametrize("border", ["pad", "network"])
def test_tiles_of_any_size_give_the_whole_answer(tegula, data, tmp_path, name, border):
    image, smallest = CASES[name]
    model = data / "models_made" / name
    words = ["--border", border, "--level", "0"]
    whole = predict(tegula, model, data / image, tmp_path / "whole", "--tile", 8128, *words)
    for tile in (smallest, 200, 336, 512):
        tiled = predict(tegula, model, data / image, tmp_path / str(tile), "--tile", tile, *words)
        assert tiled.shape == whole.shape
        assert np.abs(tiled - whole).max() <= 1e-5 * max(1, np.abs(whole).max()), tile


def test_the_result_does_not_depend_on_workers(tegula, data, tmp_path):
    image, _ = CASES["nuclei_fluo_globalnorm"]
    model = data / "models_made/nuclei_fluo_globalnorm"
    a, b = (predict(tegula, model, data / image, tmp_path / n, "--tile", 256, "--workers", n) for n in ("1", "5"))
    assert np.array_equal(a, b)


def test_a_tile_that_is_not_possible_names_those_that_are(tegula, data, tmp_path):
    run = tegula("predict", data / "models_made/he_nuclei_rgb", data / "images/he/skimage_ihc.png", "-o", tmp_path / "o", "--tile", 300, "--level", 0)
    assert run.code == 2
    assert "296 and 304" in run.err
    assert not (tmp_path / "o" / "prediction.ome.zarr").exists()
