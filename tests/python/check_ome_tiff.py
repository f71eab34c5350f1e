#!/usr/bin/env python3
"""Opens OME-TIFF images with tifffile and libvips and fails with a sentence if one is not the OME-Zarr image beside it.

    check_ome_tiff.py IMAGE.ome.tif...   each is compared with IMAGE.ome.zarr beside it, as zarr-python reads that
    check_ome_tiff.py FOLDER             checks all *.ome.tif in a folder

Compared are every pixel of every level (with both readers), channel names and colours, and the size of a pixel.
"""
import math
import sys
import xml.etree.ElementTree

try:
    import numpy as np
    import pyvips
    import tifffile
    import zarr
except ImportError as missing:
    print(f"skipped: {missing}")
    sys.exit(77)

from checking import check_all, require

OME = "{http://www.openmicroscopy.org/Schemas/OME/2016-06}"
UNITS = {"X": "µm", "Y": "µm", "Z": "µm"}


def same(a, b):
    return a.shape == b.shape and a.dtype == b.dtype and np.array_equal(a, b, equal_nan=a.dtype.kind == "f")


def as_stored(level):
    """OME-TIFF has no bool: masks are 0 and 255."""
    return level.astype(np.uint8) * 255 if level.dtype == bool else level


class Store:
    """The OME-Zarr image: levels as arrays of axes (t, c, z, y, x)."""

    def __init__(self, path):
        group = zarr.open_group(path, mode="r", zarr_format=3)
        ome = group.attrs["ome"]
        multiscale = ome["multiscales"][0]
        self.axes = [axis["name"] for axis in multiscale["axes"]]
        self.name = multiscale["name"]
        self.levels = [as_stored(group[dataset["path"]][...]) for dataset in multiscale["datasets"]]
        missing = tuple(i for i, name in enumerate("tczyx") if name not in self.axes)
        self.levels_tczyx = [np.expand_dims(level, missing) for level in self.levels]
        scale = multiscale["datasets"][0]["coordinateTransformations"][0]["scale"]
        known = [axis for axis in multiscale["axes"] if "unit" in axis]
        self.steps = {axis["name"].upper(): scale[self.axes.index(axis["name"])] for axis in known}
        self.channels = ome.get("omero", {}).get("channels", [])

    def planes(self, level):
        """In the order of the pages: z fastest, then c, then t."""
        array = self.levels_tczyx[level]
        return array.reshape(-1, *array.shape[-2:])


def check_tifffile(path, store):
    with tifffile.TiffFile(path) as tiff:
        require(tiff.is_ome, "tifffile finds no OME-TIFF")
        require(tiff.is_bigtiff == (path.stat().st_size > 2**32), "it is a BigTIFF without need, or not one in need")
        require(len(tiff.series) == 1, f"tifffile finds {len(tiff.series)} series")
        levels = tiff.series[0].levels
        require(len(levels) == len(store.levels), f"tifffile finds {len(levels)} levels instead of {len(store.levels)}")
        for number, (level, expected) in enumerate(zip(levels, store.levels)):
            pixels = level.asarray()
            require(same(pixels.squeeze(), expected.squeeze()), f"tifffile reads another level {number}: {pixels.shape} {pixels.dtype} for {expected.shape} {expected.dtype}")
        for number in range(len(tiff.pages)):
            page = tiff.pages.get(number, aspage=True)
            require(page.is_tiled and page.subfiletype == 0, f"page {number} is not a tiled full image")
            require(all(sub.is_reduced and sub.is_tiled for sub in page.pages or []), f"a SubIFD of page {number} is not a reduced, tiled image")
        return tiff.ome_metadata


def check_metadata(xml_text, store):
    root = xml.etree.ElementTree.fromstring(xml_text)
    require(root.tag == OME + "OME", f"the XML's root is {root.tag}")
    image = root.find(OME + "Image")
    require(image.get("Name") == store.name, f"the image is named {image.get('Name')!r} instead of {store.name!r}")
    pixels = image.find(OME + "Pixels")
    t, c, z, y, x = store.levels_tczyx[0].shape
    sizes = {axis: int(pixels.get("Size" + axis)) for axis in "TCZYX"}
    require(sizes == {"T": t, "C": c, "Z": z, "Y": y, "X": x}, f"the XML says {sizes}")
    for axis, unit in UNITS.items():
        step, expected = pixels.get("PhysicalSize" + axis), store.steps.get(axis)
        require((step is None) == (expected is None), f"PhysicalSize{axis} is {step}, not {expected}")
        require(step is None or (math.isclose(float(step), expected, rel_tol=1e-12) and pixels.get(f"PhysicalSize{axis}Unit") == unit), f"PhysicalSize{axis} is {step}")
    channels = pixels.findall(OME + "Channel")
    require(len(channels) == c, f"{len(channels)} channels are described")
    for channel, expected in zip(channels, store.channels):
        require(channel.get("Name") == expected["label"], f"a channel is named {channel.get('Name')!r} instead of {expected['label']!r}")
        colour = f"{int(channel.get('Color')) & 0xFFFFFFFF:08X}"
        require(colour == expected["color"].upper() + "FF", f"channel {expected['label']} has colour {colour}")
    places = [tuple(int(data.get(key)) for key in ("IFD", "FirstZ", "FirstC", "FirstT", "PlaneCount")) for data in pixels.findall(OME + "TiffData")]
    order = [(i, i % z, i // z % c, i // z // c, 1) for i in range(t * c * z)]
    require(places == order, "TiffData does not name the pages in the order XYZCT")


def check_libvips(path, store):
    if store.levels[0].dtype.itemsize > 4:
        return  # libvips reads no TIFF of more than 32 bits ("samples out of range")
    for level in range(len(store.levels)):
        for page, expected in enumerate(store.planes(level)):
            image = pyvips.Image.tiffload(str(path), page=page, subifd=level - 1)
            require(same(image.numpy().reshape(expected.shape), expected), f"libvips reads another page {page} of level {level}")
    if "X" in store.steps:
        resolution = pyvips.Image.tiffload(str(path)).xres  # pixels per mm
        require(math.isclose(resolution, 1000 / store.steps["X"], rel_tol=1e-5), f"libvips reads {resolution} pixels per mm")


def check(path):
    store = Store(path.with_name(path.name.removesuffix(".ome.tif") + ".ome.zarr"))
    check_metadata(check_tifffile(path, store), store)
    check_libvips(path, store)
    shapes = " ".join("x".join(map(str, level.shape)) for level in store.levels)
    print(f"{path.name}: {''.join(store.axes)} {store.levels[0].dtype} {shapes}, channels {[c['label'] for c in store.channels]}")


if __name__ == "__main__":
    check_all(check, lambda path: path.is_file(), "*.ome.tif", "OME-TIFF")
