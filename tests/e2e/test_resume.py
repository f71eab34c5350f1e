"""A run that was cut off goes on with the same command and ends with the same bytes."""

import os
import random
import signal
import subprocess

import numpy as np
import pytest
from conftest import content
from cutting_off import PARTIAL, chunks_done, cut_off

PROGRAM = os.environ["TEGULA_PROGRAM"]
IMAGE = "synthetic:noise,height=900,width=1100,seed=4"


def words(data, out, *more):
    return ["predict", data / "models_made/nuclei_unet_any_size", IMAGE, "-o", out, "--tile", 256, "--context", 56, *more]


@pytest.fixture(scope="module")
def uninterrupted(data, tmp_path_factory):
    out = tmp_path_factory.mktemp("whole") / "out"
    subprocess.run([PROGRAM, *map(str, words(data, out))], check=True, capture_output=True)
    return out


def test_killed_again_and_again_the_store_has_the_same_bytes(tegula, data, tmp_path, uninterrupted):
    moments = random.Random(11)
    out = tmp_path / "out"
    all_chunks = len([path for path in (uninterrupted / "prediction.ome.zarr/0/c").rglob("*") if path.is_file()])
    for kill in range(6):
        code, _ = cut_off(words(data, out), out, chunks_done(out) + moments.randrange(all_chunks // 8))
        assert code == -signal.SIGKILL, f"kill {kill} came too late"
        assert not (out / "prediction.ome.zarr").exists()
    tegula(*words(data, out)).ok()
    assert not (out / PARTIAL).exists()
    assert content(out / "prediction.ome.zarr") == content(uninterrupted / "prediction.ome.zarr")


def test_only_missing_tiles_are_made_again(tegula, data, tmp_path, uninterrupted):
    out = tmp_path / "out"
    cut_off(words(data, out), out, 8)
    chunk = next(path for path in (out / PARTIAL / "prediction.ome.zarr/0/c").rglob("*") if path.is_file())
    written, name = chunk.stat().st_mtime_ns, chunk.relative_to(out / PARTIAL)
    run = tegula(*words(data, out)).ok()
    assert "going on with the run that was cut off" in run.err
    assert (out / name).stat().st_mtime_ns == written
    assert content(out / "prediction.ome.zarr") == content(uninterrupted / "prediction.ome.zarr")


def test_levels_are_made_while_tiles_arrive_and_stay(tegula, data, tmp_path, uninterrupted):
    out = tmp_path / "out"
    cut_off(words(data, out), out, 30)
    made = [path for path in (out / PARTIAL / "prediction.ome.zarr/1/c").rglob("[0-9]*") if path.is_file()]
    assert len(made) >= 4
    written = {path.relative_to(out / PARTIAL): path.stat().st_mtime_ns for path in made}
    tegula(*words(data, out)).ok()
    assert {name: (out / name).stat().st_mtime_ns for name in written} == written
    assert content(out / "prediction.ome.zarr") == content(uninterrupted / "prediction.ome.zarr")


def test_another_run_does_not_go_on_and_says_what_differs(tegula, data, tmp_path):
    out = tmp_path / "out"
    cut_off(words(data, out), out, 2)
    run = tegula(*words(data, out, "--border", "network"))
    assert run.code == 2 and "windows along y" in run.err and "--overwrite" in run.err
    other = words(data, out)
    other[2] = IMAGE.replace("seed=4", "seed=5")
    run = tegula(*other)
    assert run.code == 2 and "the image is synthetic:noise" in run.err
    tegula(*other, "--overwrite").ok()


def test_a_complete_run_is_not_done_again(tegula, data, uninterrupted):
    before = content(uninterrupted)
    run = tegula(*words(data, uninterrupted)).ok()
    assert "done before" in run.out and content(uninterrupted) == before
    run = tegula(*words(data, uninterrupted, "--objects", "all"))
    assert run.code == 2 and "is there already" in run.err


def test_an_interrupt_ends_it_and_leaves_the_work(tegula, data, tmp_path, uninterrupted):
    out = tmp_path / "out"
    code, errors = cut_off(words(data, out), out, 4, signal.SIGTERM)
    assert code == 130 and "what is finished is kept" in errors
    assert [path.name for path in out.iterdir()] == [PARTIAL] and chunks_done(out) >= 4
    tegula(*words(data, out)).ok()
    assert content(out / "prediction.ome.zarr") == content(uninterrupted / "prediction.ome.zarr")


def test_an_image_that_is_another_one_by_now_does_not_go_on(tegula, data, tmp_path):
    model, image, out = data / "models_made/nuclei_unet_any_size", tmp_path / "image.npy", tmp_path / "out"
    pixels = np.random.default_rng(1).integers(0, 255, (1, 700, 800), "u1")
    np.save(image, pixels)
    command = ["predict", model, image, "-o", out, "--tile", 256]
    cut_off(command, out, 3)
    np.save(image, pixels[:, ::-1])
    run = tegula(*command)
    assert run.code == 2 and "the content of the image is" in run.err
