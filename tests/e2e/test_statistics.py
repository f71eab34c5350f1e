"""Where the numbers for normalisation come from: this image, a part of it, all images, or a file that another run left."""

import json

import numpy as np
import pytest
import skimage.draw
import tifffile
import zarr


@pytest.fixture
def image(data):
    return tifffile.imread(data / "images/fluorescence/stardist_img2d.tif")


def predicted(tegula, model, image, out, *words):
    tegula("predict", model, image, "-o", out, "--border", "network", "--context", "48", "--tile", "256", *words).ok()
    return np.asarray(zarr.open_group(out / "prediction.ome.zarr", mode="r")["0"])[0]


def test_a_part_is_predicted_as_part_of_the_whole_with_the_whole_s_statistics(tegula, data, image, tmp_path):
    model = data / "models_made/nuclei_fluo_globalnorm"
    whole_file, part_file = tmp_path / "whole.tif", tmp_path / "part.tif"
    image[:64] //= 3  # a dark stripe: the part's own percentiles are others
    tifffile.imwrite(whole_file, image)
    tifffile.imwrite(part_file, image[128:512, 128:512])
    whole = predicted(tegula, model, whole_file, tmp_path / "whole", "--save-statistics")
    inside = (slice(64, -64), slice(64, -64))
    expected = whole[128:512, 128:512][inside]
    own = predicted(tegula, model, part_file, tmp_path / "own")[inside]
    shared = predicted(tegula, model, part_file, tmp_path / "shared", "--statistics-from",
                       tmp_path / "whole/statistics.json")[inside]
    assert np.abs(shared - expected).max() < 1e-5 < np.abs(own - expected).max()
    record = json.loads((tmp_path / "shared/run.json").read_text())
    assert any("not from this image" in note for note in record["notes"])


def test_saved_statistics_have_the_form_of_bioimageio(tegula, data, image, tmp_path):
    tifffile.imwrite(tmp_path / "a.tif", image)
    predicted(tegula, data / "models_made/nuclei_fluo_globalnorm", tmp_path / "a.tif", tmp_path / "o", "--save-statistics")
    entries = json.loads((tmp_path / "o/statistics.json").read_text())
    assert {entry["measure"]["name"] for entry in entries} == {"quantile"}
    found = {round(e["measure"]["q"], 6): np.squeeze(e["value"]["data"]) for e in entries}
    for q, value in found.items():
        assert value == np.quantile(image.astype(np.float64), q)
    assert all(e["measure"]["member_id"] == "raw" and e["measure"]["axes"] == ["y", "x"] for e in entries)


def test_statistics_of_something_else_are_refused(tegula, data, image, tmp_path):
    tifffile.imwrite(tmp_path / "a.tif", image)
    (tmp_path / "other.json").write_text("[]")
    run = tegula("predict", data / "models_made/nuclei_fluo_globalnorm", tmp_path / "a.tif", "-o", tmp_path / "o",
                 "--statistics-from", tmp_path / "other.json")
    assert run.code == 4 and "quantile" in run.err and not (tmp_path / "o/run.json").exists()


@pytest.mark.parametrize("name, halo", [("nuclei_unet_any_size", 32), ("nuclei_fluo_globalnorm", 0)])
def test_padded_statistics_are_those_of_the_image_as_the_reference_pads_it(tegula, data, image, tmp_path, name, halo):
    """By the halo since format 0.5, not at all before."""
    tifffile.imwrite(tmp_path / "a.tif", image)
    predicted(tegula, data / "models_made" / name, tmp_path / "a.tif", tmp_path / "o", "--save-statistics",
              "--statistics-from", "padded")
    padded = np.pad(image.astype(np.float64), halo, "symmetric")
    entries = json.loads((tmp_path / "o/statistics.json").read_text())
    assert entries
    of_padded = {"mean": np.mean, "std": np.std, "quantile": np.quantile}
    differ = False
    for entry in entries:
        measure = entry["measure"]
        argument = [measure["q"]] if measure["name"] == "quantile" else []
        value = float(np.squeeze(entry["value"]["data"]))
        assert value == pytest.approx(of_padded[measure["name"]](padded, *argument), rel=1e-12)
        differ |= value != pytest.approx(of_padded[measure["name"]](image, *argument), rel=1e-9)
    assert differ == (halo > 0)


def saved(folder):
    return {round(e["measure"]["q"], 6): float(np.squeeze(e["value"]["data"] if isinstance(e["value"], dict) else e["value"]))
            for e in json.loads((folder / "statistics.json").read_text())}


def test_a_region_gives_its_own_statistics(tegula, data, image, tmp_path):
    tifffile.imwrite(tmp_path / "a.tif", image)
    predicted(tegula, data / "models_made/nuclei_fluo_globalnorm", tmp_path / "a.tif", tmp_path / "o",
              "--save-statistics", "--statistics-from", "roi=100,37,301,212")
    found = saved(tmp_path / "o")
    assert found and all(value == np.quantile(image[37:249, 100:401], q) for q, value in found.items())


def test_outlines_give_the_statistics_of_the_pixels_inside(tegula, data, image, tmp_path):
    outer = [[50.2, 30.7], [460.9, 80.1], [400.3, 470.6], [120.4, 430.2], [50.2, 30.7]]
    hole = [[200, 200], [300, 200], [300, 300], [200, 300], [200, 200]]
    apart = [[470, 400], [510, 400], [510, 505], [470, 505], [470, 400]]
    features = [{"type": "Feature", "properties": {}, "geometry": {"type": "Polygon", "coordinates": [outer, hole]}},
                {"type": "Feature", "properties": {}, "geometry": {"type": "MultiPolygon", "coordinates": [[apart]]}}]
    (tmp_path / "mask.geojson").write_text(json.dumps({"type": "FeatureCollection", "features": features}))
    tifffile.imwrite(tmp_path / "a.tif", image)
    predicted(tegula, data / "models_made/nuclei_fluo_globalnorm", tmp_path / "a.tif", tmp_path / "o",
              "--save-statistics", "--statistics-from", tmp_path / "mask.geojson")
    y, x = np.mgrid[:512, :512] + 0.5
    points = np.stack([y.ravel(), x.ravel()], 1)

    def inside(ring):
        return skimage.measure.points_in_poly(points, np.array(ring)[:, ::-1]).reshape(512, 512)

    mask = (inside(outer) & ~inside(hole)) | inside(apart)
    for q, value in saved(tmp_path / "o").items():
        assert value == np.quantile(image[mask], q)


def test_outlines_without_pixels_and_regions_that_are_none_are_refused(tegula, data, image, tmp_path):
    tifffile.imwrite(tmp_path / "a.tif", image)
    model = data / "models_made/nuclei_fluo_globalnorm"
    far = [[9000, 9000], [9100, 9000], [9100, 9100], [9000, 9000]]
    (tmp_path / "far.geojson").write_text(json.dumps({"type": "Polygon", "coordinates": [far]}))
    (tmp_path / "empty.geojson").write_text('{"type": "FeatureCollection", "features": []}')
    for words, sentence in [(["--statistics-from", tmp_path / "far.geojson"], "no pixel of the image"),
                            (["--statistics-from", tmp_path / "empty.geojson"], "has no areas"),
                            (["--statistics-from", "roi=1,2,3"], "roi=X,Y,WIDTH,HEIGHT"),
                            (["--statistics-from", "roi"], "roi=X,Y,WIDTH,HEIGHT"),
                            (["--statistics-from", "roi=0,0,-5,10"], "roi=X,Y,WIDTH,HEIGHT")]:
        run = tegula("predict", model, tmp_path / "a.tif", "-o", tmp_path / "o", *words)
        assert run.code != 0 and sentence in run.err, run.err
        assert not (tmp_path / "o").exists()


@pytest.fixture
def dataset_model(data, tmp_path):
    """A model that scales by the percentiles of its whole dataset."""
    import shutil

    folder = tmp_path / "model"
    shutil.copytree(data / "models_made/nuclei_fluo_globalnorm", folder)
    text = (folder / "bioimageio.yaml").read_text()
    assert "mode: per_sample" in text
    (folder / "bioimageio.yaml").write_text(text.replace("mode: per_sample", "mode: per_dataset"))
    return folder


def test_a_dataset_is_all_images_of_the_call(tegula, dataset_model, image, tmp_path):
    parts = [image[:300], image[300:, :200], (image[300:, 200:] // 2).astype(np.uint8)]
    names = [tmp_path / f"{i}.tif" for i in range(3)]
    for name, part in zip(names, parts):
        tifffile.imwrite(name, part)
    everything = np.concatenate([part.ravel().astype(np.float64) for part in parts])
    tegula("predict", dataset_model, *names, "-o", tmp_path / "all", "--save-statistics").ok()
    expected = None
    for i in range(3):
        found = saved(tmp_path / "all" / str(i))
        assert found and all(value == np.quantile(everything, q) for q, value in found.items())
        expected = expected or found
    alone = tegula("statistics", dataset_model, *names, "-o", tmp_path / "statistics.json").ok()
    assert "percentile" in alone.out and saved(tmp_path) == expected
    tegula("predict", dataset_model, names[1], "-o", tmp_path / "one", "--statistics-from",
           tmp_path / "statistics.json").ok()
    one, among = (np.asarray(zarr.open_group(tmp_path / folder / "prediction.ome.zarr", mode="r")["0"])
                  for folder in ("one", "all/1"))
    assert np.array_equal(one, among)
