"""Objects of a stored prediction beside what users would write: scripts with OpenCV and with scikit-image.

All do the same: threshold, label, area, centroid, box and mean of each object, outlines, GeoJSON. Scripts get the map in
memory; what they need to start and to load it does not count for them, and everything counts for Tegula. They take
turns, and medians are compared.
"""

import json
import os
import shutil
import statistics
import subprocess
import sys

import numpy as np
import zarr

ROUNDS = 3
LIMIT_S, LIMIT_ALL_S, LIMIT_MB = 1.5, 4.0, 500.0  # for 8192 x 8192 pixels
LIMITS = {"cv2": 0.3, "skimage": 0.12}
# Both also make the outlines exactly as pixels have them, object by object.
NAMES = {"cv2": "a script with OpenCV", "skimage": "a script with scikit-image"}


def ours(tegula, prediction, out, *words):
    shutil.rmtree(out, ignore_errors=True)
    process = subprocess.Popen([tegula, "-q", "objects", prediction, "-o", out, *words], stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    if status != 0:
        sys.exit("bench: tegula objects failed")
    return {"cpu_s": usage.ru_utime + usage.ru_stime, "peak_mb": usage.ru_maxrss * 1024 / 1e6}


def script(shared, name, values, out):
    out.mkdir(exist_ok=True)
    done = subprocess.run([sys.executable, shared / "bench/objects.py", values, out, "--one", name], check=True,
                          capture_output=True, text=True)
    said = json.loads(done.stdout.splitlines()[-1])
    counted = {stage: row["cpu"] for stage, row in said.items() if isinstance(row, dict) and stage not in ("load", "total")}
    return {"cpu_s": sum(counted.values()), "peak_mb": said["peak_rss_mib"] * 2**20 / 1e6, "objects": said["objects"]}


def compare(tegula, shared, prediction, folder):
    """Rows by name: medians of CPU seconds, largest peak memory."""
    values = folder / "map.npy"
    store = zarr.open_group(prediction / "prediction.ome.zarr", mode="r")["0"]
    np.save(values, store[0])
    runs = {"tegula objects": lambda: ours(tegula, prediction, folder / "objects"),
            "tegula objects, all measurements": lambda: ours(tegula, prediction, folder / "objects", "--measure", "all")}
    for name, title in NAMES.items():
        runs[title] = lambda name=name: script(shared, name, values, folder / "scripts")
    times = {title: [] for title in runs}
    for _ in range(ROUNDS):
        for title, run in runs.items():
            times[title].append(run())
    rows = [{"name": title, "cpu_s": round(statistics.median(row["cpu_s"] for row in of), 3),
             "peak_mb": round(max(row["peak_mb"] for row in of))} for title, of in times.items()]
    features = sum(1 for _ in (folder / "objects/objects.geojson").open()) - 2
    return {"pixels": store[0].size, "objects": features, "rows": rows}


def show(result):
    first = result["rows"][0]["cpu_s"]
    print(f"objects of {result['pixels'] / 1e6:.0f} megapixels, {result['objects']} of them:")
    for row in result["rows"]:
        print(f"  {row['name']:34} {row['cpu_s']:7.2f} CPU s  {row['peak_mb']:6} MB  tegula takes {first / row['cpu_s']:.2f} of it")


def complaints(result):
    of = {row["name"]: row for row in result["rows"]}
    first, everything = of["tegula objects"], of["tegula objects, all measurements"]
    found = [f"objects: {first['cpu_s'] / of[NAMES[name]]['cpu_s']:.2f} times {NAMES[name]} (at most {limit})"
             for name, limit in LIMITS.items() if first["cpu_s"] > limit * of[NAMES[name]]["cpu_s"]]
    if result["pixels"] == 8192**2:
        for row, limit in ((first, LIMIT_S), (everything, LIMIT_ALL_S)):
            if row["cpu_s"] > limit:
                found.append(f"{row['name']}: {row['cpu_s']} CPU s (at most {limit})")
    found += [f"{row['name']}: {row['peak_mb']} MB (at most {LIMIT_MB:.0f})" for row in (first, everything)
              if row["peak_mb"] > LIMIT_MB]
    return found
