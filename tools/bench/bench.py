"""Runs the benchmark programs and says what they mean: each number beside a limit that was measured in the same run.

Seven tables come out. Pieces: time per pixel beside memcpy, the compressor or decoding alone, the fastest of each.
NumPy: statistics and normalisation beside its own. Writers: pyramids beside tifffile and TensorStore. Engines: a
network's window by every way of running it. The whole: CPU time of `predict` beside that of the engine alone on the
same windows, which may be at most LIMIT times as much. Objects: those of the prediction beside scripts with OpenCV and
scikit-image. A small slide: from command to report.
"""

import json
import os
import pathlib
import platform
import statistics
import subprocess
import sys
import tempfile

import beside_numpy
import beside_writers
import engines
import matplotlib
import objects
import small_slide

matplotlib.use("Agg")
import matplotlib.pyplot as plt  # noqa: E402

ROOT = pathlib.Path(__file__).resolve().parents[2]
BUILD = ROOT / "build"
DATA = pathlib.Path(os.environ.get("TEGULA_DATA", ROOT.parent / "shared"))
SIZE = int(os.environ.get("BENCH_SIZE", "8192"))
RESULTS = ROOT / "docs" / "results"
LIMIT = 1.10
# The fastest of these count, on both sides: other programs on the machine only make one slower, and those most that move
# much memory. The medians are written beside them.
REPETITIONS = 9
MANUAL = "/min_time:0.200/manual_time"  # what the benchmark library adds to names
MOST_TIMES = {f"slide: {read}/{kind}": 1.3
              for read in ("ReadBlocks", "ReadWindows", "ReadAlignedWindows") for kind in ("aperio", "pyramid", "large_tiles")}
MOST_TIMES_OF_WINOGRAD = 1.0  # beside what it replaces
LIMIT_S = {"spec: ReadOneDescription": 0.005, "spec: ValidateFolderOf500": 1.0}  # CPU seconds

# Benchmark -> what it is held against, of the same program and run ({}: with the same arguments).
REFERENCE = {
    "ops_bench": {"*": "Memcpy/{}"},
    "pipeline_bench": {"MomentsOfUncompressedTiff": "DecodeUncompressedTiff", "DecodeUncompressedTiff": "DecodeUncompressedTiff",
                       "PercentilesOfUncompressedTiff": "DecodeUncompressedTiff", "*": "DecodeJpegSlide"},
    "slide_bench": {"*": "LibjpegAlone/{}"},
    "spec_bench": {"*": "ParseOneDescription"},
    "winograd_bench": {"*": "OpenVino/{}"},
    "outputs_bench": {"WriteBoxOf16Chunks": "BloscCompressAlone", "ReadBoxOf16Chunks": "BloscCompressAlone", "*": "MemcpyOfThePlane"},
}


def most_times(name):
    if name.startswith("winograd: Winograd/"):
        return MOST_TIMES_OF_WINOGRAD
    return MOST_TIMES.get(name, float("inf"))


def pieces():
    rows = []
    for program, references in REFERENCE.items():
        out = subprocess.run(
            [BUILD / "bench" / program, "--benchmark_format=json", f"--benchmark_repetitions={REPETITIONS}",
             "--benchmark_enable_random_interleaving=true"],
            check=True, capture_output=True, text=True, env=os.environ | {"TEGULA_TEST_DATA": str(DATA)})
        speeds = {}
        for row in json.loads(out.stdout)["benchmarks"]:
            if row["run_type"] == "iteration":
                speeds.setdefault(row["run_name"], []).append(row)
        fastest = {name: max(runs, key=lambda run: run["items_per_second"]) for name, runs in speeds.items()}
        middle = {name: statistics.median(run["items_per_second"] for run in runs) for name, runs in speeds.items()}
        for name, row in fastest.items():
            reference = references.get(name, references["*"]).format(name.partition("/")[2])
            scale, unit = (1, "descriptions") if program == "spec_bench" else (1e6, "megapixels")
            rows.append({
                "name": f"{program.removesuffix('_bench')}: {name}",
                "per_cpu_s": round(row["items_per_second"] / scale, 1),
                "unit": unit,
                "cpu_s": statistics.median(run["cpu_time"] for run in speeds[name]) * {"ns": 1e-9, "us": 1e-6, "ms": 1e-3}[row["time_unit"]],
                "held_against": reference,
                "times_as_long": round(fastest[reference]["items_per_second"] / row["items_per_second"], 2),
                "times_as_long_of_medians": round(middle[reference] / middle[name], 2),
            })
    return rows


def whole(folder):
    """`predict` and the engine alone, in one process, turn by turn."""
    mosaic = DATA / "bench" / "make_mosaic.py"
    if not mosaic.exists():
        sys.exit(f"bench: no {mosaic}; TEGULA_DATA names the folder that holds it")
    subprocess.run([sys.executable, mosaic, DATA / "data", folder, str(SIZE)], check=True)
    done = subprocess.run(
        [BUILD / "bench" / "predict_bench", BUILD / "lib", DATA / "data/models_made/nuclei_unet_any_size",
         folder / f"nuclei_{SIZE}.tif", folder / "out"],
        capture_output=True, text=True)
    if done.returncode != 0:
        sys.exit("bench: " + done.stderr.strip())
    return json.loads(done.stdout)


def objects_beside_scripts(folder):
    """Of the mosaic that `whole` has made, predicted once more as users do."""
    subprocess.run([BUILD / "tegula", "-q", "predict", DATA / "data/models_made/nuclei_unet_any_size",
                    folder / f"nuclei_{SIZE}.tif", "-o", folder / "stored"], check=True)
    return objects.compare(BUILD / "tegula", DATA, folder / "stored", folder)


def processor():
    for line in pathlib.Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.split(":", 1)[1].strip()
    return platform.processor()


def plot(result, path):
    figure, (left, right) = plt.subplots(1, 2, figsize=(13, 10), width_ratios=[2, 1])
    rows = [row | {"name": row["name"].removesuffix(MANUAL), "held_against": row["held_against"].removesuffix(MANUAL)}
            for row in result["pieces"] if row["times_as_long"] != 1 and not row["name"].endswith("/1024")]
    left.barh([row["name"] for row in rows], [row["times_as_long"] for row in rows], color="#00735c")
    left.axvline(1, color="black", linewidth=1, linestyle=":")
    for y, row in enumerate(rows):
        left.text(row["times_as_long"], y, f" {row['times_as_long']} x {row['held_against']}", va="center", fontsize=8)
    left.set_xlim(0, max(row["times_as_long"] for row in rows) * 1.45)
    left.invert_yaxis()
    left.set_title("Time beside the limit named at the bar")
    whole_run = result["whole"]
    right.bar(["engine alone", "predict"], [whole_run["engine_cpu_s"], whole_run["predict_cpu_s"]],
              color=["#888888", "#00735c"])
    right.axhline(LIMIT * whole_run["engine_cpu_s"], color="black", linewidth=1, linestyle=":")
    right.set_ylabel("CPU seconds")
    right.set_title(f"{whole_run['megapixels']:.0f} megapixels: {whole_run['cpu_ratio']:.2f} times the engine\n(dotted: {LIMIT})", fontsize=10)
    for side in (left, right):
        side.spines[["top", "right"]].set_visible(False)
    figure.tight_layout()
    figure.savefig(path, dpi=110)


def main():
    with tempfile.TemporaryDirectory(prefix="tegula-bench") as name:
        folder = pathlib.Path(name)
        result = {"processor": processor(), "whole": whole(folder), "objects": objects_beside_scripts(folder), "pieces": pieces(),
                  "numpy": beside_numpy.compare(BUILD / "bench"), "writing": beside_writers.compare(BUILD / "bench"),
                  "engines": engines.compare(BUILD, DATA), "small_slide": small_slide.compare(BUILD, DATA)}
    RESULTS.mkdir(parents=True, exist_ok=True)
    (RESULTS / "bench.json").write_text(json.dumps(result, indent=1) + "\n")
    plot(result, RESULTS / "bench.png")
    for row in result["pieces"]:
        print(f"{row['name']:45} {row['per_cpu_s']:9.1f} {row['unit']}/s  {row['times_as_long']:6.2f} x {row['held_against']}")
    beside_numpy.show(result["numpy"])
    beside_writers.show(result["writing"])
    engines.show(result["engines"])
    objects.show(result["objects"])
    small_slide.show(result["small_slide"])
    ratio = result["whole"]["cpu_ratio"]
    print(f"predict: {result['whole']['predict_cpu_s']:.1f} CPU s, engine alone {result['whole']['engine_cpu_s']:.1f}: "
          f"ratio {ratio:.3f} (at most {LIMIT})")
    slow = [row["name"] for row in result["pieces"] if row["cpu_s"] > LIMIT_S.get(row["name"], float("inf"))]
    slow += [row["name"] for row in result["pieces"] if row["times_as_long"] > most_times(row["name"])]
    slow += engines.complaints(result["engines"]) + objects.complaints(result["objects"])
    slow += small_slide.complaints(result["small_slide"]) + beside_writers.complaints(result["writing"])
    if slow:
        sys.exit("bench: slower than it may be:\n" + "\n".join(slow))
    if ratio > LIMIT:
        sys.exit("bench: predict costs too much beside the engine")


if __name__ == "__main__":
    main()
