"""`tegula predict --format ome-tiff`, read back by tifffile, libvips and Tegula itself."""

import json
import pathlib
import subprocess
import sys

import numpy as np
import pytest
import tifffile
import zarr

IMAGE = "synthetic:nuclei,height=700,width=900,seed=3,pixel_size=0.5"
CHECK = pathlib.Path(__file__).parents[1] / "python" / "check_ome_tiff.py"


@pytest.fixture(scope="module")
def both(source, tmp_path_factory):
    from conftest import Run

    out = tmp_path_factory.mktemp("both") / "out"
    Run("predict", source / "demo/nuclei_demo", IMAGE, "-o", out, "--format", "ome-zarr,ome-tiff", "--objects", "nucleus").ok()
    return out


def test_the_file_is_the_store_for_tifffile_and_libvips(both):
    done = subprocess.run([sys.executable, CHECK, both / "prediction.ome.tif"], capture_output=True, text=True)
    if done.returncode == 77:
        pytest.skip(done.stdout)
    assert done.returncode == 0, done.stdout + done.stderr


def test_tegula_reads_what_it_wrote(tegula, source, both, tmp_path):
    words = ["--pixel-size", "0.5", "--channels", "nucleus"]
    tegula("predict", source / "demo/nuclei_demo", both / "prediction.ome.tif", "-o", tmp_path / "o", *words).ok()
    record = json.loads((tmp_path / "o/run.json").read_text())
    assert record["image"]["format"] == "tiff (OME)" and record["image"]["channels"] == ["nucleus"]
    assert len(record["image"]["levels"]) == len(zarr.open_group(both / "prediction.ome.zarr", mode="r").attrs["ome"]["multiscales"][0]["datasets"])


def test_the_store_goes_when_only_ome_tiff_is_asked_for(tegula, source, both, tmp_path):
    out = tmp_path / "o"
    tegula("predict", source / "demo/nuclei_demo", IMAGE, "-o", out, "--format", "ome-tiff", "--objects", "nucleus").ok()
    assert sorted(p.name for p in out.iterdir()) == ["objects.geojson", "prediction.ome.tif", "report.html", "run.json"]
    assert (out / "prediction.ome.tif").read_bytes() == (both / "prediction.ome.tif").read_bytes()
    assert (out / "objects.geojson").read_bytes() == (both / "objects.geojson").read_bytes()
    record = json.loads((out / "run.json").read_text())
    assert [output["path"] for output in record["outputs"]] == ["prediction.ome.tif", "objects.geojson", "report.html"]
    assert "writing ome-tiff" in [stage["name"] for stage in record["stages"]]


def test_overwriting_leaves_no_result_of_the_run_before(tegula, source, tmp_path):
    out = tmp_path / "o"
    tegula("predict", source / "demo/nuclei_demo", IMAGE, "-o", out, "--format", "ome-tiff", "--objects", "nucleus").ok()
    (out / "notes.txt").write_text("mine")
    tegula("predict", source / "demo/nuclei_demo", IMAGE, "-o", out, "--overwrite").ok()
    assert sorted(p.name for p in out.iterdir()) == ["notes.txt", "prediction.ome.zarr", "report.html", "run.json"]


@pytest.mark.parametrize("compression", ("zstd", "none", "deflate-float", "zstd-float:3"))
def test_every_compression_holds_the_same_pixels(tegula, source, both, tmp_path, compression):
    pytest.importorskip("imagecodecs", reason="tifffile reads these only with imagecodecs")
    out = tmp_path / "o"
    tegula("predict", source / "demo/nuclei_demo", IMAGE, "-o", out, "--format", "ome-tiff", "--compression", compression).ok()
    with tifffile.TiffFile(both / "prediction.ome.tif") as expected, tifffile.TiffFile(out / "prediction.ome.tif") as found:
        assert [np.array_equal(a.asarray(), b.asarray()) for a, b in zip(expected.series[0].levels, found.series[0].levels)] == [True, True]


def test_jpeg_holds_colours_as_one_page(tegula, unchanging, tmp_path):
    pytest.importorskip("imagecodecs", reason="tifffile reads JPEG only with imagecodecs")
    y, x = np.mgrid[:600, :530]
    colours = np.stack([y // 3, x // 3, 255 - y // 3]).astype("float32")
    np.save(tmp_path / "a.npy", colours)
    tegula("predict", unchanging(3), tmp_path / "a.npy", "-o", tmp_path / "o", "--format", "ome-tiff", "--compression", "jpeg:95",
           "--values", "uint8", "--range", "0,255").ok()
    with tifffile.TiffFile(tmp_path / "o/prediction.ome.tif") as file:
        levels = file.series[0].levels
        assert [level.shape for level in levels] == [(600, 530, 3), (300, 265, 3)]
        assert file.pages[0].photometric.name == "YCBCR" and file.pages[0].compression.name == "JPEG"
        assert np.abs(levels[0].asarray().astype(int) - colours.transpose(1, 2, 0)).max() < 10
    info = json.loads(tegula("inspect", tmp_path / "o/prediction.ome.tif", "--json").ok().out)
    assert info["dtype"] == "uint8" and len(info["channels"]) == 3


def test_jpeg_is_for_rgb(tegula, source, tmp_path):
    run = tegula("predict", source / "demo/nuclei_demo", IMAGE, "-o", tmp_path / "o", "--format", "ome-tiff", "--compression", "jpeg:90")
    assert run.code == 3 and "JPEG holds RGB" in run.err and not (tmp_path / "o").exists()


def test_probabilities_keep_their_type(both):
    image = tifffile.imread(both / "prediction.ome.tif")
    assert image.dtype == np.float32 and image.shape == (700, 900)


def test_an_unknown_format_is_refused_with_those_there_are(tegula, source, tmp_path):
    run = tegula("predict", source / "demo/nuclei_demo", IMAGE, "-o", tmp_path / "o", "--format", "ome-zarr", "--format", "tiff")
    assert run.code == 2 and "ome-zarr, ome-zarr-0.4, ome-tiff, npy" in run.err
    assert not (tmp_path / "o").exists()


def test_formats_lists_what_is_written(tegula):
    rows = json.loads(tegula("formats", "--json").ok().out)
    assert [row["name"] for row in rows if row["use"] == "write"] == ["ome-zarr", "ome-zarr-0.4", "ome-tiff", "npy"]
