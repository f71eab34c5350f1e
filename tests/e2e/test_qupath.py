"""What a QuPath user gets: every field of the objects as QuPath 0.6 reads it, the classes, and the script."""

import json
import math
import re
import uuid

import numpy as np
import pytest
import shapely
from PIL import Image

IMAGE = "2dec81a678dd"
KNOWN = {"objectType", "classification", "isLocked", "measurements", "name", "color", "metadata"}


def numbers_in(coordinates):
    if isinstance(coordinates, list):
        for part in coordinates:
            yield from numbers_in(part)
    else:
        yield coordinates


def check_class(classification):
    """A name and a colour, both: without the colour QuPath stops importing."""
    assert set(classification) == {"name", "color"}
    assert isinstance(classification["name"], str) and classification["name"]
    assert len(classification["color"]) == 3
    assert all(isinstance(value, int) and 0 <= value <= 255 for value in classification["color"])


def check_geometry(geometry, width, height):
    """Valid by the OGC's rules, closed rings, at most two decimals, within the image."""
    assert set(geometry) == {"type", "coordinates"}  # a plane stands there for others than the first only
    assert geometry["type"] in ("Polygon", "MultiPolygon")
    polygons = [geometry["coordinates"]] if geometry["type"] == "Polygon" else geometry["coordinates"]
    for ring in (ring for polygon in polygons for ring in polygon):
        assert len(ring) >= 4 and ring[0] == ring[-1]
        assert all(len(position) == 2 for position in ring)
    for number in numbers_in(geometry["coordinates"]):
        assert isinstance(number, (int, float)) and number == round(number, 2)
    outline = shapely.geometry.shape(geometry)
    assert outline.is_valid and outline.area > 0
    x0, y0, x1, y1 = outline.bounds
    assert 0 <= x0 < x1 <= width and 0 <= y0 < y1 <= height
    # QuPath reduces the precision of what it reads and refuses what does not survive it.
    assert shapely.set_precision(outline, 0.01).is_valid


def check_feature(feature, object_type, width, height):
    is_cell = object_type == "cell"
    assert list(feature) == ["type", "id", "geometry", *(["nucleusGeometry"] if is_cell else []), "properties"]
    assert feature["type"] == "Feature"
    assert str(uuid.UUID(feature["id"])) == feature["id"]
    check_geometry(feature["geometry"], width, height)
    if is_cell:
        check_geometry(feature["nucleusGeometry"], width, height)
        cell, nucleus = (shapely.geometry.shape(feature[key]) for key in ("geometry", "nucleusGeometry"))
        assert cell.covers(nucleus)
        # As QuPath's own cell detection names them; a cell has its place and how it was found once.
        names = set(feature["properties"]["measurements"])
        assert names >= {"Nucleus: Area px^2", "Cell: Area px^2", "Nucleus/Cell area ratio", "Nucleus: Circularity", "Cell: Max diameter px",
                         "Class probability", "Nearest neighbour distance px"}
        assert feature["properties"]["measurements"]["Cell: Area px^2"] == cell.area
    properties = feature["properties"]
    assert set(properties) <= KNOWN
    assert properties["objectType"] == object_type
    check_class(properties["classification"])
    assert isinstance(properties.get("isLocked", False), bool)
    for name, value in properties["measurements"].items():
        assert name and (isinstance(value, (int, float)) and math.isfinite(value) or value in ("NaN", "Infinity", "-Infinity"))


@pytest.fixture(scope="module", params=["detection", "annotation", "cell"])
def made(data, tmp_path_factory, request):
    from conftest import Run

    out = tmp_path_factory.mktemp("qupath") / "out"
    Run("predict", data / "models_made/nuclei_unet_any_size", data / f"images/dsb2018/{IMAGE}.png", "-o", out, "--channels", "0",
        "--objects", "all", "--object-type", request.param, "--measure", "all", "--qupath").ok()
    return out, request.param


def test_each_field_is_as_qupath_reads_it(data, made):
    out, object_type = made
    width, height = Image.open(data / f"images/dsb2018/{IMAGE}.png").size
    file = json.loads((out / "qupath/objects.geojson").read_text())
    assert set(file) == {"type", "features"} and file["type"] == "FeatureCollection"
    assert len(file["features"]) > 10
    assert len({feature["id"] for feature in file["features"]}) == len(file["features"])
    for feature in file["features"]:
        check_feature(feature, object_type, width, height)
    assert (out / "qupath/objects.geojson").read_bytes() == (out / "objects.geojson").read_bytes()


def test_classes_are_a_list_with_packed_colours(made):
    out, _ = made
    file = json.loads((out / "qupath/classes.json").read_text())
    assert set(file) == {"pathClasses"}
    features = json.loads((out / "objects.geojson").read_text())["features"]
    listed = {entry["name"]: entry["color"] for entry in file["pathClasses"]}
    for feature in features:
        name, (r, g, b) = feature["properties"]["classification"].values()
        packed = np.array(0xFF000000 | r << 16 | g << 8 | b, np.uint32).astype(np.int32)
        assert listed[name] == packed < 0


def test_the_script_belongs_to_the_image_and_the_files_beside_it(data, made):
    out, _ = made
    script = (out / "qupath/import_objects.groovy").read_text()
    width, height = Image.open(data / f"images/dsb2018/{IMAGE}.png").size
    assert f"server.getWidth() != {width} || server.getHeight() != {height}" in script
    for name in re.findall(r"resolve\('([^']+)'\)", script):
        assert (out / "qupath" / name).is_file()
    assert all(script.count(opening) == script.count(closing) for opening, closing in ("()", "{}", "[]"))
    record = json.loads((out / "run.json").read_text())
    assert ["objects for QuPath", "qupath"] in [[made["kind"], made["path"]] for made in record["outputs"]]


def test_objects_that_tegula_reads_and_writes_again_lose_nothing(tegula, made, tmp_path):
    out, _ = made
    tegula("classify", out, "--objects", out / "qupath/objects.geojson", "--threshold", "0.5",
           "-o", tmp_path / "again.geojson").ok()
    before = json.loads((out / "objects.geojson").read_text())["features"]
    after = json.loads((tmp_path / "again.geojson").read_text())["features"]
    assert len(before) == len(after)
    for old, new in zip(before, after):
        check_class(new["properties"].pop("classification"))
        old["properties"].pop("classification")
        assert list(old) == list(new) and old == new


def test_without_objects_there_is_nothing_for_qupath(tegula, data, tmp_path):
    run = tegula("predict", data / "models_made/nuclei_unet_any_size", data / f"images/dsb2018/{IMAGE}.png", "-o", tmp_path / "out",
                 "--channels", "0", "--qupath")
    assert run.code != 0 and "--objects" in run.err
    assert not (tmp_path / "out").exists()
