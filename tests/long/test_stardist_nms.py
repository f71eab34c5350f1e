"""Non-maximum suppression of 100,000 candidates beside stardist's own C++, in CPU time on one thread."""

import json
import os
import pathlib
import subprocess
import time

import numpy as np
import pytest

CANDIDATES, RAYS, THRESHOLD = 100_000, 32, 0.4
BENCH = pathlib.Path(os.environ["TEGULA_PROGRAM"]).parent / "bench/objects_bench"


def candidates(kind):
    """Spread out, so that most remain; or fifty around every object."""
    random = np.random.default_rng(1)
    if kind == "sparse":
        points = random.integers(0, 6000, (CANDIDATES, 2))
        distances = 8 * (1 + 0.1 * random.normal(size=(CANDIDATES, RAYS)))
    else:
        objects = random.integers(0, 1200, (CANDIDATES // 50, 2))
        points = objects[random.integers(0, len(objects), CANDIDATES)] + random.integers(-4, 5, (CANDIDATES, 2))
        distances = 12 * (1 + 0.08 * random.normal(size=(CANDIDATES, RAYS)))
    return np.maximum(distances, 1e-3).astype("float32"), points.astype("float32")


@pytest.mark.parametrize("kind", ["sparse", "dense"])
def test_it_is_at_least_as_fast_and_keeps_the_same(tmp_path, monkeypatch, results, kind):
    distances, points = candidates(kind)
    for part, values in (("dist", distances), ("points", points)):
        np.save(tmp_path / f"{kind}_{part}.npy", values)
        np.save(tmp_path / f"{'dense' if kind == 'sparse' else 'sparse'}_{part}.npy", values[:10])
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    from stardist.nms import non_maximum_suppression_inds

    scores = np.linspace(1, 0.5, CANDIDATES, dtype="float32")
    ours, theirs = [], []
    for _ in range(2):
        began = time.process_time()
        kept = non_maximum_suppression_inds(distances, points, scores, thresh=THRESHOLD, verbose=0)
        theirs.append(time.process_time() - began)
        done = subprocess.run([BENCH, f"--benchmark_filter=Suppress{kind.title()}/workers:1/", "--benchmark_format=json"],
                              env=os.environ | {"TEGULA_STARDIST_CANDIDATES": str(tmp_path)}, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        (row,) = json.loads(done.stdout)["benchmarks"]
        ours.append(row["cpu_time"] / 1000)
        assert row["kept"] == kept.sum()
    results[f"stardist suppression, {kind}"] = {"stardist_cpu_s": min(theirs), "tegula_cpu_s": min(ours)}
    assert min(ours) <= min(theirs)
