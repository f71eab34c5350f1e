"""Annotations in the viewer: over its API beside what the commands say and write, and on the page in Chromium."""

import csv
import http.client
import io
import json
import shlex
import shutil
import subprocess

import pytest

from conftest import PROGRAM
from viewing import HE, need_browser, ready, story, viewing

SLIDE = "images/wsi/CMU-1-Small-Region.svs"


@pytest.fixture(scope="module")
def runs(data, tmp_path_factory):
    """A folder with a run that has made objects."""
    folder = tmp_path_factory.mktemp("runs") / "runs"
    subprocess.run([PROGRAM, "predict", data / "models_made/he_nuclei_rgb", data / HE, "-o", folder / "ihc", "--objects", "nucleus"],
                   check=True, capture_output=True)
    return folder


@pytest.fixture(scope="module")
def viewer(data, runs):
    with viewing("--root", data / "images", "--root", data / "models_made", "--root", runs) as viewer:
        yield viewer


def post(viewer, path, **body):
    return viewer.post(path, body)


def feature(*rings, **properties):
    return {"type": "Feature", "id": "731da230-0660-470d-b865-fe92e9f1e862",
            "geometry": {"type": "Polygon", "coordinates": [[*map(list, ring), list(ring[0])] for ring in rings]},
            "properties": {"objectType": "annotation", **properties}}


def collection(*features):
    return json.dumps({"type": "FeatureCollection", "features": features})


TUMOUR = feature([(20, 30), (210, 40), (180, 220), (30, 200)], [(80, 90), (120, 90), (120, 130), (80, 130)], name="edge, of it",
                 classification={"name": "Tumour", "color": [200, 0, 0]}, isLocked=True, metadata={"by": "me"})
SQUARE = feature([(240, 100), (340, 100), (340, 300), (240, 300)])


def test_are_written_in_one_form_in_which_everything_stays(viewer, tegula, runs, tmp_path):
    written = post(viewer, "/api/annotations", geojson=collection(TUMOUR, SQUARE))
    assert written[0] == 200
    features = json.loads(written[1])["features"]
    assert features == [TUMOUR, SQUARE]
    assert post(viewer, "/api/annotations", geojson=written[1].decode()) == written
    # The form is that of the commands: one feature a line.
    (tmp_path / "a.geojson").write_bytes(written[1])
    tegula("measure", runs / "ihc", "--annotations", tmp_path / "a.geojson", "-o", tmp_path / "areas").ok()
    measured = (tmp_path / "areas/a.geojson").read_text().splitlines()
    ours = written[1].decode().splitlines()
    assert len(ours) == len(measured) == 4 and (ours[0], ours[-1]) == (measured[0], measured[-1])
    for line, after in zip(ours[1:-1], measured[1:-1]):
        assert after.startswith(line.rstrip(",").removesuffix("}}"))

    # What QuPath refuses or does not know gets the form that it takes: classes without a colour, geometries alone.
    bare = {"type": "Polygon", "coordinates": [[[0, 0], [9, 0], [9, 9], [0, 0]]]}
    named = feature([(0, 0), (9, 0), (9, 9)], classification={"name": "Stroma"}, note=[1, {"a": None}])
    one, other = json.loads(post(viewer, "/api/annotations", geojson=json.dumps([bare, named]))[1])["features"]
    assert one == {"type": "Feature", "geometry": bare, "properties": {}}
    colour = other["properties"]["classification"].pop("color")
    assert len(colour) == 3 and all(0 <= part <= 255 for part in colour)
    assert other == named


def test_wrong_ones_get_the_sentence_of_the_command(viewer, tegula, runs, tmp_path):
    for number, text in enumerate([collection(SQUARE, {"type": "Feature", "properties": {}, "geometry": {"type": "Polygon", "coordinates": [[[0, 0]]]}}),
                                   collection(SQUARE, TUMOUR, feature([(0, 0), (5, 0), (5, 5)], measurements={"a": "b"})),
                                   '{"type": "FeatureCollection", "features": [', "a picture"]):
        file = tmp_path / f"wrong{number}.geojson"
        file.write_text(text)
        said = tegula("measure", runs / "ihc", "--annotations", file, "-o", tmp_path / "out")
        status, body = post(viewer, "/api/annotations", geojson=text, name=file.name)
        sentence = json.loads(body)["error"]
        assert said.code != 0 and status == 422
        assert said.err.strip().endswith(sentence), (said.err, sentence)
        if number < 2:
            assert f"feature {number + 1}" in sentence


def test_come_from_files_of_the_folders_and_from_nowhere_else(data, tmp_path):
    root = tmp_path / "slides"
    root.mkdir()
    (root / "a.geojson").write_text(collection(TUMOUR))
    (tmp_path / "secret.geojson").write_text(collection(TUMOUR))
    (root / "large.geojson").write_text(collection(TUMOUR) + " " * (6 << 20))
    with viewing("--root", root) as viewer:
        status, kind, body = viewer.ask("/api/annotations", {"file": "slides/a.geojson"})
        assert (status, kind) == (200, "application/geo+json")
        assert json.loads(body)["features"] == [TUMOUR]
        for name in ["../secret.geojson", "slides/../secret.geojson", str(tmp_path / "secret.geojson"), "slides/b.geojson", ""]:
            status, _, body = viewer.ask("/api/annotations", {"file": name})
            assert status in (400, 404, 500) and b"edge" not in body, (name, status)
        status, _, body = viewer.ask("/api/annotations", {"file": "slides/large.geojson"})
        assert status == 422 and "tegula measure --annotations" in json.loads(body)["error"]


def run_commands(text, folder):
    """What a person gets who pastes the lines into a shell."""
    for line in text.splitlines():
        words = shlex.split(line)
        assert words[0] == "tegula"
        done = subprocess.run([PROGRAM, *words[1:]], cwd=folder, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("words", [{}, {"classes": "0=background*,nucleus=Nucleus#d55e00"}, {"threshold": 0.25},
                                   {"overlapping": True, "classes": "other_tissue=it's other"}])
def test_what_is_measured_of_a_run_is_what_the_command_writes(viewer, runs, tmp_path, words):
    text = post(viewer, "/api/annotations", geojson=collection(TUMOUR, SQUARE))[1].decode()
    status, body = post(viewer, "/api/annotations/measure", geojson=text, run="runs/ihc", **words)
    assert status == 200, body
    measured = json.loads(body)
    (tmp_path / "annotations.geojson").write_text(text)
    run_commands(measured["command"], tmp_path)
    assert (tmp_path / "areas/measurements.csv").read_bytes() == measured["csv"].encode()
    assert (tmp_path / "areas/annotations.geojson").read_bytes() == measured["geojson"].encode()
    rows = list(csv.DictReader(io.StringIO(measured["csv"])))
    assert [row["Name"] for row in rows] == [row["name"] for row in measured["annotations"]] == ["edge, of it", ""]
    for row, got in zip(rows, measured["annotations"]):
        for name, value in got["measurements"].items():
            assert float(row[name]) == value
    assert any("Num nucleus" in name for name in rows[0]) and len(measured["classes"]) == 3


def test_what_is_measured_of_a_prediction_is_what_a_run_of_the_region_gives(data, tmp_path):
    with viewing("--root", data / "images", "--root", data / "models_made") as viewer:
        info, = ready(viewer, image=SLIDE, model="models_made/he_nuclei_rgb")
        pieces = [feature([(100, 1000), (500, 900), (700, 1300)], name="a triangle"),
                  feature([(1500, 2000), (1600, 2000), (1600, 2090), (1500, 2090)], classification={"name": "Tumour", "color": [1, 2, 3]})]
        text = post(viewer, "/api/annotations", geojson=collection(*pieces))[1].decode()
        status, body = post(viewer, "/api/annotations/measure", geojson=text, prediction=info["id"], classes="0=background*")
        assert status == 200, body
        made = viewer.json(f"/api/predictions/{info['id']}")["windows_made"]
        assert 0 < made < info["windows"] / 3
        measured = json.loads(body)
        (tmp_path / "annotations.geojson").write_text(text)
        run_commands(measured["command"], tmp_path)
        assert (tmp_path / "areas/measurements.csv").read_bytes() == measured["csv"].encode()
        assert (tmp_path / "areas/annotations.geojson").read_bytes() == measured["geojson"].encode()
        assert not any("background" in name for name in measured["annotations"][0]["measurements"])
        assert all(any(name.endswith(": Area µm^2") and value > 0 for name, value in row["measurements"].items())
                   for row in measured["annotations"])


def test_says_what_cannot_be_measured(viewer, runs, data):
    assert "either a run or a prediction" in json.loads(post(viewer, "/api/annotations/measure", geojson=collection(SQUARE))[1])["error"]
    for words, said in [({"run": "runs/nothing"}, "runs/nothing"), ({"run": "images"}, "run.json"), ({"prediction": "0" * 16}, ""),
                        ({"run": "runs/ihc", "classes": "9=What"}, "there is no channel 9")]:
        status, body = post(viewer, "/api/annotations/measure", geojson=collection(SQUARE), **words)
        assert status in (400, 404) and said in json.loads(body)["error"], body
    line = {"type": "LineString", "coordinates": [[0, 0], [5, 5]]}
    status, body = post(viewer, "/api/annotations/measure", geojson=json.dumps(line), run="runs/ihc")
    assert status == 400 and "surface" in json.loads(body)["error"]
    large = "synthetic:noise,height=5000,width=5000,channels=3"
    with viewing(large, "--model", data / "models_made/he_nuclei_rgb") as other:
        info, = ready(other, image=large, model="models_made/he_nuclei_rgb")
        whole = feature([(0, 0), (5000, 0), (5000, 5000), (0, 5000)], name="all of it")
        status, body = post(other, "/api/annotations/measure", geojson=collection(SQUARE, whole), prediction=info["id"])
        sentence = json.loads(body)["error"]
        assert status == 400 and "annotation 1 (all of it)" in sentence and "5000 x 5000" in sentence
        assert other.json(f"/api/predictions/{info['id']}")["windows_made"] == 0

        # Who closes the connection is not waited for: what had begun ends, and nothing after it begins.
        half = collection(feature([(0, 0), (4000, 0), (4000, 4000), (0, 4000)]))
        connection = http.client.HTTPConnection("127.0.0.1", other.port)
        connection.request("POST", "/api/annotations/measure", json.dumps({"geojson": half, "prediction": info["id"]}),
                           {"Authorization": f"Bearer {other.token}", "Content-Type": "application/json"})
        while other.json(f"/api/predictions/{info['id']}")["windows_made"] == 0:
            pass
        connection.close()
        status, _, _ = other.ask(f"/api/predictions/{info['id']}/values", dict(x=4900, y=4900, width=1, height=1))
        assert status == 200
        made = other.json(f"/api/predictions/{info['id']}")["windows_made"]
        other.ask(f"/api/predictions/{info['id']}/values", dict(x=4900, y=0, width=1, height=1))
        assert other.json(f"/api/predictions/{info['id']}")["windows_made"] <= made + 2 < 20


def test_are_drawn_imported_measured_and_exported_on_the_page_which_all_can_read_and_reach(data, source, tegula, runs, tmp_path):
    need_browser(source)
    root = tmp_path / "slides"
    root.mkdir()
    shutil.copy(data / SLIDE, root)
    (root / "good.geojson").write_text(collection(TUMOUR))
    (root / "wrong.geojson").write_text(collection(SQUARE, {"type": "Feature", "properties": {}, "geometry": {"type": "Square"}}))
    out = tmp_path / "seen"
    out.mkdir()
    with viewing(root / "CMU-1-Small-Region.svs", "--model", data / "models_made/he_nuclei_rgb") as viewer:
        seen = story(source, "annotations", viewer.address, out, root / "good.geojson", root / "wrong.geojson",
                     timeout=180)
    assert seen["problems"] == []
    assert seen["focus"] == "class of the annotation"
    assert "crosses itself" in seen["crossing"] and len(seen["afterEscape"]) == 1
    assert len(seen["drawn"]) == 3 and seen["drawn"][0].startswith("by mouse")

    first, second, third = json.loads((out / "exported.geojson").read_text())["features"]
    assert first["properties"]["name"] == "by mouse" and first["properties"]["classification"]["name"] == "Tumour"
    assert len(first["properties"]["classification"]["color"]) == 3
    assert len(second["geometry"]["coordinates"][0]) == 4  # three corners, closed
    assert third["geometry"]["coordinates"] == [[[100, 200], [164, 200], [164, 248], [100, 248], [100, 200]]]
    assert len({each["id"] for each in (first, second, third)}) == 3
    moved = json.loads((out / "moved.geojson").read_text())["features"][0]["geometry"]["coordinates"][0]
    steps = {(x1 - x0, y1 - y0) for (x0, y0), (x1, y1) in zip(first["geometry"]["coordinates"][0], moved)}
    assert len(steps) == 1 and next(iter(steps))[0] > 0
    assert len(seen["deleted"]) == 2 and seen["undone"] == seen["drawn"]
    assert len(seen["imported"]) == len(seen["again"]) == 4 and seen["imported"][3].startswith("edge, of it")

    said = tegula("measure", runs / "ihc", "--annotations", root / "wrong.geojson", "-o", tmp_path / "out").err
    assert seen["wrong"].startswith("Feature 1 of wrong.geojson") and seen["wrong"].lower().rstrip(".") in said.lower()

    assert len(seen["sheets"]) == 4 and all("nucleus %" in sheet and "background" not in sheet for sheet in seen["sheets"])
    run_commands(seen["command"], out)
    assert (out / "areas/measurements.csv").read_bytes() == (out / "measurements.csv").read_bytes()

    for page, audit in seen["audits"].items():
        assert audit["problems"] == [], page
        assert audit["texts"] > 60 and audit["controls"] > 25
