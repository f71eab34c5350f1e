"""A network that the stardist package made, exported by TensorFlow, beside stardist's own prediction of an image."""

import os

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ["TF_USE_LEGACY_KERAS"] = "1"  # stardist is written for Keras 2; other tests import Keras 3 by its own name

import numpy as np
import tifffile
import zarr

GRID, RAYS = 2, 32
RDF = f"""format_version: 0.5.4
type: model
name: StarDist
description: a network of the stardist package
authors: [{{name: test}}]
cite: [{{text: test, url: 'https://example.com'}}]
license: CC0-1.0
documentation: README.md
inputs:
- id: image
  axes:
  - {{type: batch}}
  - {{type: space, id: y, size: {{min: 160, step: 16}}}}
  - {{type: space, id: x, size: {{min: 160, step: 16}}}}
  - {{type: channel, channel_names: [dna]}}
  data: {{type: uint16}}
  test_tensor: {{source: in.npy}}
  preprocessing:
  - {{id: ensure_dtype, kwargs: {{dtype: float32}}}}
  - {{id: scale_range, kwargs: {{axes: [y, x], min_percentile: 1, max_percentile: 99.8, eps: 1.0e-20}}}}
  - {{id: ensure_dtype, kwargs: {{dtype: float32}}}}
outputs:
- id: stars
  axes:
  - {{type: batch}}
  - {{type: space, id: y, size: {{tensor_id: image, axis_id: y}}, scale: {GRID}.0, halo: 32}}
  - {{type: space, id: x, size: {{tensor_id: image, axis_id: x}}, scale: {GRID}.0, halo: 32}}
  - {{type: channel, channel_names: [{", ".join(["probability"] + [f"ray {i}" for i in range(RAYS)])}]}}
  test_tensor: {{source: out.npy}}
weights:
  tensorflow_saved_model_bundle: {{source: network, tensorflow_version: 2.21.0}}
"""


def exported(model, tensorflow, folder):
    """One output, (b, y, x, 1 + rays): probability and distances, the latter with stardist's lower bound."""
    spec = tensorflow.TensorSpec((None, None, None, 1), tensorflow.float32, name="image")

    @tensorflow.function(input_signature=[spec])
    def serve(image):
        probability, distances = model.keras_model(image)
        return {"stars": tensorflow.concat([probability, tensorflow.maximum(distances, 1e-3)], -1)}

    tensorflow.saved_model.save(model.keras_model, str(folder), signatures=serve)


def test_a_stardist_network_answers_as_stardist_does(tegula, data, tmp_path, results):
    import tensorflow
    from csbdeep.utils import normalize
    from stardist.models import Config2D, StarDist2D

    tensorflow.random.set_seed(1)
    model = StarDist2D(Config2D(n_rays=RAYS, grid=(GRID, GRID), n_channel_in=1, use_gpu=False), name=None, basedir=None)
    package = tmp_path / "stardist"
    package.mkdir()
    exported(model, tensorflow, package / "network")
    image = tifffile.imread(data / "images/fluorescence/stardist_img2d.tif")[:496, :512]
    probability, distances = model.predict(normalize(image, 1, 99.8))
    expected = np.concatenate([probability[..., None], distances], -1)

    np.save(package / "in.npy", image[None, ..., None])
    np.save(package / "out.npy", expected[None])
    (package / "rdf.yaml").write_text(RDF)
    (package / "README.md").write_text("made by a test\n")
    tegula("test", package).ok()
    tifffile.imwrite(tmp_path / "image.tif", image)
    tegula("predict", package, tmp_path / "image.tif", "-o", tmp_path / "o", "--border", "network", "--context", "256").ok()
    out = np.moveaxis(np.asarray(zarr.open_group(tmp_path / "o/prediction.ome.zarr", mode="r")["0"]), 0, -1)
    difference = float(np.abs(out - expected).max())
    results["stardist: largest difference on a whole image"] = difference
    assert np.ptp(expected) > 0.01 and difference < 1e-4
