"""`predict --verify`: the verdict on a result, beside what NumPy finds between two outputs."""

import base64
import io
import json
import pathlib
import re

import numpy as np
import pytest
import tifffile
import zarr
from conftest import content
from identity_model import toy
from PIL import Image


def level0(folder, name="prediction"):
    return zarr.open_group(folder / f"{name}.ome.zarr", mode="r")["0"][:]


def record(folder):
    return json.loads((folder / "run.json").read_text())


def verdict(folder):
    [one] = record(folder)["verification"]
    return one


def section(folder):
    """What the report shows of the verification: its text, and its pictures as arrays."""
    page = (folder / "report.html").read_text()
    part = page[page.index("Are tiles the whole?"):page.index("Where the time went")]
    pictures = re.findall(r"data:image/png;base64,([A-Za-z0-9+/=]+)", part)
    return part, [np.asarray(Image.open(io.BytesIO(base64.b64decode(picture)))) for picture in pictures]


NOISE = "synthetic:noise,height=500,width=700,seed=4"
SEES_6 = "blur 3\nblur 3\n"


@pytest.fixture(scope="module")
def nuclei(data, tmp_path_factory):
    """The nuclei network, which declares a halo of 32 and needs 53; an image that it is for; its whole-image answer."""
    folder = tmp_path_factory.mktemp("nuclei")
    words = ["predict", data / "models_made/nuclei_unet_any_size", data / "images/fluorescence/stardist_img2d.tif", "-q"]
    return words, folder


@pytest.fixture(scope="module")
def too_little(nuclei):
    from conftest import Run

    words, folder = nuclei
    Run(*words, "-o", folder / "whole", "--tile", 8128).ok()
    run = Run(*words, "-o", folder / "tiled", "--tile", 256, "--context", 16, "--verify", "--json")
    return run, folder / "tiled", level0(folder / "whole")


def test_too_little_context_fails_with_the_numbers_that_numpy_finds(too_little):
    run, out, whole = too_little
    assert run.code == 1
    found, tiled = verdict(out), level0(out)
    difference = np.abs(tiled.astype("f8") - whole)
    assert not found["passed"] and found["against"] == "whole image" and found["pixels"] == 512 * 512
    assert found["largest"] == difference.max() > 1e-3
    assert found["mean"] == pytest.approx(difference.mean(), rel=1e-9)
    assert found["allowed"] == pytest.approx(1e-5 * max(1, np.abs(tiled).max()), rel=1e-6)
    assert found["pixels_beyond"] == np.count_nonzero(difference > found["allowed"])
    _, y, x = np.unravel_index(difference.argmax(), difference.shape)
    assert (found["y"], found["x"]) == (y + 0.5, x + 0.5)
    # Writes begin at the multiples of a chunk; from there distances count on both sides.
    chunk = zarr.open_group(out / "prediction.ome.zarr", mode="r")["0"].chunks[1]
    seams = np.arange(chunk, 512, chunk)
    places = np.arange(512)[:, None]
    along = np.where(places >= seams, places - seams, seams - 1 - places).min(axis=1)
    to_seam = np.minimum(along[:, None], along[None, :])
    assert found["from_seam_px"] == to_seam[y, x]
    bins = found["seam_distances"] + [int(to_seam.max()) + 1]
    for begin, end, most in zip(bins, bins[1:], found["by_seam_distance"]):
        assert most == difference[0][(to_seam >= begin) & (to_seam < end)].max()


def test_the_answer_and_the_record_and_the_report_say_the_same(too_little):
    run, out, _ = too_little
    found = verdict(out)
    [answer] = json.loads(run.out)
    assert answer["verification"] == [found] and answer["error"] == ""
    assert found["verdict"].startswith("failed: the result differs by up to 0.003")
    assert "verification " + found["verdict"] in record(out)["warnings"]
    assert "than 32 pixels matters to it (the declared halo, which is more than was asked for)" in record(out)["exactness"]
    assert [stage["name"] for stage in record(out)["stages"]].count("verification") == 1
    text, pictures = section(out)
    assert found["verdict"] in text and "Pixels that differ by more" in text and "<polyline" in text
    everywhere, near, result = pictures
    # The scale of differences goes from black by red and yellow to white; most of the image is exact.
    assert everywhere.shape == (512, 512, 3) and (everywhere == 0).all(axis=2).mean() > 0.5
    assert near.max() == 255 and result.shape == near.shape


def test_the_context_that_is_advised_is_enough(tegula, nuclei, too_little):
    words, folder = nuclei
    advice = verdict(too_little[1])["enough"]
    assert advice in ("--context 48", "--context 56")
    out = folder / "advised"
    run = tegula(*words, "-o", out, "--tile", 256, *advice.split(), "--verify").ok()
    assert "verification passed: no value differs" in run.out
    found = verdict(out)
    assert found["passed"] and found["largest"] <= found["allowed"] and found["enough"] == ""
    assert record(out)["warnings"] == [] and "(the context that was asked for)" in record(out)["exactness"]
    assert np.abs(level0(out) - too_little[2]).max() == found["largest"]


def test_a_complete_run_is_verified_as_it_is_and_only_once(tegula, tmp_path):
    model, out = toy(tmp_path / "model", SEES_6), tmp_path / "out"
    command = ["predict", model, NOISE, "-o", out, "--tile", 100, "--context", 0]
    tegula(*command).ok()
    before, page = content(out), (out / "report.html").read_text()
    assert record(out)["verification"] == [] and "Are tiles the whole?" not in page
    run = tegula(*command, "--verify")
    assert run.code == 1 and "done before" in run.out and "run again with --context 6" in run.out
    after = content(out)
    changed = {name for name in after if after[name] != before.get(name)}
    assert changed == {"run.json", "report.html"} and before.keys() == after.keys()
    # The report still has the pictures that only the run could make.
    made = re.findall(r"<section class=\"pictures\">.*?</section>", page, re.DOTALL)
    assert len(made) == 1 and made[0] in (out / "report.html").read_text()
    assert "Before you rely on this" in (out / "report.html").read_text()
    # The same verdict without the work, and none where none is asked for.
    stamp = (out / "run.json").stat().st_mtime_ns
    assert tegula(*command, "--verify").code == 1
    assert (out / "run.json").stat().st_mtime_ns == stamp
    assert "verification" not in tegula(*command).ok().out
    # Asked otherwise it is verified again, and says so once.
    assert tegula(*command, "--verify=all").code == 1
    assert verdict(out)["asked"] == "all" and len(record(out)["warnings"]) == 1 + ("not" in str(record(out)["tests"]))


def test_windows_are_taken_where_memory_does_not_allow_the_whole(tegula, tmp_path):
    model = toy(tmp_path / "model", SEES_6)
    image = "synthetic:noise,height=4000,width=4000,seed=4"
    words = ["predict", model, image, "--tile", 700, "--memory", "320MB", "--engine-threads", 1, "--threads", 1]
    tegula(*words, "-o", tmp_path / "good", "--verify=3").ok()
    good = verdict(tmp_path / "good")
    assert good["against"] == "windows" and (good["windows"], good["context_px"]) == (3, 6) and good["of_windows"] > 3
    assert good["verified_with_px"] > 12 and good["largest"] == 0 and good["pixels"] < 4000 * 4000
    assert record(tmp_path / "good")["peak_memory_bytes"] < 320e6
    assert tegula(*words, "-o", tmp_path / "bad", "--context", 0, "--verify=3").code == 1
    bad = verdict(tmp_path / "bad")
    assert bad["enough"] == "--context 6" and bad["from_seam_px"] < 6
    # What was not compared is blue in the map.
    _, pictures = section(tmp_path / "bad")
    assert (pictures[0] == (0, 114, 178)).all(axis=2).any()
    # The same command looks at the same windows.
    assert tegula(*words, "-o", tmp_path / "again", "--context", 0, "--verify=3").code == 1
    again = verdict(tmp_path / "again")
    assert {**again, "wall_s": 0} == {**bad, "wall_s": 0}


def test_a_network_that_sees_everything_depends_on_its_tiles(tegula, tmp_path):
    model = toy(tmp_path / "model", "blur 1\nglobal\n")
    run = tegula("predict", model, NOISE, "-o", tmp_path / "out", "--tile", 100, "--verify")
    assert run.code == 1 and "no context that was tried is enough" in run.out
    assert "no finite context" in " ".join(record(tmp_path / "out")["warnings"])


def test_thresholds_are_compared_value_by_value(tegula, tmp_path):
    model = toy(tmp_path / "model", SEES_6, "{id: binarize, kwargs: {threshold: 128}}")
    tegula("predict", model, NOISE, "-o", tmp_path / "good", "--tile", 100, "--verify").ok()
    assert tegula("predict", model, NOISE, "-o", tmp_path / "bad", "--tile", 100, "--context", 0, "--verify").code == 1
    a, b = level0(tmp_path / "good"), level0(tmp_path / "bad")
    found = verdict(tmp_path / "bad")
    assert found["pixels_beyond"] + found["pixels_at_steps"] == np.count_nonzero(a != b)
    assert found["pixels_beyond"] > 1000 > 10 > found["pixels_at_steps"] and found["largest"] == 1


@pytest.mark.parametrize("finished", [False, True])
def test_statistics_of_the_whole_output_stay_those_of_the_run(tegula, tmp_path, finished):
    post = "{id: scale_range, kwargs: {axes: [y, x], min_percentile: 2, max_percentile: 99}}"
    model, out = toy(tmp_path / "model", SEES_6, post), tmp_path / "out"
    command = ["predict", model, NOISE, "-o", out, "--tile", 100]
    if finished:
        tegula(*command).ok()
    tegula(*command, "--verify").ok()
    assert verdict(out)["largest"] == 0


@pytest.mark.parametrize("finished", [False, True])
def test_planes_that_are_predicted_one_by_one_are_verified_at_random(tegula, tmp_path, finished):
    model, out = toy(tmp_path / "model", SEES_6), tmp_path / "out"
    stack = np.random.default_rng(3).integers(0, 255, (3, 4, 150, 160), "u1")
    tifffile.imwrite(tmp_path / "stack.ome.tif", stack, photometric="minisblack", metadata={"axes": "TZYX"}, ome=True)
    command = ["predict", model, tmp_path / "stack.ome.tif", "-o", out, "--t", "all", "--z", "all", "--tile", 100,
               "--context", 0, "--format", "ome-tiff"]
    if finished:
        tegula(*command).ok()
    run = tegula(*command, "--verify=5")
    found = verdict(out)
    assert run.code == 1 and "5 of 12 planes predicted whole" in found["verdict"]
    assert found["pixels"] == 5 * 150 * 160 and found["enough"] == "--context 6"
    # The worst of them is what the numbers say it is.
    tegula("predict", model, tmp_path / "stack.ome.tif", "-o", tmp_path / "whole", "--t", found["t"], "--z", found["z"]).ok()
    stored = tifffile.imread(out / "prediction.ome.tif").reshape(3, 4, 150, 160)[found["t"], found["z"]]
    difference = np.abs(stored - level0(tmp_path / "whole")[0])
    assert difference.max() == pytest.approx(found["largest"], rel=1e-6)
    assert difference[int(found["y"]), int(found["x"])] == difference.max()


CASES = {
    "blocks": (["models_made/nuclei3d", "images/3d/neubias_xyz_8bit__chromosomes.tif", "--level", 0, "--tile",
                "z=24,y=88,x=88", "--context", "z=10,y=24,x=24"], "whole image"),
    "fixed size": (["models/unet2d_nuclei_broad/bioimageio.yaml", "images/fluorescence/neubias_xyc_16bit__hela-cells.tif",
                    "--channels", 0, "--context", 56], "windows"),
    "valid convolutions": (["models_made/fixed_shape_valid_conv_v05", "images/fluorescence/stardist_img2d.tif",
                            "--context", 44], "windows"),
    "patches": (["models_made/patch_classifier", "images/he/skimage_ihc.png", "--stride", 40], "patches"),
}


@pytest.mark.parametrize("name", CASES)
def test_other_kinds_of_models_pass(tegula, data, tmp_path, name):
    (model, image, *words), against = CASES[name]
    tegula("predict", data / model, data / image, "-o", tmp_path / "out", *words, "--verify=2").ok()
    found = verdict(tmp_path / "out")
    assert found["against"] == against and found["passed"] and found["pixels"] > 100


def test_each_output_has_a_verdict(tegula, data, tmp_path):
    random = np.random.default_rng(7)
    np.save(tmp_path / "image.npy", random.random((1, 384, 320), "f4"))
    np.save(tmp_path / "context.npy", random.random((2, 192, 160), "f4"))
    run = tegula("predict", data / "models_made/multi_io", tmp_path / "image.npy", "--input",
                 f"context={tmp_path}/context.npy", "-o", tmp_path / "out", "--tile", 128, "--verify").ok()
    assert "verification of superres passed" in run.out and "verification of density passed" in run.out
    sizes = {one["output"]: one["pixels"] for one in record(tmp_path / "out")["verification"]}
    assert sizes == {"superres": 752 * 624, "density": 94 * 78}


def test_one_window_has_no_seams(tegula, tmp_path):
    run = tegula("predict", toy(tmp_path / "model", SEES_6), NOISE, "-o", tmp_path / "out", "--verify").ok()
    assert "passed: the image was predicted in one window" in run.out


def test_of_several_images_one_that_depends_on_its_tiles_is_told(tegula, tmp_path):
    model = toy(tmp_path / "model", SEES_6)
    images = [NOISE, "synthetic:noise,height=50,width=60,seed=4"]
    run = tegula("predict", model, *images, "-o", tmp_path / "out", "--tile", 100, "--context", 0, "--verify")
    assert run.code == 1
    assert "done, depends on its tiles" in run.out and "done, verified" in run.out
    assert "run again with --context 6" in run.err


def test_what_cannot_be_verified_is_refused_before_the_work(tegula, tmp_path):
    model = toy(tmp_path / "model", SEES_6)
    run = tegula("predict", model, NOISE, "-o", tmp_path / "out", "--verify=none")
    assert run.code == 2 and "--verify=all" in run.err and not (tmp_path / "out").exists()
    assert "--verify" in tegula("predict", "--help").ok().out
    assert pathlib.Path(model).is_dir()


def test_of_a_region_what_is_asked_for_is_compared_and_nothing_else(tegula, tmp_path):
    model = toy(tmp_path / "model", SEES_6)
    x, y, width, height = 130, 90, 231, 201
    words = ["predict", model, NOISE, "--tile", 64, "-q", "--region", f"{x},{y},{width},{height}"]
    tegula(*words, "-o", tmp_path / "right", "--context", 6, "--verify=all").ok()
    found = verdict(tmp_path / "right")
    assert found["passed"] and found["pixels"] == width * height

    run = tegula(*words, "-o", tmp_path / "wrong", "--context", 2, "--verify=all")
    assert run.code == 1
    found = verdict(tmp_path / "wrong")
    tegula("predict", model, NOISE, "-o", tmp_path / "whole", "--tile", 2048, "--context", 6, "-q").ok()
    here = np.s_[..., y:y + height, x:x + width]
    whole, tiled = level0(tmp_path / "whole"), level0(tmp_path / "wrong")
    difference = np.abs(whole[here] - tiled[here])
    assert found["largest"] == pytest.approx(difference.max(), rel=1e-6) and difference.max() > 0
    assert found["pixels"] == width * height == np.isfinite(tiled).sum()
    assert found["pixels_beyond"] == (difference > found["allowed"]).sum()
    assert x <= found["x"] <= x + width and y <= found["y"] <= y + height

    # A complete run, verified later.
    tegula(*words, "-o", tmp_path / "later", "--context", 2).ok()
    assert tegula(*words, "-o", tmp_path / "later", "--context", 2, "--verify=all").code == 1
    later = verdict(tmp_path / "later")
    assert {key: value for key, value in later.items() if key != "wall_s"} == {key: value for key, value in found.items() if key != "wall_s"}
