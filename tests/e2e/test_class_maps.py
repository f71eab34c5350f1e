"""Predictions that hold the number of each pixel's class: objects, measurements and classes of them are those of the
values that they were made of, but for what only values can tell."""

import json
import shutil

import numpy as np
import pytest
import shapely
import zarr
from skimage import measure

from object_maps import features_of, labels_of, predict, smooth_noise

REGION = "40,30,200,190"  # x, y, width, height


@pytest.fixture(scope="module")
def maps():
    return np.stack([smooth_noise(seed) for seed in (1, 2, 3)])


@pytest.fixture(scope="module")
def values(maps, tmp_path_factory):
    return predict(tmp_path_factory.mktemp("values"), maps)


@pytest.fixture(scope="module")
def classes(maps, tmp_path_factory):
    out = predict(tmp_path_factory.mktemp("classes"), maps, "--values", "argmax", check=False)
    assert np.array_equal(zarr.open(out / "prediction.ome.zarr/0", mode="r")[:], maps.argmax(0))
    return out


@pytest.mark.parametrize("words", [[], ["--objects", "c1,c2", "--connectivity", "8", "--fill-holes", "30px", "--min-area", "20px"],
                                   ["--split", "distance", "--border-objects", "drop", "--simplify", "0.4px"]], ids=["all", "some", "split"])
def test_objects_are_those_of_the_largest_values(tegula, values, classes, tmp_path, words):
    words = ["--measure", "shape", "--measure", "neighbours", *words]
    tegula("objects", values, "-o", tmp_path / "v", *words).ok()
    tegula("objects", classes, "-o", tmp_path / "c", *words).ok()
    of_values, of_classes = features_of(tmp_path / "v"), features_of(tmp_path / "c")
    assert len(of_values) == len(of_classes) > 20
    of_probabilities = {"Class probability", "c0: Mean", "c1: Mean", "c2: Mean"}
    for one, other in zip(of_values, of_classes):
        assert not of_probabilities & set(other["properties"]["measurements"])
        for name in of_probabilities:
            del one["properties"]["measurements"][name]
        assert one["id"] != other["id"], "their images have other paths"
        assert {**one, "id": ""} == {**other, "id": ""}


def test_components_of_a_class_are_scikit_images(tegula, classes, maps, tmp_path):
    tegula("objects", classes, "-o", tmp_path / "o", "--objects", "2", "--object-files", "geojson,labels").ok()
    expected = measure.label(maps.argmax(0) == 2, connectivity=1)
    assert np.array_equal(labels_of(features_of(tmp_path / "o")), expected)
    assert np.array_equal(zarr.open_group(tmp_path / "o/objects.ome.zarr", mode="r")["0"][:], expected)


def test_intensities_are_the_images(tegula, classes, maps, tmp_path):
    tegula("objects", classes, "-o", tmp_path / "o", "--objects", "c1", "--measure", "intensity").ok()
    expected = measure.regionprops(measure.label(maps.argmax(0) == 1, connectivity=1), np.moveaxis(maps, 0, -1))
    for feature, region in zip(features_of(tmp_path / "o"), expected, strict=True):
        numbers = feature["properties"]["measurements"]
        got = [value for name, value in numbers.items() if name.endswith(": Max")]
        assert got == pytest.approx(list(region.intensity_max))


@pytest.mark.parametrize("words, option", [(["--threshold", "0.5"], "--threshold"), (["--smooth", "1px"], "--smooth"),
                                           (["--split", "seeds"], "--split seeds"), (["--split", "seeds=c1"], "--split seeds"),
                                           (["--overlaps", "never"], "--overlaps")])
def test_what_only_values_can_tell_is_refused(tegula, classes, tmp_path, words, option):
    run = tegula("objects", classes, "-o", tmp_path / "o", *words)
    assert run.code == 2 and f"{option} is for channels of probabilities" in run.err and "without --values argmax" in run.err
    assert not (tmp_path / "o").exists()


@pytest.fixture(scope="module")
def of_region(maps, tmp_path_factory):
    folder = tmp_path_factory.mktemp("region")
    return [predict(folder / name, maps, "--region", REGION, *words, check=False)
            for name, words in (("values", ()), ("classes", ("--values", "argmax")))]


def test_what_a_region_leaves_out_has_no_class(tegula, maps, of_region, tmp_path):
    expected = np.full(maps.shape[1:], 255)
    x, y, width, height = map(int, REGION.split(","))
    inside = np.s_[y:y + height, x:x + width]
    expected[inside] = maps.argmax(0)[inside]
    assert np.array_equal(zarr.open(of_region[1] / "prediction.ome.zarr/0", mode="r")[:], expected)
    for path, name in zip(of_region, "vc"):
        tegula("objects", path, "-o", tmp_path / name).ok()
    of_values, of_classes = [[f["geometry"] for f in features_of(tmp_path / name)] for name in "vc"]
    assert of_values == of_classes and len(of_classes) > 10


def test_measured_and_classified_are_what_the_values_give(tegula, of_region, tmp_path):
    shapes = [shapely.box(20, 10, 120, 100), shapely.box(100, 100, 110, 110), shapely.box(0, 0, 20, 20)]
    features = [{"type": "Feature", "geometry": shapely.geometry.mapping(s), "properties": {"objectType": "annotation"}} for s in shapes]
    file = tmp_path / "shapes.geojson"
    file.write_text(json.dumps({"type": "FeatureCollection", "features": features}))
    measured, classified = [], []
    for path, name in zip(of_region, "vc"):
        run = tegula("measure", path, "--annotations", file, "--name", "id", "-o", tmp_path / name, "--json").ok()
        measured.append([row["measurements"] for row in json.loads(run.out)[0]["annotations"]])
        run = tegula("classify", path, "--objects", file, "--by", "majority", "-o", tmp_path / f"{name}.geojson", "--json").ok()
        classified.append(features_of(tmp_path, f"{name}.geojson"))
    assert measured[0] == measured[1]
    assert classified[0] == classified[1]
    assert measured[1][1]["id: c0 area px^2"] + measured[1][1]["id: c1 area px^2"] + measured[1][1]["id: c2 area px^2"] == 100


def test_a_region_of_an_older_version_is_refused(tegula, of_region, tmp_path):
    """Its pixels outside have the number of the first class."""
    shutil.copytree(of_region[1], tmp_path / "old")
    metadata = tmp_path / "old/prediction.ome.zarr/0/zarr.json"
    metadata.write_text(metadata.read_text().replace('"fill_value":255', '"fill_value":0').replace('"fill_value": 255', '"fill_value": 0'))
    assert zarr.open(metadata.parent, mode="r").fill_value == 0
    for command in ("objects", "measure"):
        run = tegula(command, tmp_path / "old", "-o", tmp_path / "o")
        assert run.code == 3 and "older version" in run.err and "predict again" in run.err
