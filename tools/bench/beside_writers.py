"""Lossless pyramids: what `writing_bench` needs beside other writers of the same pixels, turn by turn in one run.

    beside_writers.py [FOLDER OF BENCHMARK PROGRAMS]

OME-TIFF is held against tifffile with zstd, by a level that makes the file no larger; OME-Zarr against TensorStore with
the same codec, level and chunks. Theirs is CPU time with the levels made by NumPy and, apart, of writing alone; ours
makes the levels too. Each is a process of its own; what is written is read back and compared.
"""

import json
import pathlib
import shutil
import subprocess
import sys
import tempfile

import numpy as np

SIZE = 8192
ROUNDS = 7
THREADS = 2
TILE = 512
# What is asked for, ours, theirs, and how much of their time ours may take.
CASES = [
    ("float32", "ome-tiff", "zstd-float:1", "tifffile", 1.0),
    ("uint8", "ome-tiff", "zstd:1", "tifffile", 1.0),
    ("float32", "ome-zarr", "blosc-lz4:5", "tensorstore", 1.1),
    ("float32", "ome-zarr", "zstd:1", "tensorstore", 1.1),
    ("uint8", "ome-zarr", "zstd:1", "tensorstore", 1.1),
]


def image(dtype):
    """A stained slide's texture, as integers; or a map of probabilities: plateaus with soft edges."""
    random = np.random.default_rng(5)
    y, x = np.ogrid[:SIZE, :SIZE]
    waves = np.sin(y / 31.0) * np.sin(x / 37.0) + 0.4 * np.sin((x + 2 * y) / 11.0)
    if dtype == "uint8":
        return np.clip(170 + 60 * waves + random.normal(0, 3, (SIZE, SIZE)), 0, 255).astype("uint8")
    noise = random.normal(0, 0.3, (SIZE // 4, SIZE // 4)).repeat(4, 0).repeat(4, 1)
    return (1 / (1 + np.exp(-6 * (waves + noise)))).astype("float32")


def levels_of(pixels, exact=False):
    """Means of 2 x 2 pixels, by the fastest way that NumPy has; `exact`: as they are defined."""
    levels = [pixels]
    while max(levels[-1].shape) > TILE:
        above = levels[-1].reshape(levels[-1].shape[0] // 2, 2, levels[-1].shape[1] // 2, 2)
        wide = np.uint16 if pixels.dtype == np.uint8 else np.float64 if exact else np.float32
        total = above[:, 0, :, 0].astype(wide, copy=False) + above[:, 0, :, 1] + above[:, 1, :, 0] + above[:, 1, :, 1]
        levels.append(((total + 2) >> 2 if pixels.dtype == np.uint8 else total * wide(0.25)).astype(pixels.dtype))
    return levels


def tifffile_writes(levels, folder, compression):
    import tifffile

    options = {"tile": (TILE, TILE), "photometric": "minisblack", "maxworkers": THREADS, "compression": "zstd", "predictor": True}
    with tifffile.TiffWriter(folder / "out.ome.tif", bigtiff=True) as writer:
        writer.write(levels[0], subifds=len(levels) - 1, metadata={"axes": "YX"}, **options)
        for level in levels[1:]:
            writer.write(level, subfiletype=1, **options)


def tensorstore_writes(levels, folder, compression):
    import tensorstore

    name, _, level = compression.partition(":")
    codec = {"name": "zstd", "configuration": {"level": int(level)}} if name == "zstd" else {
        "name": "blosc", "configuration": {"cname": "lz4", "clevel": int(level), "shuffle": "bitshuffle"}}
    context = tensorstore.Context({"data_copy_concurrency": {"limit": THREADS}, "file_io_concurrency": {"limit": THREADS}})
    for number, pixels in enumerate(levels):
        metadata = {"shape": pixels.shape, "data_type": str(pixels.dtype),
                    "chunk_grid": {"name": "regular", "configuration": {"chunk_shape": [TILE, TILE]}},
                    "codecs": [{"name": "bytes", "configuration": {"endian": "little"}}, codec]}
        store = tensorstore.open({"driver": "zarr3", "kvstore": {"driver": "file", "path": f"{folder}/store.ome.zarr/{number}"},
                                  "metadata": metadata}, create=True, context=context).result()
        store.write(pixels).result()


WRITERS = {"tifffile": tifffile_writes, "tensorstore": tensorstore_writes}


def peer(name, path, folder, compression):
    """In a process of its own: prints what it took."""
    import time

    pixels = np.load(path)
    WRITERS[name]([np.zeros((TILE, TILE), pixels.dtype)], pathlib.Path(tempfile.mkdtemp(dir=folder)), compression)  # imports
    wall, began = time.monotonic(), time.process_time()
    levels = levels_of(pixels)
    making = time.process_time() - began
    WRITERS[name](levels, pathlib.Path(folder), compression)
    print(json.dumps({"cpu_s": time.process_time() - began, "making_levels_cpu_s": making, "wall_s": time.monotonic() - wall}))


def read_back(folder, form):
    if form == "ome-tiff":
        import tifffile

        with tifffile.TiffFile(folder / "out.ome.tif") as file:
            return [level.asarray() for level in file.series[0].levels]
    import zarr

    return [zarr.open_array(path, mode="r")[:] for path in sorted((folder / "store.ome.zarr").iterdir()) if path.is_dir()]


def bytes_of(folder, form):
    paths = [folder / "out.ome.tif"] if form == "ome-tiff" else (folder / "store.ome.zarr").rglob("*")
    return sum(path.stat().st_size for path in paths if path.is_file())


def one(words, folder, form, levels):
    folder.mkdir()
    done = subprocess.run(list(map(str, words)), capture_output=True, text=True)
    if done.returncode != 0:
        sys.exit("bench: " + done.stderr.strip())
    answer = json.loads(done.stdout)
    answer["bytes"] = bytes_of(folder, form)
    if levels is not None:
        for level, (found, expected) in enumerate(zip(read_back(folder, form), levels, strict=True)):
            if not np.array_equal(found, expected):
                sys.exit(f"bench: level {level} of {folder.name} is not what was written")
    shutil.rmtree(folder)
    return answer


def compare(programs):
    rows = []
    with tempfile.TemporaryDirectory(prefix="tegula-bench") as made:
        folder = pathlib.Path(made)
        pixels = {}
        for dtype in ("float32", "uint8"):
            pixels[dtype] = image(dtype)
            np.save(folder / f"{dtype}.npy", pixels[dtype])
        for dtype, form, compression, name, limit in CASES:
            ours, theirs = [], []
            for turn in range(ROUNDS):
                path = folder / f"{dtype}.npy"
                expected = [levels_of(pixels[dtype], exact) if turn == 0 else None for exact in (True, False)]
                ours.append(one([programs / "writing_bench", path, folder / "ours", form, compression], folder / "ours", form, expected[0]))
                theirs.append(one([sys.executable, __file__, "--peer", name, path, folder / "theirs", compression], folder / "theirs",
                                  form, expected[1]))
            median = {side: {key: float(np.median([run[key] for run in runs])) for key in runs[0]}
                      for side, runs in (("ours", ours), ("theirs", theirs))}
            rows.append({"name": f"{form} {compression} of {dtype} {SIZE}²", "beside": name, "at_most": limit,
                         "cpu_s": round(median["ours"]["cpu_s"], 2), "their_cpu_s": round(median["theirs"]["cpu_s"], 2),
                         "their_writing_cpu_s": round(median["theirs"]["cpu_s"] - median["theirs"]["making_levels_cpu_s"], 2),
                         "megabytes": round(median["ours"]["bytes"] / 1e6, 1), "their_megabytes": round(median["theirs"]["bytes"] / 1e6, 1),
                         "wall_s": round(median["ours"]["wall_s"], 2), "their_wall_s": round(median["theirs"]["wall_s"], 2),
                         "ratio": round(median["ours"]["cpu_s"] / median["theirs"]["cpu_s"], 3)})
    return rows


def show(rows):
    for row in rows:
        print(f"{row['name']:42} {row['cpu_s']:6.2f} CPU s, {row['megabytes']:6.1f} MB; {row['beside']:11} {row['their_cpu_s']:6.2f} "
              f"(writing alone {row['their_writing_cpu_s']:.2f}), {row['their_megabytes']:6.1f} MB: ratio {row['ratio']:.3f} "
              f"(at most {row['at_most']})")


def complaints(rows):
    return [row["name"] for row in rows
            if row["ratio"] > row["at_most"] or row["beside"] == "tifffile" and row["megabytes"] > 1.005 * row["their_megabytes"]]


if __name__ == "__main__":
    if sys.argv[1:2] == ["--peer"]:
        peer(*sys.argv[2:])
    else:
        found = compare(pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else pathlib.Path(__file__).parents[2] / "build/bench"))
        show(found)
        sys.exit("bench: slower or larger than it may be: " + ", ".join(complaints(found)) if complaints(found) else 0)
