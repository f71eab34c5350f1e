#!/usr/bin/env python3
"""Opens OME-Zarr images with zarr-python, ome-zarr-py and ome-zarr-models and fails with a sentence if one is wrong.

    check_zarr.py STORE...          checks stores; where STORE.ome.zarr has a STORE.npy beside it, level 0 must be equal to it
    check_zarr.py FOLDER            checks all *.ome.zarr in a folder

Checked are the metadata (axes, units, scales that follow from the shapes, channels) and every pixel of the pyramid, which is
made again with NumPy by the method that the metadata name.
"""
import sys

try:
    import numpy as np
    import ome_zarr_models
    import zarr
    from ome_zarr.io import parse_url
    from ome_zarr.reader import Reader
except ImportError as missing:
    print(f"skipped: {missing}")
    sys.exit(77)

from checking import check_all, require

UNITS = {"t": ("time", "second"), "c": ("channel", None), "z": ("space", "micrometer"), "y": ("space", "micrometer"), "x": ("space", "micrometer")}


def four_corners(level):
    """The up to four pixels under each pixel of the next level: values and whether they exist, on a new first axis."""
    pad = [(0, 0)] * (level.ndim - 2) + [(0, size % 2) for size in level.shape[-2:]]
    values = np.pad(level, pad)
    exists = np.pad(np.ones(level.shape, bool), pad)
    corners = [(slice(y, None, 2), slice(x, None, 2)) for y in (0, 1) for x in (0, 1)]
    return tuple(np.stack([a[..., y, x] for y, x in corners]) for a in (values, exists))


def halved(level, method):
    values, exists = four_corners(level)
    if method == "nearest":
        return values[0]
    if method == "mode":
        counts = np.stack([((values == v) & exists).sum(0) for v in values])
        best = np.where(exists, counts, 0).argmax(0)  # of equal counts the first
        return np.take_along_axis(values, best[None], 0)[0]
    require(method in ("mean", "nanmean"), f"the pyramid's method '{method}' is unknown")
    if method == "nanmean" and level.dtype.kind == "f":
        exists &= ~np.isnan(values)
    total = np.where(exists, values, 0).sum(0, dtype=np.float64)
    with np.errstate(invalid="ignore"):  # of nothing that is known
        mean = total / exists.sum(0)
    return (mean if level.dtype.kind == "f" else np.floor(mean + 0.5)).astype(level.dtype)


def check_metadata(group):
    model = ome_zarr_models.open_ome_zarr(group)  # raises if the metadata are not valid OME-Zarr
    if group.metadata.zarr_format == 3:
        require(model.attributes.ome.version == "0.5", "the version is not 0.5")
        ome = group.attrs["ome"]
    else:
        ome = dict(group.attrs)
        require(ome["multiscales"][0]["version"] == "0.4", "the version is not 0.4")
    multiscale = ome["multiscales"][0]
    names = [axis["name"] for axis in multiscale["axes"]]
    require("".join(names) in {"tczyx", "tcyx", "tzyx", "tyx", "czyx", "cyx", "zyx", "yx"}, f"the axes {names} are not in order")
    for axis in multiscale["axes"]:
        kind, unit = UNITS[axis["name"]]
        require(axis["type"] == kind, f"axis {axis['name']} has type {axis['type']}")
        require(axis.get("unit") in (None, unit), f"axis {axis['name']} has unit {axis.get('unit')}")
    scales, origins = [], []
    for dataset in multiscale["datasets"]:
        scale, translation = dataset["coordinateTransformations"]
        scales.append(np.array(scale["scale"]))
        origins.append(np.array(translation["translation"]))
    for level, (scale, origin) in enumerate(zip(scales, origins)):
        factor = np.array([2.0**level if name in "yx" else 1.0 for name in names])
        require(np.allclose(scale, scales[0] * factor, rtol=1e-12), f"level {level} has scale {scale}")
        require(np.allclose(origin, origins[0] + scales[0] * (factor - 1) / 2), f"level {level} begins at {origin}")
    return ome, multiscale, names


def check_channels(ome, shape, names):
    channels = ome.get("omero", {}).get("channels")
    if channels is None:
        return []
    require(len(channels) == (shape[names.index("c")] if "c" in names else 1), f"{len(channels)} channels are described for shape {shape}")
    for channel in channels:
        require(len(bytes.fromhex(channel["color"])) == 3, f"channel colour {channel['color']}")
        window = channel["window"]
        require(window["min"] <= window["start"] < window["end"] <= window["max"], f"channel window {window}")
    return [channel["label"] for channel in channels]


def check_labels(ome, multiscale, level):
    """Labels are integers that are reduced by majority; what is named is 0, 1, 2, ..."""
    label = ome.get("image-label")
    if label is None:
        return []
    require(level.dtype.kind in "iu" and multiscale["type"] == "mode", f"labels of {level.dtype} are reduced by {multiscale['type']}")
    colours, properties = label.get("colors", []), label.get("properties", [])
    for entries in (colours, properties):
        require([entry["label-value"] for entry in entries] == list(range(len(entries))), "classes are not numbered from 0 on")
    require(all(len(entry["rgba"]) == 4 and max(entry["rgba"]) < 256 for entry in colours), "a label's colour is none")
    return [entry["class"] for entry in properties]


def check_with_ome_zarr(path, levels, names, labels):
    """ome-zarr-py finds the image and gives the same pixels."""
    nodes = list(Reader(parse_url(str(path), mode="r"))())
    require(nodes, "ome-zarr-py finds no image")
    require(len(nodes[0].data) == len(levels), "ome-zarr-py finds another number of levels")
    require([axis["name"] for axis in nodes[0].metadata["axes"]] == names, "ome-zarr-py reads other axes")
    if labels:
        require(list(nodes[0].metadata["channel_names"]) == labels, f"ome-zarr-py reads the channels {nodes[0].metadata['channel_names']}")
    require(np.array_equal(np.asarray(nodes[0].data[-1]), levels[-1], equal_nan=levels[-1].dtype.kind == "f"), "ome-zarr-py reads other pixels")


def check(path):
    group = zarr.open_group(path, mode="r")
    ome, multiscale, names = check_metadata(group)
    arrays = [group[dataset["path"]] for dataset in multiscale["datasets"]]
    levels = [array[...] for array in arrays]
    for array in arrays:
        if array.metadata.zarr_format == 3:
            require(list(array.metadata.dimension_names) == names, f"dimension names {array.metadata.dimension_names} are not the axes")
        require(array.dtype == arrays[0].dtype and array.chunks == arrays[0].chunks, "levels differ in type or chunks")
    for level in range(1, len(levels)):
        expected = halved(levels[level - 1], multiscale["type"])
        require(levels[level].shape == expected.shape, f"level {level} has shape {levels[level].shape} instead of {expected.shape}")
        same = np.array_equal(levels[level], expected, equal_nan=expected.dtype.kind == "f")
        require(same, f"level {level} is not the {multiscale['type']} of the level above")
    expected = path.with_name(path.name.removesuffix(".ome.zarr") + ".npy")
    if expected.exists():
        require(np.array_equal(levels[0], np.load(expected), equal_nan=levels[0].dtype.kind == "f"), f"level 0 differs from {expected.name}")
    classes = check_labels(ome, multiscale, levels[0])
    labels = check_channels(ome, levels[0].shape, names)
    check_with_ome_zarr(path, levels, names, labels)
    shapes = " ".join("x".join(map(str, level.shape)) for level in levels)
    print(f"{path.name}: {''.join(names)} {levels[0].dtype} {shapes} in chunks of {arrays[0].chunks}, shards of {arrays[0].shards}, {multiscale['type']}, channels {labels}" + (f", classes {classes}" if classes else ""))


if __name__ == "__main__":
    check_all(check, lambda path: (path / "zarr.json").exists() or (path / ".zattrs").exists(), "*.ome.zarr", "OME-Zarr")
