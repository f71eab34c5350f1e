"""TensorFlow SavedModels: as a zip, as a zip with a top folder, as a folder; answers held against TensorFlow's own."""

import hashlib
import json
import os
import pathlib
import shutil
import zipfile

import numpy as np
import pytest
import tifffile

BUNDLE = "tf_saved_model_bundle.zip"


@pytest.fixture
def keras(data, tmp_path):
    """A copy of the package without its Keras entries, whose SavedModel the test puts into another form."""
    folder = tmp_path / "model"
    shutil.copytree(data / "models_made/keras_all", folder)
    return folder


def rename_source(folder, old, new, sha256=None):
    """States another source for the SavedModel, with the sha256 of that file or none."""
    rdf = folder / "rdf.yaml"
    text = rdf.read_text()
    begin = text.index(f"source: {old}")
    end = text.index(",", text.index("sha256:", begin))
    rdf.write_text(text[:begin] + f"source: {new}" + (f", sha256: {sha256}" if sha256 else "") + text[end:])


def checks(tegula, model):
    run = tegula("test", model, "--json")
    rows = {row["weights"]: row for row in json.loads(run.out)["checks"]}
    return run, rows["tensorflow_saved_model_bundle"]


def test_a_zip_reproduces_the_test_outputs(tegula, keras):
    run, check = checks(tegula, keras)
    assert run.code == 0 and run.err == ""
    assert check["status"] == "passed" and check["outputs"][0]["max_abs"] < 1e-5


def test_a_zip_with_a_top_folder_is_the_same(tegula, keras):
    other = keras / "other.zip"
    with zipfile.ZipFile(keras / BUNDLE) as old, zipfile.ZipFile(other, "w") as new:
        for name in old.namelist():
            new.writestr("top/" + name, old.read(name))
    rename_source(keras, BUNDLE, "other.zip", hashlib.sha256(other.read_bytes()).hexdigest())
    run, check = checks(tegula, keras)
    assert run.code == 0 and check["status"] == "passed"


@pytest.mark.parametrize("packed", [False, True])
def test_a_folder_is_the_same_also_in_a_zipped_package(tegula, keras, tmp_path, packed):
    rename_source(keras, BUNDLE, "tf_saved_model")
    model = keras
    if packed:
        model = pathlib.Path(shutil.make_archive(str(tmp_path / "package"), "zip", keras))
    run, check = checks(tegula, model)
    assert run.code == 0 and check["status"] == "passed"


def test_a_zip_without_a_savedmodel_is_refused_in_one_sentence(tegula, keras):
    other = keras / "other.zip"
    with zipfile.ZipFile(other, "w") as new:
        new.writestr("variables/variables.index", b"x")
    rename_source(keras, BUNDLE, "other.zip", hashlib.sha256(other.read_bytes()).hexdigest())
    run, check = checks(tegula, keras)
    assert run.code != 0 and "saved_model.pb" in check["reason"]


def test_the_image_to_image_savedmodel_answers_as_tensorflow_does(tegula, data, tmp_path):
    """superres_EM: a TF 1 graph of fixed size that doubles the resolution, channels last."""
    golden = pathlib.Path(os.environ["TEGULA_TEST_DATA"]) / "golden/predict"
    cases = json.loads((golden / "tensorflow.json").read_text())
    for name, case in cases.items():
        if not name.startswith("superres_EM_savedmodel."):
            continue
        y, x = case["crop"]["y"], case["crop"]["x"]
        image = tifffile.imread(data / case["image"])[y[0] : y[1], x[0] : x[1]]
        expected = np.load(golden / case["outputs"]["output"]["file"])
        model = tmp_path / name
        model.mkdir()
        shutil.copytree(data / "models/superres_EM_savedmodel/variables", model / "saved/variables")
        shutil.copy(data / "models/superres_EM_savedmodel/saved_model.pb", model / "saved")
        np.save(model / "in.npy", image.astype(np.float32)[None, ..., None] / 255)  # as the golden file states
        np.save(model / "out.npy", expected)
        (model / "README.md").write_text("made by a test\n")
        (model / "rdf.yaml").write_text(RDF)
        run, check = checks(tegula, model)
        assert run.code == 0, check["reason"]
        assert check["outputs"][0]["max_abs"] < 1e-5


RDF = """format_version: 0.5.4
type: model
name: Superres
description: made by a test
authors: [{name: test}]
cite: [{text: test, url: 'https://example.com'}]
license: CC0-1.0
documentation: README.md
inputs:
- id: raw
  axes: [{type: batch}, {type: space, id: y, size: 128}, {type: space, id: x, size: 128}, {type: channel, channel_names: [em]}]
  test_tensor: {source: in.npy}
outputs:
- id: fine
  axes: [{type: batch}, {type: space, id: y, size: 256}, {type: space, id: x, size: 256}, {type: channel, channel_names: [em]}]
  test_tensor: {source: out.npy}
weights:
  tensorflow_saved_model_bundle: {source: saved, tensorflow_version: '1.15'}
"""
