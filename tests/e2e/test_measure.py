"""`tegula inspect --measure`: what networks see, found by experiment, against what is known of them."""

import json
import pathlib

import identity_model
import numpy as np
import pytest

# (how far the network sees at least, what windows on the grid need at most, the stride grid), per axis. U-Nets of 3x3
# convolutions, two per level: three poolings see 51 pixels from the phase that sees farthest and 46 from the grid.
KNOWN = {
    "nuclei_unet_any_size": {"y": (56, 56, 8), "x": (56, 56, 8)},
    "he_nuclei_rgb": {"y": (51, 46, 8), "x": (51, 46, 8)},
    "nuclei3d": {"z": (9, 9, 2), "y": (23, 23, 4), "x": (23, 23, 4)},
    "keras_all": {"y": (18, 24, 4), "x": (18, 24, 4)},
    "fixed_shape_valid_conv_v04": {"y": (44, 44, 8), "x": (44, 44, 8)},
    "fixed_shape_valid_conv_v05": {"y": (44, 44, 8), "x": (44, 44, 8)},
    "multi_io": {"y": (8, 8, 4), "x": (8, 8, 4)},
    "scripted_control_flow": {"y": (25, 25, 8), "x": (25, 25, 8)},
    "time_index": {"time": (1, 1, 1), "y": (2, 2, 1), "x": (2, 2, 1)},
    "zmuv_scale_mean_variance": {"y": (5, 5, 1), "x": (5, 5, 1)},
    "traced_channels_last": {"y": (23, 23, 4), "x": (23, 23, 4)},
    "stardist_like2d": {"y": (46, 46, 8), "x": (46, 46, 8)},
    "cellpose_like": {"y": (51, 46, 8), "x": (51, 46, 8)},
}
# Those that see exactly what is known, and no pixel more.
EXACT = {"nuclei3d", "multi_io", "scripted_control_flow", "time_index", "zmuv_scale_mean_variance",
         "traced_channels_last", "he_nuclei_rgb", "cellpose_like"}


def measured(tegula, package):
    return json.loads(tegula("inspect", package, "--measure", "--json").ok().out)["measured"]


@pytest.mark.parametrize("name", KNOWN)
def test_networks_see_what_is_known_of_them(tegula, data, name):
    axes = {axis["axis"]: axis for axis in measured(tegula, data / "models_made" / name)["axes"]}
    assert axes.keys() == KNOWN[name].keys()
    for axis, (sees, needs, grid) in KNOWN[name].items():
        found = axes[axis]
        assert found["finite"] and found["grid_measured"], found
        assert max(found["before"], found["after"]) >= sees
        assert max(found["window_before"], found["window_after"]) <= needs
        assert found["grid"] == grid
        assert found["deviation"] <= found["tolerance"]
        if name in EXACT:
            assert (found["before"], found["after"]) == (sees, sees)


def test_a_network_without_pixels_has_nothing_to_tile(tegula, data):
    result = measured(tegula, data / "models_made/patch_classifier")
    assert result["axes"] == [] and "the whole window at once" in result["remark"]


def test_a_fixed_window_shows_the_same_as_a_free_one(tegula, data):
    fixed = measured(tegula, data / "models/unet2d_nuclei_broad/bioimageio.yaml")["axes"]
    free = measured(tegula, data / "models_made/nuclei_unet_any_size")["axes"]
    for a, b in zip(fixed, free, strict=True):
        assert a["declared_step"] == 0
        assert [a[key] for key in ("before", "after", "grid")] == [b[key] for key in ("before", "after", "grid")]


def test_the_advice_says_by_how_much_a_small_halo_is_off(tegula, data):
    card = tegula("inspect", data / "models_made/nuclei_unet_any_size", "--measure").ok().out
    assert "DECLARED HALO" in card and "STRIDE GRID" in card
    assert "the description declares a halo of 32 pixels; the network sees 5" in card
    assert "tiles with the declared halo differ by up to 0.0" in card


def test_the_advice_names_the_grid_that_the_description_hides(tegula, data):
    card = tegula("inspect", data / "models_made/scripted_control_flow", "--measure").ok().out
    assert "windows must start at multiples of 8, which the declared step of 1 does not ensure" in card


def toy(folder, layers):
    picture = np.random.default_rng(1).random((64, 64)).astype("float32")
    expected = picture - picture.mean(dtype="float64").astype("float32") if "global" in layers else picture
    model = identity_model.write_model(folder, picture, expected)
    (model / "net.toy").write_text(layers)
    return model


def test_a_network_that_sees_everything_is_told(tegula, tmp_path):
    model = toy(tmp_path / "model", "global\n")
    card = tegula("inspect", model, "--measure").ok().out
    assert "has no finite context" in card and "predict the whole image at once" in card and "at 256 pixels" in card
    for axis in measured(tegula, model)["axes"]:
        assert not axis["finite"] and axis["declared_halo_deviation"] > axis["tolerance"]
        assert all(far["change"] > 0 for far in axis["far"]) and len(axis["far"]) == 3


def test_measured_once_and_again_where_the_cache_is_damaged(tegula, tmp_path, monkeypatch):
    monkeypatch.setenv("TEGULA_CACHE", str(tmp_path / "cache"))
    model = toy(tmp_path / "model", "identity\n")
    first = measured(tegula, model)
    [kept] = pathlib.Path(tmp_path / "cache/fields").iterdir()
    marked = json.loads(kept.read_text())
    marked["remark"] = "from the cache"
    kept.write_text(json.dumps(marked))
    assert measured(tegula, model)["remark"] == "from the cache"
    for damage in ("", "[]", "{", '{"axes": 3}', json.dumps(marked).replace('"grid": 1', '"grid": -1'),
                   json.dumps(marked).replace('"before": 0', '"before": 1e300')):
        kept.write_text(damage)
        assert measured(tegula, model) == first
    # Other weights are measured anew.
    (model / "net.toy").write_text("identity\nidentity\n")
    assert measured(tegula, model)["remark"] == ""
    assert len(list(pathlib.Path(tmp_path / "cache/fields").iterdir())) == 2


def test_measure_is_for_models(tegula, data):
    run = tegula("inspect", "synthetic:64x64", "--measure")
    assert run.code != 0 and "for models" in run.err
    run = tegula("inspect", data / "models_made/multi_io", "--measure", "--html", "card.html")
    assert run.code != 0 and "leave out --html" in run.err
