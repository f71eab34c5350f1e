"""Which engine runs a model, how that is proven, and what `tegula test` reports."""

import html.parser
import json
import os
import re
import subprocess

import numpy as np
import pytest

PROGRAM = os.environ["TEGULA_PROGRAM"]


@pytest.fixture
def package(data, tmp_path):
    """A copy that may be changed."""

    def make(name, change=lambda text: text):
        folder = tmp_path / name
        folder.mkdir()
        for file in (data / "models_made" / name).iterdir():
            content = change(file.read_text()).encode() if file.suffix == ".yaml" else file.read_bytes()
            (folder / file.name).write_bytes(content)
        return folder

    return make


@pytest.fixture
def image(tmp_path):
    """Small, with something in it."""
    rng = np.random.default_rng(1)
    file = tmp_path / "image.npy"
    np.save(file, rng.integers(0, 4096, (1, 64, 64)).astype(np.uint16))
    return file


def test_the_fastest_that_is_right_is_chosen_once_and_remembered(data, tmp_path, image, monkeypatch):
    monkeypatch.setenv("TEGULA_CACHE", str(tmp_path / "cache"))

    def loaded_libraries(out):
        words = [PROGRAM, "predict", data / "models_made/nuclei_unet_any_size", image, "-o", tmp_path / out]
        done = subprocess.run(list(map(str, words)), capture_output=True, text=True,
                              env=os.environ | {"LD_DEBUG": "files"})
        assert done.returncode == 0, done.stderr[-2000:]
        return set(re.findall(r"lib(?:torch_cpu|openvino)\.so", done.stderr))

    assert loaded_libraries("first") == {"libtorch_cpu.so", "libopenvino.so"}
    assert loaded_libraries("second") == {"libopenvino.so"}
    first, second = (json.loads((tmp_path / out / "run.json").read_text()) for out in ("first", "second"))
    assert first["engine"] == second["engine"] and first["tests"] == second["tests"]
    [choice] = (tmp_path / "cache" / "choices").iterdir()
    remembered = json.loads(choice.read_text())
    taken = min(remembered["checks"], key=lambda check: check["seconds"])
    assert taken["engine"] == "openvino" and taken["status"] == "passed"
    assert {check["weights"] for check in remembered["checks"]} == {"onnx", "torchscript"}
    choice.write_text(choice.read_text()[:300])  # damaged: asked again
    assert loaded_libraries("third") == {"libtorch_cpu.so", "libopenvino.so"}
    assert json.loads(choice.read_text()) is not None


def test_without_a_cache_everything_works(tegula, data, tmp_path, image, monkeypatch):
    monkeypatch.delenv("TEGULA_CACHE")
    monkeypatch.setenv("HOME", "")
    monkeypatch.setenv("XDG_CACHE_HOME", "")
    tegula("predict", data / "models_made/nuclei_unet_any_size", image, "-o", tmp_path / "out").ok()


def test_weights_of_other_bytes_are_not_taken_for_those_that_were_proven(tegula, package, image, tmp_path, monkeypatch):
    monkeypatch.setenv("TEGULA_CACHE", str(tmp_path / "cache"))
    model = package("nuclei_unet_any_size", lambda text: re.sub(r"sha256: [0-9a-f]{64}", "", text))
    tegula("predict", model, image, "-o", tmp_path / "first").ok()
    for weights in [*model.glob("*.onnx"), *model.glob("*.pt")]:
        weights.write_bytes(weights.read_bytes()[:-100])
    run = tegula("predict", model, image, "-o", tmp_path / "second")
    assert run.code == 6, run.err


def test_all_engines_are_shown_with_what_they_cost(tegula, data):
    report = json.loads(tegula("test", data / "models_made/nuclei_unet_any_size", "--all-engines", "--json").ok().out)
    rows = {(check["weights"], check["engine"]): check for check in report["checks"]}
    assert ("onnx", "openvino") in rows and ("torchscript", "libtorch") in rows
    for check in report["checks"]:
        if check["status"] == "passed":
            assert check["seconds"] > 0 and check["megapixels"] == pytest.approx(512 * 512 * 1e-6)
            assert check["memory_bytes"] > 0
            assert [size["passed"] for size in check["sizes"]] == [True] * 3


def test_only_the_wanted_weights_are_tested(tegula, data):
    model = data / "models_made/nuclei_unet_any_size"
    report = json.loads(tegula("test", model, "--weight-format", "onnx", "--json").ok().out)
    assert [check["weights"] for check in report["checks"]] == ["onnx"]
    refused = tegula("test", model, "--weight-format", "onyx")
    assert refused.code == 2 and "onnx" in refused.err
    missing = tegula("test", model, "--weight-format", "keras_hdf5")
    assert missing.code == 4 and "onnx, torchscript" in missing.err


def test_a_size_that_the_network_does_not_take_fails_the_test(tegula, package):
    model = package("he_nuclei_rgb", lambda text: text.replace("step: 8", "step: 1"))
    run = tegula("test", model, "--weight-format", "onnx", "--json")
    report = json.loads(run.out)
    assert run.code == 1, run.out
    assert "sizes" in report["verdict"]
    [check] = report["checks"]
    assert check["status"] == "failed" and all(output["passed"] for output in check["outputs"])
    assert [size["passed"] for size in check["sizes"]] == [True, False, False] * 2
    tegula("test", model, "--weight-format", "onnx", "--only-test-tensors").ok()


def test_weights_that_nothing_runs_fail_only_if_asked_for(tegula, data):
    model = data / "models_made/he_nuclei_rgb"
    plain = json.loads(tegula("test", model, "--json").ok().out)
    assert any(check["status"] == "not run" for check in plain["checks"])
    strict = tegula("test", model, "--strict")
    assert strict.code == 1 and "not all of its weights" in strict.out


class Page(html.parser.HTMLParser):
    """Counts elements; knows whether everything is closed."""

    def __init__(self, text):
        super().__init__()
        self.count, self.open, self.text = {}, [], ""
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.count[tag] = self.count.get(tag, 0) + 1
        if tag not in ("img", "meta", "br", "rect", "line", "input", "link"):
            self.open.append(tag)

    def handle_endtag(self, tag):
        if tag in self.open:
            assert self.open[-1] == tag, (tag, self.open)
            self.open.pop()

    def handle_data(self, data):
        self.text += data


def test_reports_show_input_target_prediction_and_difference(tegula, data, tmp_path):
    model = data / "models_made/multi_io"
    for suffix in ("html", "md", "json"):
        tegula("test", model, "--report", tmp_path / f"report.{suffix}").ok()
    text = (tmp_path / "report.html").read_text()
    page = Page(text)
    assert not page.open and "<script" not in text and "https:" not in text and "http:" not in text
    assert page.count["img"] >= 2 + 2 * 3
    for words in ("target", "prediction", "difference", "the worst element"):
        assert words in page.text
    rows = [line for line in (tmp_path / "report.md").read_text().splitlines() if line.startswith("|")]
    assert len({row.count("|") for row in rows}) == 1 and len(rows) >= 4
    assert json.loads((tmp_path / "report.json").read_text())["passed"]
    refused = tegula("test", model, "--report", tmp_path / "report.pdf")
    assert refused.code == 2 and ".html" in refused.err


def test_inspect_shows_what_was_found_out_and_why_a_network_was_not_converted(tegula, data, tmp_path, monkeypatch):
    monkeypatch.setenv("TEGULA_CACHE", str(tmp_path / "cache"))
    model = data / "models_made/scripted_control_flow"
    assert json.loads(tegula("inspect", model, "--json").out)["checks"] == []
    assert "Not tried here yet" in tegula("inspect", model).out
    tegula("test", model, "--all-engines").ok()
    text = tegula("inspect", model).out
    assert "computes sizes" in text and "ms per run" in text
    checks = {check["engine"]: check for check in json.loads(tegula("inspect", model, "--json").out)["checks"]}
    assert checks["libtorch"]["status"] == "passed" and checks["openvino"]["status"] == "not run"
    assert checks["libtorch"]["seconds"] > 0 and len(checks["libtorch"]["weights_sha256"]) == 64
