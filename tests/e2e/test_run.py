"""Runs as such: several images, an interrupted run, the demo."""

import csv
import json
import signal
import subprocess
import time

import conftest
import numpy as np
import pytest


def test_several_images_get_a_folder_each_and_a_table_of_all(tegula, source, tmp_path):
    images = [f"synthetic:nuclei,height=300,width=400,seed={seed},pixel_size=0.5" for seed in (1, 2)]
    words = ("predict", source / "demo/nuclei_demo", *images, "-o", tmp_path / "o", "--objects", "nucleus", "--json")
    rows = json.loads(tegula(*words).ok().out)
    folders = {row["folder"] for row in rows}
    assert len(folders) == 2
    assert all((tmp_path / "o" / folder / "report.html").exists() for folder in folders)
    run = tegula(*words, tmp_path / "missing.png")
    assert run.code == 1
    with open(tmp_path / "o/summary.csv") as file:
        table = list(csv.DictReader(file))
    assert [row["Result"] for row in table] == ["done before", "done before", "failed"]
    assert "missing.png" in table[2]["Reason"] and table[2]["Objects"] == ""
    for row in table[:2]:
        features = json.loads((tmp_path / "o" / row["Folder"] / "objects.geojson").read_text())["features"]
        areas = [feature["properties"]["measurements"]["Area \u00b5m^2"] for feature in features]
        assert int(row["Objects"]) == int(row["Num nucleus"]) == len(features) > 10
        assert float(row["nucleus area \u00b5m^2"]) == pytest.approx(sum(areas))


def test_an_interrupted_run_ends_cleanly_and_leaves_nothing_under_a_final_name(source, tmp_path):
    out = tmp_path / "o"
    process = subprocess.Popen(
        [conftest.PROGRAM, "predict", source / "demo/nuclei_demo", "synthetic:nuclei,height=30000,width=30000,seed=1,pixel_size=0.5", "-o", out],
        stderr=subprocess.PIPE,
        text=True,
    )
    deadline = time.monotonic() + 60
    while not out.exists() and time.monotonic() < deadline:
        time.sleep(0.05)
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=60)
    assert process.returncode == 130, err
    assert "stopped on request" in err
    assert not out.exists() or [path.name for path in out.iterdir()] == [".tegula-partial"]


def test_the_demo_finds_the_nuclei_that_are_there(tegula, source, tmp_path):
    image = "synthetic:nuclei,height=1000,width=1200,seed=7,pixel_size=0.5"
    tegula("predict", source / "demo/nuclei_demo", image, "-o", tmp_path / "o", "--objects", "nucleus").ok()
    found = json.loads((tmp_path / "o/objects.geojson").read_text())["features"]
    areas = np.array([feature["properties"]["measurements"]["Area \u00b5m^2"] for feature in found])
    assert len(found) > 100
    assert np.all(areas < 400) and np.median(areas) > 10
