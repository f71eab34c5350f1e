"""OME-Zarr in both generations, with every compression and in shards, is read by zarr-python, ome-zarr-py, TensorStore and
Tegula itself, and ends with the same bytes after kills."""

import json
import os
import pathlib
import signal
import subprocess
import sys
import time

import numpy as np
import pytest
import zarr
from conftest import content
from identity_model import write_model

CHECK = pathlib.Path(__file__).parents[1] / "python" / "check_zarr.py"
COMPRESSIONS = ("blosc", "blosc-lz4:1", "blosc-zstd:5", "zstd:3", "gzip:1", "none")
SHARDS = ("--shard", "200")  # of chunks of 128 pixels


@pytest.fixture(scope="module")
def image(tmp_path_factory):
    path = tmp_path_factory.mktemp("images") / "a.npy"
    np.save(path, np.random.default_rng(2).normal(0.5, 0.4, (2, 600, 530)).astype("float32"))
    return path


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    plane = np.linspace(0, 1, 64 * 64, dtype="float32").reshape(64, 64)
    return write_model(tmp_path_factory.mktemp("models") / "model", plane, plane, channels=2)


@pytest.fixture(scope="module")
def stores(image, model, tmp_path_factory):
    """Made once each: the folder of a prediction with these words."""
    from conftest import Run

    made = {}

    def get(*words):
        if words not in made:
            out = tmp_path_factory.mktemp("stores") / "out"
            Run("predict", model, image, "-o", out, "-q", "--tile", "128", *words).ok()
            made[words] = out / "prediction.ome.zarr"
        return made[words]

    return get


def layouts():
    for compression in COMPRESSIONS:
        yield "--format", "ome-zarr", "--compression", compression
        yield "--format", "ome-zarr-0.4", "--compression", compression
    yield from ((*SHARDS, "--compression", c) for c in ("blosc", "zstd", "gzip", "none"))
    yield "--values", "uint8", "--range", "0,1", "--format", "ome-zarr-0.4"
    yield "--values", "float16", "--format", "ome-zarr-0.4"
    yield "--values", "argmax", "--format", "ome-zarr-0.4"
    yield "--values", "argmax", *SHARDS


def expected(image, words):
    values = np.load(image)
    if "uint8" in words:
        return np.clip(np.rint(values.astype("float64") / (1 / 255)), 0, 255).astype("uint8")
    if "argmax" in words:
        return values.argmax(0).astype("uint8")
    return values.astype("float16") if "float16" in words else values


@pytest.mark.parametrize("words", list(layouts()), ids=lambda w: " ".join(w))
def test_zarr_python_and_ome_zarr_py_read_it(stores, image, words):
    store = stores(*words)
    done = subprocess.run([sys.executable, CHECK, store], capture_output=True, text=True)
    if done.returncode == 77:
        pytest.skip(done.stdout)
    assert done.returncode == 0, done.stdout + done.stderr
    array = zarr.open_group(store, mode="r")["0"]
    assert array.metadata.zarr_format == (2 if "ome-zarr-0.4" in words else 3)
    assert np.array_equal(array[...], expected(image, words))
    if SHARDS[0] in words:
        assert array.shards[-2:] == (256, 256) and array.chunks[-2:] == (128, 128)
        assert not list(store.rglob(".*")), "something was left behind"


@pytest.mark.parametrize("words", list(layouts()), ids=lambda w: " ".join(w))
def test_tensorstore_reads_it(stores, image, words):
    tensorstore = pytest.importorskip("tensorstore", reason="TensorStore is not installed")
    store = stores(*words)
    driver = "zarr" if "ome-zarr-0.4" in words else "zarr3"
    array = tensorstore.open({"driver": driver, "kvstore": {"driver": "file", "path": str(store / "0")}}).result().read().result()
    assert np.array_equal(np.asarray(array), expected(image, words))


@pytest.mark.parametrize("words", [("--format", "ome-zarr-0.4", "--compression", "gzip:1"), (*SHARDS, "--compression", "zstd"),
                                   ("--values", "float16", "--format", "ome-zarr-0.4")], ids=lambda w: " ".join(w))
def test_tegula_reads_what_it_wrote(tegula, stores, model, image, words, tmp_path):
    info = json.loads(tegula("inspect", stores(*words), "--json").ok().out)
    assert info["channels"] == ["c0", "c1"] and ("0.4" in info["format"]) == ("ome-zarr-0.4" in words)
    tegula("predict", model, stores(*words), "-o", tmp_path / "o", "-q", "--level", "0").ok()
    again = zarr.open_group(tmp_path / "o/prediction.ome.zarr", mode="r")["0"][...]
    assert np.array_equal(again, expected(image, words).astype("float32"))


def test_the_compression_is_what_was_asked_for(stores):
    codecs = json.loads((stores("--format", "ome-zarr", "--compression", "zstd:3") / "0/zarr.json").read_text())["codecs"]
    assert codecs[1] == {"name": "zstd", "configuration": {"level": 3, "checksum": False}}
    compressor = json.loads((stores("--format", "ome-zarr-0.4", "--compression", "gzip:1") / "0/.zarray").read_text())["compressor"]
    assert compressor == {"id": "gzip", "level": 1}
    record = json.loads((stores(*SHARDS, "--compression", "zstd").parent / "run.json").read_text())
    assert (record["outputs"][0]["format"], record["outputs"][0]["compression"]) == ("ome-zarr", "zstd:1")


REFUSED = {
    "two_zarrs": (("--format", "ome-zarr,ome-zarr-0.4"), "same name"),
    "codec": (("--compression", "lzma"), "ome-zarr has blosc, blosc-lz4"),
    "level": (("--compression", "zstd:40"), "1 to 19"),
    "no_number": (("--compression", "zstd:best"), "zstd:best"),
    "shards_of_zarr_2": (("--format", "ome-zarr-0.4", "--shard", "512"), "OME-Zarr 0.5"),
    "not_asked_for": (("--compression", "ome-tiff=deflate"), "not asked for"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_cannot_be_is_refused_in_one_sentence(tegula, image, model, tmp_path, name):
    words, says = REFUSED[name]
    run = tegula("predict", model, image, "-o", tmp_path / "o", "-q", *words)
    assert run.code == 2 and says in run.err and run.err.count("\n") == 1, (run.code, run.err)
    assert not (tmp_path / "o").exists()


@pytest.mark.parametrize("layout", [("--shard", "500"), ("--format", "ome-zarr-0.4")], ids=("shards", "0.4"))
def test_a_killed_run_ends_with_the_same_bytes(tegula, data, tmp_path, layout):
    image = "synthetic:noise,height=900,width=1100,seed=4"
    words = [data / "models_made/nuclei_unet_any_size", image, "--tile", "256", "--context", "56", *layout]
    whole, out = tmp_path / "whole", tmp_path / "out"
    tegula("predict", *words, "-o", whole).ok()

    def chunks():
        return len([p for p in (out / ".tegula-partial/prediction.ome.zarr/0").rglob("*") if p.is_file() and p.name.isdigit()])

    for kill in range(3):
        before = chunks()
        program = subprocess.Popen([os.environ["TEGULA_PROGRAM"], "predict", *map(str, words), "-o", str(out)], stderr=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
        while program.poll() is None and chunks() <= before + 3:
            time.sleep(0.002)
        program.send_signal(signal.SIGKILL)
        assert program.wait() == -signal.SIGKILL, f"kill {kill} came too late"
    tegula("predict", *words, "-o", out).ok()

    assert content(out / "prediction.ome.zarr") == content(whole / "prediction.ome.zarr")
