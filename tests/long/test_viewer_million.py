"""A million polygons in the viewer's page: opened with progress, panned at several zooms, each that has 2 pixels drawn."""

import os
import pathlib
import sys

import numpy as np
from PIL import Image

SOURCE = pathlib.Path(os.environ["TEGULA_SOURCE"])
sys.path += [str(SOURCE / "tests/e2e"), str(SOURCE / "tools/bench")]

import nuclei_geojson  # noqa: E402
from viewing import need_browser, story, viewing  # noqa: E402

COUNT = 1_000_000
FRAME_MS = 16  # of the main thread's work, 95 of 100 frames; a clock's time has the machine's other programs in it


def missed(points, view, picture):
    """Objects of 2 screen pixels and more that lie in the view, and how many of them have nothing painted at their middle."""
    low, high, middle = (what * view["scale"] + [view["left"], view["top"]] for what in
                         (points.min(1), points.max(1), points.mean(1)))
    alpha = np.asarray(Image.open(picture).convert("RGBA"))[..., 3]
    inside = ((low >= 0) & (high < [view["width"], view["height"]])).all(1)
    visible = inside & ((high - low).max(1) >= 2)
    x, y = middle[visible].astype(int).T
    return int(visible.sum()), int((alpha[y, x] == 0).sum())


def test_a_million_polygons_pan_smoothly(tmp_path, results):
    need_browser(SOURCE)
    root = tmp_path / "root"
    root.mkdir()
    nuclei_geojson.write(COUNT, root / "million.geojson")
    edge = nuclei_geojson.side(COUNT) * nuclei_geojson.PITCH
    with viewing(f"synthetic:noise,height={edge},width={edge},channels=1,levels=7", "--root", root) as viewer:
        seen = story(SOURCE, "million", viewer.address, "million.geojson", tmp_path, timeout=600)
    assert seen["problems"] == []
    assert len(seen["progress"]) > 10
    points = nuclei_geojson.outlines(COUNT)
    rows = []
    for number, (pan, alone) in enumerate(zip(seen["pans"], seen["alone"])):
        drawn, without = missed(points, pan["view"], tmp_path / f"{number}.png")
        row = {"screen pixels per image pixel": round(pan["view"]["scale"], 3), "polygons of 2 px and more": drawn, "of them missing": without}
        for name, frames in [("with objects", pan["frames"]), ("image alone", alone)]:
            for kind in ["cpu", "wall"]:
                p50, p95 = np.percentile([frame[kind] for frame in frames], [50, 95])
                row[f"{name}: ms of {kind} per frame, p50 and p95"] = [round(p50, 2), round(p95, 2)]
        rows.append(row)
    results["viewer: a million polygons"] = {"opened in s": round(seen["open_s"], 1), "pans": rows}
    assert max(row["polygons of 2 px and more"] for row in rows) > 10_000
    assert all(row["of them missing"] == 0 for row in rows), rows
    assert all(row["with objects: ms of cpu per frame, p50 and p95"][1] <= FRAME_MS for row in rows), rows
