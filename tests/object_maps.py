"""Maps of which objects are made, as stored predictions, and the pixels of the objects that were made of them."""

import json
import os
import subprocess

import numpy as np
import shapely
import tifffile
import zarr
from scipy import ndimage

from identity_model import write_model

HEIGHT, WIDTH = 330, 290


def smooth_noise(seed, height=HEIGHT, width=WIDTH, sigma=3.0):
    values = ndimage.gaussian_filter(np.random.default_rng(seed).standard_normal((height, width)), sigma)
    return ((values - values.min()) / (values.max() - values.min())).astype("float32")


def predict(folder, maps, *words, tile=64, check=True):
    """A stored prediction whose map is `maps`, which is checked: the network changes nothing."""
    folder.mkdir(parents=True, exist_ok=True)
    test = np.zeros((64, 64), "float32")
    model = write_model(folder / "model", test, test, channels=len(maps))
    tifffile.imwrite(folder / "image.ome.tif", maps, photometric="minisblack", metadata={"axes": "CYX"})
    subprocess.run([os.environ["TEGULA_PROGRAM"], "predict", model, folder / "image.ome.tif", "-o", folder / "out", "--tile", str(tile), *words],
                   check=True, capture_output=True)
    assert not check or np.array_equal(zarr.open(folder / "out/prediction.ome.zarr/0", mode="r")[:], maps)
    return folder / "out"


def features_of(folder, name="objects.geojson"):
    return json.loads((folder / name).read_text())["features"]


def mask_of(feature, height=HEIGHT, width=WIDTH):
    """The pixels whose centres an outline holds."""
    shape = shapely.geometry.shape(feature["geometry"])
    assert shape.is_valid, shapely.is_valid_reason(shape)
    mask = np.zeros((height, width), bool)
    x0, y0, x1, y1 = shape.bounds
    y, x = np.mgrid[max(0, int(y0)):min(height, int(np.ceil(y1))), max(0, int(x0)):min(width, int(np.ceil(x1)))]
    mask[y, x] = shapely.contains_xy(shape, x + 0.5, y + 0.5)
    return mask


def labels_of(features):
    labels = np.zeros((HEIGHT, WIDTH), int)
    for number, feature in enumerate(features):
        mask = mask_of(feature)
        assert not labels[mask].any(), "objects of one class do not overlap"
        labels[mask] = number + 1
    return labels
