"""The demo: every engine finds the nuclei of demo/tissue.tif that demo/tissue.py drew."""

import json

import numpy as np
import pytest
import shapely
import shapely.geometry
from PIL import Image
from skimage.measure import label

ENGINES = ("openvino", "libtorch")
LARGEST_BYTES = 2 << 20


@pytest.fixture(scope="module")
def known(source):
    """Label map: nuclei that touch have different colours there, so a connected piece of one colour is one nucleus."""
    return label(np.asarray(Image.open(source / "demo/tissue_nuclei.png")), connectivity=1)


def engine_or_skip(tegula, name):
    row = next(row for row in json.loads(tegula("engines", "--json").ok().out) if row["name"] == name)
    if not row["available"]:
        pytest.skip(f"{name}: {row['reason']}")


def matches_at_half(polygons, known):
    """Polygons that share more than half of the union with a nucleus: above a half no two can claim the same one.

    Tegula's outlines follow the edges of pixels, so areas and the centres of pixels inside are exact.
    """
    areas = np.bincount(known.ravel())
    matched = set()
    for polygon in polygons:
        x0, y0, x1, y1 = (int(v) for v in polygon.bounds)
        y, x = np.mgrid[y0:y1, x0:x1]
        own = known[y0:y1, x0:x1][shapely.contains_xy(polygon, x + 0.5, y + 0.5)]
        assert own.size == polygon.area
        counts = np.bincount(own)
        counts[0] = 0
        best = counts.argmax()
        if counts[best] > 0.5 * (own.size + areas[best] - counts[best]):
            assert best not in matched
            matched.add(best)
    return len(matched)


@pytest.mark.parametrize("engine", ENGINES)
def test_nine_of_ten_nuclei_are_found_and_real(tegula, source, known, tmp_path, engine):
    engine_or_skip(tegula, engine)
    model, slide = source / "demo/he_nuclei", source / "demo/tissue.tif"
    tegula("predict", model, slide, "-o", tmp_path / "o", "--objects", "nucleus", "--engine", engine).ok()
    features = json.loads((tmp_path / "o/objects.geojson").read_text())["features"]
    polygons = [shapely.geometry.shape(feature["geometry"]) for feature in features]
    f1 = 2 * matches_at_half(polygons, known) / (len(polygons) + known.max())
    print(f"{engine}: {len(polygons)} objects, {known.max()} nuclei, F1 at IoU 0.5 {f1:.4f}")
    assert f1 >= 0.9


def test_the_package_reproduces_its_test_output_with_both_weights(tegula, source):
    checks = json.loads(tegula("test", source / "demo/he_nuclei", "--json").ok().out)["checks"]
    status = {check["weights"]: check["status"] for check in checks}
    assert set(status) == {"onnx", "torchscript"}
    assert "failed" not in status.values() and "passed" in status.values()


def test_the_slide_is_a_pyramid_of_known_pixel_size(tegula, source):
    text = tegula("inspect", source / "demo/tissue.tif").ok().out
    assert "pixel size  0.5 x 0.5 µm" in text
    assert "red, green, blue" in text
    assert "level 3" in text


def test_slide_and_weights_are_small(source):
    package = source / "demo/he_nuclei"
    assert (source / "demo/tissue.tif").stat().st_size <= LARGEST_BYTES
    assert sum((package / name).stat().st_size for name in ("weights.onnx", "weights_torchscript.pt")) <= LARGEST_BYTES
