"""A package whose network changes nothing, for what is done before and after the network."""

import numpy as np

RDF = """format_version: 0.5.7
type: model
name: identity
description: a network that changes nothing
authors: [{{name: test}}]
cite: [{{text: test, url: 'https://example.com'}}]
license: CC0-1.0
documentation: README.md
inputs:
- id: raw
  axes:
  - {{type: batch}}
  - {{type: channel, channel_names: [{channels}]}}
  - {{type: space, id: y, size: {{min: 32, step: 1}}}}
  - {{type: space, id: x, size: {{min: 32, step: 1}}}}
  data: {{type: {dtype}}}
  test_tensor: {{source: in.npy}}
  preprocessing:
  - {{id: ensure_dtype, kwargs: {{dtype: float32}}}}
  - {pre}
  - {{id: ensure_dtype, kwargs: {{dtype: float32}}}}
outputs:
- id: out
  axes:
  - {{type: batch}}
  - {{type: channel, channel_names: [{channels}]}}
  - {{type: space, id: y, size: {{tensor_id: raw, axis_id: y}}}}
  - {{type: space, id: x, size: {{tensor_id: raw, axis_id: x}}}}
  test_tensor: {{source: out.npy}}
  postprocessing:
  - {post}
  - {{id: ensure_dtype, kwargs: {{dtype: float32}}}}
weights:
  onnx: {{source: net.toy, opset_version: 17}}
"""
NOTHING = "{id: ensure_dtype, kwargs: {dtype: float32}}"


def write_model(folder, test_input, test_output, pre=NOTHING, post=NOTHING, channels=1):
    """`pre` and `post` are operations in YAML; the test tensors are planes of (y, x), the same for every channel."""
    folder.mkdir()
    names = ", ".join(f"c{i}" for i in range(channels))
    (folder / "rdf.yaml").write_text(RDF.format(dtype=test_input.dtype.name, pre=pre, post=post, channels=names))
    (folder / "README.md").write_text("# Validation\n")
    (folder / "net.toy").write_text("identity\n")
    np.save(folder / "in.npy", np.stack([test_input] * channels)[None])
    np.save(folder / "out.npy", np.stack([test_output] * channels)[None].astype("float32"))
    return folder


def toy(folder, layers, post=NOTHING):
    """A network of known reach, without test tensors: they would be others for each network."""
    plane = np.zeros((64, 64), "float32")
    model = write_model(folder, plane, plane, post=post)
    (model / "net.toy").write_text(layers)
    lines = (model / "rdf.yaml").read_text().splitlines()
    (model / "rdf.yaml").write_text("\n".join(line for line in lines if "test_tensor:" not in line) + "\n")
    return model
