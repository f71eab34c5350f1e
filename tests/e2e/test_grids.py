"""Stacks, time series, several inputs and outputs: the model's own test tensors as images, and tiles beside the whole."""

import json

import numpy as np
import pytest
import tifffile
import zarr


def level0(folder):
    return zarr.open_group(folder, mode="r")["0"][:]


def close(a, b):
    assert a.shape == b.shape
    assert np.abs(a - b).max() <= 1e-5 * max(1, np.abs(b).max())


def write_stack(path, pixels, axes, **metadata):
    tifffile.imwrite(path, pixels, photometric="minisblack", metadata={"axes": axes, **metadata}, ome=True)
    return path


def test_a_stack_gives_the_models_own_test_output(tegula, data, tmp_path):
    model = data / "models_made/nuclei3d"
    image = write_stack(tmp_path / "volume.ome.tif", np.load(model / "test_input.npy")[0, 0], "ZYX")
    tegula("predict", model, image, "-o", tmp_path / "out", "--border", "network").ok()
    wanted = np.load(model / "test_output.npy")[0]
    assert np.abs(level0(tmp_path / "out/prediction.ome.zarr") - wanted).max() < 1e-5


@pytest.mark.parametrize("border", ["pad", "network"])
def test_a_stack_in_blocks_is_the_whole_stack(tegula, data, tmp_path, border):
    model, image = data / "models_made/nuclei3d", data / "images/3d/neubias_xyz_8bit__chromosomes.tif"
    words = ["--border", border, "--level", 0]
    tegula("predict", model, image, "-o", tmp_path / "whole", "--tile", "z=240,y=400,x=400", *words).ok()
    whole = level0(tmp_path / "whole/prediction.ome.zarr")
    assert whole.shape == (1, 40, 152, 126)
    for tile in ("z=24,y=88,x=88", "z=30,y=152,x=100", "z=240,y=52,x=60"):
        run = tegula("predict", model, image, "-o", tmp_path / tile, "--tile", tile, *words)
        run.ok()
        assert json.loads((tmp_path / tile / "run.json").read_text())["tiles"]["windows"] > 1
        close(level0(tmp_path / tile / "prediction.ome.zarr"), whole)


def test_two_inputs_and_two_outputs_give_the_models_own_test_outputs(tegula, data, tmp_path):
    model = data / "models_made/multi_io"
    for name in ("image", "context"):
        np.save(tmp_path / f"{name}.npy", np.load(model / f"test_{name}.npy")[0])
    run = tegula("predict", model, tmp_path / "image.npy", "--input", f"context={tmp_path}/context.npy", "-o", tmp_path / "out",
                 "--border", "network").ok()
    assert "report" in run.out
    for name in ("superres", "density"):
        assert np.abs(level0(tmp_path / f"out/{name}.ome.zarr") - np.load(model / f"test_{name}.npy")[0]).max() < 1e-5


@pytest.mark.parametrize("border", ["pad", "network"])
def test_several_outputs_in_tiles_are_those_of_the_whole(tegula, data, tmp_path, border):
    random = np.random.default_rng(7)
    np.save(tmp_path / "image.npy", random.random((1, 296, 208), "f4"))
    np.save(tmp_path / "context.npy", random.random((2, 148, 104), "f4"))
    words = ["--input", f"context={tmp_path}/context.npy", "--border", border]
    for name, tile in (("whole", 800), ("tiles", 96)):
        tegula("predict", data / "models_made/multi_io", tmp_path / "image.npy", "-o", tmp_path / name, "--tile", tile, *words).ok()
    for output in ("superres", "density"):
        close(level0(tmp_path / f"tiles/{output}.ome.zarr"), level0(tmp_path / f"whole/{output}.ome.zarr"))


def test_what_inputs_do_not_fit_is_said(tegula, data, tmp_path):
    model = data / "models_made/multi_io"
    np.save(tmp_path / "image.npy", np.zeros((1, 128, 96), "f4"))
    np.save(tmp_path / "context.npy", np.zeros((2, 64, 40), "f4"))
    run = tegula("predict", model, tmp_path / "image.npy", "-o", tmp_path / "a")
    assert run.code == 2 and "nothing was given for input context" in run.err
    run = tegula("predict", model, tmp_path / "image.npy", "--input", f"context={tmp_path}/context.npy", "-o", tmp_path / "b")
    assert run.code == 2 and "has y=64 x=40 pixels, but beside the other inputs it must have y=64 x=48" in run.err
    run = tegula("predict", model, tmp_path / "image.npy", "--input", "mask=1", "-o", tmp_path / "c")
    assert run.code == 4 and "it has image, context" in run.err
    assert not any((tmp_path / name).exists() for name in "abc")


def test_a_constant_feeds_an_input(tegula, data, tmp_path):
    model = data / "models_made/multi_io"
    np.save(tmp_path / "image.npy", np.random.default_rng(3).random((1, 128, 96), "f4"))
    np.save(tmp_path / "context.npy", np.full((2, 64, 48), 0.25, "f4"))
    for name, value in (("image", f"{tmp_path}/context.npy"), ("number", "0.25")):
        tegula("predict", model, tmp_path / "image.npy", "--input", f"context={value}", "-o", tmp_path / name).ok()
    close(level0(tmp_path / "number/density.ome.zarr"), level0(tmp_path / "image/density.ome.zarr"))


def test_a_time_series_in_blocks_and_an_output_of_unknown_size(tegula, data, tmp_path):
    model = data / "models_made/time_index"
    movie = np.random.default_rng(5).random((9, 2, 60, 70), "f4")
    image = write_stack(tmp_path / "movie.ome.tif", movie, "TCYX")
    run = tegula("predict", model, image, "-o", tmp_path / "no")
    assert run.code == 3 and "output points" in run.err and "--outputs" in run.err
    for name, tile in (("whole", "t=20,y=200,x=200"), ("tiles", "t=4,y=36,x=36")):
        tegula("predict", model, image, "--outputs", "heat", "-o", tmp_path / name, "--tile", tile).ok()
    whole = level0(tmp_path / "whole/prediction.ome.zarr")
    assert whole.shape == (9, 1, 60, 70)
    close(level0(tmp_path / "tiles/prediction.ome.zarr"), whole)


def test_planes_of_a_stack_are_predicted_one_by_one(tegula, data, tmp_path):
    model, image = data / "models_made/nuclei_fluo_globalnorm", data / "images/3d/neubias_xyz_8bit__chromosomes.tif"
    tegula("predict", model, image, "-o", tmp_path / "range", "--z", "3:6").ok()
    planes = level0(tmp_path / "range/prediction.ome.zarr")
    assert planes.shape == (1, 3, 152, 126)
    for z in range(3):
        tegula("predict", model, image, "-o", tmp_path / str(z), "--z", 3 + z).ok()
        assert np.array_equal(level0(tmp_path / str(z) / "prediction.ome.zarr")[0], planes[0, z])


def test_one_image_that_fails_does_not_stop_the_others(tegula, data, tmp_path):
    image = data / "images/dsb2018/2dec81a678dd.png"
    (tmp_path / "list.txt").write_text(f"# two more\n{tmp_path}/missing.png\n\n{image}\n")
    run = tegula("predict", data / "models_made/nuclei_unet_any_size", image, "--list", tmp_path / "list.txt", "-o", tmp_path / "out",
                 "--channels", "0", "--json")
    assert run.code == 1
    rows = json.loads(run.out)
    assert [bool(row["error"]) for row in rows] == [False, True, False]
    assert (tmp_path / "out/2dec81a678dd/run.json").exists() and (tmp_path / "out/2dec81a678dd-2/run.json").exists()
