"""`tegula test` proves packages on their own test tensors; `inspect` says what they are."""

import json

import pytest

PASSING = {
    "models/unet2d_nuclei_broad/bioimageio.yaml": {"onnx", "torchscript"},
    "models/unet2d_nuclei_broad/v0_4_0.bioimageio.yaml": {"onnx", "torchscript"},
    "models/unet2d_nuclei_broad/v0_4_9.bioimageio.yaml": {"onnx", "torchscript"},
    "models_made/nuclei_unet_any_size": {"onnx", "torchscript"},
    "models_made/fixed_shape_valid_conv_v05": {"onnx", "torchscript"},
    "models_made/he_nuclei_rgb": {"onnx", "torchscript"},
    "models_made/zips/he_nuclei_rgb.zip": {"onnx", "torchscript"},
    "models_made/nuclei_fluo_globalnorm": {"onnx", "torchscript"},
    "models_made/zips/nuclei_fluo_globalnorm.zip": {"onnx", "torchscript"},
}


@pytest.mark.parametrize("model", PASSING)
def test_weights_reproduce_the_test_outputs(tegula, data, model):
    engines = {row["name"]: row for row in json.loads(tegula("engines", "--json").ok().out)}
    run = tegula("test", data / model, "--json")
    report = json.loads(run.out)
    if not engines["libtorch"]["available"]:
        pytest.skip("built without LibTorch: " + engines["libtorch"]["reason"])
    assert run.code == 0, run.out + run.err
    passed = {check["weights"] for check in report["checks"] if check["status"] == "passed"}
    assert passed == PASSING[model]
    for check in report["checks"]:
        for output in check["outputs"]:
            assert output["max_abs"] < 1e-4


def test_a_description_with_duplicate_tensor_ids_is_refused(tegula, data):
    run = tegula("test", data / "models/unet2d_nuclei_broad/invalid_v0_4_0_duplicate_tensor_names.bioimageio.yaml")
    assert run.code == 2
    assert "data" in run.err and "tensor" in run.err


def test_two_candidates_in_a_folder_are_listed(tegula, data, tmp_path):
    for name in ("a.bioimageio.yaml", "b.bioimageio.yaml"):
        (tmp_path / name).write_text((data / "models_made/he_nuclei_rgb/rdf.yaml").read_text())
    run = tegula("inspect", tmp_path)
    assert run.code == 2 and "a.bioimageio.yaml" in run.err and "b.bioimageio.yaml" in run.err


def test_inspect_tells_what_runs(tegula, data):
    card = json.loads(tegula("inspect", data / "models_made/he_nuclei_rgb/rdf.yaml", "--json").ok().out)
    assert card["name"] == "HE nuclei RGB" and card["applies"]
    runs = {row["format"]: row["engine"] for row in card["weights"]}
    assert runs["onnx"] == "openvino" and runs["pytorch_state_dict"] == ""


def test_what_cannot_be_applied_is_named(tegula, data):
    card = json.loads(tegula("inspect", data / "models_made/time_index", "--json").ok().out)
    assert not card["applies"] and "output points" in card["reason"]


@pytest.mark.parametrize("model", ["stardist_like2d", "cellpose_like"])
def test_models_that_number_objects_are_applied(tegula, data, model):
    card = json.loads(tegula("inspect", data / "models_made" / model, "--json").ok().out)
    assert card["applies"] and not card["reason"]


def test_version_answers_at_once(tegula):
    assert tegula("--version").ok().out.strip()
