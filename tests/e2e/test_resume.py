"""A run that was cut off goes on with the same command and ends with the same bytes."""

import os
import random
import shutil
import signal
import subprocess
import time

import pytest

PROGRAM = os.environ["TEGULA_PROGRAM"]
IMAGE = "synthetic:noise,height=900,width=1100,seed=4"
PARTIAL = ".tegula-partial"


def words(data, out, *more):
    return ["predict", data / "models_made/nuclei_unet_any_size", IMAGE, "-o", out, "--tile", 256, "--context", 56, *more]


def kill_after(seconds, command, signal_number=signal.SIGKILL):
    """Whether the program was still running."""
    program = subprocess.Popen([PROGRAM, *map(str, command)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        program.wait(seconds)
        return False
    except subprocess.TimeoutExpired:
        program.send_signal(signal_number)
        program.wait()
        return True


def content(folder):
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    return {str(path.relative_to(folder)): path.read_bytes() for path in files}


@pytest.fixture(scope="module")
def uninterrupted(data, tmp_path_factory):
    out = tmp_path_factory.mktemp("whole") / "out"
    began = time.monotonic()
    subprocess.run([PROGRAM, *map(str, words(data, out))], check=True, capture_output=True)
    return out, time.monotonic() - began


def test_killed_at_random_moments_the_store_has_the_same_bytes(tegula, data, tmp_path, uninterrupted):
    whole, seconds = uninterrupted
    moments = random.Random(11)
    out = tmp_path / "out"
    kills = 0
    for _ in range(6):
        kills += kill_after(moments.uniform(0.1, 0.8) * seconds, words(data, out))
        assert not (out / "prediction.ome.zarr").exists() or not (out / PARTIAL).exists()
    run = tegula(*words(data, out)).ok()
    assert kills >= 2 and not (out / PARTIAL).exists(), run.err
    assert content(out / "prediction.ome.zarr") == content(whole / "prediction.ome.zarr")


def cut_off(data, out, seconds):
    """Leaves a run of which some tiles are done."""
    for share in (0.5, 0.7, 0.6, 0.8, 0.4, 0.3):
        shutil.rmtree(out, ignore_errors=True)
        kill_after(share * seconds, words(data, out))
        if list((out / PARTIAL).glob("prediction.ome.zarr/0/c/**/*")):
            return
    pytest.fail("the program was never cut off between its first and its last tile")


def test_only_missing_tiles_are_made_again(tegula, data, tmp_path, uninterrupted):
    whole, seconds = uninterrupted
    out = tmp_path / "out"
    cut_off(data, out, seconds)
    chunk = next(path for path in (out / PARTIAL / "prediction.ome.zarr/0/c").rglob("*") if path.is_file())
    written, name = chunk.stat().st_mtime_ns, chunk.relative_to(out / PARTIAL)
    run = tegula(*words(data, out)).ok()
    assert "going on with the run that was cut off" in run.err
    assert (out / name).stat().st_mtime_ns == written
    assert content(out / "prediction.ome.zarr") == content(whole / "prediction.ome.zarr")


def test_another_run_does_not_go_on_and_says_what_differs(tegula, data, tmp_path, uninterrupted):
    _, seconds = uninterrupted
    out = tmp_path / "out"
    cut_off(data, out, seconds)
    run = tegula(*words(data, out, "--border", "network"))
    assert run.code == 2 and "windows along y" in run.err and "--overwrite" in run.err
    other = words(data, out)
    other[2] = IMAGE.replace("seed=4", "seed=5")
    run = tegula(*other)
    assert run.code == 2 and "the image is synthetic:noise" in run.err
    tegula(*other, "--overwrite").ok()


def test_a_complete_run_is_not_done_again(tegula, data, uninterrupted):
    whole, _ = uninterrupted
    before = content(whole)
    run = tegula(*words(data, whole)).ok()
    assert "done before" in run.out and content(whole) == before
    run = tegula(*words(data, whole, "--objects", "all"))
    assert run.code == 2 and "is there already" in run.err


def test_an_interrupt_ends_it_and_leaves_the_work(tegula, data, tmp_path, uninterrupted):
    _, seconds = uninterrupted
    for share in (0.5, 0.6, 0.7, 0.4):
        out = tmp_path / str(share)
        program = subprocess.Popen([PROGRAM, *map(str, words(data, out))], stderr=subprocess.PIPE, text=True)
        time.sleep(share * seconds)
        program.send_signal(signal.SIGTERM)
        _, errors = program.communicate()
        if program.returncode == 130 and "what is finished is kept" in errors:
            tegula(*words(data, out)).ok()
            return
    pytest.fail("the program was never interrupted between its first and its last tile")
