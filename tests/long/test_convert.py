"""tegula convert with the libraries themselves: from packages that nothing runs to packages that pass their test."""

import json
import os
import pathlib
import re
import shutil
import sys

import numpy as np
import pytest

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")


@pytest.fixture(autouse=True)
def own_cache(tmp_path, monkeypatch):
    monkeypatch.setenv("TEGULA_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("TEGULA_PYTHON", sys.executable)


def copied(package, folder, weights):
    """The package with these entries, YAML below `weights:`, and no others."""
    shutil.copytree(package, folder)
    for path in [folder, *folder.rglob("*")]:
        path.chmod(0o755 if path.is_dir() else 0o644)
    rdf = folder / "rdf.yaml"
    before, after = rdf.read_text().split("weights:\n")
    rest = after.splitlines(keepends=True)
    while rest[0].startswith(" "):
        rest.pop(0)
    rdf.write_text(before + "weights:\n" + weights + "".join(rest))
    return folder


def without_checksums(folder):
    """Files of the package may then be replaced."""
    rdf = folder / "rdf.yaml"
    rdf.write_text(re.sub(r",?\s*sha256: [0-9a-f]{64}", "", rdf.read_text()))


def check(tegula, model, format, passes=True):
    run = tegula("test", model, "--json")
    rows = {row["weights"]: row for row in json.loads(run.out[run.out.index("{"):])["checks"]}
    assert run.code == (0 if passes else 1), run.out
    assert rows[format]["status"] == "passed"
    return max(output["max_abs"] for output in rows[format]["outputs"])


def refused(run, code, *parts):
    assert run.code == code, run.out
    sentence = next(line for line in run.out.splitlines() if line.startswith("tegula: "))
    for part in parts:
        assert part in sentence
    return sentence


@pytest.mark.parametrize("name", ["statedict_only", "statedict_import"])
@pytest.mark.parametrize("to", ["torchscript", "onnx", "openvino"])
def test_a_state_dict_runs_after_it_was_converted(tegula, data, tmp_path, results, name, to):
    model, out = data / "models_made" / name, tmp_path / "new.zip"
    run = tegula("convert", model, "--to", to, "-o", out, *(["--trust-code"] if name == "statedict_only" else []))
    assert ("to onnx" if to == "onnx" else "traced to torchscript") in run.ok().out
    difference = check(tegula, out, "onnx" if to == "onnx" else "torchscript")
    results[f"convert: {name} to {to}: largest difference to the test outputs"] = difference
    assert "valid-format" in tegula("validate", out).ok().out


def test_without_consent_the_architecture_does_not_run(tegula, data, tmp_path):
    refused(tegula("convert", data / "models_made/statedict_only"), 3, "my_unet.py", "--trust-code")


def test_predict_converts_by_itself(tegula, data, tmp_path):
    image = tmp_path / "image.npy"
    np.save(image, np.load(data / "models_made/statedict_only/test_input.npy")[0])
    words = ("predict", data / "models_made/statedict_only", image, "-o", tmp_path / "o")
    assert "tegula convert" in refused(tegula(*words), 3)
    tegula(*words, "--convert", "--trust-code").ok()


def test_a_network_that_decides_by_its_input_is_scripted(tegula, data, tmp_path):
    """A trace would hold one branch; the other size takes the other."""
    import torch

    code = """import torch

class Net(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = torch.nn.Conv2d(1, 2, 3, padding=1)

    def forward(self, x):
        if x.shape[2] * x.shape[3] > 12000:
            return self.conv(x)
        return self.conv(x) + 1.0
"""
    folder = tmp_path / "model"
    torch.manual_seed(0)
    network = torch.nn.Conv2d(1, 2, 3, padding=1)
    copied(data / "models_made/statedict_import", folder, "  pytorch_state_dict:\n    source: weights.pt\n"
           "    architecture: {source: net.py, callable: Net}\n    pytorch_version: 2.13.0\n")
    (folder / "net.py").write_text(code)
    torch.save({"conv." + key: value for key, value in network.state_dict().items()}, folder / "weights.pt")
    with torch.no_grad():
        x = torch.from_numpy(np.load(folder / "test_input.npy"))
        np.save(folder / "test_output.npy", network(x).numpy())
    without_checksums(folder)
    run = tegula("convert", folder, "--trust-code").ok()
    assert "scripted to torchscript" in run.out, run.out
    check(tegula, folder, "torchscript")


def test_pickled_code_in_a_state_dict_is_refused(tegula, data, tmp_path):
    import torch

    class Marks:
        def __reduce__(self):
            return pathlib.Path.touch, (pathlib.Path(tmp_path / "mark"),)

    folder = copied(data / "models_made/statedict_import", tmp_path / "model",
                    "  pytorch_state_dict:\n    source: weights.pt\n    architecture: {import_from: torch.nn, callable: "
                    "Conv2d, kwargs: {in_channels: 1, out_channels: 2, kernel_size: 3}}\n    pytorch_version: 2.13.0\n")
    torch.save({"weight": Marks()}, folder / "weights.pt")
    refused(tegula("convert", folder, "--no-sandbox", "--trust-code"), 3, "nothing but tensors")
    assert not (tmp_path / "mark").exists()


@pytest.mark.parametrize("callable, sentence", [("module: subprocess, name: call", "is not a network"),
                                                ("module: torch, name: load", "is not a network")])
def test_an_imported_callable_that_is_no_network_is_not_called(tegula, data, tmp_path, callable, sentence):
    module, name = (part.split(": ")[1] for part in callable.split(", "))
    folder = copied(data / "models_made/statedict_import", tmp_path / "model",
                    "  pytorch_state_dict:\n    source: weights.pt\n    architecture: {import_from: "
                    f"{module}, callable: {name}, kwargs: {{args: [touch, {tmp_path / 'mark'}]}}}}\n"
                    "    pytorch_version: 2.13.0\n")
    refused(tegula("convert", folder, "--no-sandbox"), 3, sentence, "--trust-code")
    assert not (tmp_path / "mark").exists()


KERAS = {
    "keras_v3": "  keras_v3: {source: model.keras, keras_version: 3.15.1, backend: [tensorflow, 2.21.0]}\n",
    "keras_hdf5": "  keras_hdf5: {source: model.h5, tensorflow_version: 2.21.0}\n",
}


@pytest.mark.parametrize("format", list(KERAS))
@pytest.mark.parametrize("is_kept", [True, False])
def test_a_keras_model_runs_after_it_was_converted(tegula, data, tmp_path, results, format, is_kept):
    folder = copied(data / "models_made/keras_all", tmp_path / "model", KERAS[format])
    assert "tegula convert" in tegula("test", folder).out
    out = folder if is_kept else tmp_path / "new"
    tegula("convert", folder, *([] if is_kept else ["-o", out])).ok()
    difference = check(tegula, out, "tensorflow_saved_model_bundle")
    results[f"convert: {format}: largest difference to the test outputs"] = difference


def test_an_hdf5_model_of_keras_2_3_runs_after_it_was_converted(tegula, data, tmp_path):
    source = data / "models/pancreatic_unet_keras"
    folder = copied(source, tmp_path / "model",
                    "  keras_hdf5: {source: ./model_with_architecture.h5, tensorflow_version: 1.15}\n")
    tegula("convert", folder).ok()
    check(tegula, folder, "tensorflow_saved_model_bundle")


def test_weights_without_a_network_are_refused(tegula, data, tmp_path):
    folder = copied(data / "models/pancreatic_unet_keras", tmp_path / "model",
                    "  keras_hdf5: {source: ./unet_pancreatic_cell_segmentation.h5, tensorflow_version: 1.15}\n")
    refused(tegula("convert", folder), 3, "no description of the network")


@pytest.mark.parametrize("format, name", [("keras_v3", "model.keras"), ("keras_hdf5", "model.h5")])
def test_a_lambda_layer_needs_consent(tegula, data, tmp_path, format, name):
    import keras

    folder = copied(data / "models_made/keras_all", tmp_path / "model", KERAS[format])
    mark = tmp_path / "mark"
    function = eval(f"lambda x: (open({str(mark)!r}, 'w').close(), x * 2.0)[1]")
    inputs = keras.Input((None, None, 1), name="image")
    doubled = keras.layers.Lambda(function)(inputs)
    network = keras.Model(inputs, keras.layers.Concatenate()([doubled, doubled]))
    network.save(folder / name)
    np.save(folder / "test_output.npy", np.repeat(2 * np.load(folder / "test_input.npy"), 2, axis=-1).astype(np.float32))
    without_checksums(folder)
    mark.unlink(missing_ok=True)
    refused(tegula("convert", folder, "--no-sandbox"), 3, "Lambda", "--trust-code")
    assert not mark.exists()
    tegula("convert", folder, "--no-sandbox", "--trust-code").ok()
    assert mark.exists()
    check(tegula, folder, "tensorflow_saved_model_bundle")


def test_what_the_process_may_take_is_limited(tegula, data):
    model = data / "models_made/statedict_import"
    refused(tegula("convert", model, "--timeout", 1), 7, "--timeout")
    assert tegula("convert", model, "--memory", 0.3).code in (3, 7)
