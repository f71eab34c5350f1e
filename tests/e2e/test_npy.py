"""`tegula predict --format npy`: what numpy.load gives is what zarr gives of the same run."""

import json

import numpy as np
import pytest
import zarr


@pytest.fixture(scope="module")
def image(tmp_path_factory):
    path = tmp_path_factory.mktemp("images") / "a.npy"
    np.save(path, np.random.default_rng(4).random((2, 610, 530), "f4"))
    return path


def level0(path):
    return zarr.open_group(path, mode="r")["0"][:]


@pytest.mark.parametrize("values, dtype, shape", (
    ("own", "float32", (2, 610, 530)), ("float16", "float16", (2, 610, 530)), ("uint16", "uint16", (2, 610, 530)), ("argmax", "uint8", (610, 530))))
def test_the_array_is_the_store(tegula, unchanging, image, tmp_path, values, dtype, shape):
    words = ["predict", unchanging(2), image, "-o", tmp_path / "o", "--format", "npy,ome-zarr", "--values", values]
    tegula(*words, *(("--range", "0,1") if values == "uint16" else ())).ok()
    found = np.load(tmp_path / "o/prediction.npy")
    assert found.dtype == dtype and found.shape == shape and found.flags.c_contiguous
    assert np.array_equal(found, level0(tmp_path / "o/prediction.ome.zarr"))
    if values == "own":
        assert np.array_equal(found, np.load(image))
        record = json.loads((tmp_path / "o/run.json").read_text())
        assert ["prediction.ome.zarr", "ome-zarr", "prediction.npy", "npy"] == [
            output[key] for output in record["outputs"][:2] for key in ("path", "format")]


def test_alone_it_is_the_only_image_and_an_image_again(tegula, unchanging, image, tmp_path):
    words = ["predict", unchanging(2), image, "-o", tmp_path / "o", "--format", "npy"]
    tegula(*words).ok()
    assert sorted(path.name for path in (tmp_path / "o").iterdir()) == ["prediction.npy", "report.html", "run.json"]
    assert "done before" in tegula(*words).ok().out
    tegula("predict", unchanging(2), tmp_path / "o/prediction.npy", "-o", tmp_path / "again", "--format", "npy").ok()
    assert (tmp_path / "again/prediction.npy").read_bytes() == (tmp_path / "o/prediction.npy").read_bytes()


def test_of_a_region_what_was_not_asked_for_is_the_fill_value(tegula, unchanging, image, tmp_path):
    tegula("predict", unchanging(2), image, "-o", tmp_path / "o", "--format", "npy", "--region", "100,50,40,30").ok()
    expected = np.full((2, 610, 530), np.nan, "f4")
    expected[:, 50:80, 100:140] = np.load(image)[:, 50:80, 100:140]
    assert np.array_equal(np.load(tmp_path / "o/prediction.npy"), expected, equal_nan=True)


def test_several_outputs_are_several_arrays(tegula, data, tmp_path):
    random = np.random.default_rng(7)
    np.save(tmp_path / "image.npy", random.random((1, 128, 96), "f4"))
    np.save(tmp_path / "context.npy", random.random((2, 64, 48), "f4"))
    tegula("predict", data / "models_made/multi_io", tmp_path / "image.npy", "--input", f"context={tmp_path}/context.npy",
           "-o", tmp_path / "o", "--format", "ome-zarr,npy").ok()
    for output in ("superres", "density"):
        assert np.array_equal(np.load(tmp_path / f"o/{output}.npy"), level0(tmp_path / f"o/{output}.ome.zarr"))


def test_what_is_large_is_refused_before_it_is_predicted(tegula, unchanging, tmp_path):
    run = tegula("predict", unchanging(1), "synthetic:noise,height=20000,width=20000", "-o", tmp_path / "o", "--format", "npy")
    assert run.code == 3 and run.err.splitlines()[-1].startswith("tegula: ")
    assert "1.60 GB, and npy is for results up to 1.00 GB; ask for --format ome-zarr" in run.err
    assert not (tmp_path / "o").exists() or not any((tmp_path / "o").iterdir())
