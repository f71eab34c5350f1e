"""What stands in for a prediction until it is there: coarse, said to be so, and replaced."""

import os
import pathlib

import numpy as np
from PIL import Image

from overlays import check_look, level_of
from viewing import need_browser, ready, story, viewing

SLIDE = "images/wsi/CMU-1-Small-Region.svs"


def largest(info):
    """The look of the largest channel; the first is not shown."""
    return lambda values: [(values.argmax(0) == i, tuple(bytes.fromhex(channel["colour"])))
                           for i, channel in enumerate(info["channels"]) if i]


def test_the_page_shows_a_coarse_prediction_until_the_exact_one_is_there(data, source, tmp_path):
    need_browser(source)
    pictures = pathlib.Path(os.environ.get("TEGULA_SCREENSHOTS", tmp_path))
    with viewing(data / SLIDE, "--model", data / "models_made/he_nuclei_rgb") as viewer:
        seen = story(source, "coarse", viewer.address, pictures, EXACT_TILES="30")
        info, = ready(viewer, image="wsi/CMU-1-Small-Region.svs", model="models_made/he_nuclei_rgb")
        assert seen["problems"] == []
        assert seen["coarse"]["badge"] and seen["coarse"]["status"].startswith("Coarse: not what the model gives at its own scale.")
        assert seen["coarse"]["previews"] == seen["asked"]["previews"] == 3 * 3
        check_look(pictures / "coarse.png", level_of(viewer, info, "previews", 2), info, largest(info), 2)
        assert not seen["exact"]["badge"] and seen["exact"]["status"] == "All that is visible is predicted."
        check_look(pictures / "exact.png", level_of(viewer, info, "tiles", 1), info, largest(info), 1, margin=4)
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
