"""Runs keep within the memory they may take, or are refused before anything is written."""

import json

import numpy as np
import pytest
import tifffile
import zarr


def level0(folder):
    return zarr.open_group(folder, mode="r")["0"][:]


@pytest.fixture(scope="module")
def image(tmp_path_factory):
    random = np.random.default_rng(5)
    pixels = np.kron(random.integers(0, 60000, (150, 150)), np.ones((16, 16))).astype(np.uint16)
    path = tmp_path_factory.mktemp("image") / "blocks.tif"
    tifffile.imwrite(path, pixels, tile=(256, 256))
    return path


def take_as_long_for_each_pixel(cache):
    """Which windows are fastest then follows from their overlap, not from what else the machine did while they were
    measured."""
    measured = list((cache / "costs").iterdir())
    assert measured
    for file in measured:
        costs = json.loads(file.read_text())
        for window in costs["windows"]:
            window["seconds"] = window["pixels"] * 4e-7
        file.write_text(json.dumps(costs))


def test_less_memory_gives_smaller_windows_and_the_same_answer(tegula, data, image, tmp_path, monkeypatch):
    monkeypatch.setenv("TEGULA_CACHE", str(tmp_path / "cache"))
    model = data / "models_made/nuclei_unet_any_size"
    tegula("predict", model, image, "-o", tmp_path / "measured").ok()
    take_as_long_for_each_pixel(tmp_path / "cache")
    results, windows = [], []
    for name, words in (("free", []), ("tight", ["--memory", "480MB"]), ("tighter", ["--memory", "280MB"])):
        tegula("predict", model, image, "-o", tmp_path / name, *words).ok()
        record = json.loads((tmp_path / name / "run.json").read_text())
        results.append(level0(tmp_path / name / "prediction.ome.zarr"))
        windows.append(record["tiles"]["windows"])
        assert record["peak_memory_bytes"] <= record["allowed_memory_bytes"]
        assert 0 < record["estimated_memory_bytes"] <= record["allowed_memory_bytes"]
    assert windows[2] > windows[1] > windows[0]
    assert max(np.abs(results[0] - result).max() for result in results[1:]) <= 1e-5


def test_what_cannot_fit_is_refused_with_what_it_needs(tegula, data, image, tmp_path):
    run = tegula("predict", data / "models_made/nuclei_unet_any_size", image, "-o", tmp_path / "out", "--memory", "100MB")
    assert run.code != 0
    assert "this run needs at least" in run.err and "--memory" in run.err
    assert not (tmp_path / "out").exists()


def test_windows_that_are_asked_for_are_held_against_the_memory(tegula, data, image, tmp_path):
    run = tegula("predict", data / "models_made/nuclei_unet_any_size", image, "-o", tmp_path / "out", "--memory", "480MB",
                 "--tile", "2048")
    assert run.code != 0
    assert "ask for smaller windows with --tile" in run.err


def test_a_finished_run_is_known_whatever_memory_there_is_now(tegula, data, image, tmp_path):
    words = ["predict", data / "models_made/nuclei_unet_any_size", image, "-o", tmp_path / "out"]
    tegula(*words, "--memory", "480MB").ok()
    assert "done before" in tegula(*words, "--memory", "4GB").ok().out


@pytest.mark.parametrize("memory", ["lots", "-1", "5 parsecs"])
def test_a_size_that_is_none_is_refused(tegula, data, image, tmp_path, memory):
    run = tegula("predict", data / "models_made/nuclei_unet_any_size", image, "-o", tmp_path / "out", f"--memory={memory}")
    assert run.code != 0 and "is not a size" in run.err
