#!/usr/bin/env python3
"""`predict` beside what users would take instead: bioimageio.core and an ordinary Python script, on mosaics of real nuclei.

Every program is started as a user would start it, one after the other on the same image, and its CPU time, wall time and
largest resident memory are taken from the system. Where the limits are, in 8192 x 8192 pixels, that is done in rounds, since
neighbours on a machine slow down one program or another; what counts is the round of median CPU time and the largest memory
of all. Tegula has proven its engine and measured context and costs before, as it does once per model. What is not run is
said, with the reason.
"""

import json
import os
import pathlib
import shutil
import subprocess
import sys
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
PEERS = ROOT / ".deps/peers/bin"
SIZES = (1024, 2048, 4096, 8192, 16384)
# Beside Tegula's run of that size: at most so many times the CPU time of the other.
LIMITS = {"core, onnx in blocks": 0.70, "core, torchscript in blocks": 0.15}
LIMITED = 8192
ROUNDS = 3
ONCE = {"core, torchscript in blocks"}  # takes minutes
LIMIT_SCRIPT, LIMIT_BF16 = 0.50, 0.65
GIB_AND_A_HALF = 1.5 * 2**30 / 1e6
LIMIT_MB = {"tegula": GIB_AND_A_HALF, "tegula, tiles of 2048": GIB_AND_A_HALF, "tegula, tiles of 1024": 500 * 2**20 / 1e6}
LARGEST = {"tegula, tiles of 2048": 8192, "core, onnx whole": 4096, "core, onnx in blocks": 8192, "core, torchscript in blocks": 8192, "script": 8192}


def run(words, environment):
    """CPU seconds, wall seconds and peak memory of a program and its children; its last words if it fails."""
    began = time.perf_counter()
    process = subprocess.Popen([str(word) for word in words], env={**os.environ, **environment}, stdout=subprocess.DEVNULL,
                               stderr=subprocess.PIPE, text=True)
    said = process.stderr.read()
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    row = {"cpu_s": usage.ru_utime + usage.ru_stime, "wall_s": time.perf_counter() - began,
           "peak_memory_mb": usage.ru_maxrss * 1024 / 1e6}
    if process.returncode != 0:
        row["failed"] = (said.strip().splitlines() or [f"exit code {process.returncode}"])[-1][:200]
    return row


def programs(tegula, model, shared):
    """name -> words for (image, folder)."""
    def ours(*more):
        return lambda image, out: [tegula, "-q", "predict", model, image, "-o", out / "out", *more]

    def core(weights, *more):
        return lambda image, out: [PEERS / "bioimageio", "predict", model, "--inputs", image, "--outputs", out / "out.npy",
                                   "--weight-format", weights, *more]

    return {
        "tegula": ours(),
        "tegula, tiles of 2048": ours("--tile", 2048),
        "tegula, tiles of 1024": ours("--tile", 1024, "--memory", "4GB"),
        "tegula, bf16": ours("--precision", "bf16"),
        "tegula, with objects": ours("--objects", "all"),
        "script": lambda image, out: [PEERS / "python", shared / "bench/user_script.py", image, model / "weights.onnx", out / "out"],
        "core, onnx in blocks": core("onnx", "--blockwise=123"),
        "core, onnx whole": core("onnx"),
        "core, torchscript in blocks": core("torchscript", "--blockwise=123"),
    }


def measured(name, words, size, folder, environment):
    """A row about one run on the mosaic of this size."""
    out = folder / "work"
    out.mkdir()
    row = {"pixels": size, "program": name, **run(words(folder / f"nuclei_{size}.tif", out), environment)}
    record = out / "out/run.json"
    if record.exists():
        tiles = json.loads(record.read_text())["tiles"]
        row["windows"], row["window"] = tiles["windows"], tiles["axes"][-1]["tile"]
    show_row(row)
    shutil.rmtree(out)
    return row


def compare(build, shared, folder, sizes=SIZES):
    model = shared / "data/models_made/nuclei_unet_any_size"
    environment = {"TEGULA_CACHE": str(folder / "cache"), "BIOIMAGEIO_CACHE_PATH": str(folder / "core")}
    subprocess.run([sys.executable, shared / "bench/make_mosaic.py", shared / "data", folder, *map(str, sizes)], check=True)
    cases = programs(build / "tegula", model, shared)
    for name in ("tegula", "tegula, bf16"):  # what is found out once per model
        run(cases[name](folder / f"nuclei_{2048 if 2048 in sizes else sizes[0]}.tif", folder / "warm"), environment)
        shutil.rmtree(folder / "warm", ignore_errors=True)
    rows = []
    for size in sizes:
        rounds = {}
        for round_ in range(ROUNDS if size == LIMITED else 1):
            for name, words in cases.items():
                if size <= LARGEST.get(name, max(SIZES)) and not (round_ > 0 and name in ONCE):
                    rounds.setdefault(name, []).append(measured(name, words, size, folder, environment))
        rows += [middle(runs) for runs in rounds.values()]
    return rows


def middle(runs):
    """The run of median CPU time, with the largest memory of all; one that failed, if any did."""
    failed = [run for run in runs if "failed" in run]
    run = failed[0] if failed else sorted(runs, key=lambda run: run["cpu_s"])[len(runs) // 2]
    return run | {"peak_memory_mb": max(run["peak_memory_mb"] for run in runs), "rounds": [round(run["cpu_s"], 1) for run in runs]}


def show_row(row):
    print(f"{row['pixels']:6}²  {row['program']:30} {row['cpu_s']:8.1f} CPU s {row['wall_s']:8.1f} s {row['peak_memory_mb']:8.0f} MB"
          + (f"   {row['windows']} windows of {row['window']}" if "windows" in row else "")
          + (f"   FAILED: {row['failed']}" if "failed" in row else ""), flush=True)


def complaints(rows):
    at = {row["program"]: row for row in rows if row["pixels"] == LIMITED}
    if "tegula" not in at:
        return []
    has_bf16 = "does not compute in bfloat16" not in at["tegula, bf16"].get("failed", "")  # else there is nothing to measure
    wrong = [f"{name} failed: {row['failed']}" for name, row in at.items()
             if "failed" in row and name.startswith("tegula") and (has_bf16 or name != "tegula, bf16")]
    def hold(name, value, limit):
        if value > limit:
            wrong.append(f"{name}: {value:.3g}, at most {limit:.3g}")
    for name, limit in LIMITS.items():
        if name in at and "failed" not in at[name]:
            hold(f"CPU time beside {name}", at["tegula"]["cpu_s"] / at[name]["cpu_s"], limit)
    if "script" in at:
        hold("CPU time with objects beside the script", at["tegula, with objects"]["cpu_s"] / at["script"]["cpu_s"], LIMIT_SCRIPT)
    if has_bf16:
        hold("CPU time in bf16 beside f32", at["tegula, bf16"]["cpu_s"] / at["tegula"]["cpu_s"], LIMIT_BF16)
    for name, limit in LIMIT_MB.items():
        hold(f"peak memory of {name}, MB", at[name]["peak_memory_mb"], limit)
    peaks = [row["peak_memory_mb"] for row in rows if row["program"] == "tegula, tiles of 1024" and row["pixels"] >= LIMITED]
    if len(peaks) > 1:
        hold("largest beside smallest peak memory from 8192² on", max(peaks) / min(peaks), 1.10)
    return wrong


def plot(rows, path):
    import matplotlib
    matplotlib.use("Agg")
    import matplotlib.pyplot as plt
    figure, panels = plt.subplots(1, 2, figsize=(13, 5.5))
    names = list(dict.fromkeys(row["program"] for row in rows))
    for panel, key, title in zip(panels, ("cpu_s", "peak_memory_mb"), ("CPU seconds", "Peak memory, MB")):
        for name in names:
            mine = [row for row in rows if row["program"] == name and "failed" not in row]
            is_ours = name.startswith("tegula")
            panel.plot([row["pixels"] for row in mine], [row[key] for row in mine], marker="o", label=name,
                       linewidth=2 if is_ours else 1, linestyle="-" if is_ours else "--")
        panel.set_xscale("log", base=2), panel.set_yscale("log")
        panel.set_xticks(SIZES, [f"{size}²" for size in SIZES])
        panel.set_title(title)
        panel.spines[["top", "right"]].set_visible(False)
        panel.grid(alpha=0.2)
    panels[0].legend(fontsize=8, frameon=False)
    figure.tight_layout()
    figure.savefig(path, dpi=110)


if __name__ == "__main__":
    import tempfile
    shared = pathlib.Path(os.environ.get("TEGULA_DATA", ROOT.parent / "shared"))
    sizes = tuple(map(int, sys.argv[1:])) or SIZES
    with tempfile.TemporaryDirectory(prefix="tegula-peers") as temporary:
        rows = compare(ROOT / "build", shared, pathlib.Path(temporary), sizes)
    if sizes == SIZES:
        results = ROOT / "docs/results"
        results.mkdir(parents=True, exist_ok=True)
        (results / "peers.json").write_text(json.dumps(rows, indent=1) + "\n")
        plot(rows, results / "peers.png")
    if wrong := complaints(rows):
        sys.exit("peers: not as it should be:\n" + "\n".join(wrong))
