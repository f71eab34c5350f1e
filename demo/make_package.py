#!/usr/bin/env python3
"""Makes demo/nuclei_demo: a package whose network is small enough to be written down.

It smooths the normalised image with a Gaussian and compares it with half of the brightest percentile: bright nuclei on a
dark background. Nothing is trained, so the result is the same on every machine. Needs torch, onnx, numpy (to make it; not to run it).
"""

import hashlib
import pathlib

import numpy as np
import torch

FOLDER = pathlib.Path(__file__).parent / "nuclei_demo"
RADIUS, SIGMA, STEEPNESS, THRESHOLD = 4, 1.5, 12.0, 0.5


class Network(torch.nn.Module):
    """sigmoid is left to postprocessing: this returns logits."""

    def __init__(self):
        super().__init__()
        t = torch.arange(-RADIUS, RADIUS + 1, dtype=torch.float32)
        g = torch.exp(-0.5 * (t / SIGMA) ** 2)
        kernel = g[:, None] * g[None, :]
        self.blur = torch.nn.Conv2d(1, 1, 2 * RADIUS + 1, padding=RADIUS)
        with torch.no_grad():
            self.blur.weight.copy_((STEEPNESS * kernel / kernel.sum())[None, None])
            self.blur.bias.fill_(-STEEPNESS * THRESHOLD)

    def forward(self, image):
        return self.blur(image)


def test_image(size=128):
    rng = np.random.default_rng(1)
    y, x = np.mgrid[:size, :size]
    image = rng.normal(20, 4, (size, size))
    for _ in range(14):
        cy, cx, r = rng.uniform(0, size, 2).tolist() + [rng.uniform(5, 9)]
        image += 150 / (1 + np.exp((np.hypot(y - cy, x - cx) - r) * 1.5))
    return np.clip(image, 0, 255).astype(np.uint8)[None, None]


def main():
    FOLDER.mkdir(exist_ok=True)
    network = Network().eval()
    image = test_image()
    low, high = np.percentile(image, [1, 99.8])
    ready = ((image.astype(np.float32) - low) / (high - low + 1e-6)).astype(np.float32)
    with torch.no_grad():
        traced = torch.jit.trace(network, torch.from_numpy(ready))
        logits = traced(torch.from_numpy(ready)).numpy()
    np.save(FOLDER / "test_input.npy", image)
    np.save(FOLDER / "test_output.npy", (1 / (1 + np.exp(-logits))).astype(np.float32))
    traced.save(str(FOLDER / "weights_torchscript.pt"))
    torch.onnx.export(network, torch.from_numpy(ready), str(FOLDER / "weights.onnx"), opset_version=17, dynamo=False,
                      input_names=["image"], output_names=["nuclei"],
                      dynamic_axes={"image": {2: "y", 3: "x"}, "nuclei": {2: "y", 3: "x"}})
    sha = lambda name: hashlib.sha256((FOLDER / name).read_bytes()).hexdigest()
    (FOLDER / "documentation.md").write_text(__doc__ + "\n# Validation\nThe test of the project compares the nuclei it finds with the known ones.\n")
    (FOLDER / "rdf.yaml").write_text(f"""\
format_version: 0.5.4
type: model
name: Bright nuclei demo
description: Finds bright nuclei on a dark background by a Gaussian and a threshold; nothing is trained
authors:
- {{name: The Tegula authors}}
cite:
- {{text: 'Tegula', url: 'https://example.com/tegula'}}
license: CC0-1.0
documentation: documentation.md
tags: [nuclei, fluorescence, segmentation, demo]
timestamp: '2026-11-23T00:00:00+00:00'
inputs:
- id: image
  axes:
  - {{type: batch}}
  - {{type: channel, channel_names: [nuclei]}}
  - {{type: space, id: y, size: {{min: 32, step: 1}}, unit: micrometer, scale: 0.5}}
  - {{type: space, id: x, size: {{min: 32, step: 1}}, unit: micrometer, scale: 0.5}}
  data: {{type: uint8, range: [0, 255]}}
  test_tensor: {{source: test_input.npy, sha256: {sha("test_input.npy")}}}
  preprocessing:
  - {{id: ensure_dtype, kwargs: {{dtype: float32}}}}
  - id: scale_range
    kwargs: {{axes: [y, x], min_percentile: 1, max_percentile: 99.8}}
  - {{id: ensure_dtype, kwargs: {{dtype: float32}}}}
outputs:
- id: nuclei
  axes:
  - {{type: batch}}
  - {{type: channel, channel_names: [nucleus]}}
  - {{type: space, id: y, size: {{tensor_id: image, axis_id: y}}, unit: micrometer, scale: 0.5, halo: {RADIUS}}}
  - {{type: space, id: x, size: {{tensor_id: image, axis_id: x}}, unit: micrometer, scale: 0.5, halo: {RADIUS}}}
  data: {{type: float32, range: [0.0, 1.0]}}
  test_tensor: {{source: test_output.npy, sha256: {sha("test_output.npy")}}}
  postprocessing:
  - {{id: sigmoid}}
  - {{id: ensure_dtype, kwargs: {{dtype: float32}}}}
weights:
  torchscript: {{source: weights_torchscript.pt, sha256: {sha("weights_torchscript.pt")}, pytorch_version: {torch.__version__.split("+")[0]}}}
  onnx: {{source: weights.onnx, sha256: {sha("weights.onnx")}, opset_version: 17, parent: torchscript}}
""")


if __name__ == "__main__":
    main()
