"""`tegula predict --values`: what is stored is what NumPy makes of the same values."""

import json
import os
import pathlib
import signal
import subprocess
import sys
import time
import xml.etree.ElementTree

import numpy as np
import pytest
import tifffile
import zarr
from identity_model import write_model

CHECK = pathlib.Path(__file__).parents[1] / "python"
CLIP = "{id: clip, kwargs: {min: -2, max: 3}}"


def pixels(channels=1, seed=2):
    """Values around a smooth map, some of them outside of any range, some no numbers."""
    random = np.random.default_rng(seed)
    values = random.normal(0.5, 0.4, (channels, 700, 530)).astype("float32")
    values[0, 3, 5:9] = [np.nan, np.inf, -np.inf, 7e4]
    return values


@pytest.fixture(scope="module")
def image(tmp_path_factory):
    folder = tmp_path_factory.mktemp("images")
    for channels in (1, 3):
        np.save(folder / f"{channels}.npy", pixels(channels))
    return lambda channels=1: folder / f"{channels}.npy"


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    plane = np.linspace(0, 1, 64 * 64, dtype="float32").reshape(64, 64)
    made = {}

    def get(channels=1, **more):
        key = (channels, *more.items())
        if key not in made:
            made[key] = write_model(tmp_path_factory.mktemp("models") / "model", plane, plane, channels=channels, **more)
        return made[key]

    return get


@pytest.fixture
def predicted(tegula, image, model, tmp_path):
    def run(*words, channels=1, name="out", **more):
        out = tmp_path / name
        tegula("predict", model(channels, **more), image(channels), "-o", out, "-q", "--tile", "128", *words).ok()
        return out

    return run


def stored(out):
    return zarr.open_group(out / "prediction.ome.zarr", mode="r")["0"]


def record(out):
    return json.loads((out / "run.json").read_text())["stored"][0]


def checked(out, what="check_zarr.py", file="prediction.ome.zarr"):
    done = subprocess.run([sys.executable, CHECK / what, out / file], capture_output=True, text=True)
    if done.returncode == 77:
        pytest.skip(done.stdout)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def scaled(values, low, high, dtype):
    most = np.iinfo(dtype).max
    factor = (np.float64(high) - low) / most
    numbers = np.rint((values.astype("float64") - low) / factor)
    lost = int((numbers < 0).sum() + (numbers > most).sum()), int(np.isnan(numbers).sum())
    return np.clip(np.nan_to_num(numbers, nan=0, posinf=most, neginf=0), 0, most).astype(dtype), factor, lost


@pytest.mark.parametrize("dtype", ("uint8", "uint16"))
@pytest.mark.parametrize("ends", ((0, 1), (-0.25, 2.5)))
def test_scaled_values_are_numpys_and_what_is_lost_is_counted(predicted, dtype, ends):
    out = predicted("--values", dtype, "--range", f"{ends[0]},{ends[1]}")
    expected, factor, (clipped, not_numbers) = scaled(pixels(), *ends, dtype)
    array = stored(out)
    assert array.dtype == dtype and np.array_equal(array[...], expected)
    assert array.attrs["scale_factor"] == factor and array.attrs["add_offset"] == ends[0]
    said = record(out)
    assert (said["clipped_values"], said["not_numbers"]) == (clipped, not_numbers) and clipped > 1000
    assert (said["scale_factor"], said["add_offset"], said["values"]) == (factor, ends[0], dtype)
    warnings = json.loads((out / "run.json").read_text())["warnings"]
    assert any(f"{clipped} values of output out lay outside" in w for w in warnings)
    assert any("1 values of output out are not numbers" in w for w in warnings)
    checked(out)


@pytest.mark.parametrize("words, dtype", [(("--values", "uint8", "--range", "0,1"), "uint8"), (("--values", "float16"), "float16")])
def test_of_a_region_only_what_is_inside_counts_as_lost(predicted, words, dtype):
    """A box that covers parts of chunks, whole chunks, and one of the pixels that are no numbers."""
    out = predicted(*words, "--region", "6,2,389,600")
    inside = pixels()[:, 2:602, 6:395]
    if dtype == "uint8":
        expected, _, (clipped, not_numbers) = scaled(inside, 0, 1, dtype)
        assert clipped > 1000 and not_numbers == 0
    else:
        with np.errstate(over="ignore"):
            expected = inside.astype(dtype)
        clipped, not_numbers = 1, 0
    assert np.array_equal(stored(out)[:, 2:602, 6:395], expected, equal_nan=dtype != "uint8")
    assert (record(out)["clipped_values"], record(out)["not_numbers"]) == (clipped, not_numbers)
    outside = predicted(*words, "--region", "100,400,50,60", name="outside")
    lost = scaled(pixels()[:, 400:460, 100:150], 0, 1, "uint8")[2] if dtype == "uint8" else (0, 0)
    assert (record(outside)["clipped_values"], record(outside)["not_numbers"]) == lost


def test_the_range_of_the_last_operation_is_known(predicted):
    out = predicted("--values", "uint8", post=CLIP)
    clipped = np.clip(pixels(), -2, 3)
    assert np.array_equal(stored(out)[...], scaled(clipped, -2, 3, "uint8")[0])
    assert record(out)["clipped_values"] == 0


def test_float16_is_numpys(predicted):
    out = predicted("--values", "float16")
    with np.errstate(over="ignore"):
        expected = pixels().astype("float16")
    assert stored(out).dtype == "float16" and np.array_equal(stored(out)[...], expected, equal_nan=True)
    assert record(out)["clipped_values"] == 1
    checked(out)


def test_classes_are_the_first_of_the_largest_and_have_names_and_colours(predicted):
    out = predicted("--values", "argmax", channels=3)
    values = pixels(3)
    expected = np.argmax(np.where(np.isnan(values), -np.inf, values), axis=0)
    array = stored(out)
    assert array.dtype == "uint8" and array.shape == (700, 530) and np.array_equal(array[...], expected)
    label = zarr.open_group(out / "prediction.ome.zarr", mode="r").attrs["ome"]["image-label"]
    assert [entry["class"] for entry in label["properties"]] == ["c0", "c1", "c2"] == record(out)["classes"]
    assert "classes ['c0', 'c1', 'c2']" in checked(out)


def test_ome_zarr_py_takes_classes_for_labels(predicted):
    from ome_zarr.io import parse_url
    from ome_zarr.reader import Reader

    out = predicted("--values", "argmax", channels=3)
    node = next(iter(Reader(parse_url(str(out / "prediction.ome.zarr")))()))
    assert sorted(node.metadata["color"]) == [0, 1, 2]
    assert [node.metadata["properties"][i]["class"] for i in range(3)] == ["c0", "c1", "c2"]


def test_integers_that_name_things_are_labels(tegula, image, model, predicted, tmp_path):
    folder = model(1, post="{id: clip, kwargs: {min: 0, max: 5}}")
    text = (folder / "rdf.yaml").read_text().replace("  test_tensor: {source: out.npy}", "  data: {values: [0, 1, 2, 3, 4, 5], type: uint8}\n  test_tensor: {source: out.npy}")
    head, post = text.split("  postprocessing:")
    other = tmp_path / "labels"
    subprocess.run(["cp", "-r", folder, other], check=True)
    (other / "rdf.yaml").write_text(head + "  postprocessing:" + post.replace("dtype: float32}}\nweights", "dtype: uint8}}\nweights"))
    np.save(other / "out.npy", np.clip(np.load(other / "in.npy"), 0, 5).astype("uint8"))
    tegula("predict", other, image(), "-o", tmp_path / "o", "-q").ok()
    array = stored(tmp_path / "o")
    assert array.dtype == "uint8" and array.shape == (700, 530)
    assert record(tmp_path / "o")["values"] == "labels"
    checked(tmp_path / "o")
    run = tegula("predict", model(), image(), "-o", tmp_path / "p", "--values", "labels")
    assert run.code == 3 and "float32, and labels are integers" in run.err and not (tmp_path / "p").exists()


def test_objects_are_made_of_the_values_as_they_are(predicted):
    words = ("--objects", "all", "--threshold", "0.50123")
    as_they_are = predicted(*words, channels=3, name="own")
    for form in (("uint8", "--range", "0,1"), ("argmax",), ("float16",)):
        out = predicted("--values", *form, *words, channels=3, name=form[0])
        assert (out / "objects.geojson").read_bytes() == (as_they_are / "objects.geojson").read_bytes()
        assert sorted(p.name for p in out.iterdir()) == ["objects.geojson", "prediction.ome.zarr", "report.html", "run.json"]


def test_ome_tiff_says_what_numbers_stand_for(predicted):
    out = predicted("--values", "uint8", "--range", "0,1", "--format", "ome-zarr,ome-tiff")
    checked(out, "check_ome_tiff.py", "prediction.ome.tif")
    ome = xml.etree.ElementTree.fromstring(tifffile.TiffFile(out / "prediction.ome.tif").ome_metadata)
    entries = {e.get("K"): e.text for e in ome.iter("{http://www.openmicroscopy.org/Schemas/OME/2016-06}M")}
    assert float(entries["scale_factor"]) == 1 / 255 and float(entries["add_offset"]) == 0
    out = predicted("--values", "argmax", "--format", "ome-tiff", channels=3, name="classes")
    ome = xml.etree.ElementTree.fromstring(tifffile.TiffFile(out / "prediction.ome.tif").ome_metadata)
    entries = {e.get("K"): e.text for e in ome.iter("{http://www.openmicroscopy.org/Schemas/OME/2016-06}M")}
    assert entries["class 1"] == "c1" and entries["colour 1"].startswith("#")


REFUSED = {
    "no_range": (("--values", "uint8"), 2, "--range 0,1"),
    "empty_range": (("--values", "uint8", "--range", "1,1"), 2, "no range of values"),
    "words": (("--values", "uint8", "--range", "0-1"), 2, "--range 0-1 is no range"),
    "range_of_nothing": (("--range", "0,1"), 2, "are to be own"),
    "form": (("--values", "int4"), 2, "own, float32, float16"),
    "output": (("--values", "mask=uint8", "--range", "0,1"), 4, "has no output mask"),
    "one_channel": (("--values", "argmax"), 3, "has one channel"),
    "half_in_tiff": (("--values", "float16", "--format", "ome-tiff"), 3, "16-bit floats"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_cannot_be_is_refused_in_one_sentence(tegula, image, model, tmp_path, name):
    words, code, says = REFUSED[name]
    run = tegula("predict", model(), image(), "-o", tmp_path / "o", "-q", *words)
    assert run.code == code and says in run.err and run.err.count("\n") == 1, (run.code, run.err)
    assert not (tmp_path / "o").exists()


def test_a_killed_run_ends_with_the_same_bytes_and_counts(tegula, data, tmp_path):
    image = "synthetic:noise,height=900,width=1100,seed=4"
    words = [data / "models_made/nuclei_unet_any_size", image, "--tile", "256", "--context", "56", "--values", "uint8", "--range", "0.001,0.2"]
    whole, out = tmp_path / "whole", tmp_path / "out"
    tegula("predict", *words, "-o", whole).ok()
    for kill in range(3):
        before = len(list((out / ".tegula-partial").rglob("0/c/*/*/*")))
        program = subprocess.Popen([os.environ["TEGULA_PROGRAM"], "predict", *map(str, words), "-o", str(out)], stderr=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
        while program.poll() is None and len(list((out / ".tegula-partial").rglob("0/c/*/*/*"))) <= before + 3:
            time.sleep(0.002)
        program.send_signal(signal.SIGKILL)
        assert program.wait() == -signal.SIGKILL, f"kill {kill} came too late"
    run = tegula("predict", *words, "-o", out, "--values", "uint16")
    assert run.code == 2 and "values of" in run.err and "uint16" in run.err
    tegula("predict", *words, "-o", out).ok()
    files = sorted(p.relative_to(whole) for p in (whole / "prediction.ome.zarr").rglob("*") if p.is_file())
    assert all((out / f).read_bytes() == (whole / f).read_bytes() for f in files)
    assert record(out) == record(whole) and record(out)["clipped_values"] > 100
