"""Packages from strangers: an answer in one sentence, little memory, and nothing written outside."""

import os
import pathlib
import stat
import struct
import subprocess
import sys
import zipfile

import numpy as np
import pytest

COSTS = pathlib.Path(__file__).parents[1] / "costs.py"
MODEL = """format_version: 0.5.4
type: model
name: hostile
inputs:
- {{id: raw, axes: [{{type: batch}}, {{type: channel, channel_names: [a]}}, {{type: space, id: y, size: {size}}},
    {{type: space, id: x, size: 8}}], test_tensor: {{source: {test}}}}}
outputs:
- {{id: out, axes: [{{type: batch}}, {{type: channel, channel_names: [a]}}, {{type: space, id: y, size: {size}}},
    {{type: space, id: x, size: 8}}], test_tensor: {{source: {test}}}}}
weights: {{onnx: {{source: {weights}, opset_version: 15}}}}
"""


def text(size=8, test="test.npy", weights="w.onnx"):
    return MODEL.format(size=size, test=test, weights=weights)


def zipped(path, **files):
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name.replace("__", "."), content)
    return path


def yaml(content, suffix="rdf.yaml"):
    def make(folder):
        path = folder / suffix
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    return make


def aliases(folder):
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 10)}]" for i in range(1, 30)]
    return yaml("\n".join(lines))(folder)


def zip_slip(folder):
    path = folder / "slip.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("rdf.yaml", text(test="../../escaped.npy", weights="/etc/passwd"))
        archive.writestr("../../escaped.npy", b"x")
        archive.writestr("/etc/escaped", b"x")
    return path


def zip_link(folder):
    path = folder / "link.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("rdf.yaml", text())
        for name in ("test.npy", "w.onnx"):
            entry = zipfile.ZipInfo(name)
            entry.create_system, entry.external_attr = 3, (stat.S_IFLNK | 0o777) << 16
            archive.writestr(entry, "/etc/passwd")
    return path


def link(folder):
    (folder / "w.onnx").symlink_to("/etc/passwd")
    (folder / "test.npy").symlink_to("/dev/zero")
    return yaml(text())(folder)


class Zeros:
    """As many zero bytes as asked for, for zipfile."""

    def __init__(self, size):
        self.left = size

    def read(self, size):
        size = min(size, self.left)
        self.left -= size
        return bytes(size)


def zip_bomb(folder):
    path = folder / "bomb.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        archive.writestr("rdf.yaml", text())
        for name in ("test.npy", "w.onnx"):
            with archive.open(name, "w", force_zip64=True) as entry:
                zeros = Zeros(400 << 20)
                while block := zeros.read(8 << 20):
                    entry.write(block)
    return path


def description_bomb(folder):
    path = folder / "bomb.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        with archive.open("rdf.yaml", "w") as entry:
            for _ in range(300):
                entry.write(b"#" * (1 << 20))
    return path


def many_entries(folder):
    path = folder / "many.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("rdf.yaml", text())
        for i in range(30_000):
            archive.writestr(f"{i}", b"")
    return path


def npy(header):
    def make(folder):
        header_bytes = header.encode() + b"\n"
        (folder / "test.npy").write_bytes(b"\x93NUMPY\x01\x00" + struct.pack("<H", len(header_bytes)) + header_bytes)
        (folder / "w.onnx").write_bytes(b"x")
        return yaml(text())(folder)

    return make


def long_npy_header(folder):
    (folder / "test.npy").write_bytes(b"\x93NUMPY\x02\x00" + struct.pack("<I", 0xFFFFFFF0) + b" " * 1000)
    (folder / "w.onnx").write_bytes(b"x")
    return yaml(text())(folder)


CASES = {
    "zip slip": zip_slip,
    "a link in a zip": zip_link,
    "links in a folder": link,
    "a zip bomb": zip_bomb,
    "a description that is a bomb": description_bomb,
    "a zip of many files": many_entries,
    "an alias bomb": aliases,
    "a size of a billion": yaml(text(size=10**9)),
    "a size beyond 64 bits": yaml(text(size=10**30)),
    "a billion channels of 0.4": yaml(
        "{type: model, format_version: 0.4.10, inputs: [{name: a, axes: bcyx, data_type: float32, "
        "shape: [1, 1000000000, 8, 8]}], outputs: []}"),
    "100 MB of yaml": yaml(b"a: " + b"x" * (100 << 20)),
    "deep nesting": yaml("[" * 200_000),
    "deep mappings": yaml("{a: " * 200_000),
    "deep block nesting": yaml("\n".join(" " * i + "a:" for i in range(3000))),
    "bytes that are no characters": yaml(b"type: model\nname: \xff\xfe\xc3\x28\nformat_version: 0.5.4\n"),
    "many keys": yaml("{" + ", ".join(f"k{i}: 1" for i in range(150_000)) + "}"),
    "many mistakes": yaml("type: model\nformat_version: 0.5.4\nauthors: [" + ", ".join(["{x: 1}"] * 40_000) + "]"),
    "no end": yaml(b"type: model\nname: 'abc" + b"\n" * 100_000),
    "an npy of a petabyte": npy("{'descr': '<f4', 'fortran_order': False, 'shape': (1, 1, 1000000000, 1000000), }"),
    "an npy of negative size": npy("{'descr': '<f4', 'fortran_order': False, 'shape': (-1, 8), }"),
    "an npy that is a program": npy("{'descr': '|O', 'fortran_order': False, 'shape': (1, 1, 8, 8), }"),
    "an npy with an endless header": long_npy_header,
}


@pytest.mark.parametrize("command", ["validate", "package", "test", "inspect"])
@pytest.mark.parametrize("case", CASES)
def test_hostile_packages_are_answered(case, command, tmp_path):
    home = tmp_path / "home"
    for folder in ("home", "home/package", "home/tmp", "home/work"):
        (tmp_path / folder).mkdir()
    source = CASES[case](home / "package")
    before = {path for path in tmp_path.rglob("*")}
    words = [command, source] + ([home / "work/out.zip"] if command == "package" else [])
    run = subprocess.run([sys.executable, "-SE", COSTS, tmp_path / "costs", os.environ["TEGULA_PROGRAM"], *words],
                         capture_output=True, text=True, cwd=home / "work", timeout=60,
                         env=os.environ | {"TMPDIR": str(home / "tmp")})
    cpu_seconds, megabytes = map(float, (tmp_path / "costs").read_text().split())
    answer = run.stdout + run.stderr
    # `inspect` shows what can be shown of a description that can be read.
    assert run.returncode in ((0, 1, 2, 3, 4, 5, 6, 7) if command == "inspect" else (1, 2, 3, 4, 5, 6, 7)), answer
    assert answer.strip() and "terminate" not in answer and "assert" not in answer and len(answer) < 300_000
    assert megabytes < 200, f"{megabytes} MB"
    assert cpu_seconds < 5  # with sanitizers; it is 0.3 s without
    new = {path for path in tmp_path.rglob("*")} - before - {tmp_path / "costs"}
    assert not new, new
    assert not pathlib.Path("/etc/escaped").exists()


def test_an_honest_tensor_of_zeros_is_no_bomb(tegula, data, tmp_path):
    with zipfile.ZipFile(tmp_path / "a.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        for file in (data / "models_made/he_nuclei_rgb").iterdir():
            archive.write(file, file.name)
        np.save(tmp_path / "zeros.npy", np.zeros((1, 1, 2048, 2048), np.float32))
        archive.write(tmp_path / "zeros.npy", "zeros.npy")
    tegula("validate", tmp_path / "a.zip").ok()
