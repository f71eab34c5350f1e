"""tegula convert with a program in the place of Python that does what a package or a broken library could do."""

import hashlib
import json
import os
import pathlib
import pty
import shutil
import subprocess
import sys
import zipfile

import numpy as np
import pytest

from conftest import PROGRAM

FAKE = """#!{python} -SE
import json, os, pathlib, sys, time
job = json.load(sys.stdin)
if job["from"] == "probe":
    print(json.dumps({{"executable": __file__, "missing": []}}))
    sys.exit()
if {imports_code}:
    sys.path.insert(0, os.path.dirname(job["architecture"]["file"]))
    try:
        import unet
    except ImportError:  # there is no torch
        pass
def save(file):
    pathlib.Path(job["output"]).write_bytes(pathlib.Path(file).read_bytes())
def answer(**words):
    print(json.dumps({{"framework_version": "2.13.0+cpu", "how": "traced"}} | words))
{conversion}
"""


@pytest.fixture(autouse=True)
def own_cache(tmp_path, monkeypatch):
    monkeypatch.setenv("TEGULA_CACHE", str(tmp_path / "cache"))
    monkeypatch.delenv("TEGULA_PYTHON", raising=False)


@pytest.fixture
def model(data, tmp_path):
    """A package whose only weights are a state dict; what they should become lies beside it."""
    folder = tmp_path / "model"
    shutil.copytree(data / "models_made/he_nuclei_rgb", folder)
    for file in folder.iterdir():
        file.chmod(0o644)
    right = folder / "weights_torchscript.pt"
    right.rename(tmp_path / "right.pt")
    (folder / "weights.onnx").unlink()
    (folder / "scale_0499.bioimageio.yaml").unlink()
    text = (folder / "rdf.yaml").read_text()
    (folder / "rdf.yaml").write_text(text[: text.index("  torchscript:")] + text[text.index("config:"):])
    return folder


@pytest.fixture
def fake(tmp_path):
    def write(conversion, imports_code=False):
        program = tmp_path / "fake_python"
        program.write_text(FAKE.format(python=sys.executable, conversion=conversion, imports_code=imports_code))
        program.chmod(0o755)
        return program

    return write


def convert(tegula, model, program, *words):
    return tegula("convert", model, "--python", program, "--trust-code", *words)


def refused(run, code, *parts):
    assert run.code == code, run.err + run.out
    (sentence,) = [line for line in run.err.splitlines() if line.startswith("tegula: ")]
    for part in parts:
        assert part in sentence
    return sentence


def kept(tmp_path):
    return list((tmp_path / "cache").glob("converted/*/*"))


def test_what_is_right_is_kept_and_used(tegula, model, fake, tmp_path, data):
    image = data / "images/he/skimage_ihc.png"
    advice = f"tegula convert {model}"
    assert refused(tegula("predict", model, image, "-o", tmp_path / "o"), 3).endswith(advice)
    before = tegula("test", model)
    assert before.code == 3 and advice in before.out
    assert advice in tegula("inspect", model).out

    run = convert(tegula, model, fake(f"save({str(tmp_path / 'right.pt')!r}); answer()"), "--json").ok()
    answer = json.loads(run.out)
    assert (answer["from"], answer["to"], answer["how"]) == ("pytorch_state_dict", "torchscript", "traced")
    assert [check["status"] for check in answer["checks"]] == ["passed"]
    (folder,) = kept(tmp_path)
    record = json.loads((folder / "made.json").read_text())
    assert record["sha256"] == hashlib.sha256((tmp_path / "right.pt").read_bytes()).hexdigest()

    after = json.loads(tegula("test", model, "--json").ok().out)
    assert {check["weights"]: check["status"] for check in after["checks"]} == {
        "pytorch_state_dict": "not run", "torchscript": "passed"}
    assert "It runs here" in tegula("inspect", model).ok().out or "yes" in tegula("inspect", model).out
    refused(convert(tegula, model, "/no/such/python", "--to", "tensorflow_saved_model_bundle"), 3, "there is no way")


def test_a_package_is_written_as_folder_and_zip(tegula, model, fake, tmp_path):
    program = fake(f"save({str(tmp_path / 'right.pt')!r}); answer()")
    for out in (tmp_path / "new.zip", tmp_path / "new"):
        convert(tegula, model, program, "-o", out).ok()
        tegula("test", out).ok()
        assert "valid-format" in tegula("validate", out).ok().out
        refused(convert(tegula, model, program, "-o", out), 2, "is there already")
    assert not kept(tmp_path)
    with zipfile.ZipFile(tmp_path / "new.zip") as archive:
        names = set(archive.namelist())
        same = ("test_input.npy", "test_output.npy", "weights.pt", "unet.py")
        for name in (*same, "weights_torchscript.pt"):
            assert archive.read(name) == (tmp_path / "new" / name).read_bytes()
        for name in same:
            assert archive.read(name) == (model / name).read_bytes()
    assert names == {file.name for file in (tmp_path / "new").iterdir()}
    refused(convert(tegula, tmp_path / "new", program), 2, "torchscript weights already")
    refused(convert(tegula, tmp_path / "new", program, "--to", "onnx"), 2, "run as they are")


def test_predict_converts_by_itself(tegula, model, fake, tmp_path, data, monkeypatch):
    image = tmp_path / "image.npy"
    np.save(image, np.load(model / "test_input.npy")[0])
    monkeypatch.setenv("TEGULA_PYTHON", str(fake(f"save({str(tmp_path / 'right.pt')!r}); answer()")))
    words = ("predict", model, image, "-o", tmp_path / "o", "--convert")
    refused(tegula(*words), 3, "unet.py", "--trust-code")
    tegula(*words, "--trust-code").ok()
    record = json.loads((tmp_path / "o/run.json").read_text())
    assert record["model"]["weights_format"] == "torchscript"
    assert any("Made from pytorch_state_dict by tegula convert (traced)" in note for note in record["notes"])
    tegula(*words, "--overwrite").ok()  # they are there now: no code runs


def test_wrong_numbers_are_not_kept_and_said(tegula, model, fake, tmp_path, data):
    wrong = data / "models_made/traced_channels_last"
    run = convert(tegula, model, fake(f"save({str(next(wrong.glob('*.pt')))!r}); answer()"))
    refused(run, 3, "did not pass the model's test")

    # The right network with one weight changed.
    other = tmp_path / "other.pt"
    with zipfile.ZipFile(tmp_path / "right.pt") as old, zipfile.ZipFile(other, "w") as new:
        largest = max((i for i in old.infolist() if "/data/" in i.filename or "/constants/" in i.filename),
                      key=lambda i: i.file_size).filename
        for info in old.infolist():
            content = old.read(info)
            if info.filename == largest:
                content = (np.frombuffer(content, np.float32) * 1.5).astype(np.float32).tobytes()
            new.writestr(info.filename, content)
    sentence = refused(convert(tegula, model, fake(f"save({str(other)!r}); answer()"), "-o", tmp_path / "new"), 3,
                       "did not pass the model's test", "output classes")
    assert any(character.isdigit() for character in sentence.split("output classes")[1]), sentence
    assert not kept(tmp_path) and not (tmp_path / "new").exists()


@pytest.mark.parametrize("conversion, code, part", [
    ("time.sleep(60)", 7, "--timeout"),
    ("x = b'x' * (2 << 30)", 3, "MemoryError"),
    ("print('no json')", 3, "an answer that is none"),
    ("print('[1]')", 3, "an answer that is none"),
    ("print('{}')", 3, "neither version nor way"),
    ("pass", 3, "gave no answer"),
    ("answer()", 3, "left none"),
    ("os.symlink('/etc/passwd', job['output']); answer()", 3, "left none"),
    ("os.mkdir(job['output']); answer()", 3, "left none"),
    ("answer(how='guessed')", 3, "neither version nor way"),
    ("answer(framework_version='1; rm')", 3, "neither version nor way"),
    ("answer(error='it \\x1b[31mcannot\\nbe', kind='failed')", 3, "it  [31mcannot be"),
    ("answer(error='too little', kind='exhausted')", 7, "too little"),
    ("save('/dev/null'); answer()", 3, "did not pass"),
    ("sys.exit(5)", 3, "exit code 5"),
    ("os.kill(os.getpid(), 11)", 3, "signal 11"),
    ("os.kill(os.getpid(), 9)", 7, "--memory"),
    ("sys.stdout.write('x' * (64 << 20))", 3, "an answer that is none"),
])
def test_faults_are_one_sentence(tegula, model, fake, tmp_path, conversion, code, part):
    refused(convert(tegula, model, fake(conversion), "--timeout", 4, "--memory", 1), code, part)
    assert not kept(tmp_path)


def test_it_writes_to_one_folder_only_and_has_no_network(tegula, model, fake, tmp_path):
    outside = tmp_path / "outside"
    run = convert(tegula, model, fake(f"""
import socket
said = []
for name in ({str(outside)!r}, {str(model / 'unet.py')!r}, job["weights"], job["inputs"][0][0], __file__):
    try: open(name, "a"); said.append("wrote " + name)
    except OSError: pass
try: socket.socket(); said.append("made a socket")
except OSError: pass
pathlib.Path("inside").write_text("x")
answer(error="; ".join(said) or "nothing was possible", kind="failed")"""))
    refused(run, 3, "nothing was possible")
    assert not outside.exists()


def test_the_sandbox_can_be_left_out_on_request(tegula, model, fake, tmp_path):
    outside = tmp_path / "outside"
    program = fake(f"pathlib.Path({str(outside)!r}).write_text('x'); answer(error='wrote', kind='failed')")
    refused(convert(tegula, model, program, "--no-sandbox"), 3, "wrote")
    assert outside.exists()


@pytest.fixture
def marked(model, tmp_path):
    """The model with an architecture file that leaves a mark when it runs."""
    mark = tmp_path / "mark"
    code = model / "unet.py"
    before = hashlib.sha256(code.read_bytes()).hexdigest()
    code.write_text(f"open({str(mark)!r}, 'w').write('ran')\n" + code.read_text())
    rdf = model / "rdf.yaml"
    rdf.write_text(rdf.read_text().replace(before, hashlib.sha256(code.read_bytes()).hexdigest()))
    return mark


def on_terminal(words, answer):
    """Runs the program with a terminal for input and errors; (exit code, what the terminal showed)."""
    ours, theirs = pty.openpty()
    process = subprocess.Popen([PROGRAM, *map(str, words)], stdin=theirs, stderr=theirs, stdout=subprocess.DEVNULL)
    os.close(theirs)
    os.write(ours, answer.encode())
    shown = b""
    try:
        while part := os.read(ours, 4096):
            shown += part
    except OSError:  # the other end is closed
        pass
    os.close(ours)
    return process.wait(timeout=60), shown.decode()


def test_no_code_of_the_package_runs_without_consent(tegula, model, marked, fake):
    words = ("convert", model, "--python", fake("answer(error='it ran', kind='failed')", imports_code=True), "--no-sandbox")
    sha256 = hashlib.sha256((model / "unet.py").read_bytes()).hexdigest()
    refused(tegula(*words), 3, "unet.py", str(model), sha256, "--trust-code")
    assert not marked.exists()
    code, shown = on_terminal(words, "n\n")
    assert code == 3 and sha256 in shown and str(model / "unet.py") in shown and "[y/N]" in shown
    assert not marked.exists()
    code, shown = on_terminal(words, "y\n")
    assert code == 3 and "it ran" in shown
    assert marked.exists()
    marked.unlink()
    refused(tegula(*words, "--trust-code"), 3, "it ran")
    assert marked.exists()


def test_code_inside_the_weights_needs_consent_too(tegula, model, marked, fake):
    """What the library finds in the weights is asked for in a second step."""
    text = (model / "rdf.yaml").read_text()
    begin = text.index("    architecture:")
    (model / "rdf.yaml").write_text(
        text[:begin] + "    architecture: {import_from: torch.nn, callable: Conv2d}\n" + text[text.index("    pytorch_version"):])
    program = fake("answer(error='a thing' if job['trust'] else 'it is code', kind='failed' if job['trust'] else 'trust')")
    refused(tegula("convert", model, "--python", program), 3, "weights.pt", "it is code", "--trust-code")
    refused(tegula("convert", model, "--python", program, "--trust-code"), 3, "a thing")


def test_a_python_without_the_library_is_refused_with_the_line_that_helps(tegula, model, tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", "/usr/bin:/bin")
    run = tegula("convert", model, "--trust-code", "--python", "/no/python")
    refused(run, 4, "/no/python", "`pip install numpy torch`", "--python new")
    monkeypatch.setenv("TEGULA_PYTHON", "/named/python")
    refused(tegula("convert", model, "--trust-code"), 4, "/named/python")


def test_pip_that_fails_is_said(tegula, model, tmp_path, monkeypatch):
    """An environment on request: a python3 whose pip finds nothing."""
    folder = tmp_path / "bin"
    folder.mkdir()
    (folder / "python3").write_text("#!/bin/sh\nmkdir -p bin && printf '#!/bin/sh\\necho no network >&2; exit 1\\n' >"
                                    " bin/python && chmod +x bin/python\n")
    (folder / "python3").chmod(0o755)
    monkeypatch.setenv("PATH", f"{folder}:/usr/bin:/bin")
    refused(tegula("convert", model, "--trust-code", "--python", "new"), 3, "making a Python environment", "no network")
    assert not list((tmp_path / "cache").glob("python/*/ready"))


def test_an_environment_is_made_once_and_found_again(tegula, model, fake, tmp_path, monkeypatch):
    """A python3 without the library, whose environments have it: their program answers pip and the script."""
    program = fake(f"save({str(tmp_path / 'right.pt')!r}); answer()")
    text = program.read_text().replace("job = json", "if sys.argv[1] == '-m':\n    open('asked', 'a').write(' '.join("
                                       "sys.argv[2:]) + '\\n')\n    sys.exit()\njob = json")
    program.write_text(text)
    folder = tmp_path / "bin"
    folder.mkdir()
    (folder / "python3").write_text(f"""#!/bin/sh
if [ "$2" = venv ]; then mkdir bin && cp {program} bin/python; else echo '{{"executable": "/x", "missing": ["torch"]}}'; fi
""")
    (folder / "python3").chmod(0o755)
    monkeypatch.setenv("PATH", f"{folder}:/usr/bin:/bin")
    words = ("convert", model, "--trust-code", "-o")
    refused(tegula(*words, tmp_path / "a.zip"), 4, "has no torch", "--python new")
    tegula(*words, tmp_path / "a.zip", "--python", "new").ok()
    tegula(*words, tmp_path / "b.zip", "--python", "new").ok()
    tegula(*words, tmp_path / "c.zip").ok()
    (asked,) = (tmp_path / "cache/python").glob("*/asked")
    assert asked.read_text().splitlines() == ["pip install --disable-pip-version-check --quiet numpy torch"]


def test_a_changed_architecture_file_is_refused(tegula, model, fake):
    (model / "unet.py").write_text("pass\n")
    refused(convert(tegula, model, fake("answer()")), 6, "unet.py", "sha256")
