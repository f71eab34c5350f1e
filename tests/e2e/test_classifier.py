"""Classifiers: made once, they give what the explicit options give, here and elsewhere, or refuse."""

import json
import pathlib
import shutil
import subprocess

import numpy as np
import pytest
import shapely.geometry
import zarr

from conftest import PROGRAM

CLASSES = "0=Background*,1=Nucleus#d55e01,2=Other tissue"
WORDS = ("--level", 0, "--tile", 256, "--classes", CLASSES)
IMAGE = "images/he/skimage_ihc.png"


def run(*words):
    return subprocess.run([PROGRAM, *map(str, words)], check=True, capture_output=True, text=True)


@pytest.fixture(scope="module")
def model(data, tmp_path_factory):
    """A copy, so that a test can see what becomes of a classifier whose model changes."""
    folder = tmp_path_factory.mktemp("model") / "he_nuclei_rgb"
    folder.mkdir()
    for file in (data / "models_made/he_nuclei_rgb").iterdir():
        if file.is_file() and "scale_0499" not in file.name:
            shutil.copy(file, folder / file.name)
    return folder


@pytest.fixture(scope="module")
def made(data, model, tmp_path_factory):
    """A classifier of each kind, and what probability gives with it and with the explicit options."""
    out = tmp_path_factory.mktemp("out")
    for kind in ("probability", "multiclass", "classification"):
        run("classifier", "create", kind, "--model", model, *WORDS, "--output", kind)
    image, objects = data / IMAGE, ("--objects", "Nucleus")
    run("predict", model, image, *WORDS, *objects, "-o", out / "explicit")
    run("predict", "--classifier", "probability", image, "--objects", "nucleus", "-o", out / "probability")
    run("predict", "--classifier", "classification", image, *objects, "-o", out / "classification")
    return out


def files(folder):
    return {str(file.relative_to(folder)): file.read_bytes() for file in sorted(folder.rglob("*")) if file.is_file()}


def test_a_prediction_is_that_of_the_explicit_options_byte_for_byte(made):
    for name in ("prediction.ome.zarr", "objects.geojson"):
        explicit, by_name = made / "explicit" / name, made / "probability" / name
        if explicit.is_dir():
            assert len(files(explicit)) > 10 and files(explicit) == files(by_name)
        else:
            assert explicit.read_bytes() == by_name.read_bytes()
    record = json.loads((made / "probability/run.json").read_text())
    assert record["classifier"] == "classifier probability"
    assert json.loads((made / "explicit/run.json").read_text())["classifier"] == ""


def test_names_and_colours_of_classes_are_everywhere(made):
    attributes = zarr.open_group(made / "probability/prediction.ome.zarr", mode="r").attrs["ome"]
    channels = attributes["omero"]["channels"]
    assert [channel["label"] for channel in channels] == ["Background*", "Nucleus", "Other tissue"]
    assert channels[1]["color"] == "D55E01"
    features = json.loads((made / "probability/objects.geojson").read_text())["features"]
    assert len(features) > 20
    assert all(f["properties"]["classification"] == {"name": "Nucleus", "color": [0xd5, 0x5e, 0x01]} for f in features)
    report = (made / "probability/report.html").read_text()
    assert "#d55e01" in report and "Nucleus" in report and "classifier probability" in report


def test_classification_stores_the_largest_class_under_its_name(made):
    values = zarr.open_group(made / "probability/prediction.ome.zarr", mode="r")["0"][:]
    group = zarr.open_group(made / "classification/prediction.ome.zarr", mode="r")
    np.testing.assert_array_equal(group["0"][:], values.argmax(0))
    label = group.attrs["ome"]["image-label"]
    assert [row["class"] for row in label["properties"]] == ["Background*", "Nucleus", "Other tissue"]
    assert label["colors"][1]["rgba"] == [0xd5, 0x5e, 0x01, 255]
    assert (made / "classification/objects.geojson").read_bytes() == (made / "probability/objects.geojson").read_bytes()


def test_multiclass_makes_objects_of_each_channel_for_itself(tegula, data, made, tmp_path):
    objects = ("--objects", "Background*,Nucleus,other_tissue")
    tegula("predict", "--classifier", "multiclass", data / IMAGE, *objects, "-o", tmp_path / "many").ok()
    tegula("predict", "--classifier", "probability", data / IMAGE, *objects, "-o", tmp_path / "one").ok()
    assert files(tmp_path / "many/prediction.ome.zarr") == files(tmp_path / "one/prediction.ome.zarr")
    values = zarr.open_group(tmp_path / "many/prediction.ome.zarr", mode="r")["0"][:]
    for folder, classes in (("many", (values >= 0.5).sum((1, 2))), ("one", np.bincount(values.argmax(0).ravel()))):
        record = json.loads((tmp_path / folder / "run.json").read_text())
        assert [row["area_px"] for row in record["objects"]] == classes.tolist()


def measured(tegula, *words):
    return json.loads(tegula("measure", *words, "--json").ok().out)[0]["annotations"]


def test_measure_and_classify_read_predictions_as_the_classifier_says(tegula, made, tmp_path):
    shape = shapely.geometry.box(30.3, 40.2, 300.7, 280.1)
    feature = {"type": "Feature", "geometry": shapely.geometry.mapping(shape), "properties": {"objectType": "annotation"}}
    (tmp_path / "a.geojson").write_text(json.dumps({"type": "FeatureCollection", "features": [feature]}))
    words = ("--annotations", tmp_path / "a.geojson")
    values = zarr.open_group(made / "probability/prediction.ome.zarr", mode="r")["0"][:]
    pixels = values[:, 40:280, 30:301].argmax(0)
    share = 100 * (pixels == 1).sum() / (pixels > 0).sum()
    rows = {}
    for kind in ("probability", "classification"):
        rows[kind] = measured(tegula, made / kind, "--classifier", kind, *words, "-o", tmp_path / kind)[0]["measurements"]
        assert rows[kind][f"{kind}: Nucleus %"] == pytest.approx(share)
        assert f"{kind}: Background* %" not in rows[kind]
    explicit = measured(tegula, made / "explicit", *words, "--name", "probability", "-o", tmp_path / "explicit")
    assert explicit[0]["measurements"] == rows["probability"]
    written = {}
    for kind in ("probability", "classification"):
        out = tmp_path / f"{kind}.geojson"
        run = tegula("classify", made / kind, "--classifier", kind, "--objects", made / "probability/objects.geojson",
                     "--by", "majority", "-o", out, "--json").ok()
        assert json.loads(run.out)[0]["classes"]["Nucleus"] > 20
        written[kind] = out.read_bytes()
    assert written["probability"] == written["classification"]


def test_objects_of_a_stored_prediction_are_those_of_predict(tegula, made, tmp_path):
    tegula("objects", made / "probability", "--classifier", "probability", "--objects", "Nucleus", "-o", tmp_path / "o").ok()
    assert (tmp_path / "o/objects.geojson").read_bytes() == (made / "probability/objects.geojson").read_bytes()
    run = tegula("objects", made / "probability", "--classifier", "probability", "--threshold", 0.3, "-o", tmp_path / "no")
    assert run.code == 2 and "--threshold is decided by classifier probability" in run.err
    (tmp_path / "list.txt").write_text(f"{made / 'probability'}\n{tmp_path / 'missing'}\n{made / 'explicit'}\n")
    run = tegula("objects", "--list", tmp_path / "list.txt", "--classes", "1=Cell#010203", "--objects", "Cell", "-o",
                 tmp_path / "listed", "--json")
    assert run.code == 1 and [bool(row["error"]) for row in json.loads(run.out)] == [False, True, False]
    features = json.loads((tmp_path / "listed/explicit/objects.geojson").read_text())["features"]
    assert features and all(f["properties"]["classification"] == {"name": "Cell", "color": [1, 2, 3]} for f in features)


def test_predictions_that_it_would_not_have_made_are_refused_with_what_differs(tegula, data, model, made, tmp_path):
    tegula("predict", model, data / IMAGE, "--downsample", 2, "--classes", CLASSES, "-o", tmp_path / "half").ok()
    run = tegula("measure", tmp_path / "half", "--classifier", "probability", "-o", tmp_path / "m")
    assert run.code == 2 and "the downsample is 2 here and was as it comes" in run.err and "level" in run.err
    run = tegula("measure", made / "classification", "--classifier", "multiclass", "-o", tmp_path / "m")
    assert run.code == 2 and "one class per pixel" in run.err


def test_on_another_machine_it_gives_the_same_or_refuses(tegula, data, model, made, tmp_path, monkeypatch):
    file = tmp_path / "shared.json"
    tegula("classifier", "export", "probability", file).ok()
    monkeypatch.setenv("TEGULA_CLASSIFIERS", str(tmp_path / "elsewhere"))
    assert json.loads(tegula("classifier", "list", "--json").ok().out) == []
    elsewhere = tmp_path / "moved"
    shutil.copytree(model, elsewhere)
    tegula("classifier", "import", file, "--model", elsewhere).ok()
    tegula("predict", "--classifier", "shared", data / IMAGE, "-o", tmp_path / "out").ok()
    assert files(tmp_path / "out/prediction.ome.zarr") == files(made / "probability/prediction.ome.zarr")
    tegula("predict", "--classifier", file, data / IMAGE, "-o", tmp_path / "of_file").ok()

    weights = json.loads(file.read_text())["network"]["weights_sha256"]
    text = (elsewhere / "rdf.yaml").read_text()
    assert weights in text
    [path] = [p for p in elsewhere.iterdir() if p.name.startswith("weights") and weights == sha256(p)]
    path.write_bytes(path.read_bytes() + b"\0")
    (elsewhere / "rdf.yaml").write_text(text.replace(weights, sha256(path)))
    run = tegula("predict", "--classifier", "shared", data / IMAGE, "-o", tmp_path / "changed")
    assert run.code == 2 and f"the sha256 of the weights is {sha256(path)} here and was {weights}" in run.err
    assert not (tmp_path / "changed").exists()
    run = tegula("classifier", "import", file, "--model", elsewhere, "--name", "other")
    assert run.code == 2 and "would give another answer" in run.err


def sha256(path):
    import hashlib
    return hashlib.sha256(path.read_bytes()).hexdigest()


@pytest.mark.parametrize("change, said", [
    (lambda c: c["network"].update(engine_version="1999.1"), "the engine's version is"),
    (lambda c: c.update(answers=c["answers"] + 1, tegula_version="9.9"), "was made with Tegula 9.9"),
    (lambda c: c["network"].update(description_sha256="0" * 64), "the sha256 of the model's description is"),
    (lambda c: c.update(classes=c["classes"][:2]), "2 classes are named, but there are 3 channels"),
    (lambda c: c.update(output="nothing"), "nothing"),
    (lambda c: c.update(model="/nowhere/model"), "/nowhere/model"),
])
def test_what_would_give_another_answer_is_refused(tegula, data, made, tmp_path, change, said):
    file = tmp_path / "changed.json"
    tegula("classifier", "export", "probability", file).ok()
    classifier = json.loads(file.read_text())
    change(classifier)
    file.write_text(json.dumps(classifier))
    run = tegula("predict", "--classifier", file, data / IMAGE, "-o", tmp_path / "out")
    assert run.code in (2, 4) and said in run.err
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("words", [("--channels", "red"), ("--tile", 128), ("--context", 99), ("--border", "pad"),
                                   ("--pixel-size", 0.5), ("--engine", "openvino"), ("--precision", "bf16"),
                                   ("--statistics-from", "image"), ("--classes", "0=x"), ("--threshold", 0.5),
                                   ("--outputs", "classes"), ("--values", "argmax"), ("--engine-threads", 3)])
def test_what_it_decides_cannot_be_said_again(tegula, data, made, tmp_path, words):
    run = tegula("predict", "--classifier", "probability", data / IMAGE, "-o", tmp_path / "out", *words)
    assert run.code == 2 and f"{words[0]} is decided by classifier probability" in run.err
    assert run.err.count("\n") == 1 and not (tmp_path / "out").exists()


def test_values_may_be_stored_smaller(tegula, data, made, tmp_path):
    tegula("predict", "--classifier", "probability", data / IMAGE, "--values", "uint8", "-o", tmp_path / "out").ok()
    values = zarr.open_group(made / "probability/prediction.ome.zarr", mode="r")["0"][:]
    stored = zarr.open_group(tmp_path / "out/prediction.ome.zarr", mode="r")["0"][:]
    assert stored.dtype == np.uint8 and np.abs(stored / 255.0 - values).max() <= 0.5 / 255 + 1e-6
    run = tegula("predict", "--classifier", "classification", data / IMAGE, "--values", "uint8", "-o", tmp_path / "no")
    assert run.code == 2 and "--values is decided" in run.err


@pytest.mark.parametrize("words, said", [
    (("--output", "multiclass", "--level", 0), None),
    (("--output", "probability", "--threshold", 0.3), "choose multiclass"),
    (("--output", "classification", "--threshold", 0.3), "choose multiclass"),
    (("--output", "guess"), "guess"),
    (("--statistics-from", "roi=0,0,9,9"), "belong to single images"),
    (("--classes", "9=x"), "no channel 9"),
])
def test_a_classifier_that_cannot_be_is_not_made(tegula, model, words, said):
    run = tegula("classifier", "create", "unlikely", "--model", model, *words)
    if said is None:
        run.ok()
        tegula("classifier", "remove", "unlikely").ok()
    else:
        assert run.code in (2, 3, 4) and said in run.err
    assert tegula("classifier", "show", "unlikely").code == 4


def test_they_are_kept_shown_listed_and_removed(tegula, model, made, tmp_path):
    run = tegula("classifier", "create", "probability", "--model", model)
    assert run.code == 2 and "--overwrite" in run.err
    run = tegula("classifier", "create", "../out", "--model", model)
    assert run.code == 2 and "cannot be the name" in run.err
    shown = tegula("classifier", "show", "probability").ok().out
    assert "Nucleus (channel nucleus) #d55e01" in shown and str(model) in shown
    assert json.loads(tegula("classifier", "show", "probability", "--json").ok().out)["classes"][1]["name"] == "Nucleus"
    rows = {row["name"]: row for row in json.loads(tegula("classifier", "list", "--json").ok().out)}
    assert set(rows) >= {"probability", "multiclass", "classification"}
    assert rows["probability"]["classes"] == ["Background*", "Nucleus", "Other tissue"]
    file = tmp_path / "a.json"
    tegula("classifier", "export", "probability", file).ok()
    assert tegula("classifier", "export", "probability", file).code == 2
    assert tegula("classifier", "export", "probability", tmp_path / "a.txt").code == 2
    tegula("classifier", "import", file, "--name", "copy").ok()
    assert "copy" in tegula("classifier", "list").ok().out
    tegula("classifier", "remove", "copy").ok()
    run = tegula("classifier", "remove", "copy")
    assert run.code == 4 and "there are classification, multiclass, probability" in run.err
    run = tegula("predict", "image.tif", "-o", tmp_path / "out")
    assert run.code != 0


def hostile(change):
    def apply(classifier):
        change(classifier)
        return json.dumps(classifier)
    return apply


@pytest.mark.parametrize("text", [
    lambda c: "", lambda c: "[]", lambda c: "{", lambda c: "\0" * 1000, lambda c: "[" * 100_000,
    lambda c: '{"format": 1}', lambda c: json.dumps({**c, "format": 2}), lambda c: json.dumps({**c, "format": "1"}),
    hostile(lambda c: c.update(classes="all")), hostile(lambda c: c.update(classes=[])),
    hostile(lambda c: c["classes"][0].update(red=256)), hostile(lambda c: c["classes"][0].update(red=1.5)),
    hostile(lambda c: c.update(axes=[{"axis": "y", "tile": 1 << 62, "context": 0, "stride": 0}])),
    hostile(lambda c: c.update(axes=[{"axis": "y", "tile": 1 << 65, "context": 0, "stride": 0}])),
    hostile(lambda c: c.update(pixel_size_um="NaN")), hostile(lambda c: c.update(pixel_size_um=-1)),
    hostile(lambda c: c["network"].update(threads=10**9)), hostile(lambda c: c["network"].update(weights_format="pickle")),
    hostile(lambda c: c.update(statistics_from="/etc/passwd")), hostile(lambda c: c.update(border=None)),
    hostile(lambda c: c.update(name="a\x1b[2J\nb")), hostile(lambda c: c.update(stains="hed=1,2")), hostile(lambda c: c.update(z="-5:2:1")), hostile(lambda c: c.pop("model")),
])
def test_hostile_files_get_a_sentence(tegula, data, made, tmp_path, text):
    file = tmp_path / "hostile.json"
    tegula("classifier", "export", "probability", file).ok()
    file.write_text(text(json.loads(file.read_text())))
    for words in (("predict", "--classifier", file, data / IMAGE, "-o", tmp_path / "out"),
                  ("measure", made / "probability", "--classifier", file, "-o", tmp_path / "m")):
        run = tegula(*words)
        assert run.code in (2, 3, 6) and run.err.startswith("tegula: ") and run.err.count("\n") == 1
        assert not (tmp_path / "out").exists()


def test_the_list_says_which_cannot_be_read(tegula, made, tmp_path, monkeypatch):
    monkeypatch.setenv("TEGULA_CLASSIFIERS", str(tmp_path))
    (pathlib.Path(tmp_path) / "broken.json").write_text("{")
    [row] = json.loads(tegula("classifier", "list", "--json").ok().out)
    assert row["name"] == "broken" and "not a JSON object" in row["error"]
    tegula("classifier", "remove", "broken").ok()


@pytest.mark.parametrize("command", ["", "create", "list", "show", "export", "import", "remove"])
def test_help_has_an_example(tegula, command):
    assert "example:\n  tegula classifier" in tegula("classifier", *command.split(), "--help").ok().out
