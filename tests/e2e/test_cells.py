"""Cells around nuclei (`--object-type cell`), beside scikit-image, SciPy, NumPy and shapely."""

import csv
import json
import signal

import numpy as np
import pytest
import shapely
import tifffile
import zarr
from scipy import ndimage
from skimage import measure, segmentation

from conftest import content
from cutting_off import PARTIAL, cut_off_when
from object_maps import HEIGHT, WIDTH, features_of, predict, smooth_noise

WORDS = ["--object-type", "cell", "--threshold", 0.62, "--min-area", "6px"]


@pytest.fixture(scope="module")
def maps():
    return np.stack([smooth_noise(1), smooth_noise(2)])


@pytest.fixture(scope="module")
def stored(maps, tmp_path_factory):
    return predict(tmp_path_factory.mktemp("stored"), maps)


def pixels_of(geometry):
    shape = shapely.geometry.shape(geometry)
    assert shape.is_valid, shapely.is_valid_reason(shape)
    y, x = np.mgrid[:HEIGHT, :WIDTH]
    mask = np.zeros((HEIGHT, WIDTH), bool)
    x0, y0, x1, y1 = (int(v) for v in shape.bounds)
    part = np.s_[max(0, y0):y1 + 1, max(0, x0):x1 + 1]
    mask[part] = shapely.contains_xy(shape, x[part] + 0.5, y[part] + 0.5)
    return mask


def labels_of(features, key):
    """Painted with their numbers; no pixel twice."""
    labels = np.zeros((HEIGHT, WIDTH), int)
    for number, feature in enumerate(features, 1):
        mask = pixels_of(feature[key])
        assert not labels[mask].any()
        labels[mask] = number
    return labels


def expanded(labels, distance, spacing=1):
    """scikit-image's expand_labels, but for ties: of all that are nearest the lowest number."""
    best, numbers = np.full(labels.shape, np.inf), np.zeros(labels.shape, int)
    for number in range(1, labels.max() + 1):
        away = ndimage.distance_transform_edt(labels != number, sampling=spacing)
        nearer = (away < best - 1e-9) & (away <= distance + 1e-9)
        best[nearer], numbers[nearer] = away[nearer], number
    return numbers


@pytest.mark.parametrize("distance", [1, 4, 11.5])
def test_cells_are_expanded_labels(tegula, stored, maps, tmp_path, distance):
    tegula("objects", stored, "-o", tmp_path / "o", "--objects", "c0", *WORDS, "--cell-expansion", f"{distance}px",
           "--object-files", "geojson,csv,labels,labels-tiff").ok()
    tegula("objects", stored, "-o", tmp_path / "n", "--objects", "c0", "--threshold", 0.62, "--min-area", "6px").ok()
    features, detections = features_of(tmp_path / "o"), features_of(tmp_path / "n")
    assert len(features) > 30
    # Nuclei are what is detected without cells, under the same ids.
    assert [(f["id"], f["nucleusGeometry"]) for f in features] == [(f["id"], f["geometry"]) for f in detections]
    nuclei, cells = labels_of(features, "nucleusGeometry"), labels_of(features, "geometry")
    assert np.array_equal(cells, expanded(nuclei, distance))
    theirs = segmentation.expand_labels(nuclei, distance)
    assert np.array_equal(theirs > 0, cells > 0)
    ties = sum(ndimage.distance_transform_edt(nuclei != n)[y, x] == ndimage.distance_transform_edt(nuclei != m)[y, x]
               for y, x in np.argwhere(theirs != cells)[:20] for n, m in [(theirs[y, x], cells[y, x])])
    assert ties == min(20, (theirs != cells).sum()), "scikit-image differs at equal distances only"
    for name, expected in [("objects", cells), ("nuclei", nuclei)]:
        group = zarr.open_group(tmp_path / f"o/{name}.ome.zarr", mode="r")
        assert np.array_equal(group["0"][:], expected)
        assert "image-label" in json.dumps(dict(group.attrs))
        assert np.array_equal(tifffile.imread(tmp_path / f"o/{name}.ome.tif"), expected)
    rows = list(csv.DictReader((tmp_path / "o/objects.csv").open()))
    for row, feature, nucleus, cell in zip(rows, features, measure.regionprops(nuclei, maps[0]), measure.regionprops(cells), strict=True):
        values = feature["properties"]["measurements"]
        assert {name: float(row[name]) for name in values} == values
        assert (values["Nucleus: Area px^2"], values["Cell: Area px^2"]) == (nucleus.area, cell.area)
        assert values["Nucleus/Cell area ratio"] == pytest.approx(nucleus.area / cell.area)
        assert values["Cell: Centroid X px"] == pytest.approx(cell.centroid[1] + 0.5)
        assert values["c0: Nucleus: Mean"] == pytest.approx(nucleus.intensity_mean, rel=1e-6)
        assert values["Class probability"] == values["c0: Nucleus: Mean"]


def test_image_is_measured_in_nucleus_cell_and_cytoplasm(tegula, stored, maps, tmp_path):
    tegula("objects", stored, "-o", tmp_path / "o", "--objects", "c0", *WORDS, "--cell-expansion", "5px", "--measure", "all").ok()
    features = features_of(tmp_path / "o")
    nuclei, cells = labels_of(features, "nucleusGeometry"), labels_of(features, "geometry")
    names = list(features[0]["properties"]["measurements"])
    channel = next(n for n in names if n.endswith(": Cell: Mean")).removesuffix(": Cell: Mean")
    assert len(names) == len(set(names))
    for number, feature in enumerate(features, 1):
        values = feature["properties"]["measurements"]
        nucleus, cell = nuclei == number, cells == number
        for part, mask in [("Nucleus", nucleus), ("Cell", cell), ("Cytoplasm", cell & ~nucleus)]:
            pixels = maps[0][mask].astype(float)
            statistics = {"Mean": np.mean, "Std.Dev.": np.std, "Min": np.min, "Max": np.max, "Sum": np.sum, "Median": np.median,
                          "Percentile 95": lambda p: np.percentile(p, 95)}
            for name, of in statistics.items():
                found = values[f"{channel}: {part}: {name}"]
                assert found == "NaN" if pixels.size == 0 else found == pytest.approx(of(pixels), rel=1e-5, abs=1e-6), (number, part, name)
        props = measure.regionprops(cell.astype(int))[0]
        assert values["Cell: Solidity"] == pytest.approx(props.solidity)
        assert values["Cell: Eccentricity"] == pytest.approx(props.eccentricity, abs=1e-6)
        assert "Cytoplasm: Area px^2" not in values and "Nearest neighbour distance px" in values


def test_cells_do_not_depend_on_tiles_or_workers(tegula, stored, tmp_path):
    words = ["--objects", "c0", *WORDS, "--cell-expansion", "9px", "--measure", "all", "--object-files", "geojson,csv"]
    tegula("objects", stored, "-o", tmp_path / "o", *words).ok()
    expected = (tmp_path / "o/objects.geojson").read_bytes(), (tmp_path / "o/objects.csv").read_bytes()
    for tile, threads in [(64, 1), (257, 8)]:
        out = tmp_path / f"p{tile}"
        tegula("predict", stored.parent / "model", stored.parent / "image.ome.tif", "-o", out, "--tile", tile, "--threads", threads, *words).ok()
        assert ((out / "objects.geojson").read_bytes(), (out / "objects.csv").read_bytes()) == expected


@pytest.mark.parametrize("tolerance", [None, "0.45px"])
def test_nuclei_lie_within_cells_which_never_overlap(tegula, stored, tmp_path, tolerance):
    tegula("objects", stored, "-o", tmp_path / "o", "--objects", "all", "--threshold", 0.55, "--overlaps", "never", "--object-type", "cell",
           "--cell-expansion", "3px", *(["--simplify", tolerance] if tolerance else [])).ok()
    features = features_of(tmp_path / "o")
    assert {f["properties"]["classification"]["name"] for f in features} == {"c0", "c1"}
    cells = [shapely.geometry.shape(f["geometry"]) for f in features]
    image = shapely.box(0, 0, WIDTH, HEIGHT)
    for feature, cell in zip(features, cells):
        nucleus = shapely.geometry.shape(feature["nucleusGeometry"])
        assert cell.is_valid and nucleus.is_valid and cell.covers(nucleus) and image.covers(cell)
    tree = shapely.STRtree(cells)
    for a, b in tree.query(cells, predicate="intersects").T:
        assert a == b or cells[a].intersection(cells[b]).area < 1e-9
    points = shapely.get_coordinates(cells)
    assert (points % 1 != 0).any() == bool(tolerance), "simplified lines run between middles of edges"


def test_cells_survive_classify_and_measure(tegula, stored, tmp_path):
    tegula("objects", stored, "-o", tmp_path / "o", "--objects", "c0", *WORDS, "--cell-expansion", "6px").ok()
    before = features_of(tmp_path / "o")
    tegula("classify", stored, "--objects", tmp_path / "o/objects.geojson", "-o", tmp_path / "c.geojson").ok()
    after = json.loads((tmp_path / "c.geojson").read_text())["features"]
    for one, other in zip(before, after, strict=True):
        one["properties"].pop("classification"), other["properties"].pop("classification", None)
        assert one == other
    square = {"type": "FeatureCollection", "features": [{"type": "Feature", "properties": {"objectType": "annotation"}, "geometry": {
        "type": "Polygon", "coordinates": [[[0, 0], [100, 0], [100, 100], [0, 100], [0, 0]]]}}]}
    (tmp_path / "square.geojson").write_text(json.dumps(square))
    tegula("measure", stored, "--annotations", tmp_path / "square.geojson", "--objects", tmp_path / "o/objects.geojson", "-o", tmp_path / "m").ok()
    measured = json.loads(next((tmp_path / "m").glob("*.geojson")).read_text())["features"][0]["properties"]["measurements"]
    inside = sum(shapely.geometry.shape(f["nucleusGeometry"]).centroid.within(shapely.box(0, 0, 100, 100)) for f in before)
    assert [v for name, v in measured.items() if name.endswith("Num Detections")] == [inside]


def test_a_run_that_was_cut_off_while_it_wrote_labels_goes_on(tegula, tmp_path):
    stored = predict(tmp_path, smooth_noise(4, 1500, 1500)[None])
    out = tmp_path / "run"
    command = ["predict", stored.parent / "model", stored.parent / "image.ome.tif", "-o", out, "--objects", "all", *WORDS, "--object-files", "labels"]
    code, _ = cut_off_when(lambda: (out / PARTIAL / "objects.ome.zarr/zarr.json").exists(), command)
    assert code == -signal.SIGKILL and (out / PARTIAL / "objects.ome.zarr").exists()
    tegula(*command).ok()
    tegula("objects", stored, "-o", tmp_path / "o", *WORDS, "--object-files", "labels").ok()
    for name in ("objects.ome.zarr", "nuclei.ome.zarr"):
        assert content(out / name) == content(tmp_path / "o" / name)


@pytest.mark.parametrize("words, says", [
    (["--cell-expansion", "5px"], "--cell-expansion is for cells: add --object-type cell"),
    (["--object-type", "cell", "--cell-expansion", "0"], "--cell-expansion 0 leaves nuclei as they are"),
    (["--object-type", "cell", "--cell-expansion", "5um"], "pixel size"),
    (["--object-type", "cell", "--cell-expansion", "0.5px"], "cells can reach 1 to 512 beyond their nuclei"),
    (["--object-type", "cell", "--cell-expansion", "600px"], "is 600 pixels of the map"),
    (["--object-type", "cell", "--cell-expansion", "wide"], "--cell-expansion wide"),
    (["--object-type", "cell", "--threshold", "0.5"], "add --overlaps never"),
    (["--object-type", "cell", "--fill-holes", "50px"], "name one class with --objects"),
])
def test_what_makes_no_cells_is_refused(tegula, stored, tmp_path, words, says):
    run = tegula("objects", stored, "-o", tmp_path / "o", *words)
    assert run.code != 0 and says in run.err and not (tmp_path / "o/objects.geojson").exists()
