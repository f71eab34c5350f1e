#!/usr/bin/env python3
"""Checks objects written as GeoJSON with an independent reader (shapely): every feature has what QuPath asks for, every
geometry is valid, and, if a class map or mask is given, the outlines filled again are that map, pixel for pixel.

    check_geojson.py objects.geojson
    check_geojson.py objects.geojson --map classes.npy --classes Stroma,Tumour --scale 4 --origin 0.5,0

The map is a NumPy file of rows and columns: bool (True is an object), or class numbers with the largest value of the
type for none. Ends with 0, or with 1 and one sentence about the first thing that is wrong.
"""
import argparse
import json
import math
import sys
import uuid

import numpy as np
from shapely.geometry import shape
from shapely.validation import explain_validity


class Wrong(Exception):
    """One sentence without a full stop."""


def demand(condition, sentence):
    if not condition:
        raise Wrong(sentence)


def is_number(value):
    is_bool = isinstance(value, bool)
    return value in ("NaN", "Infinity", "-Infinity") or (isinstance(value, (int, float)) and not is_bool)


def rings_of(geometry):
    polygons = {"Polygon": lambda c: [c], "MultiPolygon": lambda c: c}
    demand(geometry["type"] in polygons, f"a geometry is a {geometry['type']}, not a Polygon or MultiPolygon")
    return polygons[geometry["type"]](geometry["coordinates"])


def check_ring(ring, is_outer, where):
    demand(len(ring) >= 4 and ring[0] == ring[-1], f"{where} has a ring that is not closed")
    for point in ring:
        demand(len(point) == 2 and all(math.isfinite(v) for v in point), f"{where} has a point {point}")
        demand(all(round(v, 2) == v for v in point), f"{where} has more than two decimals at {point}")
    area = sum(a[0] * b[1] - b[0] * a[1] for a, b in zip(ring, ring[1:])) / 2
    demand((area > 0) == is_outer, f"{where} has {'an outer ring' if is_outer else 'a hole'} that runs the wrong way")


def check_properties(properties, where):
    known = ("annotation", "detection", "cell")
    demand(properties.get("objectType") in known, f"{where} has no object type that QuPath knows")
    classification = properties.get("classification")
    if classification is not None:
        demand(isinstance(classification.get("name"), str), f"{where} has a classification without name")
        color = classification.get("color")
        demand(isinstance(color, list) and len(color) == 3 and all(isinstance(v, int) and 0 <= v <= 255 for v in color),
               f"{where} has a classification without a colour")
    for name, value in properties.get("measurements", {}).items():
        demand(is_number(value), f"{where} has a measurement {name} that is no number: {value}")


def check_area(properties, area, where):
    measured = properties.get("measurements", {}).get("Area px^2")
    demand(measured is None or math.isclose(measured, area, rel_tol=1e-3),
           f"{where} says its area is {measured} px, but its outline encloses {area}")


def check_feature(feature, seen):
    demand(feature.get("type") == "Feature", "a feature is not called Feature")
    identifier = str(uuid.UUID(feature["id"]))
    where = f"object {identifier}"
    is_own = identifier == feature["id"] and identifier not in seen
    demand(is_own, f"{where} has an id that is not a UUID or not its own")
    seen.add(identifier)
    for polygon in rings_of(feature["geometry"]):
        for i, ring in enumerate(polygon):
            check_ring(ring, i == 0, where)
    geometry = shape(feature["geometry"])
    demand(geometry.is_valid, f"{where} is not valid: {explain_validity(geometry)}")
    check_properties(feature["properties"], where)
    check_area(feature["properties"], geometry.area, where)


def add_ring(ring, grid, scale, origin):
    """Adds how often each row enters (or, negative, leaves) the ring: exact, because outlines run along pixel edges."""
    corners = (np.asarray(ring, dtype=float) - origin) / scale
    whole = np.rint(corners).astype(int)
    # Two decimals of a slide pixel are this much of a map pixel.
    demand(np.all(np.abs(corners - whole) <= 0.0051 / scale), f"an outline leaves the pixel grid near {ring[0]}")
    inside = np.all(whole >= 0) and np.all(whole <= (grid.shape[1] - 1, grid.shape[0]))
    demand(inside, f"an outline leaves the map near {ring[0]}")
    for (x, y0), (_, y1) in zip(whole[:-1], whole[1:]):
        grid[min(y0, y1):max(y0, y1), x] += np.sign(y0 - y1)


def winding(features, shape_yx, scale, origin):
    """How many outlines each pixel lies within."""
    grid = np.zeros((shape_yx[0], shape_yx[1] + 1), dtype=np.int32)
    for feature in features:
        for polygon in rings_of(feature["geometry"]):
            for ring in polygon:
                add_ring(ring, grid, scale, origin)
    return np.cumsum(grid, axis=1, dtype=np.int32)[:, :-1]


def pairs(text):
    """'4' or '4,3' (x, y)."""
    values = [float(v) for v in text.split(",")]
    return np.array(values * 2 if len(values) == 1 else values)


def check_map(features, path, classes, scale, origin):
    pixels = np.load(path)
    empty = False if pixels.dtype == bool else np.iinfo(pixels.dtype).max
    if classes is None:
        wanted = {"objects": (features, pixels != empty)}
    else:
        known = {f["properties"].get("classification", {}).get("name") for f in features}
        demand(known <= set(classes), f"there are objects of classes that were not named: {known - set(classes)}")
        wanted = {}
        for i, name in enumerate(classes):
            chosen = [f for f in features if f["properties"]["classification"]["name"] == name]
            wanted[name] = (chosen, pixels == i)
    for name, (chosen, mask) in wanted.items():
        wrong = np.argwhere(winding(chosen, mask.shape, scale, origin) != mask)
        first = wrong[:1].tolist()
        demand(not first, f"{name}: {len(wrong)} pixels differ from the map, the first at (y, x) = {first}")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("file")
    parser.add_argument("--map", help="class map or mask (.npy) that the outlines must fill")
    parser.add_argument("--classes", type=lambda text: text.split(","), help="names of classes 0, 1, ... of the map")
    parser.add_argument("--scale", type=pairs, default=pairs("1"), help="slide pixels per map pixel: S or X,Y")
    parser.add_argument("--origin", type=pairs, default=pairs("0"), help="slide pixel where the map begins: X,Y")
    arguments = parser.parse_args()
    try:
        with open(arguments.file, encoding="utf-8") as file:
            collection = json.load(file)
        demand(collection.get("type") == "FeatureCollection", "the file is not a FeatureCollection")
        seen = set()
        for feature in collection["features"]:
            check_feature(feature, seen)
        if arguments.map:
            check_map(collection["features"], arguments.map, arguments.classes, arguments.scale, arguments.origin)
    except (Wrong, KeyError, TypeError, ValueError) as error:
        print(f"{arguments.file}: {error}", file=sys.stderr)
        return 1
    print(f"{arguments.file}: {len(seen)} objects, all as they should be")
    return 0


if __name__ == "__main__":
    sys.exit(main())
