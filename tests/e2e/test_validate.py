"""`tegula validate`, `package`, `update-hashes`, `update-format`, as users and programs see them."""

import hashlib
import json
import shutil
import zipfile

import pytest

MADE = ["he_nuclei_rgb", "nuclei_fluo_globalnorm", "fixed_shape_valid_conv_v05", "keras_all", "multi_io"]


def validated(tegula, source, *words):
    run = tegula("validate", source, "--json", *words)
    return run, json.loads(run.out)


def test_a_finding_names_severity_place_and_hint(tegula, data, tmp_path):
    text = (data / "models_made/he_nuclei_rgb/rdf.yaml").read_text()
    broken = tmp_path / "rdf.yaml"
    broken.write_text(text.replace("preprocessing:", "preprocesing:", 1))
    run, report = validated(tegula, broken, "--no-io")
    assert run.code == 1 and report["status"] == "failed" and not report["files_checked"]
    (error,) = [f for f in report["findings"] if f["severity"] == "error"]
    assert error["path"] == "inputs[0].preprocesing" and error["hint"] == "did you mean 'preprocessing'?"
    assert text.splitlines()[error["line"] - 1].strip().startswith("preprocessing")
    human = tegula("validate", broken, "--no-io")
    assert human.code == 1 and "inputs[0].preprocesing" in human.out and "1 error" in human.out


def test_strict_makes_warnings_fail(tegula, data):
    model = data / "models_made/he_nuclei_rgb"
    assert tegula("validate-format", model).code == 0
    assert tegula("validate", model, "--strict").code == 1


def test_missing_and_changed_files_are_found_unless_none_is_to_be_opened(tegula, data, tmp_path):
    model = tmp_path / "model"
    shutil.copytree(data / "models_made/he_nuclei_rgb", model)
    (model / "documentation.md").unlink()
    with (model / "weights.onnx").open("ab") as file:
        file.write(b"x")
    run, report = validated(tegula, model)
    errors = {f["path"]: f["sentence"] for f in report["findings"] if f["severity"] == "error"}
    assert run.code == 1 and set(errors) == {"documentation", "weights.onnx.source"}
    assert "sha256" in errors["weights.onnx.source"]
    assert tegula("validate", model, "--no-io").code == 0


def test_test_tensors_that_contradict_the_description_are_found(tegula, data, tmp_path):
    model = tmp_path / "model"
    shutil.copytree(data / "models_made/he_nuclei_rgb", model)
    text = (model / "rdf.yaml").read_text()
    (model / "rdf.yaml").write_text(text.replace("type: uint8", "type: uint16"))
    run, report = validated(tegula, model)
    assert run.code == 1
    assert any("holds uint8" in f["sentence"] for f in report["findings"] if f["severity"] == "error")


def test_what_is_no_description_is_a_failed_validation(tegula, tmp_path):
    (tmp_path / "a.yaml").write_text("a: [1, 2\n")
    run, report = validated(tegula, tmp_path / "a.yaml")
    assert run.code == 1 and "line" in report["findings"][0]["sentence"]
    assert tegula("validate", tmp_path / "none.yaml").code == 4


def test_other_resources_are_validated_too(tegula, data):
    dataset = data / "spec-corpus/spec-bioimage-io/example_descriptions/datasets/covid_if_training_data/bioimageio.yaml"
    run, report = validated(tegula, dataset, "--no-io")
    assert run.code == 0 and report["type"] == "dataset" and report["format_version"] == "0.2.4"


@pytest.mark.parametrize("name", MADE)
def test_a_package_is_valid_reproducible_and_runs(tegula, data, tmp_path, name):
    one, two = tmp_path / "one.zip", tmp_path / "two.zip"
    for out in (one, two):
        tegula("package", data / "models_made" / name, out).ok()
    assert one.read_bytes() == two.read_bytes()
    tegula("validate", one).ok()
    rows = json.loads(tegula("test", one, "--json").out)["checks"]
    assert any(row["status"] == "passed" for row in rows) and not any(row["status"] == "failed" for row in rows)


def test_a_package_of_a_package_is_the_same(tegula, data, tmp_path):
    tegula("package", data / "models_made/he_nuclei_rgb", tmp_path / "a.zip").ok()
    tegula("package", tmp_path / "a.zip", tmp_path / "b.zip").ok()
    assert (tmp_path / "a.zip").read_bytes() == (tmp_path / "b.zip").read_bytes()


def test_a_package_holds_only_what_is_named(tegula, data, tmp_path):
    model = tmp_path / "model"
    shutil.copytree(data / "models_made/he_nuclei_rgb", model)
    (model / "notes.txt").write_text("private")
    out = tmp_path / "out.zip"
    tegula("package", model, out, "--weight-format", "onnx").ok()
    names = zipfile.ZipFile(out).namelist()
    assert names[0] == "rdf.yaml" and "notes.txt" not in names
    assert [n for n in names if n.startswith(("weights", "unet"))] == ["weights.onnx"]
    tegula("validate", out).ok()
    tegula("test", out).ok()


def test_files_of_one_name_are_told_apart_in_a_package(tegula, data, tmp_path):
    model = tmp_path / "model"
    shutil.copytree(data / "models_made/he_nuclei_rgb", model)
    (model / "more").mkdir()
    shutil.move(model / "test_output.npy", model / "more/test_input.npy")
    text = (model / "rdf.yaml").read_text()
    (model / "rdf.yaml").write_text(text.replace("test_output.npy", "more/test_input.npy"))
    out = tmp_path / "out.zip"
    tegula("package", model, out).ok()
    assert {"test_input.npy", "test_input_2.npy"} <= set(zipfile.ZipFile(out).namelist())
    tegula("test", out).ok()


def test_a_savedmodel_folder_becomes_a_zip(tegula, data, tmp_path):
    model = tmp_path / "model"
    shutil.copytree(data / "models_made/keras_all", model)
    text = (model / "rdf.yaml").read_text()
    digest = hashlib.sha256((model / "tf_saved_model_bundle.zip").read_bytes()).hexdigest()
    assert digest in text
    text = text.replace(f"source: tf_saved_model_bundle.zip, sha256: {digest}", "source: tf_saved_model")
    (model / "rdf.yaml").write_text(text)
    out = tmp_path / "out.zip"
    tegula("package", model, out).ok()
    assert "tf_saved_model.zip" in zipfile.ZipFile(out).namelist()
    tegula("validate", out).ok()
    tegula("test", out).ok()


def test_a_broken_description_is_not_packaged(tegula, tmp_path):
    (tmp_path / "rdf.yaml").write_text("{type: model, format_version: 0.5.4, name: broken}")
    run = tegula("package", tmp_path, tmp_path / "out.zip")
    assert run.code == 2 and "inputs" in run.err and not (tmp_path / "out.zip").exists()


def test_updated_hashes_are_those_of_the_files(tegula, data, tmp_path):
    model = tmp_path / "model"
    shutil.copytree(data / "models_made/he_nuclei_rgb", model)
    with (model / "documentation.md").open("a") as file:
        file.write("\n# Validation\n")
    with (model / "unet.py").open("a") as file:
        file.write("\n")
    assert tegula("validate", model).code == 1
    tegula("update-hashes", model, "-o", model / "rdf.yaml").ok()
    tegula("validate", model).ok()
    assert hashlib.sha256((model / "unet.py").read_bytes()).hexdigest() in (model / "rdf.yaml").read_text()


@pytest.mark.parametrize("name, file", [("nuclei_fluo_globalnorm", "bioimageio.yaml"),
                                        ("fixed_shape_valid_conv_v04", "explicit_output.bioimageio.yaml")])
def test_a_model_in_the_newest_format_gives_the_same_answers(tegula, data, tmp_path, name, file):
    model = tmp_path / "model"
    shutil.copytree(data / "models_made" / name, model)
    before = json.loads(tegula("test", model / file, "--json").ok().out)
    run = tegula("update-format", model / file, "-o", model / "new.bioimageio.yaml").ok()
    assert "format_version: 0.5.14" in (model / "new.bioimageio.yaml").read_text()
    tegula("validate", model / "new.bioimageio.yaml").ok()
    after = json.loads(tegula("test", model / "new.bioimageio.yaml", "--json").ok().out)
    outputs = lambda report: [[o["max_abs"] for o in check["outputs"]] for check in report["checks"]]
    assert outputs(before) == outputs(after)
    assert run.out == ""
