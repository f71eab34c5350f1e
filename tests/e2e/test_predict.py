"""`tegula predict` on a real slide, read back by programs that are not ours."""

import json

import numpy as np
import pytest
import shapely
import shapely.geometry
import zarr

SLIDE = "images/wsi/CMU-1-Small-Region.svs"
HEIGHT, WIDTH, PIXEL_UM = 2967, 2220, 0.499


@pytest.fixture(scope="module")
def slide_run(data, tmp_path_factory):
    from conftest import Run

    out = tmp_path_factory.mktemp("he") / "out"
    Run("predict", data / "models_made/he_nuclei_rgb", data / SLIDE, "-o", out, "--objects", "nucleus").ok()
    return out


def test_all_four_outputs_are_there_and_nothing_else(slide_run):
    assert sorted(p.name for p in slide_run.iterdir()) == ["objects.geojson", "prediction.ome.zarr", "report.html", "run.json"]


def test_zarr_python_reads_shapes_axes_and_values(slide_run):
    group = zarr.open_group(slide_run / "prediction.ome.zarr", mode="r")
    scales = group.attrs["ome"]["multiscales"][0]
    assert [axis["name"] for axis in scales["axes"]] == ["c", "y", "x"]
    level0 = group[scales["datasets"][0]["path"]]
    assert level0.shape == (3, HEIGHT, WIDTH) and level0.dtype == np.float32
    scale = scales["datasets"][0]["coordinateTransformations"][0]["scale"]
    assert scale[1:] == pytest.approx([PIXEL_UM, PIXEL_UM], rel=1e-3)
    values = level0[:, 1000:1256, 500:756]
    assert np.all(values >= 0) and np.abs(values.sum(0) - 1).max() < 1e-5
    level1 = group[scales["datasets"][1]["path"]]
    assert level1.shape == (3, (HEIGHT + 1) // 2, (WIDTH + 1) // 2)
    mean = level0[:, 1000:1256, 500:756].reshape(3, 128, 2, 128, 2).mean((2, 4))
    assert np.abs(level1[:, 500:628, 250:378] - mean).max() < 1e-6


def test_ome_zarr_py_reads_channels_and_levels(slide_run):
    from ome_zarr.io import parse_url
    from ome_zarr.reader import Reader

    node = next(iter(Reader(parse_url(str(slide_run / "prediction.ome.zarr")))()))
    assert node.data[0].shape == (3, HEIGHT, WIDTH)
    names = node.metadata.get("channel_names") or node.metadata.get("name")
    assert list(names) == ["background", "nucleus", "other_tissue"]


def test_every_polygon_is_valid_and_lies_on_the_slide(slide_run):
    collection = json.loads((slide_run / "objects.geojson").read_text())
    features = collection["features"]
    assert len(features) > 500
    whole = shapely.box(0, 0, WIDTH, HEIGHT)
    for feature in features:
        polygon = shapely.geometry.shape(feature["geometry"])
        assert polygon.is_valid and polygon.area > 0
        assert whole.covers(polygon)
        assert feature["properties"]["classification"]["name"] == "nucleus"
    assert len({feature["id"] for feature in features}) == len(features)


def test_objects_are_the_pixels_where_the_class_wins(slide_run):
    group = zarr.open_group(slide_run / "prediction.ome.zarr", mode="r")
    wins = group["0"][:].argmax(0) == 1
    polygons = [shapely.geometry.shape(f["geometry"]) for f in json.loads((slide_run / "objects.geojson").read_text())["features"]]
    assert sum(p.area for p in polygons) == wins.sum()
    tree = shapely.STRtree(polygons)
    rng = np.random.default_rng(1)
    ys, xs = rng.integers(0, HEIGHT, 20000), rng.integers(0, WIDTH, 20000)
    inside = np.zeros(len(ys), bool)
    inside[np.unique(tree.query(shapely.points(xs + 0.5, ys + 0.5), predicate="within")[0])] = True
    assert np.array_equal(inside, wins[ys, xs])


def test_the_run_record_says_what_decided_the_result(slide_run):
    record = json.loads((slide_run / "run.json").read_text())
    text = json.dumps(record)
    assert record["engine"]["precision"] == "float32"
    assert record["model"]["name"] == "HE nuclei RGB" and len(record["model"]["weights_sha256"]) == 64
    assert "5 %" in text or "0.499" in text


def test_the_report_needs_nothing_else(slide_run):
    html = (slide_run / "report.html").read_text()
    assert "data:image/png;base64," in html
    assert 'src="http' not in html and 'href="http' not in html.replace('href="https://doi.org', "")


def test_predictions_agree_between_engines(tegula, data, tmp_path):
    image = data / "images/dsb2018/2dec81a678dd.png"
    answers = []
    for engine in ("openvino", "libtorch"):
        run = tegula("predict", data / "models_made/nuclei_unet_any_size", image, "-o", tmp_path / engine, "--engine", engine, "--channels", "0")
        if run.code == 3 and engine == "libtorch":
            pytest.skip(run.err)
        run.ok()
        answers.append(zarr.open_group(tmp_path / engine / "prediction.ome.zarr", mode="r")["0"][:])
    assert np.abs(answers[0] - answers[1]).max() < 1e-4
