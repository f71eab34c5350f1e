"""The whole story in the browser, on a slide and on a fluorescence image: open, choose, test images, settings, live overlay, threshold,
objects, measurement, export. Each step is held against what the program says elsewhere or the files hold."""

import csv
import io
import json
import os
import pathlib
import re
import shlex
import subprocess

import numpy as np
import pytest
import tifffile
import zarr
from PIL import Image

from conftest import PROGRAM
from overlays import check_look, level_of
from viewing import need_browser, ready, story, viewing

SLIDE = "wsi/CMU-1-Small-Region.svs"


def fluorescence(data, folder):
    """Nuclei and something else in two channels of an OME-TIFF with names and a pyramid."""
    tile = tifffile.imread(data / "images/fluorescence/stardist_img2d.tif").astype(np.uint16)
    row = np.hstack([tile, tile[:, ::-1]])
    nuclei = np.vstack([row, row[::-1]])
    pixels = np.stack([nuclei[::-1] // 2 + 7, nuclei * 5 + 100])
    path = folder / "nuclei.ome.tif"
    with tifffile.TiffWriter(path, ome=True) as writer:
        metadata = {"axes": "CYX", "Channel": {"Name": ["tubulin", "DAPI"]}, "PhysicalSizeX": 0.4, "PhysicalSizeY": 0.4,
                    "PhysicalSizeXUnit": "µm", "PhysicalSizeYUnit": "µm"}
        writer.write(pixels, subifds=1, tile=(256, 256), metadata=metadata)
        writer.write(np.ascontiguousarray(pixels[:, ::2, ::2]), subfiletype=1, tile=(256, 256))
    return path


def program(command, folder, name):
    """What the command that is shown leaves in a folder of its own."""
    words = shlex.split(command)
    assert words[0] == "tegula"
    words[words.index("-o") + 1] = str(folder / name)
    done = subprocess.run([PROGRAM, *words[1:]], capture_output=True, text=True, cwd=folder)
    assert done.returncode == 0, done.stderr
    return folder / name


def share(picture):
    return (np.asarray(Image.open(picture).convert("RGBA"))[..., 3] > 0).mean()


@pytest.mark.parametrize("name", ["slide", "fluorescence"])
def test_the_page_does_the_whole_story(data, source, tmp_path, monkeypatch, name):
    need_browser(source)
    monkeypatch.setenv("TEGULA_CLASSIFIERS", str(tmp_path / "classifiers"))
    pictures = pathlib.Path(os.environ.get("TEGULA_SCREENSHOTS", tmp_path))
    if name == "slide":
        root, image = data / "images/wsi", pathlib.Path(SLIDE).name
        pair = {"model": ["models_made", "he_nuclei_rgb"], "ignored": "background", "object": "nucleus", "threshold": "0.9", "box": [700, 900, 600, 500]}
    else:
        root = tmp_path / "images"
        root.mkdir()
        image = fluorescence(data, root).name
        pair = {"model": ["models_made", "nuclei_fluo_globalnorm"], "channel": "DAPI", "object": "channel0", "threshold": "0.9", "box": [100, 200, 400, 300]}
    pair |= {"name": name, "image": [root.name, image]}
    out = tmp_path / "out"
    with viewing("--root", root, "--root", data / "models_made", "--out", out) as viewer:
        seen = story(source, "whole", viewer.address, pictures, timeout=300, PAIR=json.dumps(pair))
        assert seen["problems"] == [] and seen["audit"]["problems"] == [], (seen["problems"], seen["audit"])
        path = f"{root.name}/{image}"
        info = viewer.json("/api/images/info", image=path)

        assert seen["open"]["title"].startswith(image)
        assert f"{info['levels'][0]['width']} × {info['levels'][0]['height']}" in seen["open"]["facts"]
        assert "as it is" in seen["open"]["channels"] if name == "slide" else "DAPI" in seen["open"]["channels"]
        assert "Runs here" in seen["card"]
        assert "passed" in seen["test"]["text"] and re.search(r"largest difference [\d.e-]+", seen["test"]["text"])
        assert seen["test"]["pictures"] >= 4

        # Settings became a classifier, as the shown command makes it.
        kept = json.loads((tmp_path / "classifiers/story.json").read_text())
        assert kept["channels"] == ([] if name == "slide" else ["1"])
        assert [row["name"].endswith("*") for row in kept["classes"]] == [row["channel"] == pair.get("ignored") for row in kept["classes"]]
        assert shlex.split(seen["applied"])[:4] == ["tegula", "classifier", "create", "story"]
        again = tmp_path / "again"
        subprocess.run([PROGRAM, *shlex.split(seen["applied"])[1:]], check=True, capture_output=True,
                       env={**os.environ, "TEGULA_CLASSIFIERS": str(again)})
        assert (again / "story.json").read_bytes() == (tmp_path / "classifiers/story.json").read_bytes()

        # What is drawn is what the values say; the threshold asks for nothing anew.
        live, = ready(viewer, image=path, classifier="story")
        halvings = 1 if name == "slide" else 0
        values = level_of(viewer, live, "tiles", halvings)
        colours = [tuple(bytes.fromhex(channel["colour"])) for channel in live["channels"]]

        def look(least):
            if len(colours) == 1:
                return lambda v: [(v[0] >= least, colours[0])]
            return lambda v: [((v.argmax(0) == c) & (v.max(0) >= least), colour) for c, colour in enumerate(colours) if c]

        check_look(pictures / f"{name}-live.png", values, live, look(0.5 if len(colours) == 1 else 0), halvings, margin=4)
        check_look(pictures / f"{name}-threshold.png", values, live, look(0.9), halvings, margin=4)
        assert share(pictures / f"{name}-threshold.png") < share(pictures / f"{name}-live.png")
        assert seen["live"]["asked"] == 0

        # The run is what its command makes, and what was looked at.
        run = program(seen["run"]["command"], tmp_path, "run")
        made = out / seen["run"]["name"]
        geojson = (made / "objects.geojson").read_bytes()
        assert geojson == (run / "objects.geojson").read_bytes()
        features = json.loads(geojson)["features"]
        assert len(features) > 20 and f"{len(features)}" in seen["run"]["status"].replace(",", "").replace("\u202f", "")
        stored = zarr.open_array(made / "prediction.ome.zarr/0", mode="r")[...].reshape(-1, live["height"], live["width"])
        status, _, body = viewer.ask(f"/api/predictions/{live['id']}/values", {"x": 300, "y": 200, "width": 200, "height": 100})
        assert status == 200 and body == np.ascontiguousarray(stored[:, 200:300, 300:500]).tobytes()
        assert share(pictures / f"{name}-object-layer.png") > 0.005
        largest = max(value for feature in features for key, value in feature["properties"]["measurements"].items() if key.startswith("Area"))
        assert any(abs(float(number.replace(",", "")) - largest) < 0.01 * largest for number in re.findall(r"[\d,.]*\d", seen["object"]))

        # Measured: the command's files, byte for byte.
        annotations = next(word for word in shlex.split(seen["measureCommand"]) if word.endswith(".geojson"))
        (tmp_path / annotations).write_bytes((pictures / f"{name}-measured.geojson").read_bytes())
        measured = program(seen["measureCommand"], tmp_path, "measured")
        table = (pictures / f"{name}-measured.csv").read_bytes()
        assert table in [file.read_bytes() for file in measured.rglob("*.csv")]
        row, = csv.DictReader(io.StringIO(table.decode()))
        assert seen["measured"] and any(row)

        # Exported: the command's files, byte for byte.
        exported = program(seen["exportCommand"], tmp_path, "exported")
        for file in ["objects.csv", "objects.geojson"]:
            assert (pictures / f"{name}-{file}").read_bytes() == (exported / file).read_bytes(), file
        count = len(json.loads((exported / "objects.geojson").read_text())["features"])
        assert 0 < count < len(features) and str(count) in seen["counted"].replace(",", "").replace("\u202f", "")
