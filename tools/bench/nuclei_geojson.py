#!/usr/bin/env python3
"""A GeoJSON file of many nucleus-like objects, as `tegula predict --objects` writes one: `nuclei_geojson.py N FILE`.

Objects stand on a grid of 25 pixels, moved at random, none touching another: rough ellipses of 4 to 11 pixels' radius with
24 corners, in two classes, with the basic measurements. The same numbers give the same file.
"""
import math
import sys
import uuid

import numpy as np

PITCH = 25
CORNERS = 24


def side(count):
    """Objects along an edge of the square."""
    return math.ceil(math.sqrt(count))


def outlines(count, seed=1):
    """Corners as (object, corner, xy), in hundredths as they are written."""
    random = np.random.default_rng(seed)
    at = np.arange(count)
    middle = np.stack([at % side(count), at // side(count)], -1) * PITCH + PITCH / 2
    middle = middle + random.uniform(-1, 1, (count, 2))
    long = random.uniform(4, 11, (count, 1))
    short = long * random.uniform(0.6, 1, (count, 1))
    turn = random.uniform(0, math.pi, (count, 1))
    angle = np.linspace(0, 2 * math.pi, CORNERS, endpoint=False)
    rough = 1 + 0.06 * np.sin(3 * angle + random.uniform(0, 6, (count, 1)))
    u, v = long * rough * np.cos(angle), short * rough * np.sin(angle)
    x = u * np.cos(turn) - v * np.sin(turn)
    y = u * np.sin(turn) + v * np.cos(turn)
    return np.round(np.stack([x, y], -1) + middle[:, None], 2)


def write(count, path, seed=1):
    points = outlines(count, seed)
    x, y = points[..., 0], points[..., 1]
    area = np.abs((x * np.roll(y, -1, 1) - np.roll(x, -1, 1) * y).sum(1)) / 2
    random = np.random.default_rng(seed + 1)
    probability = random.uniform(0.5, 1, count)
    classes = ['{"name":"Nucleus","color":[0,158,115]}', '{"name":"Tumour","color":[230,159,0]}']
    with open(path, "w") as file:
        file.write('{"type":"FeatureCollection","features":[\n')
        for i in range(count):
            ring = points[i].tolist()
            corners = ",".join(f"[{a},{b}]" for a, b in ring + ring[:1])
            low, high = points[i].min(0), points[i].max(0)
            middle = points[i].mean(0)
            file.write(
                f'{{"type":"Feature","id":"{uuid.UUID(int=i, version=4)}","geometry":{{"type":"Polygon","coordinates":'
                f'[[{corners}]]}},"properties":{{"objectType":"detection","classification":{classes[i % 7 == 0]},'
                f'"measurements":{{"Area px^2":{area[i]:.3f},"Centroid X px":{middle[0]:.2f},"Centroid Y px":{middle[1]:.2f},'
                f'"Box X px":{low[0]},"Box Y px":{low[1]},"Box width px":{high[0] - low[0]:.2f},'
                f'"Box height px":{high[1] - low[1]:.2f},"Class probability":{probability[i]:.4f}}}}}}}'
                + (",\n" if i + 1 < count else "\n"))
        file.write("]}\n")


if __name__ == "__main__":
    write(int(sys.argv[1]), sys.argv[2])
