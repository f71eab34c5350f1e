"""The program as a user meets it. Models and images are read from $TEGULA_TEST_DATA and never copied here."""

import os
import pathlib
import subprocess
import sys
import tempfile

import pytest

PROGRAM = os.environ["TEGULA_PROGRAM"]
sys.path.insert(0, str(pathlib.Path(__file__).parents[1]))  # for what both tiers use
CACHE = tempfile.TemporaryDirectory(prefix="tegula-tests-")  # of this run alone
os.environ["TEGULA_CACHE"] = CACHE.name
os.environ["TEGULA_CLASSIFIERS"] = CACHE.name + "/classifiers"


class Run:
    """What a command printed and how it ended."""

    def __init__(self, *words, timeout=300, cwd=None):
        done = subprocess.run([PROGRAM, *map(str, words)], capture_output=True, text=True, timeout=timeout, cwd=cwd)
        self.code, self.out, self.err = done.returncode, done.stdout, done.stderr

    def ok(self):
        assert self.code == 0, self.err + self.out
        return self


def content(folder):
    """All bytes below a folder, by path."""
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    return {str(path.relative_to(folder)): path.read_bytes() for path in files}


class Program:
    """The program with variables of its own, for what goes on while it runs."""

    def __init__(self, environment):
        self.environment = environment

    def start(self, *words, **environment):
        return subprocess.Popen([PROGRAM, *map(str, words)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                                env={**self.environment, **environment})

    def __call__(self, *words, **environment):
        process = self.start(*words, **environment)
        process.out, process.err = process.communicate(timeout=300)
        process.code = process.returncode
        return process

    def ok(self, *words, **environment):
        run = self(*words, **environment)
        assert run.code == 0, run.err + run.out
        return run

    def refused(self, code, *words, **environment):
        """The one sentence."""
        run = self(*words, **environment)
        assert run.code == code, run.err + run.out
        assert run.err.startswith("tegula: ") and run.err.count("\n") == 1, run.err
        return run.err


@pytest.fixture
def tegula():
    return Run


@pytest.fixture(scope="session")
def data():
    folder = pathlib.Path(os.environ.get("TEGULA_TEST_DATA", "")) / "data"
    if not (folder / "models_made").is_dir():
        pytest.skip(f"no models and images in {folder}")
    return folder


@pytest.fixture(scope="session")
def unchanging(tmp_path_factory):
    """unchanging(channels): a model whose network changes nothing."""
    from identity_model import write_model
    from zarr_images import noise

    made = {}

    def get(channels):
        if channels not in made:
            plane = noise((64, 64), "float32")
            made[channels] = write_model(tmp_path_factory.mktemp("models") / f"c{channels}", plane, plane, channels=channels)
        return made[channels]

    return get


@pytest.fixture(scope="session")
def source():
    return pathlib.Path(os.environ["TEGULA_SOURCE"])
