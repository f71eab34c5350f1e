"""What the report shows of objects, and whether outlines follow the seams of tiles."""

import base64
import io
import json
import re

import numpy as np
import pytest
import scipy.ndimage
from identity_model import toy
from PIL import Image


def section(out):
    page = (out / "report.html").read_text()
    return page[page.index("<h2>Objects</h2>"):page.index("Where the time went")]


def pictures(html):
    return [np.asarray(Image.open(io.BytesIO(base64.b64decode(p)))) for p in re.findall(r"data:image/png;base64,([A-Za-z0-9+/=]+)", html)]


def finding(out):
    [note] = [note for note in json.loads((out / "run.json").read_text())["notes"] if "Straight edges" in note]
    excess, on_seams, by_chance = re.search(r"beyond chance: (\d+) pixels \((\d+) lie on seams, ([\d.\u202f]+) would", note).groups()
    return int(excess), int(on_seams), float(by_chance.replace("\u202f", ""))


@pytest.fixture(scope="module")
def runs(data, tmp_path_factory):
    from conftest import Run

    out = tmp_path_factory.mktemp("report")
    words = ["predict", data / "models_made/nuclei_unet_any_size", data / "images/fluorescence/stardist_img2d.tif", "-q", "--objects", "all"]
    Run(*words, "-o", out / "right", "--measure", "all", "--tile", 160).ok()
    # A network that subtracts the mean of what it sees, on blobs that get brighter to the right.
    blobs = scipy.ndimage.gaussian_filter(np.random.default_rng(1).normal(0, 1, (320, 450)), 3)
    np.save(out / "ramp.npy", (blobs / blobs.std() + np.linspace(0, 8, 450))[None].astype("float32"))
    Run("predict", toy(out / "model", "global\n"), out / "ramp.npy", "-q", "--objects", "all", "--threshold", 0, "--tile", 96,
        "-o", out / "wrong").ok()
    return out


def test_edges_along_seams_are_none_where_tiles_see_enough(runs):
    excess, on_seams, by_chance = finding(runs / "right")
    assert excess == 0 and by_chance > 0
    assert not any("straight along seams" in warning for warning in json.loads((runs / "right/run.json").read_text())["warnings"])
    assert f"beyond chance: 0 pixels ({on_seams} lie" in section(runs / "right")


def test_edges_along_seams_are_a_warning_where_tiles_see_too_little(runs):
    excess, on_seams, by_chance = finding(runs / "wrong")
    assert excess > 0 and excess == pytest.approx(on_seams - by_chance, rel=0.02, abs=1)
    [warning] = [w for w in json.loads((runs / "wrong/run.json").read_text())["warnings"] if "straight along seams" in w]
    assert f" {excess} pixels" in warning


def test_objects_are_shown_as_numbers_and_pictures(runs):
    html = section(runs / "right")
    features = json.loads((runs / "right/objects.geojson").read_text())["features"]
    for name in ("Area px^2", "Circularity", "Solidity", "Nearest neighbour distance px", "Class probability"):
        assert any(name in f["properties"]["measurements"] for f in features)
        assert f">{name.replace('^2', '²')}<" in html
    assert html.count('aria-label="Histogram"') == 7
    assert "objects per megapixel" in html
    density, *gallery = pictures(html)
    assert density.shape == (512, 512, 3) and len(gallery) == 24 < len(features)
    # Where objects are, there is colour; the picture beside is grey.
    coloured = np.ptp(density.astype(int), axis=2) > 20
    assert coloured.mean() > 0.05
    for picture in gallery:
        # About 160 pixels, as pixels of the image are shown as so many whole ones; objects up to twice as large as they are.
        assert picture.shape[0] == picture.shape[1] and 160 / 1.5 <= picture.shape[0] <= 2 * 160
        assert (np.ptp(picture.astype(int), axis=2) > 60).any()  # its outline, on grey


def test_the_same_objects_are_drawn_again(tegula, data, runs, tmp_path):
    tegula("predict", data / "models_made/nuclei_unet_any_size", data / "images/fluorescence/stardist_img2d.tif", "-q", "--objects", "all",
           "--measure", "all", "--tile", 160, "-o", tmp_path / "again").ok()
    first, again = pictures(section(runs / "right")), pictures(section(tmp_path / "again"))
    assert all(np.array_equal(a, b) for a, b in zip(first, again, strict=True))
