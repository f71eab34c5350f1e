"""Predictions are those of the reference software, with every engine: ../shared/golden/predict."""

import json
import os
import pathlib

import numpy as np
import pytest
import tifffile
import zarr
from packages import golden_package
from PIL import Image

SHARED = pathlib.Path(os.environ.get("TEGULA_TEST_DATA", ""))
GOLDEN = SHARED / "golden/predict"
EVERY = json.loads((GOLDEN / "predict.json").read_text()) if GOLDEN.is_dir() else {}

# The engine and the weights that it runs; what a package does not have is left out.
WAYS = [("openvino", "onnx"), ("libtorch", "torchscript"), ("openvino", "torchscript")]
# With its halo the image has a size that the description does not allow. The reference gives it to the network all the
# same; Tegula extends it at the far ends to the next size, which the network sees this many output pixels away.
EXTENDED = {("superres_EM", "default"): 56}


def pixels(file):
    if file.suffix in (".png", ".jpg"):
        return np.asarray(Image.open(file))
    return np.load(file) if file.suffix == ".npy" else tifffile.imread(file)


def tensor(steps):
    """The network's input as the golden file describes it."""
    [step] = steps
    image = pixels(SHARED / "data" / step["file"])
    assert list(image.shape) == step["read"]["shape"]
    for axis, index in sorted(step.get("select", {}).items(), reverse=True):
        image = np.take(image, index, int(axis))
    y, x = (step.get("crop", {}).get(axis, [0, size]) for axis, size in zip("yx", image.shape))
    image = image[y[0]:y[1], x[0]:x[1]]
    pad = step.get("symmetric_pad", {})
    image = np.pad(image, [pad.get("y", (0, 0)), pad.get("x", (0, 0))], mode="symmetric").astype(step["cast"])
    for axis in step["new_axes_at"]:
        image = np.expand_dims(image, axis)
    assert list(image.shape) == step["shape"] and image.mean() == pytest.approx(step["input"]["mean"], rel=1e-4)
    return image


def allowed(expected):
    """1e-4 for probabilities, else 1e-3 of the range, as the golden folder's README says."""
    return 1e-4 if expected.min() >= 0 and expected.max() <= 1 else 1e-3 * (expected.max() - expected.min())


def spatial(values, dims):
    """As (channel, y, x)."""
    assert len(dims) == 4 and values.shape[dims.index("batch")] == 1
    rest = [axis for axis in dims if axis != "batch"]
    return np.transpose(values.squeeze(dims.index("batch")), [rest.index(axis) for axis in ("channel", "y", "x")])


def cases():
    for name, model in EVERY.items():
        for run in model["runs"]:
            for engine, weights in WAYS:
                for kind in ("plain", "default"):
                    if weights in model["runs"][run][kind]:
                        yield pytest.param(name, run, engine, weights, kind, id=f"{name}-{run}-{weights}-{engine}-{kind}")


def expected_of(runs, kind, weights):
    """(values, dims, stored part) by output; None where nothing is stored for this."""
    own = runs[kind][weights]
    if "outputs" in own:
        return own["outputs"]
    if "difference_to_stored_plain" not in own:
        return None
    stored = next(iter(runs["plain"].values()))
    near = max(difference["max_abs"] for difference in own["difference_to_stored_plain"].values())
    return stored["outputs"] if near < 1e-5 else None


def is_thresholded(values):
    """Ones and zeros, as bool or float32. The same network without its threshold has a golden of its own."""
    return bool(np.isin(values, (0, 1)).all())


@pytest.mark.skipif(not EVERY, reason=f"no golden predictions in {GOLDEN}")
@pytest.mark.parametrize("name, run, engine, weights, kind", cases())
def test_predictions_are_those_of_the_reference(tegula, tmp_path, name, run, engine, weights, kind):
    runs = EVERY[name]["runs"][run]
    expected = expected_of(runs, kind, weights)
    if expected is None:
        pytest.skip("the reference has no answer for this")
    model = golden_package(SHARED, name, tmp_path / "model")
    if isinstance(runs["input"], str):
        example = next(file for file in EVERY[name]["files"] if file.endswith(("test_input.npy", "exampleImage.npy")))
        values = np.load(model / pathlib.Path(example).name)
    else:
        values = tensor(runs["input"])
    [(output, stored)] = expected.items()
    dims = stored["dims"]
    np.save(tmp_path / "image.npy", spatial(values, dims))
    words = ["--border", "network"] if kind == "plain" else ["--statistics-from", "padded"]
    done = tegula("predict", model, tmp_path / "image.npy", "-o", tmp_path / "out", "--engine", engine,
                  "--weight-format", weights, *words)
    done.ok()
    predicted = zarr.open_group(tmp_path / "out/prediction.ome.zarr", mode="r")["0"][:]
    reference = np.load(GOLDEN / stored["file"])
    part = [slice(*stored["stored"].get(axis, (None, None))) for axis in ("y", "x")]
    reference, predicted = spatial(reference, dims), predicted[:, part[0], part[1]]
    if far := EXTENDED.get((name, kind)):
        reference, predicted = reference[:, :-far, :-far], predicted[:, :-far, :-far]
    assert predicted.shape == reference.shape
    if is_thresholded(reference):  # a probability beside the threshold may fall on either side
        assert set(np.unique(predicted)) <= {0, 1}
        assert np.mean(predicted != reference) < 1e-4
        return
    largest = np.abs(predicted.astype(np.float64) - reference).max()
    assert largest <= allowed(reference)
