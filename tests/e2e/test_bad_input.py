"""Bad input: one sentence that names file and cause, a documented exit code, nothing half-written."""

import os
import shutil

import pytest

INVALID, NOT_FOUND, IO, CORRUPT = 2, 4, 5, 6


@pytest.fixture
def package(data, tmp_path):
    shutil.copytree(data / "models_made/nuclei_fluo_globalnorm", tmp_path / "model")
    return tmp_path / "model"


@pytest.fixture
def image(data):
    return data / "models/unmicst/sample/105.tif"


def refused(run, code, *words):
    assert run.code == code, f"{run.code}: {run.err}"
    lines = run.err.strip().splitlines()
    assert lines[-1].startswith("tegula: ") and len([l for l in lines if l.startswith("tegula: ")]) == 1
    for word in words:
        assert word in lines[-1], lines[-1]


def nothing_written(out):
    assert not out.exists() or not any(out.iterdir())


def edit(package, old, new):
    rdf = package / "bioimageio.yaml"
    text = rdf.read_text()
    assert old in text
    rdf.write_text(text.replace(old, new))


def test_a_missing_image(tegula, package, tmp_path):
    refused(tegula("predict", package, "no-such.tif", "-o", tmp_path / "o"), NOT_FOUND, "no-such.tif")
    nothing_written(tmp_path / "o")


def test_a_missing_model(tegula, image, tmp_path):
    refused(tegula("predict", tmp_path / "none", image, "-o", tmp_path / "o"), NOT_FOUND, "none")
    nothing_written(tmp_path / "o")


def test_a_truncated_tiff(tegula, package, image, tmp_path):
    cut = tmp_path / "cut.tif"
    cut.write_bytes(image.read_bytes()[:400_000])
    run = tegula("predict", package, cut, "-o", tmp_path / "o")
    assert run.code in (IO, CORRUPT), run.err
    refused(run, run.code, "cut.tif")
    nothing_written(tmp_path / "o")


def test_a_wrong_checksum(tegula, package, image, tmp_path):
    for weights in package.glob("weights*"):
        weights.write_bytes(weights.read_bytes() + b"x")
    refused(tegula("predict", package, image, "-o", tmp_path / "o"), CORRUPT, "sha256", "weights")
    nothing_written(tmp_path / "o")


def test_an_unknown_operation(tegula, package, image, tmp_path):
    edit(package, "name: sigmoid", "name: sharpen")
    refused(tegula("predict", package, image, "-o", tmp_path / "o"), INVALID, "sharpen")


def test_a_wrong_number_of_channels(tegula, package, data, tmp_path):
    run = tegula("predict", package, data / "images/he/skimage_ihc.png", "-o", tmp_path / "o")
    refused(run, INVALID, "red", "--channels")
    nothing_written(tmp_path / "o")


def test_an_unknown_channel_lists_those_there_are(tegula, package, data, tmp_path):
    run = tegula("predict", package, data / "images/he/skimage_ihc.png", "-o", tmp_path / "o", "--channels", "DAPI")
    assert run.code in (INVALID, NOT_FOUND)
    refused(run, run.code, "DAPI", "red", "green", "blue")


def test_an_output_folder_that_cannot_be_written(tegula, package, image):
    # Not even root can make a folder there.
    refused(tegula("predict", package, image, "-o", "/proc/tegula-results"), IO, "/proc/tegula-results")


def test_an_output_that_is_a_file(tegula, package, image, tmp_path):
    (tmp_path / "o").write_text("mine")
    refused(tegula("predict", package, image, "-o", tmp_path / "o"), IO, str(tmp_path / "o"))
    assert (tmp_path / "o").read_text() == "mine"


def test_results_that_are_there_are_not_overwritten_unasked(tegula, package, image, tmp_path):
    words = ("predict", package, image, "-o", tmp_path / "o", "-q")
    tegula(*words).ok()
    assert "already" in tegula(*words[:-1]).ok().err  # the very same is not done again
    refused(tegula(*words, "--format", "ome-tiff"), INVALID, "--overwrite")
    tegula(*words, "--overwrite").ok()


def test_a_model_file_that_is_not_one(tegula, image, tmp_path):
    (tmp_path / "m.yaml").write_bytes(os.urandom(500))
    run = tegula("predict", tmp_path / "m.yaml", image, "-o", tmp_path / "o")
    assert run.code in (INVALID, CORRUPT)
    refused(run, run.code, "m.yaml")
    (tmp_path / "m.zip").write_bytes(os.urandom(500))
    refused(tegula("test", tmp_path / "m.zip"), CORRUPT, "m.zip")


def test_weights_that_are_not_a_network(tegula, package, image, tmp_path):
    import hashlib
    import re

    for weights in package.glob("weights*"):
        weights.write_bytes(b"not a network" * 100)
    digest = hashlib.sha256(b"not a network" * 100).hexdigest()
    rdf = package / "bioimageio.yaml"
    rdf.write_text(re.sub(r"sha256: [0-9a-f]{64}", "sha256: " + digest, rdf.read_text()))
    refused(tegula("predict", package, image, "-o", tmp_path / "o"), CORRUPT, "weights")
    nothing_written(tmp_path / "o")


def test_a_mistyped_option_points_to_help(tegula):
    run = tegula("predict", "--no-such-option")
    refused(run, INVALID, "--help")
