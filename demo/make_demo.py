#!/usr/bin/env python3
"""Makes demo/tissue.tif with demo/tissue_nuclei.png, and demo/he_nuclei: draws, trains, exports and measures.

Needs numpy, scipy, pillow, tifffile, imagecodecs, torch and onnx: demo/README.md has the versions.
"""

import hashlib
import pathlib
import time

import numpy as np
import tifffile
import torch
from PIL import Image
from scipy import ndimage

import tissue
import train

FOLDER = pathlib.Path(__file__).parent
PACKAGE = FOLDER / "he_nuclei"
SEED, PIXEL_UM, QUALITY = 33, 0.5, 80


def write_slide(path: pathlib.Path, rgb):
    """A pyramid of JPEG tiles, as slide scanners write it."""
    resolution = (10000 / PIXEL_UM, 10000 / PIXEL_UM)
    options = dict(tile=(256, 256), photometric="rgb", compression="jpeg", compressionargs={"level": QUALITY},
                   resolutionunit="CENTIMETER", metadata=None)
    with tifffile.TiffWriter(path) as file:
        for level in range(4):
            if level > 0:
                even = rgb[: rgb.shape[0] // 2 * 2, : rgb.shape[1] // 2 * 2].astype(np.float32)
                rgb = (even.reshape(even.shape[0] // 2, 2, -1, 2, 3).mean((1, 3)) + 0.5).astype(np.uint8)
            file.write(rgb, **options, subfiletype=int(level > 0), resolution=[r / 2**level for r in resolution],
                       software="demo/make_demo.py",
                       description="Synthetic tissue, haematoxylin and eosin" if level == 0 else None)


def write_nuclei(path: pathlib.Path, labels):
    """Nuclei that touch get different colours, so a connected piece of one colour is a nucleus; few colours pack well."""
    colours = np.zeros(labels.max() + 1, np.uint8)
    for number, box in enumerate(ndimage.find_objects(labels), 1):
        y, x = (slice(max(s.start - 1, 0), s.stop + 1) for s in box)
        around = ndimage.binary_dilation(labels[y, x] == number, np.ones((3, 3)))
        taken = set(colours[np.unique(labels[y, x][around])].tolist())
        colours[number] = next(c for c in range(1, 16) if c not in taken)
    image = Image.fromarray(colours[labels])
    palette = [0, 0, 0, 86, 180, 233, 230, 159, 0, 0, 158, 115, 240, 228, 66, 213, 94, 0, 204, 121, 167]
    image.putpalette(palette + [255] * 27)
    image.save(path, optimize=True, bits=4)


def apply(network, rgb, mean, std):
    """Probability of nucleus for a whole image (y, x, 3); sizes are made multiples of the stride by mirroring."""
    height, width = rgb.shape[:2]
    padded = np.pad(rgb, ((0, -height % train.STEP), (0, -width % train.STEP), (0, 0)), "symmetric")
    with torch.no_grad():
        logits = network(torch.from_numpy(train.normalised(padded, mean, std).transpose(2, 0, 1)[None].copy()))
    return torch.sigmoid(logits)[0, 0, :height, :width].numpy()


def write_cover(path: pathlib.Path, rgb, probability):
    """The image, on its right half with the outlines of what is found."""
    inside = probability > 0.5
    line = ndimage.binary_dilation(inside) & ~ndimage.binary_erosion(inside)
    line[:, : line.shape[1] // 2] = False
    Image.fromarray(np.where(line[..., None], np.array([20, 200, 60], np.uint8), rgb)).save(path, optimize=True)


def write_package(network, mean, std, image, cover):
    """`image`: (y, x, 3), the test input."""
    PACKAGE.mkdir(exist_ok=True)
    image = image.transpose(2, 0, 1)[None].copy()
    ready = torch.from_numpy(train.normalised(image.transpose(0, 2, 3, 1), mean, std).transpose(0, 3, 1, 2).copy())
    with torch.no_grad():
        traced = torch.jit.freeze(torch.jit.trace(network, ready))
        output = torch.sigmoid(network(ready)).numpy()
    np.save(PACKAGE / "test_input.npy", image)
    np.save(PACKAGE / "test_output.npy", output)
    traced.save(str(PACKAGE / "weights_torchscript.pt"))
    free = {0: "batch", 2: "y", 3: "x"}
    torch.onnx.export(network, ready, str(PACKAGE / "weights.onnx"), opset_version=17, dynamo=False,
                      input_names=["image"], output_names=["nuclei"], dynamic_axes={"image": free, "nuclei": free})
    write_cover(PACKAGE / "cover.png", cover, apply(network, cover, mean, std))
    halo = -(-train.receptive_radius(network) // train.STEP) * train.STEP
    sha = lambda name: hashlib.sha256((PACKAGE / name).read_bytes()).hexdigest()
    (PACKAGE / "rdf.yaml").write_text(f"""\
format_version: 0.5.4
type: model
name: Nuclei in haematoxylin and eosin, demo
description: A small U-Net that finds nuclei in synthetic tissue, haematoxylin and eosin; for demonstration only
authors:
- {{name: The Tegula authors}}
cite:
- {{text: 'Tegula', url: 'https://example.com/tegula'}}
license: CC0-1.0
documentation: documentation.md
covers: [cover.png]
tags: [nuclei, segmentation, histology, brightfield, synthetic, unet, demo]
timestamp: '2026-11-23T00:00:00+00:00'
inputs:
- id: image
  description: Brightfield colours
  axes:
  - {{type: batch}}
  - {{type: channel, channel_names: [red, green, blue]}}
  - {{type: space, id: y, size: {{min: 64, step: {train.STEP}}}, unit: micrometer, scale: {PIXEL_UM}}}
  - {{type: space, id: x, size: {{min: 64, step: {train.STEP}}}, unit: micrometer, scale: {PIXEL_UM}}}
  data: {{type: uint8, range: [0, 255]}}
  test_tensor: {{source: test_input.npy, sha256: {sha("test_input.npy")}}}
  preprocessing:
  - {{id: ensure_dtype, kwargs: {{dtype: float32}}}}
  - id: fixed_zero_mean_unit_variance
    kwargs: {{axis: channel, mean: {mean.tolist()}, std: {std.tolist()}}}
  - {{id: ensure_dtype, kwargs: {{dtype: float32}}}}
outputs:
- id: nuclei
  description: Probability that a pixel lies in a nucleus, low where two nuclei touch
  axes:
  - {{type: batch}}
  - {{type: channel, channel_names: [nucleus]}}
  - {{type: space, id: y, size: {{tensor_id: image, axis_id: y}}, unit: micrometer, scale: {PIXEL_UM}, halo: {halo}}}
  - {{type: space, id: x, size: {{tensor_id: image, axis_id: x}}, unit: micrometer, scale: {PIXEL_UM}, halo: {halo}}}
  data: {{type: float32, range: [0.0, 1.0]}}
  test_tensor: {{source: test_output.npy, sha256: {sha("test_output.npy")}}}
  postprocessing:
  - {{id: sigmoid}}
  - {{id: ensure_dtype, kwargs: {{dtype: float32}}}}
weights:
  torchscript:
    source: weights_torchscript.pt
    sha256: {sha("weights_torchscript.pt")}
    pytorch_version: {torch.__version__.split("+")[0]}
  onnx: {{source: weights.onnx, sha256: {sha("weights.onnx")}, opset_version: 17, parent: torchscript}}
""")


def main():
    torch.set_num_threads(2)
    start = time.monotonic()
    say = lambda text: print(f"{time.monotonic() - start:4.0f} s  {text}", flush=True)
    slide = tissue.draw(SEED)
    write_slide(FOLDER / "tissue.tif", slide.rgb)
    write_nuclei(FOLDER / "tissue_nuclei.png", slide.labels)
    say(f"slide with {slide.labels.max()} nuclei")
    network, mean, std = train.train(say)
    say(f"trained; an input pixel matters up to {train.receptive_radius(network)} pixels away")
    other = tissue.draw(SEED + 1, width=1400).rgb
    write_package(network, mean, std, image=other[860:1052, 500:692], cover=other[700:956, 400:912])
    rgb = tifffile.imread(FOLDER / "tissue.tif", key=0)
    found, count = ndimage.label(apply(network, rgb, mean, std) > 0.5)
    say(f"{count} objects on the slide, F1 at IoU 0.5 {train.f1_at_half(found, slide.labels.astype(np.int64)):.4f}")


if __name__ == "__main__":
    main()
