"""Memory is bounded by tiles, not by the image."""

import shutil

import numpy as np
import pytest

RADIUS = 2
LIMIT_MB = 400
RDF = """format_version: 0.5.4
type: model
name: Blur
description: a box blur of the toy engine
authors: [{name: test}]
cite: [{text: test, url: 'https://example.com'}]
license: CC0-1.0
documentation: README.md
inputs:
- id: raw
  axes:
  - {type: batch}
  - {type: channel, channel_names: [grey]}
  - {type: space, id: y, size: {min: 16, step: 1}}
  - {type: space, id: x, size: {min: 16, step: 1}}
  data: {type: uint8}
  test_tensor: {source: in.npy}
  preprocessing: [{id: ensure_dtype, kwargs: {dtype: float32}}]
outputs:
- id: blurred
  axes:
  - {type: batch}
  - {type: channel, channel_names: [blurred]}
  - {type: space, id: y, size: {tensor_id: raw, axis_id: y}, halo: 2}
  - {type: space, id: x, size: {tensor_id: raw, axis_id: x}, halo: 2}
  test_tensor: {source: out.npy}
  postprocessing: [{id: ensure_dtype, kwargs: {dtype: uint8}}]
weights:
  onnx: {source: net.toy, opset_version: 17}
"""


@pytest.fixture
def blur(tmp_path):
    model = tmp_path / "blur"
    model.mkdir()
    (model / "rdf.yaml").write_text(RDF)
    (model / "README.md").write_text("made by a test\n")
    (model / "net.toy").write_text(f"blur {RADIUS}\n")
    image = np.random.default_rng(1).integers(0, 255, (1, 1, 32, 48), np.uint8)
    padded = np.pad(image[0, 0].astype(np.float64), RADIUS)
    size = 2 * RADIUS + 1
    windows = np.lib.stride_tricks.sliding_window_view(padded, (size, size))
    np.save(model / "in.npy", image)
    np.save(model / "out.npy", np.floor(windows.mean((2, 3)))[None, None].astype(np.uint8))
    return model


def test_memory_does_not_grow_with_the_image(tegula, blur, tmp_path, results):
    def peak_mb(size):
        out = tmp_path / f"out{size}"
        image = f"synthetic:nuclei,height={size},width={size},seed=3"
        run = tegula("predict", blur, image, "-o", out, "--memory", f"{LIMIT_MB}MB").ok()
        results[f"memory of predict with a blur, {size} x {size}"] = {
            "peak_mb": round(run.peak_mb, 1), "seconds": round(run.seconds, 1),
            "cpu_seconds": round(run.cpu_seconds, 1)}
        shutil.rmtree(out)
        return run.peak_mb

    # Only the first run of a network also measures its context and what its windows cost: the others are compared.
    first = peak_mb(4096)
    peaks = {size: peak_mb(size) for size in (8192, 16_384, 100_000)}
    assert max(first, *peaks.values()) < LIMIT_MB
    assert max(peaks.values()) <= 1.10 * min(peaks.values()), peaks  # the image itself grew by 10 GB
