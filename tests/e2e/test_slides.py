"""JPEG slides that are read without OpenSlide have the pixels that libvips reads, in windows of any size."""

import json

import numpy as np
import pytest
import pyvips
import zarr
from identity_model import write_model

OME = """<?xml version="1.0" encoding="UTF-8"?>
<OME xmlns="http://www.openmicroscopy.org/Schemas/OME/2016-06"><Image ID="Image:0"><Pixels ID="Pixels:0" Type="uint8"
 DimensionOrder="XYCZT" SizeX="{width}" SizeY="{height}" SizeC="3" SizeZ="1" SizeT="1" PhysicalSizeX="0.5" PhysicalSizeY="0.5">
<Channel ID="Channel:0:0" SamplesPerPixel="3"/><TiffData/></Pixels></Image></OME>"""


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    plane = np.random.default_rng(1).random((64, 64), "float32")
    return write_model(tmp_path_factory.mktemp("model") / "m", plane, plane, channels=3)


def predicted(tegula, model, image, out, *words):
    """What a network that changes nothing makes of a level: (row, column, colour)."""
    tegula("predict", model, image, "-o", out, "-q", *words).ok()
    return np.moveaxis(zarr.open_group(out / "prediction.ome.zarr", mode="r")["0"][:], 0, -1)


def test_the_slide_of_a_scanner(tegula, model, data, tmp_path):
    slide = data / "images/wsi/CMU-1-Small-Region.svs"
    card = json.loads(tegula("inspect", slide, "--json").ok().out)
    assert (card["format"], card["objective"], card["pixel_size_um"]) == ("tiff (Aperio)", 20, {"x": 0.499, "y": 0.499})
    assert [(level["height"], level["width"]) for level in card["levels"]] == [(2967, 2220)]
    expected = pyvips.Image.tiffload(str(slide)).numpy()
    assert np.array_equal(predicted(tegula, model, slide, tmp_path / "out", "--level", 0, "--tile", 700, "--context", 56), expected)


@pytest.mark.parametrize("kind", ("pyramid", "ome", "rgb"))
def test_pyramids_of_jpeg_tiles(tegula, model, data, tmp_path, kind):
    image = pyvips.Image.tiffload(str(data / "images/wsi/CMU-1-Small-Region.svs")).crop(300, 400, 1100, 900)
    file = tmp_path / ("a.ome.tif" if kind == "ome" else "a.tif")
    if kind == "ome":
        image = image.copy()
        image.set_type(pyvips.GValue.gstr_type, "image-description", OME.format(width=1100, height=900))
    # From Q=90 on libvips does not halve the colours.
    image.tiffsave(str(file), tile=True, tile_width=128, tile_height=128, pyramid=True, compression="jpeg",
                   Q=95 if kind == "rgb" else 80, rgbjpeg=kind == "rgb", subifd=kind == "ome")
    levels = json.loads(tegula("inspect", file, "--json").ok().out)["levels"]
    assert len(levels) > 2
    for level in range(2):
        where = {"subifd": level - 1} if kind == "ome" else {"page": level}
        expected = pyvips.Image.tiffload(str(file), **where).numpy()
        for tile in (128, 300):
            got = predicted(tegula, model, file, tmp_path / f"{level}_{tile}", "--level", level, "--tile", tile, "--context", 20)
            assert np.array_equal(got, expected), (level, tile)
