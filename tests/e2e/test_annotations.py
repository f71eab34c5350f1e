"""`measure` and `classify` beside a brute-force count with NumPy and shapely."""

import csv
import json

import numpy as np
import pytest
import shapely
import shapely.affinity
import shapely.geometry
import tifffile
import zarr

from identity_model import write_model

PIXEL_UM = 0.5
HEIGHT, WIDTH = 210, 260


def feature(geometry, **properties):
    return {"type": "Feature", "geometry": shapely.geometry.mapping(geometry), "properties": properties}


def write(path, features):
    path.write_text(json.dumps({"type": "FeatureCollection", "features": features}))
    return path


@pytest.fixture(scope="module")
def prediction(tmp_path_factory):
    """A prediction of three channels at half the slide's resolution, and where the centres of its pixels lie."""
    import subprocess
    from conftest import PROGRAM
    folder = tmp_path_factory.mktemp("annotations")
    model = write_model(folder / "model", np.arange(64 * 64, dtype="uint8").reshape(64, 64),
                        np.arange(64 * 64, dtype="uint8").reshape(64, 64), channels=3)
    image = np.random.default_rng(5).integers(0, 255, (3, HEIGHT // 7, WIDTH // 7), np.uint8).repeat(7, 1).repeat(7, 2)
    tifffile.imwrite(folder / "slide.ome.tif", image, photometric="minisblack",
                     metadata={"axes": "CYX", "PhysicalSizeX": PIXEL_UM, "PhysicalSizeXUnit": "µm", "PhysicalSizeY": PIXEL_UM,
                               "PhysicalSizeYUnit": "µm", "Channel": {"Name": ["c0", "c1", "c2"]}})
    out = folder / "out"
    subprocess.run([PROGRAM, "predict", model, folder / "slide.ome.tif", "-o", out, "--downsample", "2", "--tile", "64"],
                   check=True, capture_output=True)
    values = zarr.open(out / "prediction.ome.zarr/0", mode="r")[:]
    y, x = np.mgrid[:values.shape[1], :values.shape[2]]
    return out, values, (x + 0.5) * 2, (y + 0.5) * 2


# No centre of a pixel lies on an edge, where rules differ.
SHAPES = {
    "with a hole": shapely.geometry.box(20.3, 30.2, 150.1, 160.4).difference(shapely.geometry.box(60.5, 70.25, 110.1, 120.2)),
    "two parts": shapely.geometry.MultiPolygon([shapely.geometry.box(5.3, 5.1, 40.2, 41.4), shapely.geometry.box(180.7, 100.6, 230.1, 190.2)]),
    "over the first": shapely.geometry.Polygon([(10.123, 10.456), (200.789, 60.321), (120.654, 180.987)]),
    "partly outside": shapely.geometry.box(200.3, 150.2, 900, 800),
    "round": shapely.geometry.Point(100.11, 100.27).buffer(60.3),
}


def brute_force(prediction, shape):
    """Pixels of each class by the largest channel within a shape."""
    _, values, x, y = prediction
    inside = shapely.contains_xy(shape, x, y)
    return np.bincount(values.argmax(0)[inside], minlength=3), inside.sum()


def test_areas_and_shares_are_those_of_a_brute_force_count(tegula, prediction, tmp_path):
    file = write(tmp_path / "regions.geojson",
                 [feature(shape, name=name, classification={"name": "Tumour", "color": [200, 0, 0]}, isLocked=True)
                  for name, shape in SHAPES.items()])
    run = tegula("measure", prediction[0], "--annotations", file, "--classes", "0=Background*,c1=Nucleus", "--name", "my id",
                 "-o", tmp_path / "areas", "--json").ok()
    measured = json.loads(run.out)[0]["annotations"]
    assert [row["name"] for row in measured] == list(SHAPES)
    um2 = (2 * PIXEL_UM) ** 2
    for row, shape in zip(measured, SHAPES.values()):
        counts, pixels = brute_force(prediction, shape)
        got = row["measurements"]
        assert row["class"] == "Tumour"
        assert got["my id: Nucleus area µm^2"] == pytest.approx(counts[1] * um2)
        assert got["my id: c2 area µm^2"] == pytest.approx(counts[2] * um2)
        assert got["my id: Nucleus %"] == pytest.approx(100 * counts[1] / counts[1:].sum())
        assert got["my id: Area µm^2"] == pytest.approx(pixels * um2)
        assert not any("Background" in name for name in got)

    with open(tmp_path / "areas/measurements.csv", newline="") as table:
        rows = list(csv.DictReader(table))
    assert [float(row["my id: Nucleus area µm^2"]) for row in rows] == [
        row["measurements"]["my id: Nucleus area µm^2"] for row in measured]
    written = json.loads((tmp_path / "areas/regions.geojson").read_text())["features"]
    original = json.loads(file.read_text())["features"]
    for after, before, row in zip(written, original, measured):
        assert after["properties"].pop("measurements") == row["measurements"]
        assert after == before


def test_thresholds_count_each_channel_for_itself(tegula, prediction, tmp_path):
    _, values, x, y = prediction
    file = write(tmp_path / "regions.geojson", [feature(SHAPES["round"])])
    run = tegula("measure", prediction[0], "--annotations", file, "--threshold", 100, "-o", tmp_path / "areas", "--json").ok()
    got = json.loads(run.out)[0]["annotations"][0]["measurements"]
    inside = shapely.contains_xy(SHAPES["round"], x, y)
    for c in range(3):
        share = (values[c][inside] >= 100).mean()
        assert got[f"identity: c{c} %"] == pytest.approx(100 * share)


def test_without_annotations_the_whole_image_is_measured_and_objects_counted(tegula, prediction, tmp_path):
    rng = np.random.default_rng(1)
    cells, names = [], ["Tumour: Positive", "Tumour: Negative", None]
    for i in range(300):
        at = shapely.geometry.Point(*(rng.random(2) * (WIDTH, HEIGHT)))
        kind = names[i % 3]
        cells.append(feature(at.buffer(2), objectType="detection", **({"classification": {"name": kind, "color": [1, 2, 3]}} if kind else {})))
    objects = write(tmp_path / "cells.geojson", cells)
    run = tegula("measure", prediction[0], "--objects", objects, "-o", tmp_path / "whole", "--json").ok()
    got = json.loads(run.out)[0]["annotations"][0]["measurements"]
    pixels = prediction[1][0].size
    assert got["identity: Area µm^2"] == pytest.approx(pixels * (2 * PIXEL_UM) ** 2)
    assert got["identity: Num Detections"] == 300
    assert got["identity: Num Tumour: Positive"] == 100
    assert got["identity: Positive %"] == 50
    assert got["identity: Num Tumour: Positive per mm^2"] == pytest.approx(100 / (pixels * (2 * PIXEL_UM) ** 2 * 1e-6))

    shape = SHAPES["with a hole"]
    regions = write(tmp_path / "regions.geojson", [feature(shape)])
    run = tegula("measure", prediction[0], "--annotations", regions, "--objects", objects, "-o", tmp_path / "part", "--json").ok()
    inside = [cell for cell in cells if shape.contains(shapely.geometry.shape(cell["geometry"]).centroid)]
    assert json.loads(run.out)[0]["annotations"][0]["measurements"]["identity: Num Detections"] == len(inside)


def cells_on(prediction, number, seed):
    rng = np.random.default_rng(seed)
    cells = []
    for i in range(number):
        at = rng.random(2) * (WIDTH + 40, HEIGHT + 40) - 20
        shape = shapely.affinity.rotate(shapely.geometry.box(*at, *(at + 4 + rng.random(2) * 30)), rng.random() * 90)
        cells.append(feature(shape, objectType="cell", classification={"name": "old", "color": [9, 9, 9]},
                             metadata={"number": str(i)}, measurements={"a": i / 7}))
    return cells


@pytest.mark.parametrize("by", ["centroid", "majority"])
def test_classes_of_objects_are_those_of_a_brute_force_check(tegula, prediction, tmp_path, by):
    _, values, x, y = prediction
    cells = cells_on(prediction, 200, 3)
    file = write(tmp_path / "cells.geojson", cells)
    out = tmp_path / "classified.geojson"
    run = tegula("classify", prediction[0], "--objects", file, "--by", by, "--classes", "1=Nucleus", "-o", out, "--json").ok()
    names, classes = ["c0", "Nucleus", "c2"], values.argmax(0)
    written = json.loads(out.read_text())["features"]
    assert len(written) == len(cells)
    untouched = 0
    for after, before in zip(written, cells):
        shape = shapely.geometry.shape(before["geometry"])
        expected = None
        if by == "centroid":
            column, row = int(shape.centroid.x // 2), int(shape.centroid.y // 2)
            if 0 <= row < classes.shape[0] and 0 <= column < classes.shape[1] and min(shape.centroid.x, shape.centroid.y) >= 0:
                expected = names[classes[row, column]]
        else:
            counts = np.bincount(classes[shapely.contains_xy(shape, x, y)], minlength=3)
            if counts.sum():
                expected = names[counts.argmax()]
                for name, count in zip(names, counts):
                    fraction = after["properties"]["measurements"].pop(f"{name} fraction")
                    assert fraction == pytest.approx(count / counts.sum())
        untouched += expected is None
        assert after["properties"]["classification"]["name"] == (expected or "old")
        if expected:
            after["properties"]["classification"] = before["properties"]["classification"]
        assert after == json.loads(json.dumps(before))
    [row] = json.loads(run.out)
    assert 0 < untouched < len(cells) == row["objects"]
    assert row["untouched"] == untouched


def test_objects_where_no_channel_reaches_the_threshold_lose_their_class(tegula, tmp_path):
    model = write_model(tmp_path / "model", np.arange(64 * 64, dtype="uint8").reshape(64, 64),
                        np.arange(64 * 64, dtype="uint8").reshape(64, 64))
    image = np.zeros((64, 64), np.uint8)
    image[:, 32:] = 200
    tifffile.imwrite(tmp_path / "image.tif", image)
    tegula("predict", model, tmp_path / "image.tif", "-o", tmp_path / "out").ok()
    old = {"classification": {"name": "old", "color": [9, 9, 9]}}
    file = write(tmp_path / "cells.geojson", [feature(shapely.geometry.box(5, 5, 10, 10), **old),
                                               feature(shapely.geometry.box(40, 5, 50, 10), **old)])
    run = tegula("classify", tmp_path / "out", "--objects", file, "--threshold", 100, "-o", tmp_path / "c.geojson", "--json").ok()
    assert json.loads(run.out)[0]["without_class"] == 1
    features = json.loads((tmp_path / "c.geojson").read_text())["features"]
    assert ["classification" in f["properties"] for f in features] == [False, True]


def test_wrong_files_get_a_sentence(tegula, prediction, tmp_path):
    broken = write(tmp_path / "broken.geojson", [feature(SHAPES["round"]), {"type": "Feature", "properties": {},
                   "geometry": {"type": "Polygon", "coordinates": [[[0, 0], [1, 1]]]}}])
    run = tegula("measure", prediction[0], "--annotations", broken, "-o", tmp_path / "out")
    assert run.code == 6 and "feature 1 of" in run.err
    run = tegula("classify", prediction[0], "--objects", broken, "-o", tmp_path / "c.geojson")
    assert run.code == 6 and "feature 1 of" in run.err and not (tmp_path / "c.geojson").exists()
    run = tegula("measure", tmp_path, "-o", tmp_path / "out")
    assert run.code == 4 and "run.json" in run.err
    run = tegula("measure", prediction[0], "--classes", "7=x", "-o", tmp_path / "out")
    assert run.code == 4 and "there is no channel 7" in run.err
    run = tegula("classify", prediction[0], "--objects", broken, "--overlapping", "-o", tmp_path / "c.geojson")
    assert run.code == 2 and "overlap" in run.err
    lines = write(tmp_path / "lines.geojson", [feature(shapely.geometry.LineString([(0, 0), (5, 5)]))])
    run = tegula("measure", prediction[0], "--annotations", lines, "-o", tmp_path / "out")
    assert run.code == 2 and "no annotation with a surface" in run.err


def test_of_several_predictions_one_failure_does_not_stop_the_rest(tegula, prediction, tmp_path):
    run = tegula("measure", prediction[0], tmp_path / "missing", prediction[0], "-o", tmp_path / "out", "--json")
    assert run.code == 1
    rows = json.loads(run.out)
    assert [bool(row["error"]) for row in rows] == [False, True, False]
    assert rows[0]["annotations"] == rows[2]["annotations"]
    run = tegula("measure", prediction[0], "-o", tmp_path / "out")
    assert run.code == 2 and "--overwrite" in run.err
    (tmp_path / "list.txt").write_text(f"# two\n{prediction[0]}\n\n  {tmp_path / 'missing'}\n")
    run = tegula("measure", "--list", tmp_path / "list.txt", "-o", tmp_path / "listed", "--json")
    assert run.code == 1 and [bool(row["error"]) for row in json.loads(run.out)] == [False, True]
    with open(tmp_path / "listed/measurements.csv") as table:
        assert len(list(csv.DictReader(table))) == 1


def test_objects_of_several_predictions_are_classified_in_one_call(tegula, prediction, tmp_path):
    """Each by the file that is called like its folder; one without a file does not stop the rest."""
    cells = cells_on(prediction, 50, 4)
    (tmp_path / "cells").mkdir()
    for name in ("a", "b", "c"):
        (tmp_path / name).symlink_to(prediction[0])
    write(tmp_path / "cells/a.geojson", cells)
    write(tmp_path / "cells/c.geojson", cells[:20])
    words = ("--objects", tmp_path / "cells", "-o", tmp_path / "out")
    run = tegula("classify", tmp_path / "a", tmp_path / "b", tmp_path / "c", *words, "--json")
    assert run.code == 1
    rows = json.loads(run.out)
    assert [row["objects"] for row in rows] == [50, 0, 20] and "b.geojson" in rows[1]["error"]
    tegula("classify", prediction[0], "--objects", tmp_path / "cells/a.geojson", "-o", tmp_path / "alone.geojson").ok()
    assert (tmp_path / "out/a.geojson").read_bytes() == (tmp_path / "alone.geojson").read_bytes()
    (tmp_path / "list.txt").write_text(f"{tmp_path / 'a'}\n{tmp_path / 'c'}\n")
    run = tegula("classify", "--list", tmp_path / "list.txt", *words, "--overwrite").ok()
    assert "a.geojson" in run.out and "c.geojson" in run.out
    run = tegula("classify", tmp_path / "a", tmp_path / "c", "--objects", tmp_path / "cells/a.geojson", "-o", tmp_path / "no")
    assert run.code == 1 and "belongs to one image" in run.out


def test_predictions_whose_results_would_have_one_name_are_refused(tegula, prediction, tmp_path):
    (tmp_path / "other").mkdir()
    for name in ("out", "other/out"):
        (tmp_path / name).symlink_to(prediction[0])
    both = (tmp_path / "out", tmp_path / "other/out")
    run = tegula("classify", *both, "--objects", tmp_path, "-o", tmp_path / "c")
    assert run.code == 2 and "out.geojson" in run.err and not (tmp_path / "c").exists()
    run = tegula("measure", *both, "--annotations", tmp_path, "-o", tmp_path / "m")
    assert run.code == 2 and "out.geojson" in run.err and not (tmp_path / "m").exists()
