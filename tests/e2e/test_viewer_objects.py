"""The viewer's objects: its API against shapely and NumPy, its page used in Chromium."""

import json
import os
import pathlib
import re
import subprocess

import numpy as np
import pytest
import shapely
from shapely.geometry import Point, box, shape

from conftest import PROGRAM
from viewing import HE, need_browser, story, viewing

TILE, CELLS, STEPS = 512, 64, 32


@pytest.fixture(scope="module")
def run(data, tmp_path_factory):
    """A folder with a run, and its features."""
    root = tmp_path_factory.mktemp("objects") / "root"
    done = subprocess.run([PROGRAM, "predict", data / "models_made/he_nuclei_rgb", data / HE, "-o", root / "run",
                           "--objects", "nucleus,other_tissue", "--threshold", "0.3", "--measure", "shape"],
                          capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    features = json.loads((root / "run/objects.geojson").read_text())["features"]
    assert len(features) > 100
    return root, features


@pytest.fixture(scope="module")
def viewer(run, data):
    with viewing(data / HE, "--root", data / "images/he", "--root", run[0]) as viewer:
        yield viewer


def class_of(feature):
    return feature["properties"]["classification"]["name"]


def opened(viewer, run="root/run"):
    status, kind, body = viewer.ask("/api/objects/open", {"run": run})
    assert (status, kind) == (200, "text/event-stream"), body
    event = dict(line.split(": ", 1) for line in body.decode().strip().split("\n\n")[-1].splitlines())
    return event["event"], json.loads(event["data"])


def tile(viewer, level, column, row, **query):
    """Rings by object in pixels of the image; counts of smaller ones by class."""
    status, kind, body = viewer.ask(f"/api/objects/tiles/{level}/{column}/{row}", {"run": "root/run", **query})
    assert (status, kind) == (200, "application/octet-stream"), body
    magic, objects, rings, points, cells = np.frombuffer(body, "<u4", 5).tolist()
    assert body[:4] == b"TGO1"
    at = 32

    def take(dtype, count):
        nonlocal at
        found = np.frombuffer(body, dtype, count, at)
        at += found.nbytes
        return found

    numbers, ring_end, point_end = take("<u4", objects), take("<u4", objects), take("<u4", rings)
    _, cell_count, cell_cover = take("<u4", cells), take("<u4", cells), take("<f4", cells)
    point = take("<i2", 2 * points).reshape(-1, 2) / STEPS
    classes, cell_class = take("<u2", objects), take("<u2", cells)
    assert at == len(body)
    point = (point + np.array([column, row]) * TILE) * 2 ** level
    drawn, ring = {}, 0
    for number, end in zip(numbers.tolist(), ring_end.tolist()):
        drawn[number] = [point[(point_end[k - 1] if k else 0):point_end[k]] for k in range(ring, end)]
        ring = end
    return drawn, dict(zip(numbers.tolist(), classes.tolist())), np.bincount(cell_class, cell_count, 2), cell_cover


def area_of(rings):
    """By the shoelace formula, in which edges along cuts cancel out; the first ring is the outline."""
    sums = [abs((r[:, 0] * np.roll(r[:, 1], -1) - np.roll(r[:, 0], -1) * r[:, 1]).sum()) / 2 for r in rings]
    return 2 * max(sums) - sum(sums)


def test_reads_a_run_and_lists_it(viewer, run):
    root, features = run
    event, ready = opened(viewer)
    assert event == "ready" and ready["objects"] == len(features)
    names = [class_of(f) for f in features]
    assert {row["name"]: row["objects"] for row in ready["classes"]} == {name: names.count(name) for name in set(names)}
    assert ready["measurements"] == list(features[0]["properties"]["measurements"])
    kinds = {entry["path"]: entry["kind"] for entry in viewer.json("/api/folders", folder="root")["entries"]}
    assert kinds["root/run"] == "run"
    kinds = {entry["name"]: entry["kind"] for entry in viewer.json("/api/folders", folder="root/run")["entries"]}
    assert kinds["objects.geojson"] == "objects"
    assert opened(viewer, "root/run/objects.geojson")[1] == ready
    assert opened(viewer, "he")[0] == "failed" and "tegula objects" in opened(viewer, "he")[1]["error"]
    (root / "broken.geojson").write_text((root / "run/objects.geojson").read_text()[:3000])
    event, failure = opened(viewer, "root/broken.geojson")
    assert event == "failed" and "broken.geojson" in failure["error"]


@pytest.mark.parametrize("level", [0, 1, 2, 4])
def test_tiles_hold_every_object_of_two_pixels_and_more(viewer, run, level):
    _, features = run
    shapes = [shape(f["geometry"]) for f in features]
    height, width = max(s.bounds[3] for s in shapes), max(s.bounds[2] for s in shapes)
    size = TILE * 2 ** level
    areas, counted = np.zeros(len(features)), 0
    names = [row["name"] for row in opened(viewer)[1]["classes"]]
    for row in range(int(height // size) + 1):
        for column in range(int(width // size) + 1):
            drawn, classes, counts, _ = tile(viewer, level, column, row)
            counted += counts.sum()
            here = box(column * size, row * size, (column + 1) * size, (row + 1) * size)
            for i, s in enumerate(shapes):
                is_large = max(s.bounds[2] - s.bounds[0], s.bounds[3] - s.bounds[1]) >= 2 * 2 ** level
                if is_large and s.intersection(here).area > 0:
                    assert i in drawn, (level, i)
                if not is_large:
                    assert i not in drawn
                if i not in drawn or not here.contains(s):
                    continue
                assert names[classes[i]] == class_of(features[i])
                areas[i] = area_of(drawn[i])
                if level == 0:
                    assert areas[i] == pytest.approx(s.area, abs=1e-6)
                    continue
                # Not farther than a third of a pixel of the level, in both directions.
                lines = shapely.MultiLineString([np.vstack([r, r[:1]]) for r in drawn[i]])
                assert shapely.hausdorff_distance(s.boundary, lines, densify=0.1) <= 0.35 * 2 ** level + 1e-6
    large = [max(s.bounds[2] - s.bounds[0], s.bounds[3] - s.bounds[1]) >= 2 * 2 ** level for s in shapes]
    assert counted == len(features) - sum(large)
    assert (areas > 0).sum() > 10


def test_gives_the_object_at_a_point(viewer, run):
    _, features = run
    random = np.random.default_rng(1)
    found = 0
    shapes = [shape(f["geometry"]) for f in features]
    for x, y in random.uniform(0, 512, (60, 2)).round(2):
        inside = [i for i, s in enumerate(shapes) if s.contains(Point(x, y))]
        answer = viewer.json("/api/objects/at", run="root/run", x=x, y=y)["object"]
        assert (answer["number"] if answer else None) == min(inside, key=lambda i: shapes[i].area, default=None)
        found += bool(answer)
        if answer:
            feature = features[answer["number"]]
            assert answer["id"] == feature["id"]
            assert {m["name"]: m["value"] for m in answer["measurements"]} == feature["properties"]["measurements"]
            rings = [feature["geometry"]["coordinates"]] if feature["geometry"]["type"] == "Polygon" else feature["geometry"]["coordinates"]
            assert answer["rings"] == [ring[:-1] for polygon in rings for ring in polygon]
    assert 5 < found < 60


def values(features, name):
    return np.array([f["properties"]["measurements"].get(name, np.nan) for f in features], float)


def test_pages_through_the_table(viewer, run):
    _, features = run
    name = next(n for n in features[0]["properties"]["measurements"] if n.startswith("Area"))
    order = np.argsort(-values(features, name), kind="stable")
    rows, total = [], len(features)
    while len(rows) < total:
        page = viewer.json("/api/objects/table", run="root/run", sort=name, descending="true", first=len(rows), count=70)
        assert page["total"] == total
        rows += page["rows"]
    assert [row["number"] for row in rows] == order.tolist()
    assert rows[3]["values"] == [values(features, n)[order[3]] for n in features[0]["properties"]["measurements"]]
    assert viewer.json("/api/objects/table", run="root/run", sort=name, descending="true", count=0,
                       find=int(order[41]))["found"] == 41


def test_filters_by_class_size_place_and_selection(viewer, run):
    _, features = run
    shapes = [shape(f["geometry"]) for f in features]
    names = [row["name"] for row in opened(viewer)[1]["classes"]]
    middles = [((s.bounds[0] + s.bounds[2]) / 2, (s.bounds[1] + s.bounds[3]) / 2) for s in shapes]
    expected = [i for i, (f, s, (x, y)) in enumerate(zip(features, shapes, middles))
                if class_of(f) == names[0] and 30 <= s.area <= 400 and 100 <= x <= 300 and 50 <= y <= 350]
    query = {"run": "root/run", "classes": "0", "min_area": 30, "max_area": 400, "within": "100,50,200,300"}
    assert viewer.json("/api/objects/numbers", **query)["objects"] == expected and expected
    page = viewer.json("/api/objects/table", **query)
    assert page["of_class"] == [len(expected)] + [0] * (len(names) - 1)
    chosen = list(range(0, len(features), 3))
    status, body = viewer.post("/api/objects/table", query={"run": "root/run", "classes": "0"}, body={"objects": chosen})
    assert status == 200
    assert json.loads(body)["total"] == sum(class_of(features[i]) == names[0] for i in chosen)
    assert viewer.post("/api/objects/table", query={"run": "root/run"}, body={"objects": [len(features)]})[0] == 400
    assert viewer.post("/api/objects/table", query={"run": "root/run"}, body={"objects": [-1]})[0] == 400


def test_histograms_are_numpys(viewer, run):
    _, features = run
    names = [row["name"] for row in opened(viewer)[1]["classes"]]
    classes = np.array([names.index(class_of(f)) for f in features])
    for name in features[0]["properties"]["measurements"]:
        answer = viewer.json("/api/objects/histogram", run="root/run", measurement=name, bins=17)
        measured = values(features, name)
        finite = np.isfinite(measured)
        assert answer["min"] == measured[finite].min() and answer["max"] == measured[finite].max()
        counts, edges = np.histogram(measured[finite], 17)
        total = np.sum(answer["counts"], 0)
        # A value on an edge may be counted on either side of it.
        assert np.abs(np.cumsum(total) - np.cumsum(counts)).max() <= np.isin(measured, edges).sum()
        assert np.sum(answer["counts"], 1).tolist() == [(finite & (classes == c)).sum() for c in range(len(names))]


def test_refuses_in_sentences(viewer):
    for path, query, status in [("/api/objects/table", {"run": "root/nothing"}, 404),
                                ("/api/objects/table", {"run": "../root/run"}, 404),
                                ("/api/objects/table", {"run": "root/run", "sort": "Nothing"}, 404),
                                ("/api/objects/table", {"run": "root/run", "count": 100_000}, 400),
                                ("/api/objects/table", {"run": "root/run", "within": "1,2,3"}, 400),
                                ("/api/objects/table", {"run": "root/run", "classes": "9"}, 400),
                                ("/api/objects/object", {"run": "root/run", "number": 10**9}, 404),
                                ("/api/objects/histogram", {"run": "root/run", "measurement": "x"}, 404),
                                ("/api/objects/at", {"run": "root/run", "x": "nan", "y": 1}, 400),
                                ("/api/objects/tiles/77/0/0", {"run": "root/run"}, 400),
                                ("/api/objects/tiles/0/0/999999999", {"run": "root/run"}, 404)]:
        got, _, body = viewer.ask(path, query)
        assert got == status, (path, query, body)
        assert len(json.loads(body)["error"]) > 10


def test_the_page_shows_objects(run, data, tmp_path, source):
    need_browser(source)
    root, features = run
    shapes = [shape(f["geometry"]) for f in features]
    least = float(np.median([s.area for s in shapes])) + 0.5
    pictures = pathlib.Path(os.environ.get("TEGULA_SCREENSHOTS", tmp_path))
    with viewing(data / HE, "--root", root, "--root", data / "images/he") as viewer:
        (root / "broken.geojson").unlink(missing_ok=True)
        seen = story(source, "objects", viewer.address, pictures, LEAST_AREA=str(least))
        assert seen["problems"] == []
        count = f"{len(features):,}"
        assert seen["status"].startswith(f"{count} objects.")
        names = [row["name"] for row in opened(viewer)[1]["classes"]]
        assert seen["classes"] == names
        assert 0.005 < seen["covered"] < 0.9

        x, y = map(int, re.search(r"x (\d+)\s+y (\d+)", seen["hover"]["pixel"]).groups())
        number = int(re.match(r"\S+ (\d+)", seen["hover"]["hint"]).group(1))
        assert shapes[number].distance(Point(x + 0.5, y + 0.5)) < 1
        assert seen["clicked"].startswith(f"{class_of(features[number])} {number}")
        for name, value in features[number]["properties"]["measurements"].items():
            shown = re.search(re.escape(name) + r"\n([-\d.e]+)", seen["clicked"])
            assert float(shown.group(1)) == pytest.approx(value, rel=1e-3, abs=1e-9), name
        selected = int(re.match(r"([\d,]+) selected", seen["rectangle"]).group(1).replace(",", ""))
        assert 1 < selected < len(features)
        assert seen["table"]["count"] == f"{count} objects"
        assert seen["table"]["ofSelection"] == f"{selected:,} objects"
        area = next(n for n in features[0]["properties"]["measurements"] if n.startswith("Area"))
        order = np.argsort(-values(features, area), kind="stable").tolist()
        assert seen["table"]["largest"] == order[:len(seen["table"]["largest"])]
        assert seen["row"] == f"{class_of(features[order[0]])} {order[0]}"
        assert seen["next"] == f"{class_of(features[order[1]])} {order[1]}"
        kept = sum(s.area >= least for s in shapes)
        assert seen["filtered"]["count"] == f"{kept:,} objects"
        assert seen["filtered"]["covered"] < seen["filtered"]["all"]
        assert seen["toggled"]["count"] == f"{sum(class_of(f) != names[0] for f in features):,} objects"
        assert seen["toggled"]["covered"] < seen["filtered"]["all"]
        assert f"{len(features)} objects" in seen["histogram"]
        assert seen["closed"] == 0
