"""Statistics and normalisation beside NumPy: the same pixels, in the same run, and the same answers.

    beside_numpy.py [FOLDER OF BENCHMARK PROGRAMS]

`ops_bench` makes its pixels from a hash of their place, which is made here once more; its counters are its answers.
"""

import json
import pathlib
import subprocess
import sys
import time

import numpy as np

EDGE = 4096
CHANNELS = 3
PERCENTILES = [1, 99.8]
EPS = 1e-6


def mix(count, first):
    """splitmix64 of `count` numbers from `first` on, as core/random.h has it."""
    x = np.arange(first, first + count, dtype=np.uint64)
    x += np.uint64(0x9E3779B97F4A7C15)
    for shift, factor in ((30, 0xBF58476D1CE4E5B9), (27, 0x94D049BB133111EB)):
        x ^= x >> np.uint64(shift)
        x *= np.uint64(factor)
    return x ^ (x >> np.uint64(31))


def random(dtype):
    bits = mix(CHANNELS * EDGE * EDGE, 3 << 32).reshape(CHANNELS, EDGE, EDGE)
    if np.issubdtype(dtype, np.floating):
        return ((bits >> np.uint64(11)).astype(np.float64) * 2.0**-53 * 200 - 100).astype(dtype)
    return bits.astype(dtype)


def smooth(dtype):
    c, y, x = np.ogrid[:CHANNELS, :EDGE, :EDGE]
    values = abs((y + 97 * c) % 1400 - 700) * abs((x + 31 * c) % 1024 - 512) // 80
    values += (mix(values.size, 0) % np.uint64(32)).astype(np.int64).reshape(values.shape)
    return (values // 18 if dtype == np.uint8 else values).astype(dtype)


def moments(pixels):
    return [pixels.mean((1, 2)), pixels.std((1, 2))]


def percentiles(axis):
    return lambda pixels: np.percentile(pixels, PERCENTILES, axis=axis)


def first(answer):
    """Of the first channel, where there are several."""
    return [float(np.ravel(values)[0]) for values in answer]


# Benchmark -> its pixels, and what is asked of NumPy.
PER_CHANNEL = (1, 2)
STATISTICS = {
    "MomentsOfBytes": (random, np.uint8, moments),
    "MomentsOfShorts": (random, np.uint16, moments),
    "MomentsOfFloats": (random, np.float32, moments),
    "PercentilesOfBytes": (random, np.uint8, percentiles(PER_CHANNEL)),
    "PercentilesOfSmoothBytes": (smooth, np.uint8, percentiles(PER_CHANNEL)),
    "PercentilesOfShorts": (random, np.uint16, percentiles(PER_CHANNEL)),
    "PercentilesOfShortsTogether": (random, np.uint16, percentiles(None)),
    "PercentilesOfSmoothShorts": (smooth, np.uint16, percentiles(PER_CHANNEL)),
    "PercentilesOfSmoothShortsTogether": (smooth, np.uint16, percentiles(None)),
    "PercentilesOfFloats": (random, np.float32, percentiles(PER_CHANNEL)),
}
CHAINS = {"ZeroMeanTogether": lambda a, b: (a, b + EPS), "ScaleRangeTogether": lambda low, high: (low, high - low + EPS)}


def measured(program):
    """What Tegula needs and answers, by name."""
    names = "|".join([*STATISTICS, *CHAINS])
    out = subprocess.run(
        [program, f"--benchmark_filter=^({names})/{EDGE}$", "--benchmark_format=json", "--benchmark_repetitions=5"],
        check=True, capture_output=True, text=True)
    rows = json.loads(out.stdout)["benchmarks"]
    unit = {"ns": 1e-9, "us": 1e-6, "ms": 1e-3}
    return {row["run_name"].split("/")[0]: row | {"cpu_s": row["cpu_time"] * unit[row["time_unit"]]}
            for row in rows if row.get("aggregate_name") == "median"}


def timed(function):
    """The least CPU time of three, and the answer."""
    times = []
    for _ in range(3):
        begin = time.process_time()
        answer = function()
        times.append(time.process_time() - begin)
    return min(times), answer


def compare(programs):
    rows = []

    def add(name, tegula, numpy_s, agrees):
        if not agrees:
            sys.exit(f"bench: {name} is not what NumPy says")
        rows.append({"name": name, "tegula_cpu_s": tegula["cpu_s"], "numpy_cpu_s": numpy_s,
                     "times_as_fast": round(numpy_s / tegula["cpu_s"], 1)})

    found = measured(programs / "ops_bench")
    for name, (picture, dtype, ask) in STATISTICS.items():
        pixels = picture(dtype)
        numpy_s, answer = timed(lambda: ask(pixels))
        if dtype == np.float32:  # of which NumPy's answers are float32, and Tegula's those of the same numbers in float64
            answer = ask(pixels[:1].astype(np.float64))
        mine = [found[name]["statistic0"], found[name]["statistic1"]]
        add(name, found[name], numpy_s, np.allclose(mine, first(answer), rtol=1e-12, atol=1e-10))
    pixels = random(np.float32)
    for name, numbers in CHAINS.items():
        shift, scale = (np.float64(x) for x in numbers(found[name]["statistic0"], found[name]["statistic1"]))
        numpy_s, answer = timed(lambda: ((pixels - shift) / scale).astype(np.float32))
        bits = int((answer.view(np.uint32) % np.uint32(16_777_213)).sum(dtype=np.uint64))
        add(name, found[name], numpy_s, bits == int(found[name]["sum_of_bits"]))
    return rows


def show(rows):
    for row in rows:
        print(f"{row['name']:45} {row['tegula_cpu_s'] * 1e3:9.1f} ms  NumPy {row['numpy_cpu_s'] * 1e3:9.1f} ms  "
              f"{row['times_as_fast']:6.1f} x as fast")


if __name__ == "__main__":
    root = pathlib.Path(__file__).resolve().parents[2]
    show(compare(pathlib.Path(sys.argv[1]) if len(sys.argv) > 1 else root / "build" / "bench"))
