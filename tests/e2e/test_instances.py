"""StarDist and Cellpose models on images: numbered objects, the same in tiles as whole."""

import json
import os
import signal
import subprocess
import time

import numpy as np
import pytest
import shapely
import tifffile
import zarr
from instances import golden_model, matches, mosaic
from scipy.spatial import cKDTree
from skimage.measure import regionprops

MODELS = ["stardist_like2d", "cellpose_like"]
# Those in which no scores are equal, whose order the reference leaves open.
GOLDEN = ["stardist_2d_grid1", "stardist_2d_border_pairs", "stardist_3d", "cellpose_2d", "cellpose_2d_no_flow_check",
          "cellpose_2d_threshold"]


def labels_of(out, name="prediction.ome.zarr", level="0"):
    return zarr.open_group(out / name, mode="r")[level][:]


@pytest.fixture(scope="module")
def image(data, tmp_path_factory):
    file = tmp_path_factory.mktemp("mosaic") / "mosaic.tif"
    tifffile.imwrite(file, mosaic(data, 128))
    return file


MEASURES = ["--measure", "all", "--percentiles", "10", "--neighbour-radius", "40px"]


def words(data, name, image, out, tile):
    return ["predict", data / "models_made" / name, image, "-o", out, "--tile", tile, "--objects", "all", *MEASURES]


def predict_each(data, image, folder, tile):
    for name in MODELS:
        subprocess.run([os.environ["TEGULA_PROGRAM"], *map(str, words(data, name, image, folder / name, tile))],
                       check=True, capture_output=True)
    return folder


@pytest.fixture(scope="module")
def whole(data, image, tmp_path_factory):
    """A folder per model with the image predicted as one window."""
    return predict_each(data, image, tmp_path_factory.mktemp("whole"), 8192)


@pytest.fixture(scope="module")
def tiled(data, image, tmp_path_factory):
    return predict_each(data, image, tmp_path_factory.mktemp("tiled"), 264)


@pytest.mark.parametrize("name", MODELS)
def test_tiles_have_the_objects_of_the_whole(whole, tiled, name):
    windows = [json.loads((out / name / "run.json").read_text())["tiles"]["windows"] for out in (whole, tiled)]
    assert windows[0] == 1 and windows[1] > 16
    expected, found = labels_of(whole / name), labels_of(tiled / name)
    assert found.dtype == expected.dtype and found.shape == expected.shape
    ours, theirs, best = matches(found.squeeze(), expected.squeeze())
    assert ours == theirs > 150
    # Nothing here lies as near to a threshold as the last digits of a network reach.
    assert best.min() >= 0.99
    # Numbers are those of the reference: by the score, or by the first pixel.
    assert (found != expected).mean() < 0.001


def test_a_stored_prediction_gives_the_same_objects_again(tegula, whole, tmp_path):
    for name in MODELS:
        tegula("objects", whole / name, "-o", tmp_path / name, *MEASURES).ok()
        again, first = (json.loads((folder / name / "objects.geojson").read_text()) for folder in (tmp_path, whole))
        for feature in first["features"]:
            feature["properties"]["measurements"].pop("Detection probability", None)  # which a prediction does not hold
        assert len(first["features"]) > 100 and again == first
    labels = labels_of(whole / MODELS[0]).squeeze()
    cut = set(np.concatenate([labels[0], labels[-1], labels[:, 0], labels[:, -1]])) - {0}
    tegula("objects", whole / MODELS[0], "-o", tmp_path / "inner", "--border-objects", "drop", "--object-files", "csv").ok()
    rows = (tmp_path / "inner/objects.csv").read_text().splitlines()
    assert len(rows) - 1 == len(np.unique(labels)) - 1 - len(cut) and len(cut) > 10
    for words in (["--split", "distance"], ["--object-files", "labels"], ["--simplify", "0.4px"]):
        run = tegula("objects", whole / MODELS[0], "-o", tmp_path / "no", *words)
        assert run.code == 2 and words[0] in run.err and "numbered already" in run.err


def test_objects_are_the_outlines_of_the_numbers(whole):
    for name in MODELS:
        labels = labels_of((whole / name)).squeeze()
        features = json.loads(((whole / name) / "objects.geojson").read_text())["features"]
        numbers = [feature["properties"]["measurements"]["Label"] for feature in features]
        assert sorted(numbers) == sorted(np.unique(labels[labels > 0]).tolist())
        assert len({feature["id"] for feature in features}) == len(features)
        for feature, number in zip(features, numbers):
            outline = shapely.geometry.shape(feature["geometry"])
            assert outline.is_valid
            x0, y0, x1, y1 = map(int, outline.bounds)
            x, y = np.meshgrid(np.arange(x0, x1) + 0.5, np.arange(y0, y1) + 0.5)
            assert np.array_equal(shapely.contains_xy(outline, x, y), labels[y0:y1, x0:x1] == number)
            assert feature["properties"]["measurements"]["Area px^2"] == (labels == number).sum()
            assert feature["properties"]["classification"]["name"] == "instances"
        record = json.loads(((whole / name) / "run.json").read_text())
        assert [objects["count"] for objects in record["objects"]] == [len(features)]


MEASURED = {
    "Area px^2": lambda r: r.area,
    "Centroid X px": lambda r: r.centroid[1] + 0.5,
    "Centroid Y px": lambda r: r.centroid[0] + 0.5,
    "Box width px": lambda r: r.bbox[3] - r.bbox[1],
    "Perimeter px": lambda r: r.perimeter,
    "Major axis px": lambda r: r.axis_major_length,
    "Solidity": lambda r: r.solidity,
    "Mean": lambda r: r.intensity_mean,
    "Std.Dev.": lambda r: r.intensity_std,
    "Min": lambda r: r.intensity_min,
    "Max": lambda r: r.intensity_max,
    "Sum": lambda r: r.image_intensity[r.image].sum(),
    "Median": lambda r: np.median(r.image_intensity[r.image]),
    "Percentile 10": lambda r: np.percentile(r.image_intensity[r.image], 10),
}


@pytest.mark.parametrize("name", MODELS)
def test_measurements_are_scikit_images(tiled, image, name):
    regions = regionprops(labels_of(tiled / name).squeeze(), intensity_image=tifffile.imread(image).astype(float))
    features = json.loads((tiled / name / "objects.geojson").read_text())["features"]
    measured = {f["properties"]["measurements"]["Label"]: f["properties"]["measurements"] for f in features}
    assert len(measured) == len(regions) > 150
    assert "Class probability" not in measured[regions[0].label]
    if name == "stardist_like2d":  # which numbers objects by their scores
        scores = [measured[number]["Detection probability"] for number in sorted(measured)]
        assert scores == sorted(scores, reverse=True) and 0 < scores[-1] < scores[0] <= 1
    else:
        assert "Detection probability" not in measured[regions[0].label]
    for region in regions:
        values = {name.rpartition(": ")[2]: value for name, value in measured[region.label].items()}
        for what, expected in MEASURED.items():
            assert values[what] == pytest.approx(float(expected(region)), rel=1e-9, abs=1e-9), what
    centroids = np.array([r.centroid for r in regions])
    tree = cKDTree(centroids)
    nearest = tree.query(centroids, 2)[0][:, 1]
    assert [measured[r.label]["Nearest neighbour distance px"] for r in regions] == pytest.approx(nearest)
    within = [len(found) - 1 for found in tree.query_ball_point(centroids, 40)]
    assert [measured[r.label]["Neighbours within 40 px"] for r in regions] == within


@pytest.mark.parametrize("name", MODELS)
def test_a_region_has_the_objects_that_the_whole_has_there(tegula, data, image, tmp_path, tiled, name):
    x, y, width, height = 300, 210, 401, 333
    tegula(*words(data, name, image, tmp_path / "out", 264), "--region", f"{x},{y},{width},{height}").ok()
    expected = labels_of(tiled / name).squeeze().copy()
    kept, cut = set(), 0
    for region in regionprops(expected):
        centre_y, centre_x = np.array(region.centroid) + 0.5
        y0, x0, y1, x1 = region.bbox
        if y <= centre_y < y + height and x <= centre_x < x + width:
            kept.add(region.label)
            cut += y0 < y or y1 > y + height or x0 < x or x1 > x + width
        else:
            expected[expected == region.label] = 0
    assert len(kept) > 30 and cut > 0
    assert np.array_equal(labels_of(tmp_path / "out").squeeze(), expected)

    def features(out):
        objects = {}
        for feature in json.loads((out / "objects.geojson").read_text())["features"]:
            measurements = feature["properties"]["measurements"]
            for neighbours in [key for key in measurements if "eighbour" in key]:
                del measurements[neighbours]  # of those that are there
            objects[measurements["Label"]] = feature
        return objects

    all_of_it = features(tiled / name)
    assert features(tmp_path / "out") == {label: all_of_it[label] for label in kept}


def test_lower_resolutions_hold_numbers_that_are_there(whole):
    for name in MODELS:
        full, half = labels_of((whole / name)).squeeze(), labels_of((whole / name), level="1").squeeze()
        assert set(np.unique(half)) <= set(np.unique(full))
        blocks = full.reshape(full.shape[0] // 2, 2, full.shape[1] // 2, 2).swapaxes(1, 2).reshape(*half.shape, 4)
        assert (blocks == half[..., None]).any(axis=-1).all()


@pytest.mark.parametrize("name", GOLDEN)
def test_what_the_reference_finds_is_found_in_tiles(tegula, data, tmp_path, name):
    model, network, expected = golden_model(data.parent / "golden/ops", name, tmp_path / "model")
    tegula("test", model).ok()
    volume = network.ndim == 4

    def write(values, file):
        if volume:
            tifffile.imwrite(file, values.swapaxes(0, 1), photometric="minisblack", metadata={"axes": "ZCYX"}, ome=True)
        else:
            np.save(file, values)
        return file

    suffix = ".ome.tif" if volume else ".npy"
    small = write(network, tmp_path / f"small{suffix}")
    tegula("predict", model, small, "-o", tmp_path / "small").ok()
    ours, theirs, best = matches(labels_of(tmp_path / "small").squeeze(), expected)
    assert ours == theirs and best.min() >= 0.8

    # Beside itself, mirrored, so that objects lie across all seams.
    pads = [(0, 0)] + [(0, (1 if volume else 2) * size) for size in network.shape[1:]]
    large = write(np.pad(network, pads, mode="symmetric"), tmp_path / f"large{suffix}")
    tegula("predict", model, large, "-o", tmp_path / "whole", "--tile", "4096").ok()
    tiles = "z=9,y=17,x=24" if volume else "37"
    tegula("predict", model, large, "-o", tmp_path / "tiled", "--tile", tiles, "--context", 0, "--workers", 3).ok()
    assert json.loads((tmp_path / "tiled/run.json").read_text())["tiles"]["windows"] > 4
    whole, tiled = labels_of(tmp_path / "whole"), labels_of(tmp_path / "tiled")
    assert whole.max() > 2 * ours
    assert np.array_equal(whole, tiled)


def test_planes_are_numbered_one_by_one(tegula, data, tmp_path):
    model, network, expected = golden_model(data.parent / "golden/ops", "cellpose_2d", tmp_path / "model")
    stack = np.stack([network, network[:, ::-1] * np.float32([-1, 1, 1])[:, None, None]])
    tifffile.imwrite(tmp_path / "stack.ome.tif", stack, photometric="minisblack", metadata={"axes": "ZCYX"}, ome=True)
    tegula("predict", model, tmp_path / "stack.ome.tif", "-o", tmp_path / "out", "--z", "all", "--format", "ome-tiff").ok()
    planes = tifffile.imread(tmp_path / "out/prediction.ome.tif").squeeze()
    assert planes.shape == (2, *expected.shape)
    assert np.array_equal(planes[0], expected)
    # The same objects upside down, numbered from 1 again.
    assert matches(planes[1][::-1], expected)[:2] == (expected.max(), expected.max())


def test_what_makes_no_sense_of_numbers_is_refused(tegula, data, image, tmp_path):
    model = data / "models_made/stardist_like2d"
    run = tegula("predict", model, image, "-o", tmp_path / "o", "--objects", "labels", "--threshold", "0.5")
    assert run.code == 2 and "--threshold is for channels of probabilities" in run.err
    run = tegula("predict", model, image, "-o", tmp_path / "o", "--objects", "nucleus")
    assert run.code != 0 and "there are instances" in run.err


def content(folder):
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    return {str(path.relative_to(folder)): path.read_bytes() for path in files}


VALUES, NUMBERS = "0-before/0/c/*/*/*", "../prediction.ome.zarr/0/c/*/*/*"


# While tiles are predicted, while flows are followed, and when the first objects are painted.
@pytest.mark.parametrize("name, moments", [
    ("stardist_like2d", [VALUES, NUMBERS]),
    ("cellpose_like", ["objects-0-0/ends/0/c/*/*/*/*/*", NUMBERS]),
])
def test_a_killed_run_goes_on_to_the_same_bytes(tegula, data, image, tmp_path, tiled, name, moments):
    out = tmp_path / "out"
    command = words(data, name, image, out, 264)
    scratch = out / ".tegula-partial/.scratch"
    for moment in moments:
        before = len(list(scratch.glob(moment)))
        program = subprocess.Popen([os.environ["TEGULA_PROGRAM"], *map(str, command)], stdout=subprocess.DEVNULL,
                                   stderr=subprocess.DEVNULL)
        while program.poll() is None and len(list(scratch.glob(moment))) <= before:
            time.sleep(0.001)
        program.send_signal(signal.SIGKILL)
        assert program.wait() == -signal.SIGKILL, f"the kill at {moment} came too late"
    assert not (out / "prediction.ome.zarr").exists()
    run = tegula(*command).ok()
    assert "going on" in run.err
    assert content(out / "prediction.ome.zarr") == content(tiled / name / "prediction.ome.zarr")
    assert (out / "objects.geojson").read_bytes() == (tiled / name / "objects.geojson").read_bytes()
    assert not (out / ".tegula-partial").exists()
