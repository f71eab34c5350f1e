"""A part that is asked for is what it is without, the rest is not made; beside shapely, SciPy and scikit-image."""

import json
import subprocess
import sys

import conftest
import numpy as np
import pytest
import scipy.ndimage
import shapely
import shapely.geometry
import skimage.filters
import skimage.measure
import skimage.morphology
import tifffile
import zarr
from conftest import content
from cutting_off import cut_off
from identity_model import write_model

# A square with a hole and an island in it, a part that leaves the image, and one that is outside. No edge meets a pixel's
# centre.
SHAPES = {"type": "FeatureCollection", "features": [
    {"type": "Feature", "properties": {"objectType": "annotation"}, "geometry": {"type": "MultiPolygon", "coordinates": [
        [[[120.2, 90.2], [420.3, 95.7], [400.1, 380.3], [100.9, 350.1], [120.2, 90.2]],
         [[180.2, 150.2], [180.3, 300.1], [340.3, 300.2], [330.9, 140.3], [180.2, 150.2]]],
        [[[220.2, 200.2], [260.1, 200.3], [240.2, 240.3], [220.2, 200.2]]]]}},
    {"type": "Feature", "properties": {}, "geometry": {"type": "Polygon", "coordinates": [
        [[900.2, 700.3], [1300.1, 650.2], [1250.3, 1200.1], [950.2, 860.3], [900.2, 700.3]]]}},
    {"type": "Feature", "properties": {}, "geometry": {"type": "Polygon", "coordinates": [
        [[-500, -500], [-400, -500], [-400, -400], [-500, -500]]]}}]}
FLUO = ["--border", "network", "--context", 48, "--tile", 256]


def level0(folder):
    return np.asarray(zarr.open_group(folder, mode="r")["0"])


def inside(shape, centre_y, centre_x):
    """Which pixels of a grid lie in the areas, by the positions of its rows and columns of centres."""
    areas = shapely.union_all([shapely.geometry.shape(f["geometry"]).buffer(0) for f in shape["features"]])
    return shapely.contains_xy(areas, *np.meshgrid(centre_x, centre_y))


def rectangle(x, y, width, height):
    return {"features": [{"geometry": shapely.geometry.mapping(shapely.box(x, y, x + width, y + height))}]}


def centres(size, first=0.5, step=1.0):
    return first + np.arange(size) * step


def record(folder):
    return json.loads((folder / "run.json").read_text())


def check_store(source, folder, mask):
    """Chunks are there exactly where the mask is, and the pyramid follows."""
    array = zarr.open_group(folder, mode="r")["0"]
    height, width = array.chunks[-2:]
    places = {tuple(int(part) for part in path.relative_to(folder / "0/c").parts[-2:])
              for path in (folder / "0/c").rglob("*") if path.is_file()}
    assert places == {(y // height, x // width) for y, x in np.argwhere(mask)}
    check = subprocess.run([sys.executable, source / "tests/python/check_zarr.py", folder], capture_output=True, text=True)
    assert check.returncode == 0, check.stdout + check.stderr


@pytest.fixture(scope="module")
def image(data, tmp_path_factory):
    """A real image, mirrored to 900 x 1100, whose percentiles are not those of its parts."""
    pixels = tifffile.imread(data / "images/fluorescence/stardist_img2d.tif")
    pixels = np.pad(pixels, [(0, 900 - 512), (0, 1100 - 512)], mode="symmetric")
    pixels[:300] //= 2
    path = tmp_path_factory.mktemp("image") / "image.tif"
    tifffile.imwrite(path, pixels)
    return path


@pytest.fixture(scope="module")
def shapes(tmp_path_factory):
    path = tmp_path_factory.mktemp("shapes") / "shapes.geojson"
    path.write_text(json.dumps(SHAPES))
    return path


@pytest.fixture(scope="module")
def whole(data, image, tmp_path_factory):
    out = tmp_path_factory.mktemp("whole") / "out"
    conftest.Run("predict", data / "models_made/nuclei_fluo_globalnorm", image, "-o", out, *FLUO).ok()
    return out


def test_inside_is_what_it_is_without_and_the_rest_is_not_made(tegula, data, source, image, shapes, whole, tmp_path):
    out = tmp_path / "out"
    tegula("predict", data / "models_made/nuclei_fluo_globalnorm", image, "-o", out, "--region", shapes, "--region",
           "700,20,90,33", "--format", "ome-zarr,ome-tiff", *FLUO).ok()
    mask = inside(SHAPES, centres(900), centres(1100)) | inside(rectangle(700, 20, 90, 33), centres(900), centres(1100))
    part, full = level0(out / "prediction.ome.zarr")[0], level0(whole / "prediction.ome.zarr")[0]
    assert np.array_equal(part[mask], full[mask])
    assert np.isnan(part[~mask]).all() and 0.05 < mask.mean() < 0.5
    check_store(source, out / "prediction.ome.zarr", mask)
    assert np.array_equal(tifffile.imread(out / "prediction.ome.tif").squeeze(), part, equal_nan=True)
    # Windows are those of the whole, but fewer of them.
    ours, all_of_it = record(out), record(whole)
    assert ours["tiles"]["axes"] == all_of_it["tiles"]["axes"] and all_of_it["tiles"]["skipped"] == 0
    assert ours["tiles"]["windows"] + ours["tiles"]["skipped"] == all_of_it["tiles"]["windows"]
    assert 0 < ours["tiles"]["windows"] < all_of_it["tiles"]["windows"]
    assert ours["statistics"] == all_of_it["statistics"]
    assert any("of the whole image, not of the region" in note for note in ours["notes"])
    assert ours["region"]["area_px"] == mask.sum() and ours["region"]["share"] == pytest.approx(mask.mean())
    assert ours["region"]["asked"] == [str(shapes), "700,20,90,33"] and all_of_it["region"] is None


def test_objects_are_those_of_the_region_and_what_it_cuts_is_counted(tegula, data, image, shapes, tmp_path):
    out = tmp_path / "out"
    tegula("predict", data / "models_made/nuclei_fluo_globalnorm", image, "-o", out, "--region", shapes, "--objects",
           "all", *FLUO).ok()
    mask = inside(SHAPES, centres(900), centres(1100))
    labels = skimage.measure.label(np.nan_to_num(level0(out / "prediction.ome.zarr")[0]) >= 0.5, connectivity=1)
    edge = mask & ~scipy.ndimage.binary_erosion(mask, border_value=1)
    touching = len(set(np.unique(labels[edge])) - {0})
    ours = record(out)
    assert ours["objects"][0]["count"] == labels.max() and touching > 10
    assert ours["warnings"] == [f"{touching} objects touch the edge of the region and may be cut by it."]
    assert f"{touching} objects touch the edge of the region" in (out / "report.html").read_text()


def test_outputs_of_other_scales_are_clipped_on_their_own_grids(tegula, data, tmp_path):
    random = np.random.default_rng(7)
    np.save(tmp_path / "image.npy", random.random((1, 296, 208), "f4"))
    np.save(tmp_path / "context.npy", random.random((2, 148, 104), "f4"))
    shape = {"type": "FeatureCollection", "features": [{"type": "Feature", "properties": {}, "geometry": {
        "type": "Polygon", "coordinates": [[[20.3, 30.4], [130.2, 30.3], [90.1, 170.4], [20.3, 30.4]]]}}]}
    (tmp_path / "shape.geojson").write_text(json.dumps(shape))
    words = ["predict", data / "models_made/multi_io", tmp_path / "image.npy", "--input",
             f"context={tmp_path}/context.npy", "--tile", 96]
    tegula(*words, "-o", tmp_path / "whole").ok()
    tegula(*words, "-o", tmp_path / "part", "--region", tmp_path / "shape.geojson").ok()
    for output, scale in (("superres", 2), ("density", 0.25)):
        part, full = (level0(tmp_path / name / f"{output}.ome.zarr") for name in ("part", "whole"))
        multiscale = zarr.open_group(tmp_path / f"part/{output}.ome.zarr", mode="r").attrs["ome"]["multiscales"][0]
        first = multiscale["datasets"][0]["coordinateTransformations"][1]["translation"][-2:]
        mask = inside(shape, *(centres(size, 0.5 + at, 1 / scale) for size, at in zip(part.shape[-2:], first)))
        assert mask.any() and not mask.all()
        assert np.array_equal(part[:, mask], full[:, mask]) and np.isnan(part[:, ~mask]).all()


@pytest.mark.parametrize("model, words", [("nuclei_fluo_globalnorm", ["--z", "3:6", "--context", 48]),
                                          ("nuclei3d", ["--level", 0, "--z", "10:22", "--tile", "z=32,y=100,x=100", "--context", "z=10,y=24,x=24"])])
def test_a_region_is_one_of_every_plane(tegula, data, tmp_path, model, words):
    command = ["predict", data / "models_made" / model, data / "images/3d/neubias_xyz_8bit__chromosomes.tif", *words]
    tegula(*command, "-o", tmp_path / "whole").ok()
    tegula(*command, "-o", tmp_path / "part", "--region", "100,10,60,20").ok()
    part, full = (level0(tmp_path / name / "prediction.ome.zarr")[0] for name in ("part", "whole"))
    assert part.shape[1:] == (152, 126)
    assert np.array_equal(part[:, 10:30, 100:], full[:, 10:30, 100:])
    assert np.isfinite(part).sum() == part.shape[0] * 20 * 26
    if model == "nuclei3d":
        assert record(tmp_path / "part")["tiles"]["windows"] < record(tmp_path / "whole")["tiles"]["windows"]


def test_a_patch_is_asked_for_by_its_centre(tegula, data, tmp_path):
    words = ["predict", data / "models_made/patch_classifier", data / "images/he/skimage_ihc.png", "--stride", 32]
    tegula(*words, "-o", tmp_path / "whole").ok()
    tegula(*words, "-o", tmp_path / "part", "--region", "95,60,130,70").ok()
    part, full = (level0(tmp_path / name / "prediction.ome.zarr") for name in ("part", "whole"))
    middle = centres(part.shape[1], 32, 32)
    mask = inside(rectangle(95, 60, 130, 70), middle, middle)
    assert mask.sum() == 15
    assert np.array_equal(part[:, mask], full[:, mask]) and np.isnan(part[:, ~mask]).all()


def test_integers_are_zero_outside(tegula, tmp_path):
    raw = np.random.default_rng(2).integers(1, 200, (150, 170), "u1")
    post = "{id: ensure_dtype, kwargs: {dtype: uint8}}"
    model = write_model(tmp_path / "model", raw[:64, :64], raw[:64, :64], post=post)
    text = (model / "rdf.yaml").read_text()
    (model / "rdf.yaml").write_text(text.replace(post + "\n  - {id: ensure_dtype, kwargs: {dtype: float32}}", post))
    np.save(model / "out.npy", raw[None, None, :64, :64])
    np.save(tmp_path / "image.npy", raw[None])
    tegula("predict", model, tmp_path / "image.npy", "-o", tmp_path / "out", "--region", "30,40,50,60", "--objects",
           "all", "--threshold", "0").ok()
    part = level0(tmp_path / "out/prediction.ome.zarr")[0]
    expected = np.zeros_like(raw)
    expected[40:100, 30:80] = raw[40:100, 30:80]
    assert part.dtype == np.uint8 and np.array_equal(part, expected)
    # Every pixel is at least 0, but only those of the region become an object.
    assert record(tmp_path / "out")["objects"][0]["area_px"] == 50 * 60
    again = tegula("objects", tmp_path / "out", "-o", tmp_path / "again")
    assert again.code == 3 and "do not tell what lies outside: make objects with `tegula predict --objects`" in again.err


@pytest.fixture(scope="module")
def slide(data, tmp_path_factory):
    """Real H&E as a slide with pixels of 2 µm, of which 4 x 4 are one of the mask."""
    import pyvips

    pixels = pyvips.Image.new_from_file(str(data / "images/wsi/CMU-1-Small-Region.svs")).numpy()[600:1624, 500:1780, :3]
    path = tmp_path_factory.mktemp("slide") / "slide.tif"
    tifffile.imwrite(path, pixels, tile=(256, 256), photometric="rgb", resolution=(5e3, 5e3), resolutionunit="CENTIMETER")
    return path, pixels


def tissue_of(pixels, threshold=None):
    """The threshold and the mask in pixels of 8 µm, by the definition in image/tissue.h."""
    small = np.rint(pixels.reshape(pixels.shape[0] // 4, 4, pixels.shape[1] // 4, 4, 3).mean((1, 3)))
    smooth = scipy.ndimage.gaussian_filter(small, (1, 1, 0))
    white = max(200, np.percentile(smooth.max(-1), 99, method="lower"))
    density = np.clip(np.log10(white / np.maximum(smooth.min(-1), 1)), 0, 1)
    if threshold is None:
        threshold = np.clip(skimage.filters.threshold_triangle(density), 0.04, 0.08)
    mask = density > threshold
    for radius, first in ((2, True), (1, False)):
        grown = mask if first else ~mask
        disk = skimage.morphology.disk(radius)
        grown = ~scipy.ndimage.binary_dilation(~scipy.ndimage.binary_dilation(grown, disk), disk)
        mask = grown if first else ~grown
    limit = int(np.ceil(min(mask.size / 1000, 1e4 / 64)))
    kept = np.zeros_like(mask)
    for part in skimage.measure.regionprops(skimage.measure.label(mask, connectivity=1)):
        if part.image_filled.sum() < limit:
            continue
        filled = part.image | ~part.image & skimage.morphology.remove_small_objects(
            part.image_filled & ~part.image, max_size=limit - 1, connectivity=2) ^ part.image_filled
        kept[part.slice] |= filled
    return threshold, kept


def test_tissue_is_what_its_definition_says_and_can_be_given_back(tegula, data, source, slide, tmp_path):
    path, pixels = slide
    words = ["predict", data / "models_made/he_nuclei_rgb", path, "--tile", 256, "--context", 48, "--level", 0]
    tegula(*words, "-o", tmp_path / "out", "--region", "tissue").ok()
    threshold, expected = tissue_of(pixels)
    ours = record(tmp_path / "out")
    found = ours["region"]["tissue"]
    assert (found["height"], found["width"], found["downsample"]) == (256, 320, 4)
    assert found["thresholds"] == [{"channel": "optical density", "counted": True,
                                    "threshold": pytest.approx(threshold, rel=1e-6)}]
    areas = json.loads((tmp_path / "out/tissue.geojson").read_text())
    mask = inside(areas, centres(256, 2, 4), centres(320, 2, 4))
    assert (mask != expected).mean() < 1e-3 and 0.2 < mask.mean() < 0.8
    assert found["share"] == pytest.approx(mask.mean(), abs=1e-6)
    fine = np.kron(mask, np.ones((4, 4), bool))
    part = level0(tmp_path / "out/prediction.ome.zarr")
    assert np.array_equal(np.isfinite(part[0]), fine)
    assert ours["tiles"]["skipped"] > 0
    check = subprocess.run([sys.executable, source / "tests/python/check_geojson.py", tmp_path / "out/tissue.geojson"],
                           capture_output=True, text=True)
    assert check.returncode == 0, check.stdout + check.stderr
    assert all(f["properties"]["classification"]["name"] == "Tissue" for f in areas["features"])
    # The file as the region gives the same, and it is left alone where it is replaced by nothing.
    tegula(*words, "-o", tmp_path / "out", "--region", tmp_path / "out/tissue.geojson", "--overwrite").ok()
    assert np.array_equal(level0(tmp_path / "out/prediction.ome.zarr"), part, equal_nan=True)
    assert json.loads((tmp_path / "out/tissue.geojson").read_text()) == areas
    tegula(*words, "-o", tmp_path / "out", "--region", "0,0,300,300", "--overwrite").ok()
    assert not (tmp_path / "out/tissue.geojson").exists()


def test_a_threshold_for_tissue_can_be_asked_for(tegula, data, slide, tmp_path):
    words = ["predict", data / "models_made/he_nuclei_rgb", slide[0], "--tile", 256, "--context", 48, "--level", 0]
    tegula(*words, "-o", tmp_path / "out", "--region", "tissue=0.3").ok()
    found = record(tmp_path / "out")["region"]["tissue"]
    assert found["thresholds"][0]["threshold"] == 0.3 and "as asked for" in found["method"]
    assert found["share"] == pytest.approx(tissue_of(slide[1], 0.3)[1].mean(), rel=1e-2)
    run = tegula(*words, "-o", tmp_path / "o", "--region", "tissue=12")
    assert run.code == 2 and "optical density between 0 and 1" in run.err


def test_a_slide_that_is_all_tissue_is_predicted_whole_and_an_empty_one_is_refused(tegula, data, tmp_path):
    random = np.random.default_rng(1)
    model = data / "models_made/he_nuclei_rgb"
    for name, colour in (("tissue", (215, 140, 190)), ("glass", (243, 242, 240))):
        pixels = np.clip(random.normal(colour, 6, (300, 320, 3)), 0, 255).astype("u1")
        tifffile.imwrite(tmp_path / f"{name}.tif", pixels, photometric="rgb")
    tegula("predict", model, tmp_path / "tissue.tif", "-o", tmp_path / "out", "--region", "tissue").ok()
    assert np.isfinite(level0(tmp_path / "out/prediction.ome.zarr")).all()
    assert record(tmp_path / "out")["region"]["share"] == 1
    run = tegula("predict", model, tmp_path / "glass.tif", "-o", tmp_path / "no", "--region", "tissue")
    assert run.code == 2 and "no tissue was found in the image (optical density above 0.04)" in run.err, run.err
    assert "leave out --region" in run.err and not (tmp_path / "no").exists()


def test_fluorescence_has_tissue_too(tegula, data, tmp_path):
    """Around every object of the ground truth, and not everywhere."""
    images = data / "images/fluorescence"
    tegula("predict", data / "models_made/nuclei_fluo_globalnorm", images / "stardist_img2d.tif", "-o", tmp_path / "out",
           "--region", "tissue", *FLUO).ok()
    truth = tifffile.imread(images / "stardist_mask2d.tif")
    asked = np.isfinite(level0(tmp_path / "out/prediction.ome.zarr")[0])
    large = [p for p in skimage.measure.regionprops(truth) if p.area > 262]
    found = sum(asked[tuple(p.coords.T)].mean() > 0.7 for p in large)
    assert found > 0.95 * len(large) and asked.mean() < 0.5
    assert record(tmp_path / "out")["region"]["tissue"]["thresholds"][0]["counted"]


def test_killed_it_goes_on_to_the_same_bytes_and_with_no_other_region(tegula, data, slide, tmp_path):
    words = ["predict", data / "models_made/he_nuclei_rgb", slide[0], "--tile", 256, "--context", 48, "--level", 0]
    region = ["--region", "tissue", "--region", "3,5,100,70"]
    straight, out = tmp_path / "straight", tmp_path / "out"
    tegula(*words, "-o", straight, *region).ok()
    cut_off([*words, "-o", out, *region], out, 3)
    assert not (out / "prediction.ome.zarr").exists()
    for other in ([], region[:2]):
        run = tegula(*words, "-o", out, *other)
        assert run.code == 2 and "another run was cut off" in run.err and "the region is" in run.err
    run = tegula(*words, "-o", out, *region).ok()
    assert "going on with the run that was cut off" in run.err
    assert content(out / "prediction.ome.zarr") == content(straight / "prediction.ome.zarr")
    assert (out / "tissue.geojson").read_bytes() == (straight / "tissue.geojson").read_bytes()
    assert record(out)["tiles"] == record(straight)["tiles"]
    assert "done before" in tegula(*words, "-o", out, *region).ok().out
    run = tegula(*words, "-o", out)
    assert run.code == 2 and "is there already" in run.err


def test_several_images_have_rectangles_and_tissue_of_their_own(tegula, data, shapes, tmp_path):
    for name, left in (("a", 20), ("b", 150)):
        pixels = np.full((300, 320, 3), 240, "u1")
        pixels[60:220, left:left + 140] = (200, 120, 170)
        tifffile.imwrite(tmp_path / f"{name}.tif", pixels, photometric="rgb")
    images = [tmp_path / "a.tif", tmp_path / "b.tif"]
    words = ["predict", data / "models_made/he_nuclei_rgb", *images]
    tegula(*words, "-o", tmp_path / "out", "--region", "tissue", "--region", "0,0,8,9").ok()
    for name, left in (("a", 20), ("b", 150)):
        asked = np.isfinite(level0(tmp_path / "out" / name / "prediction.ome.zarr")[0])
        assert asked[70:210, left + 10:left + 130].all() and asked[:9, :8].all()
        assert not asked[240:].any() and not asked[:, left + 150:].any() and not asked[20:, :left - 8].any()
    run = tegula(*words, "-o", tmp_path / "no", "--region", shapes)
    assert run.code == 2 and "belong to one image" in run.err


def test_what_wants_statistics_of_the_whole_output_is_refused_unless_they_are_there(tegula, data, tmp_path):
    raw = tifffile.imread(data / "images/fluorescence/stardist_img2d.tif")
    post = "{id: scale_range, kwargs: {axes: [y, x], min_percentile: 2, max_percentile: 99}}"
    low, high = np.percentile(raw[:64, :80].astype(float), [2, 99])
    model = write_model(tmp_path / "model", raw[:64, :80], (raw[:64, :80] - low) / (high - low + 1e-6), post=post)
    tifffile.imwrite(tmp_path / "a.tif", raw)
    words = ["predict", model, tmp_path / "a.tif", "--tile", 100]
    run = tegula(*words, "-o", tmp_path / "no", "--region", "10,20,100,50")
    assert run.code == 3 and "leave out --region" in run.err and not (tmp_path / "no").exists(), run.err
    tegula(*words, "-o", tmp_path / "whole", "--save-statistics").ok()
    tegula(*words, "-o", tmp_path / "part", "--region", "10,20,100,50", "--statistics-from",
           tmp_path / "whole/statistics.json").ok()
    part, full = (level0(tmp_path / name / "prediction.ome.zarr")[0] for name in ("part", "whole"))
    assert np.array_equal(part[20:70, 10:110], full[20:70, 10:110]) and np.isfinite(part).sum() == 5000


def test_what_is_no_region_is_refused(tegula, data, image, tmp_path):
    model = data / "models_made/nuclei_fluo_globalnorm"
    far = {"type": "Polygon", "coordinates": [[[9000, 9000], [9100, 9000], [9100, 9100], [9000, 9000]]]}
    (tmp_path / "far.geojson").write_text(json.dumps(far))
    (tmp_path / "empty.geojson").write_text('{"type": "FeatureCollection", "features": []}')
    for word, code, sentence in [("1,2,3", 2, "X,Y,WIDTH,HEIGHT"), ("0,0,0,5", 2, "X,Y,WIDTH,HEIGHT"),
                                 ("tissues", 2, "is no region"), ("tissue=much", 2, "no threshold"),
                                 (tmp_path / "none.geojson", 4, "none.geojson"),
                                 (tmp_path / "empty.geojson", 2, "has no areas"),
                                 (tmp_path / "far.geojson", 2, "the image has 1100 x 900 pixels"),
                                 ("1200,5,30,30", 2, "no pixel of the prediction lies in the region 1200,5,30,30")]:
        run = tegula("predict", model, image, "-o", tmp_path / "o", "--region", word, *FLUO)
        assert run.code == code and sentence in run.err, (word, run.err)
        assert not (tmp_path / "o").exists()
