#!/usr/bin/env python3
"""slide_seeds.py FOLDER — small slides and their tiles, for tiff_fuzz and jpeg_block_fuzz (whose inputs begin with 6 bytes)."""
import pathlib
import sys

import numpy as np
import pyvips
import tifffile

folder = pathlib.Path(sys.argv[1])
for name in ("tiff", "jpeg_block"):
    (folder / name).mkdir(parents=True, exist_ok=True)
y, x = np.mgrid[:150, :131]
pixels = np.stack([120 + 100 * np.sin(y / k) * np.cos(x / 9) for k in (5, 7, 11)], -1).astype("uint8")
GREY, RGB, YCBCR = range(3)
KINDS = {
    "ycbcr": (pixels, YCBCR, {"Q": 80, "pyramid": True}),
    "rgb": (pixels, RGB, {"Q": 80, "rgbjpeg": True, "subifd": True, "pyramid": True}),
    "full": (pixels, YCBCR, {"Q": 95}),
    "grey": (pixels[..., 1], GREY, {"Q": 80, "bigtiff": True}),
}
for name, (image, colours, options) in KINDS.items():
    file = folder / "tiff" / f"{name}.tif"
    pyvips.Image.new_from_array(image).tiffsave(str(file), compression="jpeg", tile=True, tile_width=64, tile_height=64, **options)
    with tifffile.TiffFile(file) as tiff:
        page = tiff.pages[0]
        tables = page.jpegtables or b""
        for at, size in list(zip(page.dataoffsets, page.databytecounts))[:2]:
            tiff.filehandle.seek(at)
            head = bytes([colours, 63, 63, 63, len(tables) % 256, len(tables) // 256])
            (folder / "jpeg_block" / f"{name}{at}").write_bytes(head + tables + tiff.filehandle.read(size))
pyvips.Image.new_from_array(pixels).tiffsave(str(folder / "tiff" / "lzw.tif"), compression="lzw", predictor="horizontal")
aperio = pyvips.Image.new_from_array(pixels).copy()
aperio.set_type(pyvips.GValue.gstr_type, "image-description", "Aperio Image Library v1\r\n131x150|AppMag = 20|MPP = 0.5")
aperio.tiffsave(str(folder / "tiff" / "aperio.svs"), compression="jpeg", tile=True, tile_width=64, tile_height=64)
