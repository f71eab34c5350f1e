"""A prediction meets a full disk, a broken one, a change of its image or its end at every call with which it touches a
file, one after the other. It says what happened, leaves nothing half-made under a final name, and goes on afterwards to
the very bytes of a run that nothing happened to."""

import os
import re
import shutil
import signal
import subprocess

import numpy as np
import pytest
import tifffile
from file_faults import BROKEN, FULL, LIBRARY, LOCK, PARTIAL, PROGRAM, FaultyRun, Prediction
from identity_model import write_model

OPTIONS = ["--tile", "320", "--format", "ome-zarr,ome-tiff", "--objects", "all", "--save-statistics"]


def write_image(path, seed):
    """Long enough for two levels of a pyramid and two windows, and fast to compress for the report."""
    y, x = np.mgrid[:600, :48]
    pixels = ((y // 8 * seed + x // 8) % 256).astype("u1")
    tifffile.imwrite(path, pixels, tile=(64, 48))
    os.utime(path, (1e9 + seed, 1e9 + seed))  # two images are never of one time, however fast this is
    return pixels


@pytest.fixture(scope="module")
def prediction(tmp_path_factory):
    folder = tmp_path_factory.mktemp("faults")
    pixels = write_image(folder / "image.tif", 1)
    model = write_model(folder / "model", pixels[:64], pixels[:64].astype("f4"))
    return Prediction(folder / "runs", model, folder / "image.tif", *OPTIONS)


def output(out):
    return [out]


def test_a_full_disk(prediction):
    def check(run, call, out):
        if run.code == 0:  # the lock is given back when all is done
            assert call == "close"
            prediction.is_complete(out)
            return
        assert run.code == 7
        run.says_one_sentence(out, "No space left on device; make room there and give the same command again")
        assert not (out / "run.json").exists() or call == "fsync"  # of the names, the last step
        prediction.is_whole(out)
        prediction.goes_on(out)

    assert prediction.every_call(output, "write", FULL, check) > 80


def test_a_disk_that_cannot_read_back_the_results(prediction):
    # What is only looked at may be made again, or cleaned up by the next run.
    harmless = {"fstat", "stat", "lstat", "readdir", "openat"}

    def check(run, call, out):
        if run.code == 0:
            assert call in harmless
            assert {path.name for path in out.iterdir()} - {PARTIAL} == set(prediction.names())
        else:
            assert run.code == 5
            run.says_one_sentence(out, "Input/output error; the disk or the connection to it fails")
        prediction.is_whole(out)
        prediction.goes_on(out)

    assert prediction.every_call(output, "read", BROKEN, check) > 100


def test_a_disk_that_breaks_for_good_ends_the_run(prediction):
    def check(run, call, out):
        assert run.code in (0, 5)  # 0: all was done but for removing what only the run needed
        if run.code == 5:
            run.says_one_sentence()
        prediction.is_whole(out)
        prediction.goes_on(out)

    assert prediction.every_call(output, "read,remove", BROKEN, check, hits=0) > 100


def test_an_image_that_cannot_be_read(prediction):
    healed = []

    def check(run, call, out):
        if run.code == 0:  # a reader looked whether it knows the format, and what opens the image could read it
            healed.append(call)
            prediction.is_complete(out)
            return
        assert run.code == 5
        run.says_one_sentence(prediction.image, "Input/output error; the disk or the connection to it fails")
        assert not out.exists() or [path.name for path in out.iterdir()] == [PARTIAL]
        prediction.goes_on(out)

    calls = prediction.every_call(lambda out: [prediction.image], "read", BROKEN, check)
    assert calls > 60 and len(healed) < calls / 2


def test_a_model_that_cannot_be_read(prediction):
    def check(run, call, out):
        if run.code == 0:  # what is remembered of it was not found, so it was read again
            prediction.is_complete(out)
            return
        assert run.code == 5 and not out.exists()
        run.says_one_sentence(prediction.model, "Input/output error")

    prediction.every_call(lambda out: [prediction.model], "read", BROKEN, check)


def test_a_cache_that_is_full_only_costs_time(prediction):
    cache = os.environ["TEGULA_CACHE"]

    def forget(out):
        shutil.rmtree(cache, ignore_errors=True)

    out = prediction.new_folder()
    forget(out)
    calls = FaultyRun(prediction.words(out), [cache], "write").ok().calls
    assert calls
    for number in range(1, len(calls) + 1):
        out = prediction.new_folder()
        forget(out)
        FaultyRun(prediction.words(out), [cache], "write", number, FULL).ok()
        prediction.is_complete(out)


def test_the_end_of_the_machine(prediction):
    def check(run, call, out):
        assert run.code == -signal.SIGKILL
        prediction.is_whole(out)
        prediction.goes_on(out)

    assert prediction.every_call(output, "write,remove", "crash", check) > 80


def test_its_end_while_it_makes_and_replaces_results(prediction, tmp_path):
    before = tmp_path / "before"
    subprocess.run([PROGRAM, "-q", "predict", prediction.model, "synthetic:noise,height=40,width=50", "-o", before,
                    "--objects", "all", "--save-statistics"], check=True, capture_output=True)
    (before / "prediction.ome.tif").write_text("of another run")

    def check(run, call, out):
        assert run.code == -signal.SIGKILL
        prediction.is_whole(out, before)
        prediction.goes_on(out, "--overwrite")

    prediction.every_call(output, "write,remove", "kill", check, prepare=lambda out: shutil.copytree(before, out),
                          more=["--overwrite"])


def test_a_request_to_stop(prediction):
    codes = []

    def check(run, call, out):
        codes.append(run.code)
        if run.code == 0:  # it was at its last steps
            prediction.is_complete(out)
            return
        assert run.code == 130
        run.says_one_sentence("stopped on request")
        assert [path.name for path in out.iterdir()] == [PARTIAL]
        prediction.goes_on(out)

    prediction.every_call(output, "write", "stop", check)
    assert codes.count(130) > len(codes) / 2
    prediction.every_call(lambda out: [prediction.image], "read", "stop", check)


def test_calls_that_are_interrupted_or_do_a_part(prediction):
    out = prediction.new_folder()
    run = FaultyRun(prediction.words(out), [prediction.folder.parent, os.environ["TEGULA_CACHE"]], "read,write,remove", 1,
                    "stutter", 0).ok()
    assert {"open", "pread", "pwrite", "fsync", "flock"} <= set(run.calls)
    prediction.is_complete(out)


CHANGES = {"replaced": "cp -p {other} {image}", "grown": "echo more >> {image}", "cut": "truncate -s 1000 {image}",
           "removed": "rm {image}"}


@pytest.mark.parametrize("change", CHANGES)
def test_an_image_that_changes_while_it_is_read(prediction, tmp_path, change):
    other = tmp_path / "other.tif"
    write_image(other, 2)
    assert other.stat().st_size == prediction.image.stat().st_size
    of_other = Prediction(tmp_path / "runs", prediction.model, other, *OPTIONS)
    image = tmp_path / "image.tif"

    def words(out, *more):
        return [image if word == prediction.image else word for word in prediction.words(out, *more)]

    shutil.copy2(prediction.image, image)
    calls = FaultyRun(words(tmp_path / "counted"), [image], "read").ok().calls
    assert calls[:3] == ["stat"] * 3  # the first look at it: what it becomes before that is what is predicted
    numbers = range(4, len(calls) + 1) if change == "replaced" else (4, len(calls) // 2, len(calls) - 3)
    for number in numbers:
        out = tmp_path / f"out{number}"
        shutil.copy2(prediction.image, image)
        run = FaultyRun(words(out), [image], "read", number, CHANGES[change].format(other=other, image=image))
        assert run.code in (4, 5, 6), (number, calls[number - 1], run.err)
        run.says_one_sentence(image)
        assert not out.exists(), number
    assert f"{image} was changed or removed while it was read, so nothing of this run is kept" in run.err
    shutil.copy2(other, image)
    FaultyRun(words(out, "--overwrite"), [image], "read").ok()
    assert (out / "prediction.ome.tif").read_bytes() == (of_other.whole / "prediction.ome.tif").read_bytes()


def test_other_sources_that_change_while_they_are_read(tegula, prediction, tmp_path):
    folder = tmp_path / "image.ome.zarr"
    shutil.copytree(prediction.whole / "prediction.ome.zarr", folder)
    statistics = tmp_path / "statistics.json"
    shutil.copy2(prediction.whole / "statistics.json", statistics)
    chunk = next(path for path in (folder / "0/c").rglob("*") if path.is_file())
    for changed, below in ((chunk, folder), (statistics, prediction.image)):
        os.utime(changed, (1e9, 1e9))
        out = tmp_path / "out"
        words = prediction.words(out, "--statistics-from", statistics)
        words = [folder if word == prediction.image and below == folder else word for word in words]
        counted = len(FaultyRun(words, [below], "read").ok().calls)
        shutil.rmtree(out)
        run = FaultyRun(words, [below], "read", counted * 3 // 4, f"touch {changed}")
        assert run.code == 5 and not out.exists()
        run.says_one_sentence(folder if changed == chunk else statistics, "was changed or removed")


def test_a_second_process_is_kept_out(prediction, tmp_path):
    second = prediction.new_folder()
    words = " ".join(f"'{word}'" for word in [PROGRAM, *prediction.words(second, "--overwrite")])
    told = tmp_path / "told"
    calls = FaultyRun(prediction.words(prediction.new_folder()), [prediction.folder], "write").ok().calls
    first_with_lock = calls.index("flock") + 2
    for number in (first_with_lock, len(calls) // 2, len(calls) - 1):
        shutil.rmtree(second, ignore_errors=True)
        FaultyRun(prediction.words(second), [second], "write", number, f"{words} 2>{told}; echo $? >>{told}").ok()
        sentence, code = told.read_text().splitlines()
        assert code == "5" and sentence.endswith(f"another process is making results in {second}; wait until it has ended, "
                                                 "or name another folder")
        prediction.is_complete(second)


def test_the_layer_knows_every_call_of_the_program():
    """Those of the program and of the standard library, which makes and removes folders for it."""
    def symbols(file, kind):
        listed = subprocess.run(["nm", "-D", kind, file], capture_output=True, text=True, check=True).stdout
        return {line.split()[-1].split("@")[0] for line in listed.splitlines()}

    libraries = subprocess.run(["ldd", PROGRAM], capture_output=True, text=True, check=True).stdout
    standard = re.search(r"libstdc\+\+\S* => (\S+)", libraries).group(1)
    of_files = re.compile(r"_*(f?d?open(at)?|creat|p?readv?|p?writev?|f?truncate|posix_fallocate|fallocate|f(data)?sync|syncfs|"
                          r"sync_file_range|mk\w*(temp|dir)(at)?|rename(at2?)?|link(at)?|symlink(at)?|unlink(at)?|rmdir|remove|"
                          r"[fl]?statx?(at)?|f?access(at)?|realpath|readlink(at)?|readdir|sendfile|copy_file_range|flock|close)"
                          r"(64|_chk|_2)?")
    used = {name for file in (PROGRAM, standard) for name in symbols(file, "--undefined-only") if of_files.fullmatch(name)}
    assert {"open", "pread", "pwrite", "mkdir"} <= used
    # fdopen and fdopendir take a descriptor that was opened before.
    assert used - symbols(LIBRARY, "--defined-only") - {"fdopen"} == set()


def test_an_answer_that_cannot_be_printed():
    with open("/dev/full", "w") as full:
        run = subprocess.run([PROGRAM, "formats"], stdout=full, stderr=subprocess.PIPE, text=True)
    assert run.returncode == 7
    assert run.stderr.startswith("tegula: cannot write standard output: No space left on device")


def test_a_lock_that_was_left_hinders_nobody(prediction):
    out = prediction.new_folder()
    out.mkdir()
    (out / LOCK).touch()
    prediction.goes_on(out)
