"""What a model gets of an image, seen through a network that changes nothing, beside NumPy, scikit-image and tifffile."""

import json

import numpy as np
import pytest
import scipy.ndimage
import skimage.color
import skimage.io
import tifffile
import zarr
from identity_model import write_model


def bound(tegula, folder, image, *words, channels=1):
    """The pixels (c, y, x) and what was decided."""
    model = folder / f"model{channels}"
    if not model.exists():
        zeros = np.zeros((64, 64), np.float32)
        write_model(model, zeros, zeros, channels=channels)
    out = folder / "out"
    tegula("predict", model, image, "-o", out, "--overwrite", *words).ok()
    decisions = json.loads((out / "run.json").read_text())["binding"]
    return np.asarray(zarr.open_group(out / "prediction.ome.zarr", mode="r")["0"]), decisions


@pytest.fixture(scope="module")
def stack(tmp_path_factory):
    """An image (t, z, c, y, x) with names of channels, and its file."""
    pixels = np.random.default_rng(5).integers(0, 65536, (2, 7, 3, 70, 83), np.uint16)
    path = tmp_path_factory.mktemp("stack") / "stack.ome.tif"
    tifffile.imwrite(path, pixels, metadata={"axes": "TZCYX", "Channel": {"Name": ["DAPI", "FITC", "Cy5"]}})
    return pixels, path


def test_channels_are_made_of_channels(tegula, stack, tmp_path):
    pixels, path = stack
    plane = pixels[1, 4]
    found, decisions = bound(tegula, tmp_path, path, "--t", 1, "--z", 4, "--channels", "Cy5,mean(DAPI,1),max,min(1, Cy5)",
                             channels=4)
    expected = [plane[2], plane[:2].astype(np.float64).mean(0), plane.max(0), plane[1:].min(0)]
    assert np.array_equal(found, np.stack(expected).astype(np.float32))
    assert decisions[0].endswith("Cy5, mean(DAPI,1), max, min(1, Cy5)")
    assert "plane z=4 of 7" in decisions and "plane t=1 of 2" in decisions


@pytest.mark.parametrize("name", ["max", "mean", "min"])
@pytest.mark.parametrize("planes", ["all", "2:6"])
def test_planes_are_projected(tegula, stack, tmp_path, name, planes):
    pixels, path = stack
    found, decisions = bound(tegula, tmp_path, path, "--t", 0, "--z", planes, "--z-projection", name, channels=3)
    part = pixels[0] if planes == "all" else pixels[0, 2:6]
    assert np.array_equal(found, getattr(part.astype(np.float64), name)(0).astype(np.float32))
    assert any(sentence.startswith(f"{name} of planes z=") for sentence in decisions), decisions


def test_projections_come_before_channels_are_made(tegula, stack, tmp_path):
    pixels, path = stack
    found, _ = bound(tegula, tmp_path, path, "--t", 0, "--z-projection", "max", "--channels", "mean")
    assert np.array_equal(found[0], pixels[0].max(0).astype(np.float64).mean(0).astype(np.float32))


RGB_FROM_HE = np.array([[0.65111, 0.70119, 0.29049], [0.2159, 0.8012, 0.5581], [0, 0, 0]])
RGB_FROM_HE[2] = np.cross(RGB_FROM_HE[0], RGB_FROM_HE[1])
RGB_FROM_HE[2] /= np.linalg.norm(RGB_FROM_HE[2])
OWN = np.array([[0.6, 0.7, 0.4], [0.1, 0.9, 0.2], [0.5, 0.2, 0.8]])
STAINS = {
    "hed": ([], "hematoxylin,eosin,dab", skimage.color.hed_from_rgb),
    "he": (["--stains", "he"], "hematoxylin,eosin,residual", np.linalg.inv(RGB_FROM_HE)),
    "own": (["--stains", "ink=0.6,0.7,0.4;b=0.1,0.9,0.2;c=0.5,0.2,0.8"], "ink,b,c", np.linalg.inv(OWN)),
}


@pytest.mark.parametrize("name", STAINS)
@pytest.mark.parametrize("dtype", ["uint8", "uint16"])
def test_stains_are_those_of_scikit_image(tegula, tmp_path, name, dtype):
    words, channels, matrix = STAINS[name]
    pixels = np.random.default_rng(6).integers(0, np.iinfo(dtype).max + 1, (90, 75, 3)).astype(dtype)
    pixels[:2, :2] = 0
    tifffile.imwrite(tmp_path / "rgb.tif", pixels, photometric="rgb")
    found, decisions = bound(tegula, tmp_path, tmp_path / "rgb.tif", "--channels", channels, *words, channels=3)
    expected = np.moveaxis(skimage.color.separate_stains(pixels, matrix), 2, 0)
    assert np.abs(found - expected).max() <= 1e-6 * np.abs(expected).max()
    assert any("colour deconvolution" in sentence for sentence in decisions)


def test_a_real_slide_downsampled_is_the_mean_of_its_pixels(tegula, data, tmp_path):
    image = data / "images/he/skimage_ihc.png"
    pixels = skimage.io.imread(image)[..., :3].astype(np.float64)
    height, width = pixels.shape[0] // 4, pixels.shape[1] // 4
    means = pixels[:height * 4, :width * 4].reshape(height, 4, width, 4, 3).mean((1, 3)).round().astype(np.uint8)
    found, decisions = bound(tegula, tmp_path, image, "--downsample", 4, channels=3)
    assert np.array_equal(found, np.moveaxis(means, 2, 0))
    assert "1/4 of the full resolution" in decisions[-1]
    stain, _ = bound(tegula, tmp_path, image, "--downsample", 4, "--channels", "dab", "--tile", 64)
    expected = skimage.color.separate_stains(means, skimage.color.hed_from_rgb)[..., 2]
    assert np.abs(stain[0] - expected).max() <= 1e-6


def test_finer_pixels_are_linear_between_the_centres_of_the_image_s(tegula, tmp_path):
    pixels = np.random.default_rng(7).random((47, 61)).astype(np.float32)
    tifffile.imwrite(tmp_path / "a.tif", pixels)
    found, _ = bound(tegula, tmp_path, tmp_path / "a.tif", "--downsample", 0.35, "--tile", 64)
    y, x = ((np.arange(int(size / 0.35 + 1e-9)) + 0.5) * 0.35 - 0.5 for size in pixels.shape)
    expected = scipy.ndimage.map_coordinates(pixels.astype(np.float64), np.meshgrid(y, x, indexing="ij"), order=1, mode="nearest")
    assert found[0].shape == expected.shape and np.abs(found[0] - expected).max() < 1e-6


def test_what_cannot_be_bound_is_one_sentence_that_says_what_to_do(tegula, stack, tmp_path):
    _, path = stack
    zeros = np.zeros((64, 64), np.float32)
    model = write_model(tmp_path / "model", zeros, zeros)
    for words, saying in [
        ([], ["--channels", "DAPI, FITC, Cy5"]),
        (["--channels", "FITC"], ["7 planes along z", "--z", "--z-projection"]),
        (["--channels", "FITC", "--z", "7", "--t", "0"], ["from 0 to 6"]),
        (["--channels", "FITC", "--z", "5:2"], ["'5:2'", "2:10"]),
        (["--channels", "dab", "--z", "0", "--t", "0"], ["RGB"]),
        (["--channels", "max(FITC,TRITC)", "--z", "0", "--t", "0"], ["TRITC", "DAPI, FITC, Cy5"]),
        (["--channels", "0", "--z", "0", "--t", "0", "--level", "0", "--downsample", "2"], ["--downsample", "one of them"]),
        (["--channels", "0", "--stains", "a=1,0,0"], ["two or three"]),
    ]:
        run = tegula("predict", model, path, "-o", tmp_path / "out", *words)
        assert run.code != 0 and all(part in run.err for part in saying), (words, run.err)
        assert not (tmp_path / "out").exists()
