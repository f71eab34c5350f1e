"""What the page draws over an image, held against the values that the API gives."""

import numpy as np
from PIL import Image

TILE = 256


def level_of(viewer, info, kind, halvings):
    """A whole level of a prediction as (channel, y, x), from the API."""
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


def check_look(picture, values, info, look, halvings=0, margin=2):
    """That the picture of a fitted image shows what `look` says of values: where there are which colours, which are mixed.

    Only where all pixels around look alike is it known what the screen has to show.
    """
    seen = np.asarray(Image.open(picture).convert("RGBA")).astype(int)
    count, total = np.zeros(values.shape[1:], int), np.zeros((*values.shape[1:], 3))
    for where, colour in look(np.nan_to_num(values)):
        count += where
        total[where] += colour
    wanted = np.dstack([total / np.maximum(count, 1)[..., None], 153 * (count > 0)]).astype(int)
    # Places of the screen in pixels of the values: the whole image is in its middle.
    height, width = seen.shape[:2]
    size_y, size_x = info["height"] * info["pixel_y"], info["width"] * info["pixel_x"]
    scale = min(width / size_x, height / size_y)
    place = lambda screen, size, pixel: np.floor((np.arange(screen) + 0.5 - (screen - size * scale) / 2) / scale / pixel / 2**halvings).astype(int)
    y, x = place(height, size_y, info["pixel_y"]), place(width, size_x, info["pixel_x"])
    inside = np.outer((y >= margin) & (y < wanted.shape[0] - margin), (x >= margin) & (x < wanted.shape[1] - margin))
    around = [wanted[np.clip(y + dy, 0, wanted.shape[0] - 1)][:, np.clip(x + dx, 0, wanted.shape[1] - 1)]
              for dy in range(-margin, margin + 1) for dx in range(-margin, margin + 1)]
    middle = around[len(around) // 2]
    sure = inside & np.all([(other == middle).all(-1) for other in around], 0)
    assert sure.mean() > 0.1
    for kind in np.unique(middle[sure], axis=0):
        there = seen[sure & (middle == kind).all(-1)]
        if len(there) < 50:
            continue
        near = np.abs(there[:, 3] - kind[3]) <= 2
        if kind[3]:
            near &= np.abs(there[:, :3] - kind[:3]).max(1) <= 4
        assert near.mean() > 0.98, (kind, near.mean())
    assert len(np.unique(middle[sure], axis=0)) > 1
