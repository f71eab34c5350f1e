"""A run that is killed again and again at any moment ends with the very bytes of one that was not."""

import hashlib
import os
import pathlib
import random
import signal
import subprocess
import time

import numpy as np
import pytest
import tifffile

PROGRAM = os.environ["TEGULA_PROGRAM"]
KILLS = 20


def digest(folder):
    """Names and bytes of all files of a store."""
    return {str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
            for path in sorted(folder.rglob("*")) if path.is_file()}


@pytest.mark.parametrize("region", [[], ["--region", "150,200,1100,900", "--region", "1400,100,300,1200"]])
def test_kills_at_random_moments_change_no_byte(data, tmp_path, results, region):
    base = np.load(data / "models_made/nuclei_unet_any_size/test_input.npy")[0, 0]
    image = tmp_path / "image.tif"
    tifffile.imwrite(image, np.pad(base, [(0, 1111), (0, 1333)], mode="symmetric"), tile=(256, 256))
    words = [PROGRAM, "-q", "predict", data / "models_made/nuclei_unet_any_size", image, "--tile", "256", "--save-statistics",
             "--objects", "all", *region]
    words = [str(word) for word in words]
    subprocess.run([*words, "-o", tmp_path / "warm"], check=True)  # proofs and measurements are made once
    began = time.monotonic()
    subprocess.run([*words, "-o", tmp_path / "straight"], check=True)
    seconds = time.monotonic() - began

    rng, out, killed, moments = random.Random(1), tmp_path / "killed", 0, []
    while killed < KILLS:
        process = subprocess.Popen([*words, "-o", out])
        moments.append(rng.uniform(0.02, 0.35) * seconds)
        try:
            assert process.wait(moments[-1]) == 0
            # Complete before it was killed: once more from the beginning.
            subprocess.run(["rm", "-r", out], check=True)
        except subprocess.TimeoutExpired:
            process.send_signal(signal.SIGKILL)
            process.wait()
            killed += 1
        assert not (out / "run.json").exists()
    subprocess.run([*words, "-o", out], check=True)
    for name in ("prediction.ome.zarr",):
        assert digest(out / name) == digest(tmp_path / "straight" / name)
    for name in ("objects.geojson", "statistics.json"):
        assert (out / name).read_bytes() == (tmp_path / "straight" / name).read_bytes()
    results["kills with a region" if region else "kills"] = {"kills": killed, "seconds of an undisturbed run": round(seconds, 1)}
