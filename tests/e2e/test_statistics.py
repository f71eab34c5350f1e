"""Where the numbers for normalisation come from: this image, or a file that another run left."""

import json

import numpy as np
import pytest
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


def test_padded_statistics_are_those_of_the_image_with_its_halo(tegula, data, image, tmp_path):
    tifffile.imwrite(tmp_path / "a.tif", image)
    model = data / "models_made/nuclei_fluo_globalnorm"
    predicted(tegula, model, tmp_path / "a.tif", tmp_path / "o", "--save-statistics", "--statistics-from", "padded")
    padded = np.pad(image.astype(np.float64), 48, "symmetric")
    entries = json.loads((tmp_path / "o/statistics.json").read_text())
    for entry in entries:
        value = float(np.squeeze(entry["value"]["data"]))
        assert value == np.quantile(padded, entry["measure"]["q"])
    assert any(float(np.squeeze(e["value"]["data"])) != np.quantile(image, e["measure"]["q"]) for e in entries)
