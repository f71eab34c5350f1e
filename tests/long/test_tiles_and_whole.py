"""Every package of ../shared on an image that is larger than a window: tiles beside the whole, edges included.

The images are the models' own test inputs, mirrored to several times their size, with noise of a hundredth of their range:
else objects on both sides of the mirror have the same score, and rounding decides which of them has the smaller number.
Leaves docs/results/tiles.md.
"""

import json
import os
import pathlib
import re
import shutil
import sys

import numpy as np
import tifffile
import yaml
import zarr

from packages import every_package

# Packages whose weights do not run here, and a part of the sentence that says why; none is refused for its tiles.
NO_WEIGHTS = ("convert", "lies on the network", "No such file", "reproduce", "none of the weights", "no weights")
# What may be refused, or warned of, because of what the model is, and a part of the sentence.
NO_FINITE_CONTEXT = "no finite context"
DATA_DEPENDENT = "as many positions along"
ROWS = ("package", "result", "outputs", "windows", "largest deviation", "remark")


def description_of(path, folder):
    """The description of a package in a folder or a zip, and the folder with its files."""
    if path.suffix == ".zip":
        shutil.unpack_archive(path, folder)
        path = folder
    if path.is_dir():
        found = [p for name in ("rdf.yaml", "bioimageio.yaml", "model.yaml") for p in [path / name] if p.exists()]
        path = found[0] if found else next(path.glob("*bioimageio.yaml"))
    return yaml.safe_load(path.read_text()), path.parent


def inputs_of(description):
    """id, file of the test tensor and letters of the axes, per input."""
    if str(description["format_version"]).startswith("0.5"):
        for tensor in description["inputs"]:
            letters = [axis.get("id", "x") if axis["type"] == "space" else axis["type"][0] for axis in tensor["axes"]]
            yield tensor["id"], (tensor.get("test_tensor") or {}).get("source"), "".join(letters)
    else:
        for tensor, source in zip(description["inputs"], description["test_inputs"]):
            yield tensor["name"], source, tensor["axes"]


def with_noise(image):
    """Of a hundredth of the range, at least of one step of integers; masks and the like stay as they are."""
    if len(np.unique(image)) <= 16:
        return image
    most = (float(image.max()) - float(image.min())) / 100
    noise = np.random.default_rng(1).random(image.shape)
    if np.issubdtype(image.dtype, np.integer):
        return np.minimum(image + np.round(noise * max(most, 1)), np.iinfo(image.dtype).max).astype(image.dtype)
    return (image + noise * most).astype(image.dtype)


def enlarged(tensor, letters, times):
    """A sample of the test tensor as an image (t, c, z, y, x as far as it has them), mirrored to `times` its size."""
    for letter in ("b", "i"):
        while letter in letters:
            tensor = tensor.take(0, axis=letters.index(letter))
            letters = letters.replace(letter, "", 1)
    pads = [(0, size * (times - 1)) if letter in "yx" else (0, 0) for letter, size in zip(letters, tensor.shape)]
    tensor = with_noise(np.pad(tensor, pads, mode="symmetric"))
    wanted = [letter for letter in "tczyx" if letter in letters]
    return tensor.transpose([letters.index(letter) for letter in wanted]), "".join(wanted)


def write_image(image, letters, stem):
    if set(letters) <= set("cyx"):
        np.save(f"{stem}.npy", image)
        return f"{stem}.npy"
    tifffile.imwrite(f"{stem}.ome.tif", image, photometric="minisblack", metadata={"axes": letters.upper()}, ome=True)
    return f"{stem}.ome.tif"


def level0(folder):
    return zarr.open_group(folder, mode="r")["0"][:]


def reason_of(run):
    return run.out.strip().splitlines()[-1].removeprefix("tegula: ")


def smaller_tile(tegula, words, folder, windows):
    """A run in windows of a bit more than half of `windows` along y and x, or of the sizes that refusals name."""
    wanted = {axis: max(1, windows[axis] * 5 // 8) for axis in "yx"}
    for _ in range(8):
        run = tegula(*words, "-o", folder, "--tile", ",".join(f"{axis}={size}" for axis, size in wanted.items()))
        refusal = re.search(r"axis ([yx]): a tile of .*", run.out)
        if run.code == 0 or refusal is None:
            return run
        axis = refusal.group(1)
        named = [int(n) for n in re.findall(r"\d+", refusal.group(0).split(": ")[-1]) if int(n) != wanted[axis]]
        if not named:
            return run
        smaller = [n for n in named if n < windows[axis]]
        wanted[axis] = max(smaller) if smaller else min(named)
    return run


def a_real_image(data, tensor, letters, stem):
    """Nuclei for a model without test tensors, in as many channels as it wants."""
    plane = tifffile.imread(data / "images/fluorescence/stardist_img2d.tif").astype("float32")
    channels = 1
    for letter, axis in zip(letters, tensor["axes"]):
        if letter == "c":
            channels = len(axis["channel_names"]) if isinstance(axis, dict) else (tensor["shape"][letters.index("c")])
    return write_image(np.stack([np.roll(plane, 7 * c) for c in range(channels)]), "cyx", stem)


def look_at(tegula, data, name, path, folder):
    description, where = description_of(path, folder / "unpacked")
    if description.get("type", "model") != "model" or "inputs" not in description:
        return None
    words = ["predict", path]
    try:
        for number, (identity, source, letters) in enumerate(inputs_of(description)):
            if source is None:
                words.append(a_real_image(data, description["inputs"][number], letters, folder / f"input{number}"))
                continue
            file = where / str(source["source"] if isinstance(source, dict) else source)
            image = write_image(*enlarged(np.load(file), letters, 3), folder / f"input{number}")
            if not set("yx") <= set(letters):
                words += ["--input", f"{identity}={file}"]
            elif number == 0:
                words.append(image)
            else:
                words += ["--input", f"{identity}={image}"]
    except (FileNotFoundError, KeyError) as missing:
        return [name, "not run", "", "", "", f"no test input: {missing}"]
    whole = tegula(*words, "-o", folder / "whole", "--tile", 16384)
    if "tegula convert" in whole.out:
        words += ["--convert", "--trust-code"]
        whole = tegula(*words, "-o", folder / "whole", "--tile", 16384)
    if "is not possible" in whole.out or "takes" in whole.out:  # a fixed size
        whole = tegula(*words, "-o", folder / "whole")
    if whole.code != 0:
        reason = reason_of(whole)
        if DATA_DEPENDENT in reason and "--outputs" in reason:
            words += ["--outputs", "heat"]
            whole = tegula(*words, "-o", folder / "whole")
        if whole.code != 0:
            kind = "not run" if any(word in reason for word in NO_WEIGHTS) else "refused"
            return [name, kind, "", "", "", reason]
    record = json.loads((folder / "whole/run.json").read_text())
    windows = {axis["axis"]: axis["tile"] for axis in record["tiles"]["axes"]}
    if "patch of" in record["exactness"]:
        return [name, "map of patches", "", record["tiles"]["windows"], "", record["exactness"]]
    tiled = smaller_tile(tegula, words, folder / "tiled", windows)
    again = folder / "tiled/run.json"
    if not again.exists():
        return [name, "whole", "", record["tiles"]["windows"], "", reason_of(tiled)]
    tiles = json.loads(again.read_text())
    outputs, worst = [], 0.0
    for store in sorted((folder / "whole").glob("*.ome.zarr")):
        a, b = level0(store), level0(folder / "tiled" / store.name)
        assert a.shape == b.shape and np.array_equal(np.isnan(a), np.isnan(b)), name
        scale = max(1.0, float(np.nanmax(np.abs(a))))
        worst = max(worst, float(np.nanmax(np.abs(a.astype("float64") - b))) / scale)
        outputs.append(store.name.removesuffix(".ome.zarr"))
    warnings = " ".join(tiles["warnings"])
    result = "whole" if NO_FINITE_CONTEXT in warnings else "tiled"
    return [name, result, ", ".join(outputs), tiles["tiles"]["windows"], f"{worst:.2g}", warnings]


def test_tiles_are_the_whole_for_every_package(tegula, data, tmp_path, monkeypatch):
    monkeypatch.setenv("TEGULA_PYTHON", sys.executable)  # has what turns weights that do not run into others
    rows, wrong = [], []
    for number, (name, path) in enumerate(every_package(data.parent, tmp_path)):
        folder = tmp_path / f"case{number}"
        folder.mkdir()
        row = look_at(tegula, data, name, pathlib.Path(path), folder)
        shutil.rmtree(folder)
        if row is None:
            continue
        rows.append([str(cell) for cell in row])
        if row[1] == "tiled" and not (float(row[4]) <= 1e-5 and int(row[3]) > 1):
            wrong.append(row)
        if row[1] == "refused" and not (DATA_DEPENDENT in row[5] or NO_FINITE_CONTEXT in row[5]):
            wrong.append(row)
    table = [f"| {' | '.join(cells)} |" for cells in (ROWS, ["---"] * len(ROWS), *rows)]
    text = ("# Every package in tiles beside the whole\n\nWritten by `tools/dev test --long` (`tests/long/test_tiles_and_whole.py`) "
            "on the models' test inputs, mirrored to three times their size, with noise of a hundredth of their range.\nDeviations are those of all outputs, as a share of the "
            "largest value (at least of 1); at most 1e-5 is asked for.\n\n" + "\n".join(table) + "\n")
    folder = str(data.parent) + "/"
    results = pathlib.Path(os.environ["TEGULA_SOURCE"]) / "docs/results/tiles.md"
    results.write_text(text.replace(folder, "").replace(str(tmp_path) + "/", ""))
    assert not wrong, wrong
    assert sum(row[1] == "tiled" for row in rows) >= 15
