"""Every package of ../shared with every engine: what runs, how exactly and how fast. Leaves docs/results/packages.md."""

import json
import os
import pathlib

from packages import every_package

RUNNABLE = ("onnx", "torchscript", "tensorflow_saved_model_bundle")
# Weights that do not run, and a part of the sentence that says why. Everything else has to.
REFUSED = {
    # Its sizes are computed from the input's, which a trace makes constants: LibTorch runs it.
    ("models_made/scripted_control_flow", "torchscript", "openvino"): "computes sizes",
    # Files that are not in ../shared.
    ("models/pancreatic_unet_keras/rdf.yaml", "tensorflow_saved_model_bundle", "openvino"): "No such file",
    ("models/stardist_example_model/rdf_wrong_shape2_v0_4.yaml", "tensorflow_saved_model_bundle", "openvino"): "No such",
    ("models/stardist_example_model/rdf_wrong_shape_v0_4.yaml", "tensorflow_saved_model_bundle", "openvino"): "No such",
    ("models/stardist_example_model/v0_4.bioimageio.yaml", "tensorflow_saved_model_bundle", "openvino"): "No such",
}
ROWS = ("package", "weights", "engine", "result", "largest error", "mean error", "mismatched ppm", "ms per run",
        "megapixels/s", "memory MiB")


def row(name, check):
    outputs = check["outputs"]

    def largest(key, form):
        found = [output[key] for output in outputs if output[key] is not None]
        return format(max(found), form) if found else ""

    cost = [""] * 3
    if check["seconds"] > 0:
        cost = [f"{1000 * check['seconds']:.1f}", f"{check['megapixels'] / check['seconds']:.3g}",
                f"{check['memory_bytes'] / 2**20:.0f}"]
    engine = check["engine"] + (" (converted)" if check["converted"] else "")
    return [name, check["weights"], engine, check["status"], largest("max_abs", ".2g"), largest("mean_abs", ".2g"),
            largest("mismatched_per_million", ".0f"), *cost]


def test_every_package_runs_with_every_engine(tegula, data, tmp_path):
    rows, reasons, wrong = [], [], []
    for name, path in every_package(data.parent, tmp_path):
        run = tegula("test", path, "--all-engines", "--json")
        report = json.loads(run.out[run.out.index("{\n"):])
        for check in report["checks"]:
            rows.append(row(name, check))
            if check["reason"]:
                reasons.append(f"- {name}, {check['weights']}, {check['engine'] or 'no engine'}: {check['reason']}")
            if check["weights"] in RUNNABLE:
                refusal = REFUSED.get((name, check["weights"], check["engine"]))
                as_expected = check["status"] in ("passed", "unproven") if refusal is None else refusal in check["reason"]
                wrong += [] if as_expected else [rows[-1] + [check["reason"]]]
        runnable = [c for c in report["checks"] if c["status"] != "not run"]
        if runnable and all(c["status"] in ("passed", "unproven") for c in runnable):
            assert run.code == 0, run.out
    folder = str(data.parent) + "/"
    table = [f"| {' | '.join(cells)} |" for cells in (ROWS, ["---"] * len(ROWS), *rows)]
    text = ("# Every package with every engine\n\nWritten by `tools/dev test --long` (`tests/long/test_packages.py`): "
            "`tegula test PACKAGE --all-engines`.\nTimes are those of the test tensors' size on two cores.\n\n"
            + "\n".join(table) + "\n\nWhat was not run or not proven, and why:\n\n" + "\n".join(reasons) + "\n")
    results = pathlib.Path(os.environ["TEGULA_SOURCE"]) / "docs/results/packages.md"
    results.write_text(text.replace(folder, "").replace(str(tmp_path) + "/", ""))
    assert not wrong, wrong
    assert len({cells[0] for cells in rows}) >= 30
