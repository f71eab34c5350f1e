"""What stands in for a prediction until it is there: coarse, said to be so, and replaced."""

import os
import pathlib

import numpy as np
from PIL import Image

from viewing import need_browser, ready, story, viewing

SLIDE = "images/wsi/CMU-1-Small-Region.svs"
TILE = 256


def values_of(viewer, info, kind, halvings):
    """A whole level of the prediction as (channel, y, x), from the API."""
    levels = 1 + int(np.ceil(np.log2(max(info["height"], info["width"]))))
    height, width = (-(-info[edge] // 2**halvings) for edge in ["height", "width"])
    values = np.empty((len(info["channels"]), height, width), np.float32)
    for row in range(-(-height // TILE)):
        for column in range(-(-width // TILE)):
            status, _, body = viewer.ask(f"/api/predictions/{info['id']}/{kind}/{levels - 1 - halvings}/{column}/{row}")
            assert status == 200, body
            part = values[:, TILE * row:TILE * row + TILE, TILE * column:TILE * column + TILE]
            part[...] = np.frombuffer(body, np.float32).reshape(part.shape)
    return values


def expected(values, halvings, info, shape, margin):
    """By pixel of the fitted screen the class that is shown there, or -1, and whether that is so all around it."""
    height, width = shape
    scale = min(width / info["width"], height / info["height"])
    classes = np.where(np.isnan(values[0]), 0, values.argmax(0))
    left, top = (width - info["width"] * scale) / 2, (height - info["height"] * scale) / 2
    y = np.floor((np.arange(height) + 0.5 - top) / scale / 2**halvings).astype(int)
    x = np.floor((np.arange(width) + 0.5 - left) / scale / 2**halvings).astype(int)
    inside = np.outer((y >= margin) & (y < classes.shape[0] - margin), (x >= margin) & (x < classes.shape[1] - margin))
    steps = range(-margin, margin + 1)
    around = [classes[np.clip(y + dy, 0, classes.shape[0] - 1)][:, np.clip(x + dx, 0, classes.shape[1] - 1)]
              for dy in steps for dx in steps]
    return around[len(around) // 2], inside & np.all([other == around[0] for other in around], 0)


def check(picture, values, halvings, info, margin=2):
    """That what is seen is the class of each value; the first class is not shown."""
    seen = np.asarray(Image.open(picture).convert("RGBA")).astype(int)
    classes, sure = expected(values, halvings, info, seen.shape[:2], margin)
    assert sure.mean() > 0.1
    for number, channel in enumerate(info["channels"]):
        there = seen[sure & (classes == number)]
        assert len(there) > 50, channel
        if number == 0:
            assert np.mean(there[:, 3] == 0) > 0.99
            continue
        colour = [int(channel["colour"][i:i + 2], 16) for i in (0, 2, 4)]
        assert np.mean(np.abs(there[:, :3] - colour).max(1) <= 3) > 0.99, channel
        assert np.mean(np.abs(there[:, 3] - 153) <= 2) > 0.99, channel


def test_the_page_shows_a_coarse_prediction_until_the_exact_one_is_there(data, source, tmp_path):
    need_browser(source)
    pictures = pathlib.Path(os.environ.get("TEGULA_SCREENSHOTS", tmp_path))
    with viewing(data / SLIDE, "--model", data / "models_made/he_nuclei_rgb") as viewer:
        seen = story(source, "coarse", viewer.address, pictures, EXACT_TILES="30")
        info, = ready(viewer, image="wsi/CMU-1-Small-Region.svs", model="models_made/he_nuclei_rgb")
        assert seen["problems"] == []
        assert seen["coarse"]["badge"] and seen["coarse"]["status"].startswith("Coarse: not what the model gives at its own scale.")
        assert seen["coarse"]["previews"] == seen["asked"]["previews"] == 3 * 3
        check(pictures / "coarse.png", values_of(viewer, info, "previews", 2), 2, info)
        assert not seen["exact"]["badge"] and seen["exact"]["status"] == "All that is visible is predicted."
        check(pictures / "exact.png", values_of(viewer, info, "tiles", 1), 1, info, margin=4)
        assert not seen["again"]["badge"] and seen["again"]["previews"] == 0
        after = viewer.json(f"/api/predictions/{info['id']}")
        assert after["previews_made"] < 10 < after["windows_made"] <= info["windows"]


def test_a_large_image_is_seen_whole_only_coarsely(data, source, tmp_path):
    need_browser(source)
    image = "synthetic:nuclei,height=20000,width=21000,levels=6,seed=5,dtype=uint8,channels=3"
    with viewing(image, "--model", data / "models_made/he_nuclei_rgb") as viewer:
        seen = story(source, "coarse", viewer.address, tmp_path, EXACT_TILES="0", WAIT="preview")
        assert seen["problems"] == []
        assert seen["coarse"]["badge"] and "Look closer for what it gives." in seen["coarse"]["status"]
        assert seen["asked"]["tiles"] == 0 and seen["asked"]["previews"] == seen["coarse"]["previews"]
        info, = ready(viewer, image=image, model="models_made/he_nuclei_rgb")
        assert info["windows_made"] == 0 and 1 <= info["previews_made"] < 20
        assert np.asarray(Image.open(tmp_path / "coarse.png"))[..., 3].any()
