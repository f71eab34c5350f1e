"""One network by every way of running it, and how soon a command that was run before has its network at work.

    engines.py [FOLDER OF THE BUILD] [FOLDER OF SHARED MODELS AND IMAGES]
"""

import json
import os
import pathlib
import statistics
import subprocess
import sys
import tempfile

MODELS = ("nuclei_unet_any_size", "he_nuclei_rgb", "nuclei3d")
# Way -> by which share of a plain LibTorch script's CPU time, at which edge, it is to be undercut; and what it may cost
# beside the ONNX weights of the same network.
LEAST = {512: 1.7, 1024: 2.5}
MOST_BESIDE_ONNX = 1.05
START_S = 0.5
STARTS = 7


def windows(build, data):
    models = [data / "data" / "models_made" / name for name in MODELS]
    done = subprocess.run([build / "bench" / "engines_bench", build / "lib", *models], capture_output=True, text=True)
    if done.returncode != 0:
        sys.exit("bench: " + done.stderr.strip())
    rows = json.loads(done.stdout)
    for row in rows:
        cpu = row["cpu_s"]
        row["libtorch_by_openvino"] = round(cpu["torchscript in LibTorch"] / cpu["torchscript in OpenVINO"], 3)
        row["torchscript_by_onnx"] = round(cpu["torchscript in OpenVINO"] / cpu["onnx in OpenVINO"], 3)
    return rows


def starts(build, data):
    """Seconds from the call of `predict` until its network is ready, when choice and network are cached."""
    times = []
    image = sorted((data / "data" / "images" / "dsb2018").rglob("*.png"))
    image = next(path for path in image if "mask" not in str(path).lower())
    with tempfile.TemporaryDirectory(prefix="tegula-bench") as folder:
        for _ in range(STARTS + 1):
            command = [build / "tegula", "predict", data / "data" / "models_made" / "nuclei_unet_any_size", image, "-o",
                       f"{folder}/out", "--channels", "0", "--overwrite"]
            subprocess.run(command, check=True, capture_output=True, text=True,
                           env=os.environ | {"TEGULA_CACHE": f"{folder}/cache"})
            record = json.loads(pathlib.Path(folder, "out", "run.json").read_text())
            times.append(next(stage["wall_s"] for stage in record["stages"] if stage["name"] == "start"))
    return {"first_s": round(times[0], 3), "again_s": round(statistics.median(times[1:]), 3)}


def compare(build, data):
    return {"windows": windows(build, data), "start": starts(build, data)}


def show(result):
    print(f"{'model and window':45} {'OpenVINO: onnx':>15} {'torchscript':>12} {'LibTorch':>9} {'saved':>7} {'beside onnx':>12}")
    for row in result["windows"]:
        cpu = row["cpu_s"]
        print(f"{row['model'] + ', ' + row['window']:45} {cpu['onnx in OpenVINO']:13.3f} s {cpu['torchscript in OpenVINO']:10.3f} s "
              f"{cpu['torchscript in LibTorch']:7.3f} s {row['libtorch_by_openvino']:6.2f}x {row['torchscript_by_onnx']:11.3f}x")
    print(f"network ready after {result['start']['again_s']:.2f} s (the first time {result['start']['first_s']:.2f} s)")


def complaints(result):
    """What is slower than it may be."""
    found = []
    for row in result["windows"]:
        name = f"{row['model']}, {row['window']}"
        if row["libtorch_by_openvino"] < LEAST[row["edge"]]:
            found.append(f"{name}: TorchScript in OpenVINO saves {row['libtorch_by_openvino']}x, not {LEAST[row['edge']]}x")
        if row["torchscript_by_onnx"] > MOST_BESIDE_ONNX:
            found.append(f"{name}: TorchScript costs {row['torchscript_by_onnx']} times the ONNX weights")
    if result["start"]["again_s"] > START_S:
        found.append(f"predict needs {result['start']['again_s']} s until its network is ready, not {START_S}")
    return found


if __name__ == "__main__":
    outcome = compare(pathlib.Path(sys.argv[1]).resolve(), pathlib.Path(sys.argv[2]).resolve())
    show(outcome)
    sys.exit("\n".join(complaints(outcome)) or 0)
