"""What is measured of objects, beside scikit-image: the same mask, the same numbers."""

import json

import numpy as np
import pytest
import tifffile
import zarr
from PIL import Image
from scipy.spatial import cKDTree
from skimage.measure import label, regionprops

NAMES = ["2dec81a678dd", "45cc00f2ef95"]
RADIUS = 40

# Measurement -> the same of scikit-image's regionprops.
SHAPE = {
    "Area px^2": lambda r: r.area,
    "Centroid X px": lambda r: r.centroid[1] + 0.5,
    "Centroid Y px": lambda r: r.centroid[0] + 0.5,
    "Box X px": lambda r: r.bbox[1],
    "Box Y px": lambda r: r.bbox[0],
    "Box width px": lambda r: r.bbox[3] - r.bbox[1],
    "Box height px": lambda r: r.bbox[2] - r.bbox[0],
    "Perimeter px": lambda r: r.perimeter,
    "Perimeter (Crofton) px": lambda r: r.perimeter_crofton,
    "Equivalent diameter px": lambda r: r.equivalent_diameter_area,
    "Major axis px": lambda r: r.axis_major_length,
    "Minor axis px": lambda r: r.axis_minor_length,
    "Eccentricity": lambda r: r.eccentricity,
    "Convex area px^2": lambda r: r.area_convex,
    "Solidity": lambda r: r.solidity,
    "Max diameter px": lambda r: r.feret_diameter_max,
}
INTENSITY = {
    "Mean": np.mean,
    "Std.Dev.": np.std,
    "Min": np.min,
    "Max": np.max,
    "Sum": np.sum,
    "Median": np.median,
    "Percentile 10": lambda v: np.percentile(v, 10),
    "Percentile 97.5": lambda v: np.percentile(v, 97.5),
}


@pytest.fixture(scope="module", params=NAMES)
def run(data, tmp_path_factory, request):
    from conftest import Run

    out = tmp_path_factory.mktemp("measured") / "out"
    image = data / f"images/dsb2018/{request.param}.png"
    Run("predict", data / "models_made/nuclei_unet_any_size", image, "-o", out, "--channels", "0", "--objects", "all", "--measure", "all",
        "--percentiles", "10,97.5", "--neighbour-radius", f"{RADIUS}px").ok()
    features = json.loads((out / "objects.geojson").read_text())["features"]
    probability = zarr.open_group(out / "prediction.ome.zarr", mode="r")["0"][0]
    pixels = np.asarray(Image.open(image).convert("RGB"))
    return [f["properties"]["measurements"] for f in features], probability, pixels


def test_shapes_are_scikit_images(run):
    measured, probability, _ = run
    regions = regionprops(label(probability >= 0.5, connectivity=1))
    assert len(measured) == len(regions) > 10
    for values, region in zip(measured, regions):
        for name, expected in SHAPE.items():
            assert values[name] == pytest.approx(float(expected(region)), rel=1e-9, abs=1e-9), name
        if region.eccentricity > 0.1:
            assert values["Orientation rad"] == pytest.approx(region.orientation, abs=1e-9)
        assert values["Circularity"] == pytest.approx(4 * np.pi * region.area / region.perimeter_crofton**2)


def test_intensities_are_numpys(run):
    measured, probability, pixels = run
    labels = label(probability >= 0.5, connectivity=1)
    for index, values in enumerate(measured):
        mask = labels == index + 1
        channels = {"probability": probability[mask]} | {name: pixels[mask][:, i] for i, name in enumerate(("red", "green", "blue"))}
        for channel, numbers in channels.items():
            for what, function in INTENSITY.items():
                expected = float(function(numbers.astype(np.float64)))
                assert values[f"{channel}: {what}"] == pytest.approx(expected, rel=1e-9, abs=1e-9), (channel, what)
        assert values["Class probability"] == values["probability: Mean"]


def test_neighbours_are_those_of_a_search_tree(run):
    measured, _, _ = run
    centroids = np.array([[v["Centroid Y px"], v["Centroid X px"]] for v in measured])
    tree = cKDTree(centroids)
    nearest = tree.query(centroids, 2)[0][:, 1]
    assert [v["Nearest neighbour distance px"] for v in measured] == pytest.approx(nearest)
    within = [len(found) - 1 for found in tree.query_ball_point(centroids, RADIUS)]
    assert [v[f"Neighbours within {RADIUS} px"] for v in measured] == within


def test_only_what_is_asked_for_is_measured_and_in_the_units_of_the_image(tegula, data, tmp_path):
    image = tmp_path / "image.tif"
    pixels = np.asarray(Image.open(data / "images/dsb2018/2dec81a678dd.png").convert("L"))[:128, :128]
    tifffile.imwrite(image, pixels, resolution=(1e4 / 0.25, 1e4 / 0.25), resolutionunit="CENTIMETER")
    words = ["predict", data / "models_made/nuclei_unet_any_size", image, "--objects", "all", "-o"]
    tegula(*words, tmp_path / "basic").ok()
    found = json.loads((tmp_path / "basic/objects.geojson").read_text())["features"]
    assert set(found[0]["properties"]["measurements"]) == {
        "Area µm^2", "Centroid X µm", "Centroid Y µm", "Box X µm", "Box Y µm", "Box width µm", "Box height µm", "Class probability", "probability: Mean"}
    tegula(*words, tmp_path / "shape", "--measure", "shape", "--min-area", "5um2").ok()
    larger = json.loads((tmp_path / "shape/objects.geojson").read_text())["features"]
    assert len(larger) == sum(f["properties"]["measurements"]["Area µm^2"] >= 5 for f in found)
    assert "Perimeter µm" in larger[0]["properties"]["measurements"]
    assert "probability: Median" not in larger[0]["properties"]["measurements"]


@pytest.mark.parametrize("words,says", [
    (["--measure", "colour"], "basic, shape, intensity, neighbours and all"),
    (["--percentiles", "5,101", "--measure", "all"], "101 is no percentile"),
    (["--min-area", "20um2"], "say it in pixels"),
    (["--min-area", "many"], "20um2 or 50px"),
])
def test_what_cannot_be_measured_is_refused(tegula, data, tmp_path, words, says):
    run = tegula("predict", data / "models_made/nuclei_unet_any_size", data / "images/dsb2018/2dec81a678dd.png", "--channels", "0",
                 "-o", tmp_path / "out", "--objects", "all", *words)
    assert run.code != 0 and says in run.err
    assert not (tmp_path / "out").exists()
