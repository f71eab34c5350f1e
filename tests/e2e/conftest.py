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
def source():
    return pathlib.Path(os.environ["TEGULA_SOURCE"])
