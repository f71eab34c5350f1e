"""Weights files that try to do more than compute."""

import pickle
import re
import shutil
import zipfile

import pytest

FORWARD = "    blur = self.blur\n"
CODE = "weights_torchscript/code/__torch__.py"


def with_code(source, target, change):
    """A TorchScript file with other code in it."""
    with zipfile.ZipFile(source) as before, zipfile.ZipFile(target, "w", zipfile.ZIP_STORED) as after:
        for entry in before.infolist():
            content = before.read(entry)
            if entry.filename == CODE:
                assert FORWARD in content.decode()
                content = change(content.decode()).encode()
            after.writestr(entry.filename, content)


ATTEMPTS = {
    "writes": lambda path: lambda code: code.replace(FORWARD, f'{FORWARD}    torch.save(image, "{path}")\n'),
    "writes while it is loaded": lambda path: lambda code: (
        code + "  def __getstate__(self: __torch__.Network) -> int:\n    return 1\n"
        f'  def __setstate__(self: __torch__.Network,\n    state: int) -> NoneType:\n    torch.save(state, "{path}")\n'
               "    return None\n"),
    "maps a file": lambda path: lambda code: code.replace(
        FORWARD, f'{FORWARD}    _0 = torch.from_file("{path}", True, 64, dtype=6, layout=None, device=torch.device("cpu"),'
                 " pin_memory=False)\n    image = torch.add(image, _0[0])\n"),
}


@pytest.fixture
def demo(source, tmp_path):
    folder = shutil.copytree(source / "demo/nuclei_demo", tmp_path / "model")
    rdf = folder / "rdf.yaml"
    rdf.write_text(re.sub(r"(torchscript: .*), sha256: \w+", r"\1", rdf.read_text()))  # its author may state any
    return folder


@pytest.mark.parametrize("attempt", ATTEMPTS)
def test_a_network_that_touches_files_is_refused(tegula, demo, tmp_path, attempt):
    weights, marker = demo / "weights_torchscript.pt", tmp_path / "marker"
    original = weights.rename(tmp_path / "original.pt")
    with_code(original, weights, ATTEMPTS[attempt](marker))
    for engine in ("libtorch", "openvino"):
        run = tegula("test", demo, "--weight-format", "torchscript", "--engine", engine)
        assert run.code in (1, 3) and not marker.exists(), run.out
    assert "aten::" in tegula("test", demo, "--weight-format", "torchscript", "--engine", "libtorch").out


def test_the_unchanged_file_passes(tegula, demo, tmp_path):
    weights = demo / "weights_torchscript.pt"
    original = weights.rename(tmp_path / "original.pt")
    with_code(original, weights, lambda code: code)
    tegula("test", demo, "--weight-format", "torchscript", "--engine", "libtorch").ok()


class Runs:
    def __init__(self, marker):
        self.marker = str(marker)

    def __reduce__(self):
        return open, (self.marker, "w")


@pytest.mark.parametrize("part", ["the file", "data.pkl", "constants.pkl"])
def test_a_pickle_that_runs_code_does_not_run(tegula, demo, tmp_path, part):
    weights, marker = demo / "weights_torchscript.pt", tmp_path / "marker"
    hostile = pickle.dumps(Runs(marker), protocol=2)
    if part == "the file":
        weights.write_bytes(hostile)
    else:
        original = weights.rename(tmp_path / "original.pt")
        with zipfile.ZipFile(original) as before, zipfile.ZipFile(weights, "w", zipfile.ZIP_STORED) as after:
            for name in before.namelist():
                after.writestr(name, hostile if name.endswith("/" + part) else before.read(name))
    for engine in ("libtorch", "openvino"):
        run = tegula("test", demo, "--weight-format", "torchscript", "--engine", engine)
        assert run.code in (1, 3) and not marker.exists(), run.out
    pickle.loads(hostile).close()
    assert marker.exists()  # it would have
