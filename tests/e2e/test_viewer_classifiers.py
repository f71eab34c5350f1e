"""Settings and classifiers in the viewer: what the page keeps is what the command it shows writes, byte for byte."""

import json
import os
import pathlib
import shlex
import subprocess

import numpy as np
import pytest
import zarr

from conftest import PROGRAM
from overlays import check_look, level_of
from viewing import HE, need_browser, open_live, ready, story, viewing

MODELS = "models_made"


@pytest.fixture
def kept(tmp_path, monkeypatch):
    """The folder in which classifiers are kept."""
    monkeypatch.setenv("TEGULA_CLASSIFIERS", str(tmp_path / "classifiers"))
    return tmp_path / "classifiers"


@pytest.fixture
def viewer(data, kept):
    with viewing("--root", data / "images", "--root", data / MODELS) as viewer:
        yield viewer


def repeated(command, folder, monkeypatch):
    """The file that the command writes where there is none yet."""
    monkeypatch.setenv("TEGULA_CLASSIFIERS", str(folder))
    words = shlex.split(command)
    assert words[:3] == ["tegula", "classifier", "create"]
    subprocess.run([PROGRAM, *words[1:]], check=True, capture_output=True)
    file, = folder.iterdir()
    return file.read_bytes()


@pytest.mark.parametrize("number, body", list(enumerate([
    {"model": f"{MODELS}/he_nuclei_rgb"},
    {"model": f"{MODELS}/he_nuclei_rgb", "channels": "2,mean(0,1),hematoxylin", "pixel_size": 0.51, "tile": "y=256,x=512",
     "classes": "0=Ground*#102030,1=A nucleus#d55e00", "output_type": "multiclass", "threshold": 0.3},
    {"model": f"{MODELS}/he_nuclei_rgb", "level": 0, "output_type": "classification", "tile": "256"},
    {"model": f"{MODELS}/nuclei_fluo_globalnorm", "channels": "max", "downsample": 1.5, "threshold": 0.45, "classes": "0=it's me"},
])))
def test_keeps_a_classifier_as_the_shown_command_does(viewer, kept, tmp_path, monkeypatch, number, body):
    name = f"made {number}"
    status, answer = viewer.post("/api/classifiers", {**body, "name": name})
    assert status == 200, answer
    made = json.loads(answer)
    file = (kept / f"{name}.json").read_bytes()
    assert json.loads(file) == made["classifier"] and made["model"] == body["model"]
    assert repeated(made["command"], tmp_path / "again", monkeypatch) == file
    listed = viewer.json("/api/classifiers")
    assert [(row["name"], row["error"]) for row in listed] == [(name, "")]
    shown = viewer.json(f"/api/classifiers/{name.replace(' ', '%20')}")
    assert shown == {"model": body["model"], "classifier": made["classifier"]}


def test_refuses_what_is_there_and_what_cannot_be(viewer, kept, tmp_path):
    good = {"model": f"{MODELS}/he_nuclei_rgb", "name": "nuclei"}
    assert viewer.post("/api/classifiers", good)[0] == 200
    before = (kept / "nuclei.json").read_bytes()
    for change, words in [({}, "there is a classifier nuclei already"),
                          ({"name": "../nuclei"}, "cannot be the name"), ({"name": ""}, "cannot be the name"),
                          ({"name": "b", "model": "/etc/passwd"}, "catalogue"),
                          ({"name": "b", "classes": "7=x"}, "7"), ({"name": "b", "tile": "wide"}, "is no size"),
                          ({"name": "b", "output": "nothing"}, "nothing"),
                          ({"name": "b", "output_type": "guess"}, "guess"),
                          ({"name": "b", "output_type": "classification", "model": f"{MODELS}/nuclei_fluo_globalnorm"}, "one channel"),
                          ({"name": "b", "pixel_size": -1}, "no size of a pixel"), ({"name": "b", "level": 2**40}, "no level"),
                          ({"name": "b", "secret": 1}, "secret")]:
        status, answer = viewer.post("/api/classifiers", {**good, **change})
        assert status in (400, 404, 422) and words in json.loads(answer)["error"], (change, answer)
    assert [file.name for file in kept.iterdir()] == ["nuclei.json"] and (kept / "nuclei.json").read_bytes() == before
    assert viewer.post("/api/classifiers", {**good, "overwrite": True, "pixel_size": 0.5})[0] == 200
    assert (kept / "nuclei.json").read_bytes() != before
    # Never another file, whatever the name.
    (tmp_path / "other.json").write_bytes(before)
    for name in ["..%2Fother", "..%2Fother.json", "%2Fetc%2Fpasswd", "nothing"]:
        assert viewer.ask(f"/api/classifiers/{name}")[0] in (400, 404), name


def test_tells_of_classifiers_that_are_broken_or_of_models_elsewhere(data, kept):
    with viewing("--root", data / "images", "--root", data / MODELS) as viewer:
        assert viewer.post("/api/classifiers", {"model": f"{MODELS}/he_nuclei_rgb", "name": "nuclei"})[0] == 200
        (kept / "broken.json").write_text("{")
        broken, good = viewer.json("/api/classifiers")
        assert broken["name"] == "broken" and broken["error"] and not good["error"]
    with viewing("--root", data / "images") as viewer:
        status, _, body = viewer.ask("/api/classifiers/nuclei")
        assert status == 404 and "--root" in json.loads(body)["error"]
        assert viewer.ask("/api/predictions/open", {"image": HE, "classifier": "nuclei"})[0] == 404


def test_shows_what_a_classifier_predicts_to_the_byte(viewer, tegula, data, tmp_path):
    body = {"model": f"{MODELS}/he_nuclei_rgb", "name": "nuclei", "tile": "256", "downsample": 1.2, "channels": "2,1,0"}
    assert viewer.post("/api/classifiers", body)[0] == 200
    info, = ready(viewer, image=HE, classifier="nuclei")
    assert shlex.split(info["command"])[:4] == ["tegula", "predict", "--classifier", "nuclei"]
    tegula("predict", "--classifier", "nuclei", data / HE, "-o", tmp_path / "out").ok()
    stored = zarr.open_array(tmp_path / "out/prediction.ome.zarr/0", mode="r")[...].reshape(3, info["height"], info["width"])
    status, _, values = viewer.ask(f"/api/predictions/{info['id']}/values", {"x": 100, "y": 90, "width": 200, "height": 150})
    assert status == 200
    np.testing.assert_array_equal(np.frombuffer(values, np.float32).reshape(3, 150, 200), stored[:, 90:240, 100:300])
    # Its settings cannot be said again, and it is refused where it would answer otherwise.
    assert viewer.ask("/api/predictions/open", {"image": HE, "classifier": "nuclei", "tile": "512"})[0] == 400


def test_refuses_a_classifier_of_other_weights(viewer, kept):
    assert viewer.post("/api/classifiers", {"model": f"{MODELS}/he_nuclei_rgb", "name": "nuclei"})[0] == 200
    file = kept / "nuclei.json"
    said = json.loads(file.read_text())
    said["network"]["weights_sha256"] = "0" * 64
    file.write_text(json.dumps(said))
    (event, failure), = open_live(viewer, image=HE, classifier="nuclei")[-1:]
    assert event == "failed" and "sha256 of the weights" in failure["error"]


@pytest.mark.parametrize("query", [{"tile": "y=256,x=384"}, {"downsample": 2}, {"level": 0}, {"channels": "max,mean(0,2),dab"}])
def test_predicts_with_any_setting_what_the_shown_command_writes(viewer, tmp_path, query):
    info, = ready(viewer, image=HE, model=f"{MODELS}/he_nuclei_rgb", **query)
    words = shlex.split(info["command"])
    words[words.index("-o") + 1] = str(tmp_path / "out")
    subprocess.run([PROGRAM, *words[1:]], check=True, capture_output=True)
    stored = zarr.open_array(tmp_path / "out/prediction.ome.zarr/0", mode="r")[...].reshape(-1, info["height"], info["width"])
    status, _, values = viewer.ask(f"/api/predictions/{info['id']}/values", {"x": 20, "y": 30, "width": 150, "height": 100})
    assert status == 200
    np.testing.assert_array_equal(np.frombuffer(values, np.float32).reshape(-1, 100, 150), stored[:, 30:130, 20:170])
    if "tile" in query:
        assert info["tile"] == query["tile"]


def test_says_what_may_be_chosen_of_an_output(viewer):
    several = viewer.json("/api/models/card", model=f"{MODELS}/he_nuclei_rgb")["choices"]
    assert [[row["name"] for row in choice["classes"]] for choice in several] == [["background", "nucleus", "other_tissue"]]
    assert several[0]["types"] == ["probability", "multiclass", "classification"]
    one, = viewer.json("/api/models/card", model=f"{MODELS}/nuclei_fluo_globalnorm")["choices"]
    assert len(one["classes"]) == 1 and one["types"] == ["probability", "multiclass"]
    objects, = viewer.json("/api/models/card", model=f"{MODELS}/stardist_like2d")["choices"]
    assert objects["reason"] and not objects["types"]


def test_the_page_keeps_its_settings_as_a_classifier(data, source, kept, tmp_path, monkeypatch):
    need_browser(source)
    pictures = pathlib.Path(os.environ.get("TEGULA_SCREENSHOTS", tmp_path))
    with viewing(data / HE, "--model", data / MODELS / "he_nuclei_rgb") as viewer:
        seen = story(source, "classifiers", viewer.address, pictures)
        # What is refused has a status that the browser writes down.
        assert all("status of 400" in problem for problem in seen["problems"]) and len(seen["problems"]) == 2, seen["problems"]
        assert seen["choices"]["channels"] == ["automatic", "red", "green", "blue", "mean of all", "maximum of all", "minimum of all",
                                               "hematoxylin (stain)", "eosin (stain)", "DAB (stain)"]
        assert seen["choices"]["types"] == ["probability", "multiclass", "classification"]
        assert "The model wants pixels of 0.5 µm" in seen["choices"]["settings"]
        settings = {"channels": "2,1,2", "downsample": "1.25", "tile": "256"}
        assert {name: seen["asked"][name] for name in settings} == settings
        assert seen["names"] == ["Ground", "Nucleus", "other_tissue"]
        assert (seen["least"], seen["moved"], seen["sliders"], seen["tiles"]) == ("", "0.2", 0, 0)

        # Each look against the values themselves.
        info, = ready(viewer, image=f"he/{pathlib.Path(HE).name}", model=f"{MODELS}/he_nuclei_rgb", **settings)
        values = level_of(viewer, info, "tiles", 0)
        colours = {1: (255, 0, 128), 2: tuple(bytes.fromhex(info["channels"][2]["colour"]))}
        largest = lambda v: [(v.argmax(0) == c, colour) for c, colour in colours.items()]
        least = lambda v: [(v[c] >= 0.2, colour) for c, colour in colours.items()]
        for name, look in [("probability", largest), ("classification", largest), ("multiclass", least), ("again", least)]:
            check_look(pictures / f"{name}.png", values, info, look)

        assert "cannot be the name" in seen["bad"] and "Kept as the classifier tumour nuclei" in seen["saved"]
        assert "there is a classifier tumour nuclei already" in seen["refused"].lower()
        assert "comma" in seen["comma"] and "Kept" in seen["replaced"]
        file = json.loads((kept / "tumour nuclei.json").read_text())
        assert [(row["name"], row["red"], row["blue"]) for row in file["classes"]][:2] == [("Ground*", file["classes"][0]["red"], file["classes"][0]["blue"]),
                                                                                          ("Nucleus", 255, 128)]
        assert file["classes"][2]["name"] == "Stroma" and file["threshold"] == 0.2 and file["output_type"] == "multiclass"
        assert (file["channels"], file["downsample"]) == (["2", "1", "2"], 1.25)
        first = json.loads(repeated(seen["command"], tmp_path / "again", monkeypatch))
        assert {**first, "classes": 0} == {**file, "classes": 0}
        assert seen["again"] == {"red": "2", "resolution": ["downsample", "1.25"], "windows": "y=256,x=256", "type": "multiclass",
                                 "threshold": "0.2", "ground": ["Ground", True], "nucleus": ["Nucleus", "#ff0080"], "stroma": "Stroma"}
        assert seen["asClassifier"]["classifier"] == "tumour nuclei" and "model" not in seen["asClassifier"]
        assert "--classifier 'tumour nuclei'" in seen["liveCommand"]
