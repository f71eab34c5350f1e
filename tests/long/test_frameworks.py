"""Tegula beside the frameworks themselves, on real images and without tiles."""

import json
import os

import numpy as np
import tifffile
import zarr

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")


def predicted(tegula, model, image, out, *words):
    tegula("predict", model, image, "-o", out, "--overwrite", *words).ok()
    return np.asarray(zarr.open_group(out / "prediction.ome.zarr", mode="r")["0"])


def normalised(image, axes=None):
    x = image.astype(np.float32)
    return (x - x.mean(axis=axes, keepdims=True)) / (x.std(axis=axes, keepdims=True) + 1e-6)


def test_torchscript_answers_as_torch_does(tegula, data, tmp_path, results):
    import torch

    image = tifffile.imread(data / "images/fluorescence/stardist_img2d.tif")
    model = data / "models_made/nuclei_unet_any_size"
    network = torch.jit.load(str(model / "weights.pt")).eval()
    size = [s // 16 * 16 for s in image.shape]
    crop = image[: size[0], : size[1]]
    tifffile.imwrite(tmp_path / "crop.tif", crop)
    with torch.inference_mode():
        expected = torch.sigmoid(network(torch.from_numpy(normalised(crop)[None, None]))).numpy()[0]
    out = predicted(tegula, model, tmp_path / "crop.tif", tmp_path / "o", "--engine", "libtorch", "--border", "network",
                    "--context", "96")
    difference = float(np.abs(out - expected).max())
    results["torch: largest difference on a whole image"] = difference
    assert difference < 1e-4


def test_a_savedmodel_answers_as_tensorflow_and_keras_do(tegula, data, tmp_path, results):
    import keras
    import tensorflow

    model = data / "models_made/keras_all"
    image = tifffile.imread(data / "images/fluorescence/stardist_img2d.tif")[:256, :320].astype(np.float32)
    image /= image.max()
    np.save(tmp_path / "image.npy", image)
    answer = tensorflow.saved_model.load(str(model / "tf_saved_model")).signatures["serving_default"](
        image=tensorflow.constant(image[None, ..., None]))
    (expected,) = [value.numpy()[0] for value in answer.values()]
    by_keras = keras.saving.load_model(model / "model.keras").predict(image[None, ..., None], verbose=0)[0]
    out = np.moveaxis(predicted(tegula, model, tmp_path / "image.npy", tmp_path / "o", "--border", "network",
                                "--context", "64"), 0, -1)
    for name, reference in (("tensorflow", expected), ("keras", by_keras)):
        difference = float(np.abs(out - reference).max())
        results[f"{name}: largest difference on a whole image"] = difference
        assert difference < 1e-4, name


def test_the_program_knows_every_engine_here(tegula):
    rows = json.loads(tegula("engines", "--json").ok().out)
    assert all(row["available"] for row in rows), rows
