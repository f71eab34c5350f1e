"""Runs the program above a layer of files that fails when it is told to (faults/file_faults.cc), at every call in turn."""

import concurrent.futures
import errno
import json
import os
import pathlib
import subprocess
import tempfile

PROGRAM = os.environ["TEGULA_PROGRAM"]
LIBRARY = os.environ.get("TEGULA_FILE_FAULTS", pathlib.Path(PROGRAM).parent / "tests/libtegula_file_faults.so")
FULL, BROKEN = errno.ENOSPC, errno.EIO
PARTIAL, LOCK = ".tegula-partial", ".tegula-lock"


class FaultyRun:
    """A command whose calls of `kinds` (read, write, remove) on what is in `below` count. From the call `first` on, `hits`
    of them (0: all) end as `do` says: the number of an error, stutter, kill, crash, stop, or a command that is run."""

    def __init__(self, words, below, kinds, first=0, do="", hits=1):
        with tempfile.NamedTemporaryFile("r") as log:
            faults = {"LD_PRELOAD": str(LIBRARY), "FAULTS_BELOW": ":".join(map(str, below)), "FAULTS_IN": kinds,
                      "FAULTS_FROM": str(first), "FAULTS_FOR": str(hits), "FAULTS_DO": str(do), "FAULTS_LOG": log.name}
            done = subprocess.run([PROGRAM, *map(str, words)], env=os.environ | faults, capture_output=True, text=True,
                                  timeout=120)
            lines = [line.rstrip("\n").split(" ", 1) for line in log]
            self.calls, self.paths = [line[0] for line in lines], [line[1] for line in lines]  # names of functions, and of what
        self.code, self.out, self.err = done.returncode, done.stdout, done.stderr

    def ok(self):
        assert self.code == 0, self.err + self.out
        return self

    def says_one_sentence(self, *parts):
        """That the program said one thing, and in it these."""
        assert self.err.startswith("tegula: ") and self.err.count("\n") == 1, self.err
        assert all(str(part) in self.err for part in parts), (parts, self.err)


class Prediction:
    """A prediction with everything it can leave, and what it leaves if nothing happens. With one worker the same calls come
    in the same order."""

    def __init__(self, folder, model, image, *options, workers=1):
        self.folder, self.model, self.image, self.options, self.workers = folder, model, image, options, workers
        folder.mkdir(exist_ok=True)
        self.count = 0
        self.run(self.new_folder()).ok()  # what is kept of a model between runs is made now
        self.whole = self.new_folder()
        self.run(self.whole).ok()

    def new_folder(self):
        self.count += 1
        return self.folder / f"out{self.count}"

    def words(self, out, *more):
        return ["-q", "--threads", "1", "predict", self.model, self.image, "-o", out, "--workers", self.workers, *self.options,
                *more]

    def run(self, out, *more):
        return FaultyRun(self.words(out, *more), [out], "read")

    def every_call(self, below, kinds, do, check, hits=1, prepare=None, more=()):
        """Calls check(run, call, out) for a run that meets the fault at its first call, its second, and so on; `below` says
        for an output folder which files count, `prepare` fills it. How many there were."""
        def begin():
            out = self.new_folder()
            if prepare:
                prepare(out)
            return out

        out = begin()
        calls = FaultyRun(self.words(out, *more), below(out), kinds).ok().calls
        assert calls, "nothing counts"

        def one(number):
            out = begin()
            run = FaultyRun(self.words(out, *more), below(out), kinds, number, do, hits)
            assert self.workers > 1 or run.calls[:number] == calls[:number], "the calls come in another order than before"
            call = run.calls[min(number, len(run.calls)) - 1]
            try:
                check(run, call, out)
            except AssertionError as error:
                raise AssertionError(f"{call}, call {number} of {len(calls)}, {run.code}: {run.err}") from error

        with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
            list(pool.map(one, range(1, len(calls) + 1)))
        return len(calls)

    def names(self):
        return sorted(path.name for path in self.whole.iterdir())

    def is_complete(self, out):
        """That the results are all there, to the byte, and nothing else."""
        assert sorted(path.name for path in out.iterdir()) == self.names()
        assert content(out) == content(self.whole)
        assert key_of(out) == key_of(self.whole)

    def is_whole(self, out, before=None):
        """That nothing half-written has a final name: what is there is as it is to be, or as it was before; and where there
        is a record, everything is as it says."""
        if not out.exists():
            return
        states = [content(folder) for folder in (self.whole, before) if folder]
        found = content(out)
        for name in {name.split("/")[0] for name in found}:
            parts = [{path: data for path, data in state.items() if path.split("/")[0] == name} for state in (found, *states)]
            assert parts[0] in parts[1:], name
        if (out / "report.html").exists():
            assert (out / "report.html").read_text().rstrip().endswith("</html>")
        if (out / "run.json").exists():
            belongs = [state for state, folder in zip(states, (self.whole, before)) if key_of(folder) == key_of(out)]
            assert found in belongs

    def goes_on(self, out, *more):
        """That the same command ends with everything."""
        self.run(out, *more).ok()
        self.is_complete(out)


def content(out):
    """All bytes of the results that a run does not date, by path."""
    files = [path for path in sorted(out.rglob("*")) if path.is_file()]
    paths = {str(path.relative_to(out)): path for path in files}
    return {name: path.read_bytes() for name, path in paths.items() if not name.startswith(".") and name not in (
        "run.json", "report.html")}


def key_of(out):
    return json.loads((out / "run.json").read_text())["key"]
