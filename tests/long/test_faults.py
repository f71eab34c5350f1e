"""As tests/e2e/test_faults.py, with more of everything: images of every format that Tegula reads by itself, stacks, a second
pass, several workers, faults that stay, and runs that are cut off again while they go on."""

import os
import random
import shutil
import signal

import numpy as np
import pytest
import tifffile
from file_faults import BROKEN, FULL, LOCK, PARTIAL, FaultyRun, Prediction
from identity_model import write_model
from PIL import Image

EVERYTHING = ["--format", "ome-zarr,ome-tiff", "--objects", "all", "--save-statistics"]
CASES = ["tiles", "strips", "ome-tiff", "npy", "png", "jpeg", "ome-zarr", "stack", "second pass", "workers"]


def pixels_of(height, width, seed=1):
    y, x = np.mgrid[:height, :width]
    return ((y // 8 * seed + x // 8) % 256).astype("u1")


def second_pass(plane):
    low, high = np.percentile(plane, [2, 99])
    return ((plane - low) / (high - low + 1e-6)).astype("f4")


def write_case(name, folder):
    """Model, image and options."""
    pixels = pixels_of(600, 48)
    post = {}
    if name == "second pass":
        post["post"] = "{id: scale_range, kwargs: {axes: [y, x], min_percentile: 2, max_percentile: 99}}"
    part = pixels[:64]
    model = write_model(folder / "model", part, second_pass(part) if post else part.astype("f4"), **post)
    options = ["--tile", "320", *EVERYTHING]
    image = folder / "image.tif"
    if name == "strips":
        tifffile.imwrite(image, pixels, compression="zlib", rowsperstrip=100)
    elif name == "ome-tiff":
        image = folder / "image.ome.tif"
        with tifffile.TiffWriter(image) as tiff:
            tiff.write(pixels, subifds=1, tile=(64, 48), metadata={"axes": "YX", "PhysicalSizeX": 0.5, "PhysicalSizeY": 0.5})
            tiff.write(pixels[::2, ::2], subfiletype=1, tile=(64, 48))
    elif name == "npy":
        image = folder / "image.npy"
        np.save(image, pixels_of(48, 560))  # a read is a row
    elif name in ("png", "jpeg"):
        image = folder / f"image.{name}"
        Image.fromarray(pixels).save(image)
    elif name == "stack":
        image = folder / "image.ome.tif"
        tifffile.imwrite(image, np.stack([pixels, pixels_of(600, 48, 3)]), metadata={"axes": "ZYX"})
        options = ["--z", "0:2", "--tile", "320", "--format", "ome-zarr,ome-tiff"]
    elif name == "workers":
        tifffile.imwrite(image, pixels_of(600, 700), tile=(64, 64))
        options = ["--tile", "256", *EVERYTHING]
    else:
        tifffile.imwrite(image, pixels, tile=(64, 48))
    if name == "ome-zarr":
        made = Prediction(folder / "made", model, image, "--tile", "320").whole / "prediction.ome.zarr"
        image = folder / "image.ome.zarr"
        shutil.copytree(made, image)
    return model, image, options


@pytest.fixture(scope="module", params=CASES)
def prediction(request, tmp_path_factory):
    folder = tmp_path_factory.mktemp("faults")
    model, image, options = write_case(request.param, folder)
    made = Prediction(folder / "runs", model, image, *options, workers=3 if request.param == "workers" else 1)
    made.name = request.param
    yield made
    shutil.rmtree(folder)


@pytest.fixture(scope="module")
def counted(results):
    counts = results["calls of a prediction at which faults were injected"] = {}
    return counts


def output(out):
    return [out]


def checked(prediction, *codes):
    """What must hold after any fault."""
    def check(run, call, out):
        prediction.is_whole(out)
        if run.code == 0:  # what could not be removed at the end hinders nobody, and goes with the next run
            assert {path.name for path in out.iterdir()} - {PARTIAL, LOCK} == set(prediction.names())
        elif run.code > 0:
            assert run.code in codes
            run.says_one_sentence()
        else:
            assert run.code == -signal.SIGKILL and signal.SIGKILL in codes
        prediction.goes_on(out)
        shutil.rmtree(out)

    return check


@pytest.mark.parametrize("hits", [1, 0], ids=["passes", "stays"])
def test_a_full_disk(prediction, counted, hits):
    counted[f"{prediction.name}: writing"] = prediction.every_call(output, "write", FULL, checked(prediction, 7), hits)


@pytest.mark.parametrize("hits", [1, 0], ids=["passes", "stays"])
def test_broken_disks(prediction, counted, hits):
    everywhere = lambda out: [out, prediction.image]
    counted[f"{prediction.name}: reading and removing"] = prediction.every_call(
        everywhere, "read,remove", BROKEN, checked(prediction, 5), hits)


@pytest.mark.parametrize("end", ["kill", "crash"])
def test_its_end(prediction, counted, end):
    counted[f"{prediction.name}: {end}"] = prediction.every_call(
        output, "write,remove", end, checked(prediction, signal.SIGKILL))


# Of several threads it cannot be seen from outside which has ended.
@pytest.mark.parametrize("prediction", [case for case in CASES if case != "workers"], indirect=True)
def test_a_request_to_stop(prediction):
    prediction.every_call(lambda out: [out, prediction.image], "write,read", "stop", checked(prediction, 130))


def test_calls_that_are_interrupted_or_do_a_part(prediction):
    out = prediction.new_folder()
    everywhere = [prediction.folder.parent, os.environ["TEGULA_CACHE"]]
    FaultyRun(prediction.words(out), everywhere, "read,write,remove", 1, "stutter", 0).ok()
    prediction.is_complete(out)


def test_faults_of_all_kinds_one_after_the_other(prediction):
    rng = random.Random(3)
    for _ in range(20):
        out, ended = prediction.new_folder(), False
        while not ended:
            kinds, do = rng.choice([("write", FULL), ("read", BROKEN), ("write,remove", "kill"), ("write,remove", "crash")])
            run = FaultyRun(prediction.words(out), [out, prediction.image], kinds, rng.randrange(1, 120), do)
            prediction.is_whole(out)
            ended = run.code == 0
        prediction.goes_on(out)
        shutil.rmtree(out)


def test_every_kind_of_image_that_is_replaced_while_it_is_read(prediction, tmp_path):
    image = tmp_path / prediction.image.name
    copy = shutil.copytree if prediction.image.is_dir() else shutil.copy2

    def words(out):
        return [image if word == prediction.image else word for word in prediction.words(out)]

    def fresh():
        shutil.rmtree(image, ignore_errors=True)
        image.unlink(missing_ok=True)
        copy(prediction.image, image)

    fresh()
    touched = next(path for path in (image, *image.glob("0/c/**/*")) if path.is_file())
    paths = FaultyRun(words(tmp_path / "counted"), [image], "read").ok().paths
    first_look = 3 if image.is_file() else len(paths) // 4
    last_look = max(number for number, path in enumerate(paths, 1) if path == str(touched))  # afterwards it may do what it likes
    for number in sorted(random.Random(5).sample(range(first_look + 1, last_look + 1), 12)):
        fresh()
        out = tmp_path / f"out{number}"
        run = FaultyRun(words(out), [image], "read", number, f"touch {touched}")
        assert run.code == 5 and not out.exists(), (number, run.err)
        run.says_one_sentence(image, "was changed or removed")
