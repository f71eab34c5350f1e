"""Runs that the viewer starts: over its API beside what the commands it shows leave, and on the page in Chromium."""

import contextlib
import http.client
import json
import os
import re
import shlex
import signal
import subprocess

import pytest

from conftest import PROGRAM
from viewing import HE, need_browser, story, viewing

SLIDE = "images/wsi/CMU-1-Small-Region.svs"
# Times, memory, the folder in the command that is kept and what is measured anew each time.
OF_ITS_TIME = {"run.json", "report.html"}
# What a viewer has beside the results: its own note, and the annotation that was the region.
OF_THE_VIEWER = {".tegula-view.json", "region.geojson"}


@pytest.fixture(scope="module")
def out(tmp_path_factory):
    return tmp_path_factory.mktemp("viewer") / "out"


@pytest.fixture(scope="module")
def viewer(data, out):
    with viewing("--root", data / "images", "--root", data / "models_made", "--out", out) as viewer:
        yield viewer


def post(viewer, path, **body):
    status, answer = viewer.post(path, body)
    return status, json.loads(answer)


def started(viewer, path="/api/runs", **body):
    status, run = post(viewer, path, **body)
    assert status == 200, run
    return run


@contextlib.contextmanager
def lists(viewer):
    """The list of runs again and again, until nothing goes on."""
    connection = http.client.HTTPConnection("127.0.0.1", viewer.port, timeout=60)
    connection.request("GET", f"/api/runs/events?token={viewer.token}")
    answer = connection.getresponse()
    assert answer.status == 200

    def read():
        event = None
        for line in answer:
            if line.startswith(b"event: "):
                event = line[7:].strip()
            if line.startswith(b"data: ") and event == b"runs":
                yield {run["name"]: run for run in json.loads(line[6:])["runs"]}

    try:
        yield read()
    finally:
        connection.close()


def settled(viewer, name):
    with lists(viewer) as changes:
        for change in changes:
            last = change[name]
    return last


def predicting(viewer, name):
    """Waits until some of its tiles are there."""
    with lists(viewer) as changes:
        for change in changes:
            progress = change[name]["progress"]
            if progress and progress["unit"] == "tiles" and progress["done"] > 0:
                return progress
    raise AssertionError("it was never seen at work")


def files(folder, without=()):
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in sorted(folder.rglob("*"))
            if path.is_file() and path.relative_to(folder).parts[0] not in without}


def commanded(run, folder):
    """What the command that is shown leaves, given another folder."""
    words = shlex.split(run["command"])
    assert words[0] == "tegula"
    words[words.index("-o") + 1] = str(folder)
    done = subprocess.run([PROGRAM, *words[1:]], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done


def check_same(out, run, folder):
    ours, theirs = files(out / run["name"], OF_THE_VIEWER), files(folder)
    assert ours.keys() == theirs.keys()
    for name in ours.keys() - OF_ITS_TIME:
        assert ours[name] == theirs[name], name
    return ours


WANTED = {"image": SLIDE, "model": "models_made/he_nuclei_rgb", "objects": "nucleus", "tile": "256"}


def test_without_a_folder_for_results_it_says_how_to_get_one(data):
    with viewing("--root", data / "images") as viewer:
        status, answer = post(viewer, "/api/runs", image=HE, model="affable-shark")
        assert status == 400 and "--out FOLDER" in answer["error"]
        assert viewer.json("/api/runs") == {"out": None, "reason": answer["error"], "runs": []}


def test_a_run_leaves_what_the_command_leaves_that_it_shows(viewer, out, tmp_path):
    run = started(viewer, **{**WANTED, "image": HE, "tile": ""}, **{"format": "ome-zarr,ome-tiff", "threshold": "0.4", "min-area": "20px"},
                  **{"object-files": "geojson,csv,labels,labels-tiff", "qupath": True})
    assert run["state"] == "queued" and "--threshold 0.4" in run["command"] and run["name"] == "skimage_ihc-he_nuclei_rgb"
    run = settled(viewer, run["name"])
    assert run["state"] == "done" and run["objects"] > 30, run
    assert "--tile y=" in run["command"], "the windows that were chosen belong to the command"
    commanded(run, tmp_path / "by-hand")
    ours = check_same(out, run, tmp_path / "by-hand")
    assert {"prediction.ome.tif", "objects.geojson", "objects.csv", "run.json", "report.html", "qupath/objects.geojson"} <= ours.keys()
    record, theirs = json.loads(ours["run.json"]), json.loads((tmp_path / "by-hand/run.json").read_bytes())
    assert record["key"] == theirs["key"] and record["objects"] == theirs["objects"]
    assert run["objects"] == len(json.loads(ours["objects.geojson"])["features"])

    # Each file can be had, but for folders.
    listed = {row["name"]: row["bytes"] for row in viewer.json("/api/runs/files", name=run["name"])["files"]}
    assert listed["prediction.ome.zarr"] is None and listed["qupath"] is None
    for name, size in listed.items():
        status, kind, body = viewer.ask("/api/runs/file", {"name": run["name"], "file": name})
        assert (status, len(body)) == (200, size) if size is not None else status == 404, name
        assert size is None or body == ours[name] and kind.startswith("text/html" if name == "report.html" else "application/")


def test_an_annotation_is_the_region(viewer, out, tmp_path):
    ring = [[100, 80], [400, 80], [400, 300], [100, 300], [100, 80]]
    feature = {"type": "Feature", "geometry": {"type": "Polygon", "coordinates": [ring]}, "properties": {"objectType": "annotation"}}
    run = started(viewer, **{**WANTED, "image": HE, "name": "within"}, annotation=json.dumps(feature))
    assert run["has_region"] and f"--region {out}/within/region.geojson" in run["command"]
    run = settled(viewer, "within")
    assert run["state"] == "done", run
    commanded(run, tmp_path / "by-hand")
    check_same(out, run, tmp_path / "by-hand")
    assert json.loads((out / "within/run.json").read_text())["region"]["area_px"] == 300 * 220
    status, answer = post(viewer, "/api/runs", **{**WANTED, "name": "wrong"}, annotation="[]]")
    assert status == 422 or status == 400, answer
    assert not (out / "wrong").exists()


def test_paused_it_goes_on_with_the_same_bytes_in_another_viewer_too(data, tmp_path):
    roots = ("--root", data / "images", "--root", data / "models_made", "--out", tmp_path / "out")
    with viewing(*roots) as viewer:
        started(viewer, **WANTED, name="a")
        waiting = started(viewer, **{**WANTED, "image": HE, "name": "b"})
        assert waiting["state"] == "queued"
        progress = predicting(viewer, "a")
        assert progress["total"] > progress["done"]
        assert post(viewer, "/api/runs/remove-from-list", name="a")[0] == 400
        post(viewer, "/api/runs/pause", name="a")
        assert settled(viewer, "a")["state"] == "paused" and settled(viewer, "b")["state"] == "done"
        assert (tmp_path / "out/a/.tegula-partial").is_dir()
        assert post(viewer, "/api/runs/pause", name="a")[0] == 400
        started(viewer, "/api/runs/resume", name="a")
        predicting(viewer, "a")
        code, _, err = viewer.stop()
        assert code == 0, err
    with viewing(*roots) as viewer:
        runs = {run["name"]: run for run in viewer.json("/api/runs")["runs"]}
        assert runs["a"]["state"] == "paused" and "resume" in runs["a"]["sentence"] and runs["b"]["state"] == "done"
        started(viewer, "/api/runs/resume", name="a")
        predicting(viewer, "a")
        viewer.stop(signal.SIGKILL)
    with viewing(*roots) as viewer:
        assert {run["name"]: run["state"] for run in viewer.json("/api/runs")["runs"]} == {"a": "paused", "b": "done"}
        started(viewer, "/api/runs/resume", name="a")
        run = settled(viewer, "a")
        assert run["state"] == "done" and "going on with the run that was cut off here" in run["notes"]
        commanded(run, tmp_path / "by-hand")
        check_same(tmp_path / "out", run, tmp_path / "by-hand")
        assert post(viewer, "/api/runs/remove-from-list", name="a")[0] == 200
    with viewing(*roots) as viewer:
        assert [run["name"] for run in viewer.json("/api/runs")["runs"]] == ["b"]
    assert (tmp_path / "out/a/objects.geojson").is_file()


def test_what_is_cancelled_gives_way_and_failures_have_their_sentence(viewer):
    started(viewer, **WANTED, name="long")
    started(viewer, **{**WANTED, "image": HE, "objects": "no-such-channel", "name": "wrong"})
    predicting(viewer, "long")
    assert post(viewer, "/api/runs/cancel", name="long")[0] == 200
    assert settled(viewer, "long")["state"] == "cancelled"
    failed = settled(viewer, "wrong")
    assert failed["state"] == "failed" and "no-such-channel" in failed["sentence"]
    assert post(viewer, "/api/runs/cancel", name="nowhere")[0] == 404


def test_objects_are_counted_and_exported_with_other_options(viewer, out, tmp_path):
    started(viewer, **{**WANTED, "image": HE, "name": "base"})
    assert settled(viewer, "base")["state"] == "done"
    options = {"run": "out/base", "objects": "nucleus", "threshold": "0.6", "min-area": "30px", "split": "distance"}
    status, body = viewer.post("/api/runs/count", options)
    assert status == 200
    counted = [json.loads(event.split("data: ")[1]) for event in body.decode().split("\n\n") if event.startswith("event: counted")]
    run = started(viewer, "/api/runs/objects", **options, **{"object-files": "geojson,csv,labels,labels-tiff", "qupath": True})
    assert run["name"] == "base-objects"
    run = settled(viewer, "base-objects")
    assert run["state"] == "done", run
    done = commanded(run, tmp_path / "by-hand")
    ours, theirs = files(out / "base-objects", OF_THE_VIEWER), files(tmp_path / "by-hand")
    # The table names the folder.
    for each, folder in ((ours, out / "base-objects"), (theirs, tmp_path / "by-hand")):
        each["summary.csv"] = each["summary.csv"].replace(str(folder).encode(), b"FOLDER")
    assert ours == theirs and {"objects.geojson", "objects.csv", "objects.ome.tif", "qupath/classes.json"} <= ours.keys()
    features = json.loads(ours["objects.geojson"])["features"]
    assert counted[0]["classes"] == [{"name": "nucleus", "objects": len(features)}] and 0 < run["objects"] == len(features)
    assert "nucleus" in done.stdout
    status, body = viewer.post("/api/runs/count", {**options, "threshold": "much"})
    assert b"event: failed" in body and b"much" in body


def test_only_what_a_run_may_name_is_taken(viewer, data, out):
    for wrong in ({"name": "../x"}, {"name": ".x"}, {"region": "/etc/passwd"}, {"list": "/etc/passwd"}, {"image": "/etc/passwd"},
                  {"image": "images/../../x"}, {"model": "../x"}, {"channels": "a\nb"}, {"statistics-from": "/etc/passwd"}):
        status, answer = post(viewer, "/api/runs", **{**WANTED, **wrong})
        assert status in (400, 404), (wrong, answer)
    started(viewer, **{**WANTED, "image": HE, "name": "linked"})
    os.symlink("/etc/passwd", out / "linked/link.txt")
    for file in ("../linked/run.json", "/etc/passwd", ".tegula-view.json", "link.txt", ".."):
        assert viewer.ask("/api/runs/file", {"name": "linked", "file": file})[0] == 404, file
    assert viewer.ask("/api/runs/files", {"name": "../.."})[0] == 404
    # A note in the folder is not believed either.
    settled(viewer, "linked")
    for folder, name, value in (("elsewhere", "subjects", [str(data / "models_made/he_nuclei_rgb"), "/etc/passwd"]),
                                ("address", "subjects", ["https://example.org/model.zip", str(data / HE)]),
                                ("options", "options", [{"name": "list", "value": "/etc/passwd"}])):
        note = json.loads((out / "linked/.tegula-view.json").read_text())
        note["words"][name], note["state"] = value, "paused"
        (out / folder).mkdir()
        (out / folder / ".tegula-view.json").write_text(json.dumps(note))
    with viewing("--root", data / "images", "--root", data / "models_made", "--out", out) as other:
        names = {run["name"] for run in other.json("/api/runs")["runs"]}
        assert {"linked", "elsewhere", "address"} <= names and "options" not in names
        for name in ("elsewhere", "address"):
            assert post(other, "/api/runs/resume", name=name)[0] == 404, name
    paths = viewer.json("/api/openapi.json")["paths"]
    assert {"/api/runs", "/api/runs/pause", "/api/runs/objects", "/api/runs/count", "/api/runs/file"} <= paths.keys()
    asked = paths["/api/runs"]["post"]["requestBody"]["content"]["application/json"]["schema"]["properties"]
    assert {"image", "model", "annotation", "min-area", "pixel-size"} <= asked.keys() and "threshold" in asked


def test_are_started_paused_ended_shown_and_exported_on_the_page(data, source, tmp_path):
    need_browser(source)
    out, seen_at = tmp_path / "out", tmp_path / "seen"
    seen_at.mkdir()
    # One thread, so that there is something to pause; which the commands say.
    with viewing(data / SLIDE, "--model", data / "models_made/he_nuclei_rgb", "--out", out, "--threads", 1) as viewer:
        seen = story(source, "runs", viewer.address, seen_at, timeout=240)
    assert seen["problems"] == []
    assert re.search(r"\d+ of \d+ tiles, .* tiles/s, .* left", seen["running"])
    name = "CMU-1-Small-Region-he_nuclei_rgb"
    nuclei = json.loads((out / name / "objects.geojson").read_text())["features"]
    assert seen["done"] == f"done: {len(nuclei):,} objects" and seen["shown"] == f"Objects of {name}"
    assert seen["report"] >= 2 and {"objects.geojson", "report.html", "prediction.ome.zarr/"} <= set(seen["whole"]["files"])
    kept = json.loads((out / f"{name}-objects/objects.geojson").read_text())["features"]
    assert 0 < len(kept) != len(nuclei)
    assert seen["countedFirst"] == f"nucleus: {len(nuclei):,}" and seen["counted"] == f"nucleus: {len(kept):,}"
    assert "much" in seen["wrong"] and seen["exportedState"] == f"done: {len(kept):,} objects"
    assert (seen_at / "objects.csv").read_bytes() == (out / f"{name}-objects/objects.csv").read_bytes()
    for told, folder in (("whole", name), ("within", f"{name}-2"), ("exported", f"{name}-objects")):
        commanded({"command": seen[told]["text"]}, tmp_path / told)
        ours, theirs = files(out / folder, OF_THE_VIEWER), files(tmp_path / told)
        assert ours.keys() == theirs.keys()
        assert {file for file in ours if ours[file] != theirs[file]} <= OF_ITS_TIME | {"summary.csv"}, told
    assert seen["left"] == 2
    for theme, audit in seen["audits"].items():
        assert audit["problems"] == [], theme
