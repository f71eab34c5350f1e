"""`tegula objects`, and what can be asked about objects, beside scikit-image, SciPy and shapely."""

import csv
import json
import pathlib

import numpy as np
import pytest
import shapely
import tifffile
import zarr
from scipy import ndimage
from skimage import measure, morphology

from identity_model import write_model
from object_maps import HEIGHT, WIDTH, features_of, labels_of, mask_of, predict, smooth_noise


@pytest.fixture(scope="module")
def maps():
    return np.stack([smooth_noise(1), smooth_noise(2), smooth_noise(3)])


@pytest.fixture(scope="module")
def stored(maps, tmp_path_factory):
    return predict(tmp_path_factory.mktemp("stored"), maps)


@pytest.fixture(scope="module")
def stored_one(maps, tmp_path_factory):
    return predict(tmp_path_factory.mktemp("stored_one"), maps[:1])


@pytest.mark.parametrize("connectivity", [4, 8])
def test_objects_are_scikit_images_labels(tegula, stored_one, maps, tmp_path, connectivity):
    tegula("objects", stored_one, "-o", tmp_path / "o", "--connectivity", connectivity, "--threshold", 0.55,
           "--object-files", "geojson,csv,labels,labels-tiff").ok()
    expected = measure.label(maps[0] >= np.float64(0.55), connectivity=connectivity // 4)
    features = features_of(tmp_path / "o")
    assert np.array_equal(labels_of(features), expected)
    # The same numbers as an image, and the same measurements as a table.
    image = zarr.open_group(tmp_path / "o/objects.ome.zarr", mode="r")
    assert np.array_equal(image["0"][:], expected)
    assert "image-label" in json.dumps(dict(image.attrs))
    assert np.array_equal(tifffile.imread(tmp_path / "o/objects.ome.tif"), expected)
    rows = list(csv.DictReader((tmp_path / "o/objects.csv").open()))
    assert [row["Object ID"] for row in rows] == [feature["id"] for feature in features]
    assert [int(row["Number"]) for row in rows] == list(range(1, len(rows) + 1))
    for row, feature in zip(rows, features):
        assert row["Class"] == "c0" == feature["properties"]["classification"]["name"]
        assert {name: float(row[name]) for name in feature["properties"]["measurements"]} == feature["properties"]["measurements"]
    for feature, region in zip(features, measure.regionprops(expected, maps[0])):
        values = feature["properties"]["measurements"]
        assert values["Area px^2"] == region.area
        assert (values["Centroid Y px"], values["Centroid X px"]) == pytest.approx(np.add(region.centroid, 0.5))
        assert values["c0: Mean"] == pytest.approx(region.intensity_mean, rel=1e-6)
        assert (values["Box Y px"], values["Box X px"]) == region.bbox[:2]
    summary = list(csv.DictReader((tmp_path / "o/summary.csv").open()))
    assert [(int(row["Objects"]), int(row["Num c0"]), float(row["c0 area px^2"])) for row in summary] == [
        (len(features), len(features), float((expected > 0).sum()))]


def test_objects_are_those_that_predict_makes(tegula, stored, maps, tmp_path):
    """Ids, outlines and numbers, of a prediction in other tiles and with other numbers of workers."""
    words = ["--objects", "all", "--threshold", "0.55,c1=0.5", "--split", "seeds", "--measure", "all", "--min-area", "9px",
             "--smooth", "1px", "--fill-holes", "20px", "--object-files", "geojson,csv"]
    tegula("objects", stored, "-o", tmp_path / "o", *words).ok()
    expected = (tmp_path / "o/objects.geojson").read_bytes(), (tmp_path / "o/objects.csv").read_bytes()
    assert len(expected[0]) > 100_000
    image = stored.parent / "image.ome.tif"
    for tile, threads in [(64, 1), (257, 2), (1024, 8)]:
        out = tmp_path / f"p{tile}"
        tegula("predict", stored.parent / "model", image, "-o", out, "--tile", tile, "--threads", threads, *words).ok()
        assert ((out / "objects.geojson").read_bytes(), (out / "objects.csv").read_bytes()) == expected
        tegula("objects", out, "-o", tmp_path / f"o{tile}", "--threads", threads, *words).ok()
        assert (tmp_path / f"o{tile}/objects.geojson").read_bytes() == expected[0]


def test_classes_overlap_by_thresholds_of_their_own_or_the_largest_counts(tegula, stored, maps, tmp_path):
    words = ["--threshold", "0.5,c1=0.6,2=0.45"]
    thresholds = np.array([0.5, 0.6, 0.45])[:, None, None]
    tegula("objects", stored, "-o", tmp_path / "keep", *words).ok()
    tegula("objects", stored, "-o", tmp_path / "never", *words, "--overlaps", "never").ok()
    tegula("objects", stored, "-o", tmp_path / "argmax", "--objects", "c1").ok()
    reached = maps.astype(float) >= thresholds
    largest = maps.argmax(0)
    alone = (largest == np.arange(3)[:, None, None]) & reached
    for folder, expected in [("keep", reached), ("never", alone)]:
        features = features_of(tmp_path / folder)
        for channel in range(3):
            of_class = [f for f in features if f["properties"]["classification"]["name"] == f"c{channel}"]
            assert np.array_equal(labels_of(of_class) > 0, expected[channel])
            assert len(of_class) == measure.label(expected[channel], connectivity=1).max()
    assert np.array_equal(labels_of(features_of(tmp_path / "argmax")) > 0, largest == 1)


def test_smoothing_holes_and_small_objects(tegula, stored_one, maps, tmp_path):
    smooth = ndimage.gaussian_filter(maps[0].astype(float), 1.5, mode="nearest")
    assert np.abs(smooth - 0.5).min() > 1e-7, "no pixel that rounding decides"
    tegula("objects", stored_one, "-o", tmp_path / "s", "--smooth", "1.5px").ok()
    assert np.array_equal(labels_of(features_of(tmp_path / "s")), measure.label(smooth >= 0.5, connectivity=1))
    tegula("objects", stored_one, "-o", tmp_path / "h", "--fill-holes", "60px", "--min-area", "40px").ok()
    around = np.pad(maps[0] >= 0.5, 60)  # what is open to the edge of the image is no hole
    filled = morphology.remove_small_holes(around, max_size=59, connectivity=1)[60:-60, 60:-60]
    expected = morphology.remove_small_objects(measure.label(filled, connectivity=1), max_size=39, connectivity=1)
    assert np.array_equal(labels_of(features_of(tmp_path / "h")) > 0, expected > 0)


def test_what_touches_the_edge_is_kept_or_dropped(tegula, stored_one, maps, tmp_path):
    from skimage.segmentation import clear_border
    kept = tegula("objects", stored_one, "-o", tmp_path / "k", "--json").ok()
    dropped = tegula("objects", stored_one, "-o", tmp_path / "d", "--border-objects", "drop", "--json").ok()
    labels = measure.label(maps[0] >= 0.5, connectivity=1)
    inner = clear_border(labels)
    assert np.array_equal(labels_of(features_of(tmp_path / "d")) > 0, inner > 0)
    cut = labels.max() - len(np.unique(inner)) + 1
    assert f"{cut} objects are cut by the image's edge" in json.loads(kept.out)[0]["notes"]
    assert f"{cut} objects touch the edge and are left out" in json.loads(dropped.out)[0]["notes"]


def test_objects_that_touch_are_taken_apart(tegula, tmp_path):
    y, x = np.mgrid[:120, :200]
    discs = [(60, 45, 20), (60, 80, 20), (30, 150, 22), (70, 150, 24)]
    inside = [(y - cy) ** 2 + (x - cx) ** 2 <= r * r for cy, cx, r in discs]
    union = np.any(inside, 0).astype("float32")
    seeds = np.any([(y - cy) ** 2 + (x - cx) ** 2 <= 16 for cy, cx, _ in discs], 0).astype("float32")
    stored = predict(tmp_path, np.stack([union, seeds]))
    for name, words in {"none": [], "distance": ["--split", "distance"], "seeds": ["--split", "seeds=c1"]}.items():
        tegula("objects", stored, "-o", tmp_path / name, "--objects", "c0", "--threshold", 0.5, *words).ok()
    assert len(features_of(tmp_path / "none")) == 2
    for name in ("distance", "seeds"):
        features = features_of(tmp_path / name)
        assert len(features) == 4
        masks = [mask_of(f, 120, 200) for f in features]
        assert np.array_equal(np.sum(masks, 0), union), "every pixel in one object"
        for (cy, cx, _), disc in zip(discs, inside):
            best = max(masks, key=lambda m: (m & disc).sum())
            assert best[cy, cx] and (best & disc).sum() / (best | disc).sum() > 0.9


@pytest.mark.parametrize("tolerance", [0.36, 0.49])
def test_simplified_outlines_keep_their_pixels_and_their_neighbours(tegula, stored, maps, tmp_path, tolerance):
    for name, words in {"exact": [], "simple": ["--simplify", f"{tolerance}px"]}.items():
        tegula("objects", stored, "-o", tmp_path / name, *words).ok()
    exact, simple = features_of(tmp_path / "exact"), features_of(tmp_path / "simple")
    assert [f["id"] for f in exact] == [f["id"] for f in simple]
    corners = covered = 0
    shapes = []
    for a, b in zip(exact, simple):
        assert a["properties"] == b["properties"], "measured on the exact outlines"
        assert np.array_equal(mask_of(a), mask_of(b))
        one, other = (shapely.geometry.shape(f["geometry"]) for f in (a, b))
        assert one.boundary.hausdorff_distance(other.boundary) <= tolerance + 1e-9
        corners += shapely.get_num_coordinates(one)
        covered += shapely.get_num_coordinates(other)
        shapes.append(other)
    assert covered < corners
    # All pixels are of a class, so neighbours leave neither gaps nor overlaps between them.
    inner = shapely.geometry.box(1, 1, WIDTH - 1, HEIGHT - 1)
    assert shapely.union_all(shapes).intersection(inner).area == pytest.approx(inner.area, abs=1e-6)
    tree = shapely.STRtree(shapes)
    for i, j in tree.query(shapes, predicate="intersects").T:
        if i < j:
            assert shapes[i].intersection(shapes[j]).area < 1e-9


def test_simplified_outlines_of_noise_are_valid(tegula, tmp_path):
    """Regions that touch themselves and others everywhere, and overlap those of other classes."""
    noise = np.stack([smooth_noise(seed, 150, 170, 0.7) for seed in (4, 5)])
    stored = predict(tmp_path, noise)
    for connectivity in (4, 8):
        tegula("objects", stored, "-o", tmp_path / f"{connectivity}", "--threshold", 0.45, "--simplify", "0.49px",
               "--connectivity", connectivity).ok()
        features = features_of(tmp_path / f"{connectivity}")
        masks = {"c0": np.zeros((150, 170), bool), "c1": np.zeros((150, 170), bool)}
        for feature in features:
            masks[feature["properties"]["classification"]["name"]] |= mask_of(feature, 150, 170)
        assert np.array_equal(np.stack(list(masks.values())), noise >= np.float64(0.45))


def test_several_predictions_go_into_one_table_and_a_failure_stops_none(tegula, stored_one, stored, tmp_path):
    run = tegula("objects", stored_one, tmp_path / "nothing", stored, "-o", tmp_path / "all", "--min-area", "30px", "--json")
    assert run.code == 1
    rows = json.loads(run.out)
    assert [bool(row["error"]) for row in rows] == [False, True, False]
    assert "run.json" in rows[1]["error"]
    assert [len(row["classes"]) for row in rows] == [1, 0, 3]
    assert {row["folder"] for row in rows} == {str(tmp_path / "all/out"), "", str(tmp_path / "all/out-2")}
    table = list(csv.DictReader((tmp_path / "all/summary.csv").open()))
    assert [row["Result"] for row in table] == ["done", "failed", "done"]
    assert [row["Num c1"] for row in table][:2] == ["", ""] and int(table[2]["Num c1"]) > 0
    assert "run.json" in table[1]["Reason"]
    again = tegula("objects", stored_one, "-o", tmp_path / "all")
    assert again.code != 0 and "--overwrite" in again.err
    tegula("objects", stored_one, "-o", tmp_path / "all", "--overwrite").ok()


def test_several_images_go_into_one_table(tegula, maps, tmp_path):
    test = np.zeros((64, 64), "float32")
    model = write_model(tmp_path / "model", test, test)
    for name, values in {"a": maps[0], "b": maps[1]}.items():
        tifffile.imwrite(tmp_path / f"{name}.tif", values)
    (tmp_path / "broken.tif").write_bytes(b"II*\0")
    images = [tmp_path / f"{name}.tif" for name in ("a", "broken", "b")]
    for _ in range(2):  # the second time all is done
        assert tegula("predict", model, *images, "-o", tmp_path / "out", "--objects", "all").code != 0
        rows = list(csv.DictReader((tmp_path / "out/summary.csv").open()))
        assert [pathlib.Path(row["Image"]).name for row in rows] == ["a.tif", "broken.tif", "b.tif"]
        assert rows[1]["Reason"] and not rows[0]["Reason"]
        for row, values in zip(rows[::2], maps):
            assert int(row["Objects"]) == measure.label(values >= 0.5, connectivity=1).max()
            assert float(next(row[name] for name in row if name.endswith("area px^2"))) == (values >= 0.5).sum()
    tegula("objects", tmp_path / "out", "-o", tmp_path / "again").ok()
    table = list(csv.DictReader((tmp_path / "again/summary.csv").open()))
    assert [row["Objects"] for row in table] == [rows[0]["Objects"], rows[2]["Objects"]]


def test_classes_that_are_ignored_make_no_objects(tegula, maps, tmp_path):
    stored = predict(tmp_path, maps[:2])
    tegula("objects", stored, "-o", tmp_path / "all").ok()
    assert {f["properties"]["classification"]["name"] for f in features_of(tmp_path / "all")} == {"c0", "c1"}
    for file in (stored / "prediction.ome.zarr/zarr.json",):
        file.write_text(file.read_text().replace('"c0"', '"c0*"'))
    run = tegula("objects", stored, "-o", tmp_path / "some", "--json").ok()
    assert {f["properties"]["classification"]["name"] for f in features_of(tmp_path / "some")} == {"c1"}
    assert any("c0*" in note for note in json.loads(run.out)[0]["notes"])


@pytest.mark.parametrize("words,says", [
    (["--threshold", "high"], "nucleus=0.5"),
    (["--threshold", "c7=0.5"], "no channel c7"),
    (["--threshold", "0.5,0.6"], "two thresholds"),
    (["--overlaps", "never"], "without --threshold"),
    (["--split", "somehow"], "seeds=CHANNEL"),
    (["--split", "seeds=9"], "no channel 9"),
    (["--split-depth", "2px"], "--split"),
    (["--split", "seeds", "--split-depth", "deep"], "positive number"),
    (["--smooth", "2um"], "say it in pixels"),
    (["--simplify", "2px"], "0.495"),
    (["--simplify", "0.1px"], "0.36"),
    (["--object-files", "shp"], "labels-tiff"),
    (["--fill-holes", "-3px"], "--fill-holes"),
])
def test_what_makes_no_sense_is_refused_before_anything_is_written(tegula, stored, tmp_path, words, says):
    run = tegula("objects", stored, "-o", tmp_path / "out", *words)
    assert run.code != 0 and says in run.err, run.err
    assert not (tmp_path / "out").exists()


def test_ground_truths_have_the_numbers_of_scikit_image(tegula, data, tmp_path):
    """Masks of nuclei as maps: areas, centroids, counts, and the same pixels back from outlines that are all valid."""
    truths = sorted((data / "images/dsb2018").glob("*_labels.tif"))
    assert len(truths) >= 10
    test = np.zeros((64, 64), "float32")
    model = write_model(tmp_path / "model", test, test)
    images, masks = [], []
    for truth in truths:
        masks.append(tifffile.imread(truth) > 0)
        images.append(tmp_path / truth.name)
        tifffile.imwrite(images[-1], masks[-1].astype("float32"))
    tegula("predict", model, *images, "-o", tmp_path / "stored").ok()
    folders = [tmp_path / "stored" / image.stem for image in images]
    tegula("objects", *folders, "-o", tmp_path / "objects", "--measure", "shape").ok()
    count = 0
    for image, mask in zip(images, masks):
        expected = measure.label(mask, connectivity=1)
        regions = measure.regionprops(expected)
        features = features_of(tmp_path / "objects" / image.stem)
        assert len(features) == len(regions) == expected.max()
        count += len(features)
        again = np.zeros(mask.shape, int)
        for number, (feature, region) in enumerate(zip(features, regions)):
            again[mask_of(feature, *mask.shape)] = number + 1
            values = feature["properties"]["measurements"]
            assert values["Area px^2"] == region.area
            assert (values["Centroid Y px"], values["Centroid X px"]) == pytest.approx(np.add(region.centroid, 0.5), rel=1e-12)
            assert values["Holes"] == len(shapely.geometry.shape(feature["geometry"]).interiors)
        assert np.array_equal(again, expected)
    table = list(csv.DictReader((tmp_path / "objects/summary.csv").open()))
    assert sum(int(row["Objects"]) for row in table) == count > 300
