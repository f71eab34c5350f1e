"""Numbered objects: models that make them, images of many of them, and how two label images are compared."""

import json

import numpy as np
from PIL import Image


def mosaic(data, edge, rows=8, columns=8):
    """Real images of nuclei side by side, turned and mirrored so that no two are equal, uint16."""
    files = sorted((data / "images/dsb2018").glob("*.png"))
    out = np.zeros((rows * edge, columns * edge), np.uint16)
    for number in range(rows * columns):
        image = np.asarray(Image.open(files[number % len(files)]).convert("L"), np.uint16)
        image = np.rot90(image, number // len(files))
        image = image[:, :: 1 if number % 2 else -1]
        y, x = (37 * number) % max(1, image.shape[0] - edge + 1), (53 * number) % max(1, image.shape[1] - edge + 1)
        part = image[y : y + edge, x : x + edge]
        part = np.pad(part, [(0, edge - part.shape[0]), (0, edge - part.shape[1])], mode="symmetric")
        row, column = divmod(number, columns)
        out[row * edge : (row + 1) * edge, column * edge : (column + 1) * edge] = 16 * part
    return out


def matches(a, b):
    """How many objects each has, and of each object of `a` the intersection over union with its best match in `b`."""
    areas_a, areas_b = np.bincount(a.ravel()), np.bincount(b.ravel())
    both = (a > 0) & (b > 0)
    pairs, common = np.unique(np.stack([a[both], b[both]]).astype("int64"), axis=1, return_counts=True)
    best = np.zeros(len(areas_a))
    np.maximum.at(best, pairs[0], common / (areas_a[pairs[0]] + areas_b[pairs[1]] - common))
    there = np.flatnonzero(areas_a)
    return int((areas_a[1:] > 0).sum()), int((areas_b[1:] > 0).sum()), best[there[there > 0]]


RDF = """format_version: 0.5.10
type: model
name: identity
description: a network that gives what it is given, and objects of it
authors: [{{name: test}}]
cite: [{{text: test, url: 'https://example.com'}}]
license: CC0-1.0
documentation: README.md
inputs:
- id: raw
  axes: [{inputs}]
  data: {{type: float32}}
  test_tensor: {{source: in.npy}}
outputs:
- id: labels
  axes: [{outputs}]
  data: {{type: {dtype}}}
  test_tensor: {{source: out.npy}}
  postprocessing:
  - {op}
weights:
  onnx: {{source: net.toy, opset_version: 17}}
"""


def golden_model(golden, name, folder):
    """A model of which the golden network output is the image and the golden labels are the answer. With both, as
    (channel, (z,) y, x) and ((z,) y, x)."""
    case = json.loads((golden / "labels.json").read_text())[name]
    network = np.load(golden / case["network_output"]["labels"])
    labels = np.load(golden / case["expected"][0]["labels"]["file"])
    letters = case["network_axes"]
    op = case["descr"].split("postprocessing:")[1].strip().removeprefix("- ")
    inputs, outputs = [], []
    for letter, size, finished in zip(letters, network.shape, labels.shape):
        if letter == "b":
            inputs.append("{type: batch}")
            outputs.append("{type: batch}")
        elif letter == "c":
            names = ", ".join(f"c{i}" for i in range(size))
            inputs.append(f"{{type: channel, channel_names: [{names}]}}")
            outputs.append("{type: channel, channel_names: [instances]}")
        else:
            inputs.append(f"{{type: space, id: {letter}, size: {{min: 8, step: 1}}}}")
            outputs.append(f"{{type: space, id: {letter}, scale: {size / finished}, size: {{tensor_id: raw, axis_id: {letter}}}}}")
    folder.mkdir()
    indented = op.replace("\n", "\n")
    (folder / "rdf.yaml").write_text(RDF.format(inputs=", ".join(inputs), outputs=", ".join(outputs), op=indented,
                                                dtype=labels.dtype.name))
    (folder / "README.md").write_text("# Validation\n")
    (folder / "net.toy").write_text("identity\n")
    np.save(folder / "in.npy", network)
    np.save(folder / "out.npy", labels)
    space = [letters.index(letter) for letter in "zyx" if letter in letters]
    order = [0, letters.index("c"), *space]
    return folder, network.transpose(order)[0], labels.transpose([0, letters.index("c"), *space])[0, 0]
