"""The long tier. What is missing here is an error: a skip is a failure."""

import os
import pathlib
import subprocess
import sys
import tempfile
import time

import pytest

COSTS = pathlib.Path(__file__).parents[1] / "costs.py"
PROGRAM = os.environ["TEGULA_PROGRAM"]
sys.path.insert(0, str(pathlib.Path(__file__).parents[1]))  # for what both tiers use
CACHE = tempfile.TemporaryDirectory(prefix="tegula-tests-")  # of this run alone
os.environ["TEGULA_CACHE"] = CACHE.name


class Run:
    """A finished command with what it cost."""

    def __init__(self, *words, cwd=None):
        began = time.monotonic()
        with tempfile.NamedTemporaryFile("r") as costs:
            done = subprocess.run([sys.executable, "-SE", COSTS, costs.name, PROGRAM, *map(str, words)],
                                  stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, cwd=cwd)
            self.cpu_seconds, self.peak_mb = map(float, costs.read().split())
        self.out, self.code = done.stdout, done.returncode
        self.seconds = time.monotonic() - began

    def ok(self):
        assert self.code == 0, self.out
        return self


@pytest.fixture
def tegula():
    return Run


@pytest.fixture(scope="session")
def data():
    folder = pathlib.Path(os.environ["TEGULA_TEST_DATA"]) / "data"
    assert (folder / "models_made").is_dir(), f"the long tier needs the models and images in {folder}"
    return folder


@pytest.fixture(scope="session")
def results():
    """Numbers that go to docs/results/long.json."""
    import json

    found = {}
    yield found
    path = pathlib.Path(os.environ["TEGULA_SOURCE"]) / "docs" / "results" / "long.json"
    before = json.loads(path.read_text()) if path.exists() else {}
    path.write_text(json.dumps(before | found, indent=1, sort_keys=True) + "\n")


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item, call):
    report = (yield).get_result()
    if report.skipped:
        report.outcome = "failed"
        report.longrepr = f"skipped, which is a failure in the long tier: {report.longrepr}"
