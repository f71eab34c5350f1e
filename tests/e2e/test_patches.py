"""Models that give one result for a patch: the map over an image holds what the model gives for each patch alone."""

import json
import shutil

import numpy as np
import pytest
import zarr
from PIL import Image


def level0(folder):
    return zarr.open_group(folder, mode="r")["0"][:]


@pytest.fixture(scope="module")
def slide(data, tmp_path_factory):
    """A part of a real slide that no stride divides, as uint8 (y, x, rgb)."""
    pixels = np.asarray(Image.open(data / "images/he/skimage_ihc.png").convert("RGB"))[100:403, 150:407]
    path = tmp_path_factory.mktemp("slide") / "part.png"
    Image.fromarray(pixels).save(path)
    return path, pixels


@pytest.fixture(scope="module", params=["as it is", "normalised by each patch"])
def model(request, data, tmp_path_factory):
    folder = data / "models_made/patch_classifier"
    if request.param == "as it is":
        return folder
    changed = tmp_path_factory.mktemp("model") / "patch_classifier"
    shutil.copytree(folder, changed)
    text = (changed / "rdf.yaml").read_text()
    linear = "  - id: scale_linear\n    kwargs: {gain: 0.00784313725490196, offset: -1.0}\n"
    assert linear in text
    (changed / "rdf.yaml").write_text(
        text.replace(linear, "  - id: zero_mean_unit_variance\n    kwargs: {axes: [channel, y, x]}\n"))
    return changed


def alone(tegula, model, pixels, folder):
    """What the model gives for one patch as an image of its own."""
    folder.mkdir()
    Image.fromarray(pixels).save(folder / "patch.png")
    # Test tensors do not belong to a changed description, so it is not held against them here.
    tegula("predict", model, folder / "patch.png", "-o", folder / "out").ok()
    result = level0(folder / "out/prediction.ome.zarr")
    assert result.shape == (4, 1, 1)
    return result[:, 0, 0]


def runs(tegula, model):
    return tegula("test", model).code == 0


@pytest.mark.parametrize("stride", [None, 40, 96])
def test_each_pixel_is_the_answer_for_its_patch(tegula, model, slide, tmp_path, stride):
    path, pixels = slide
    if not runs(tegula, model):
        # The description was changed, so its own test tensors have to follow.
        refit(model)
    words = [] if stride is None else ["--stride", stride]
    tegula("predict", model, path, "-o", tmp_path / "out", *words).ok()
    result = level0(tmp_path / "out/prediction.ome.zarr")
    step = stride or 64
    rows, columns = (max(0, -(-(size - 64) // step)) + 1 for size in pixels.shape[:2])
    assert result.shape == (4, rows, columns)
    np.testing.assert_allclose(result.sum(0), 1, atol=1e-5)
    # Beyond the far ends the image is mirrored, as the format's default says.
    wide = np.pad(pixels, ((0, 128), (0, 128), (0, 0)), mode="symmetric")
    random = np.random.default_rng(3)
    places = {(0, 0), (rows - 1, columns - 1), (rows - 1, 0)} | {
        (int(random.integers(rows)), int(random.integers(columns))) for _ in range(3)}
    for number, (i, j) in enumerate(sorted(places)):
        patch = wide[i * step:i * step + 64, j * step:j * step + 64]
        wanted = alone(tegula, model, patch, tmp_path / f"patch{number}")
        assert np.abs(result[:, i, j] - wanted).max() < 1e-5, (i, j)


def refit(model):
    """Takes the test tensors out of a description that was changed."""
    kept = [line for line in (model / "rdf.yaml").read_text().splitlines() if "test_tensor:" not in line]
    (model / "rdf.yaml").write_text("\n".join(kept) + "\n")


def test_the_map_lies_on_the_slide_where_its_patches_are(tegula, data, slide, tmp_path):
    path, _ = slide
    tegula("predict", data / "models_made/patch_classifier", path, "-o", tmp_path / "out", "--stride", "32", "--objects",
           "all").ok()
    record = json.loads((tmp_path / "out/run.json").read_text())
    assert "patch of 64 x 64" in record["exactness"]
    objects = json.loads((tmp_path / "out/objects.geojson").read_text())["features"]
    corners = np.array([p for o in objects for p in np.array(o["geometry"]["coordinates"][0]).reshape(-1, 2)])
    # Pixel 0 is the middle half of the first patch.
    assert corners.min() == 16
    assert set(np.unique((corners - 16) % 32)) == {0}


def test_a_stride_is_refused_where_outputs_have_pixels_of_their_own(tegula, data, slide, tmp_path):
    run = tegula("predict", data / "models_made/he_nuclei_rgb", slide[0], "-o", tmp_path / "out", "--stride", 32)
    assert run.code != 0
    assert "a stride is for models whose outputs have no such axis" in run.err
    assert not (tmp_path / "out").exists()


def test_maps_do_not_depend_on_workers(tegula, data, slide, tmp_path):
    results = []
    for workers in (1, 5):
        tegula("predict", data / "models_made/patch_classifier", slide[0], "-o", tmp_path / str(workers), "--stride", 16,
               "--workers", workers).ok()
        results.append(level0(tmp_path / str(workers) / "prediction.ome.zarr"))
    assert np.array_equal(*results)
