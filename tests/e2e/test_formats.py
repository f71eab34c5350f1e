"""What kinds of images are read, against Pillow and tifffile; what is not read is named, with the command that converts it."""

import io
import json
import re

import numpy as np
import pytest
import tifffile
import zarr
from PIL import Image

INVALID, UNSUPPORTED, CORRUPT = 2, 3, 6


def predicted(tegula, model, image, out):
    tegula("predict", model, image, "-o", out, "-q", "--level", "0").ok()
    return zarr.open_group(out / "prediction.ome.zarr", mode="r")["0"][:]


def refused(tegula, model, image, out, code):
    run = tegula("predict", model, image, "-o", out)
    assert run.code == code, run.err
    assert run.err.startswith("tegula: ") and run.err.count("\n") == 1, run.err
    assert not out.exists() or not any(out.iterdir())
    return run.err


@pytest.fixture
def grey_model(source):
    return source / "demo/nuclei_demo"


@pytest.fixture
def grey():
    y, x = np.mgrid[:150, :131]
    return (120 + 100 * np.sin(y / 7) * np.cos(x / 9)).astype(np.uint8)


def test_a_jpeg_gives_what_its_pixels_give_as_a_png(tegula, data, tmp_path):
    model, jpeg = data / "models_made/he_nuclei_rgb", data / "images/he/stardist_histo.jpg"
    Image.open(jpeg).save(tmp_path / "same.png")
    Image.open(jpeg).save(tmp_path / "progressive.jpg", progressive=True, quality=95)
    Image.open(tmp_path / "progressive.jpg").save(tmp_path / "progressive.png")
    for first, second in ((jpeg, "same.png"), (tmp_path / "progressive.jpg", "progressive.png")):
        out = tmp_path / second.replace(".", "_")
        assert np.array_equal(predicted(tegula, model, first, out / "jpeg"), predicted(tegula, model, tmp_path / second, out / "png"))


def test_a_turned_jpeg_is_read_as_pillow_reads_it(tegula, grey_model, grey, tmp_path):
    exif = Image.Exif()
    exif[0x0112] = 6
    Image.fromarray(grey).save(tmp_path / "turned.jpg", exif=exif)
    pixels = np.asarray(Image.open(tmp_path / "turned.jpg"))
    assert pixels.shape == grey.shape
    np.save(tmp_path / "pixels.npy", pixels)
    assert np.array_equal(predicted(tegula, grey_model, tmp_path / "turned.jpg", tmp_path / "a"), predicted(tegula, grey_model, tmp_path / "pixels.npy", tmp_path / "b"))


def test_16_bits_are_the_same_from_every_container(tegula, grey_model, grey, tmp_path):
    deep = grey.astype(np.uint16) * 257 + 11
    np.save(tmp_path / "a.npy", deep)
    Image.fromarray(deep).save(tmp_path / "a.png")
    tifffile.imwrite(tmp_path / "little.tif", deep, bigtiff=True, byteorder="<", tile=(64, 64))
    tifffile.imwrite(tmp_path / "big.tif", deep, bigtiff=True, byteorder=">", rowsperstrip=20)
    expected = predicted(tegula, grey_model, tmp_path / "a.npy", tmp_path / "npy")
    for name in ("a.png", "little.tif", "big.tif"):
        info = json.loads(tegula("inspect", tmp_path / name, "--json").ok().out)
        assert "uint16" in json.dumps(info)
        assert np.array_equal(predicted(tegula, grey_model, tmp_path / name, tmp_path / f"{name}.out"), expected), name


def test_a_cut_jpeg_is_not_filled_with_grey(tegula, grey_model, grey, tmp_path):
    for progressive in (False, True):
        Image.fromarray(grey).save(tmp_path / "a.jpg", progressive=progressive)
        jpeg = (tmp_path / "a.jpg").read_bytes()
        for cut in (jpeg[: len(jpeg) // 2], jpeg[:-2], jpeg[: len(jpeg) // 2] + b"\xff\xd9"):
            (tmp_path / "cut.jpg").write_bytes(cut)
            assert "cut.jpg" in refused(tegula, grey_model, tmp_path / "cut.jpg", tmp_path / "o", CORRUPT)


def test_a_jpeg_in_ink_is_refused(tegula, grey_model, tmp_path):
    Image.new("CMYK", (64, 64)).save(tmp_path / "ink.jpg")
    assert "CMYK" in refused(tegula, grey_model, tmp_path / "ink.jpg", tmp_path / "o", UNSUPPORTED)


def picture(kind):
    out = io.BytesIO()
    Image.new("RGB", (40, 30)).save(out, kind)
    return out.getvalue()


FOREIGN = {
    "cells.czi": (b"ZISRAWFILE" + bytes(600), "Zeiss CZI", "bfconvert"),
    "cells.nd2": (b"\xda\xce\xbe\x0a" + bytes(600), "Nikon ND2", "bfconvert"),
    "cells.lif": (b"\x70\0\0\0\x20\0\0\0\x2a" + bytes(600), "Leica LIF", "bfconvert"),
    "cells.oir": (b"OLYMPUSRAWFORMAT" + bytes(600), "Olympus OIR", "bfconvert"),
    "cells.ims": (b"\x89HDF\r\n\x1a\n" + bytes(600), "Imaris", "bfconvert"),
    "plain.dcm": (bytes(128) + b"DICM" + bytes(600), "DICOM", "bfconvert"),
    "photo.webp": (picture("WEBP"), "WebP", "vips copy"),
    "photo.gif": (picture("GIF"), "GIF", "vips copy"),
    "photo.bmp": (picture("BMP"), "BMP", "vips copy"),
    "photo.jp2": (picture("JPEG2000"), "JPEG 2000", "vips copy"),
    "photo.avif": (picture("AVIF"), "AVIF", "vips copy"),
    "photo.ppm": (picture("PPM"), "Netpbm", "vips copy"),
    "failed.tif": (b"<!DOCTYPE html><html>404</html>", "web page", "save the image"),
    "cells.tif.gz": (b"\x1f\x8b\x08" + bytes(600), "gzip", "gzip -dc"),
    "noise.dat": (b"\x05\x00\xc1" + bytes(600), "05 00 C1 00 00 00 00 00", "tegula formats"),
}


@pytest.mark.parametrize("name", FOREIGN)
def test_other_formats_are_named_with_what_to_do(tegula, grey_model, tmp_path, name):
    content, says, command = FOREIGN[name]
    (tmp_path / name).write_bytes(content)
    line = refused(tegula, grey_model, tmp_path / name, tmp_path / "o", UNSUPPORTED)
    assert says in line and command in line and str(tmp_path / name) in line


def test_the_overview_of_a_vsi_is_not_taken_for_the_slide(tegula, grey_model, grey, tmp_path):
    tifffile.imwrite(tmp_path / "slide.vsi", grey)
    assert "Olympus VSI" in refused(tegula, grey_model, tmp_path / "slide.vsi", tmp_path / "o", UNSUPPORTED)


def test_a_zarr_without_an_image_is_named_and_so_is_a_model_in_the_place_of_an_image(tegula, grey_model, tmp_path):
    zarr.open_group(tmp_path / "cells.zarr", mode="w").create_array("0", shape=(4, 4), dtype="u1")
    assert re.search("multiscales", refused(tegula, grey_model, tmp_path / "cells.zarr", tmp_path / "o", UNSUPPORTED))
    for model in (grey_model, grey_model / "rdf.yaml"):
        assert "tegula predict" in refused(tegula, grey_model, model, tmp_path / "o", UNSUPPORTED)
