#!/usr/bin/env python3
"""How soon the viewer shows something: the first tile of an image, and of a prediction, in Debian's Chromium.

    first_tiles.py [FOLDER OF THE BUILD] [FOLDER OF SHARED MODELS AND IMAGES]

The program is started anew each time; what it finds out once per model is cached. What one tile costs is the median of
answers for tiles that are asked for later, one at a time, far from all that was looked at.
"""

import json
import os
import pathlib
import statistics
import subprocess
import sys
import tempfile
import time

import numpy as np
import tifffile

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests/e2e"))
RUNS = 5
IMAGE_MS, PREDICTION_MS = 300, 1000  # the second beyond what one tile costs


def fluorescence(shared, path, size=16384):
    """Nuclei in `size`² pixels, with a pyramid, as OME-TIFF."""
    subprocess.run([sys.executable, shared / "bench/make_mosaic.py", shared / "data", path.parent, str(size // 8)], check=True)
    pixels = np.tile(tifffile.imread(path.parent / f"nuclei_{size // 8}.tif"), (8, 8))
    options = {"tile": (512, 512), "photometric": "minisblack", "compression": "zstd", "compressionargs": {"level": 1}}
    with tifffile.TiffWriter(path, ome=True, bigtiff=True) as file:
        levels = 5
        file.write(pixels, subifds=levels, metadata={"axes": "YX", "PhysicalSizeX": 0.5, "PhysicalSizeY": 0.5}, **options)
        for _ in range(levels):
            pixels = pixels.reshape(pixels.shape[0] // 2, 2, -1, 2).mean((1, 3)).astype(pixels.dtype)
            file.write(pixels, subfiletype=1, **options)
    return path


def quiet(viewer, prediction):
    """What the prediction is, once the program does nothing more for those who have looked at it."""
    before = None
    while True:
        info = viewer.json(f"/api/predictions/{prediction}")
        if info == before:
            return info
        before = info
        time.sleep(0.5)


def tile_ms(viewer, prediction):
    """Milliseconds for a tile of the finest level that nobody has asked for yet."""
    info = quiet(viewer, prediction)
    level = int(np.ceil(np.log2(max(info["height"], info["width"]))))
    times = []
    for i in range(5):
        column, row = 2 * i, (info["height"] - 1) // 256 - 2 * (i % 2)
        began = time.perf_counter()
        status, _, body = viewer.ask(f"/api/predictions/{prediction}/tiles/{level}/{column}/{row}")
        times.append((time.perf_counter() - began) * 1000)
        assert status == 200, body
    return statistics.median(times)


def compare(build, shared):
    os.environ["TEGULA_PROGRAM"] = str(build / "tegula")
    os.environ.setdefault("TEGULA_SOURCE", str(ROOT))
    os.environ.setdefault("TEGULA_TEST_DATA", str(shared))
    from viewing import story, viewing

    models = shared / "data/models_made"
    rows = []
    with tempfile.TemporaryDirectory(prefix="tegula-bench") as folder:
        folder = pathlib.Path(folder)
        cases = [(shared / "data/images/wsi/CMU-1-Small-Region.svs", models / "he_nuclei_rgb"),
                 (fluorescence(shared, folder / "nuclei_16384.ome.tif"), models / "nuclei_fluo_globalnorm")]
        for image, model in cases:
            runs = []
            for run in range(RUNS + 1):  # the first finds out what is cached afterwards
                with viewing(image, "--model", model, TEGULA_CACHE=str(folder / "cache")) as viewer:
                    seen = story(ROOT, "first_tiles", viewer.address)
                    assert not seen.pop("problems")
                    runs.append({"tile_ms": tile_ms(viewer, seen.pop("prediction_id"))} | seen)
            median = {key: round(statistics.median(each[key] for each in runs[1:])) for key in runs[0]}
            rows.append({"image": image.name, "model": model.name, "runs": RUNS} | median
                        | {"first_time_prediction_ms": round(runs[0]["prediction_ms"])})
    return rows


def show(rows):
    for row in rows:
        print(f"{row['image']} with {row['model']}: the first tile of the image after {row['image_ms']} ms, seen after "
              f"{row['image_drawn_ms']}; of the prediction after {row['prediction_ms']}, seen after {row['prediction_drawn_ms']}; "
              f"one tile costs {row['tile_ms']}; nothing cached: {row['first_time_prediction_ms']}")


def complaints(rows):
    wrong = []
    for row in rows:
        for key, most in (("image_ms", IMAGE_MS), ("prediction_ms", PREDICTION_MS + row["tile_ms"])):
            if row[key] > most:
                wrong.append(f"{row['image']} with {row['model']}: {key} {row[key]}, at most {most}")
    return wrong


if __name__ == "__main__":
    build = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else ROOT / "build").resolve()
    shared = pathlib.Path(sys.argv[2] if len(sys.argv) > 2 else os.environ.get("TEGULA_DATA", ROOT.parent / "shared")).resolve()
    rows = compare(build, shared)
    (ROOT / "docs/results/first_tiles.json").write_text(json.dumps(rows, indent=1) + "\n")
    show(rows)
    if wrong := complaints(rows):
        sys.exit("first_tiles: not as it should be:\n" + "\n".join(wrong))
