"""Run by the Python of bioimageio.core: its own statistics of images, and what it reads of a file that Tegula wrote.

core_statistics.py MODEL FROM_TEGULA TO_TEGULA IMAGE...  prints JSON: the measures that the model needs, and of each the
largest difference between the two; TO_TEGULA is what bioimageio.core saves."""

import json
import pathlib
import sys

import numpy as np
import tifffile
from bioimageio.core.io import load_stat, save_stat
from bioimageio.core.proc_setup import get_requried_measures
from bioimageio.core.sample import Sample
from bioimageio.core.stat_calculators import StatsCalculator
from bioimageio.core.tensor import Tensor
from bioimageio.spec import load_model_description

model_file, from_tegula, to_tegula, *images = sys.argv[1:]
model = load_model_description(model_file, perform_io_checks=False)
needed = get_requried_measures(model).pre
member = next(iter(needed)).member_id
calculator = StatsCalculator(needed)
own = {}
for number, image in enumerate(images):
    pixels = tifffile.imread(image).astype("float64")[None, None]  # of float32 it sums in float32
    sample = Sample(members={member: Tensor.from_numpy(pixels, dims=("batch", "channel", "y", "x"))}, stat={}, id=number)
    own.update(calculator.update_and_get_all(sample))
save_stat(own, pathlib.Path(to_tegula))
theirs = load_stat(pathlib.Path(from_tegula))


def values(value):
    return np.asarray(value.data if isinstance(value, Tensor) else value, dtype="float64").ravel()


print(json.dumps([{"measure": repr(m), "found": m in theirs,
                   "difference": float(np.abs(values(theirs[m]) - values(own[m])).max()) if m in theirs else None}
                  for m in needed]))
