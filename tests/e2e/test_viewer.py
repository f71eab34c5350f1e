"""`tegula view`: its API asked as a script does, its page used in Chromium."""

import gzip
import http.client
import json
import os
import pathlib
import re
import shutil
import signal
import subprocess

import numpy as np
import pytest
import tifffile
import zarr
from PIL import Image

from conftest import PROGRAM
from viewing import HE, HELA, need_browser, open_live, ready, story, viewing
from zoo_server import Mirror


@pytest.fixture(scope="module")
def viewer(data):
    with viewing("--root", data / "images", "--root", data / "models_made") as viewer:
        yield viewer


def test_lists_folders_images_and_models(viewer):
    assert viewer.json("/api/start")["roots"] == ["images", "models_made"]
    kinds = {entry["path"]: entry["kind"] for folder in ["images/he", "images/fluorescence", "models_made"]
             for entry in viewer.json("/api/folders", folder=folder)["entries"]}
    assert kinds[HE] == kinds[HELA] == "image"
    assert kinds["models_made/he_nuclei_rgb"] == "model"
    assert kinds["models_made/made.json"] == "other"


def test_shows_a_brightfield_image_as_it_is(viewer, data):
    expected = np.asarray(Image.open(data / HE))[..., :3]
    info = viewer.json("/api/images/info", image=HE)
    assert (info["levels"][0]["height"], info["levels"][0]["width"]) == expected.shape[:2]
    assert info["is_rgb"] and info["dtype"] == "uint8"
    level = int(np.ceil(np.log2(max(expected.shape))))
    np.testing.assert_array_equal(viewer.picture(level, "1_0.png", image=HE), expected[:256, 256:512])
    half = expected[:512, :512].reshape(256, 2, 256, 2, 3).mean((1, 3))
    assert np.abs(viewer.picture(level - 1, "0_0.png", image=HE) - half).max() <= 0.5
    assert np.abs(viewer.picture(level, "0_0.jpg", image=HE).astype(int) - expected[:256, :256]).mean() < 6
    assert viewer.json("/api/images/values", image=HE, x=300, y=17)["values"] == expected[17, 300].tolist()


def test_shows_channels_in_their_colours_and_ranges(viewer, data):
    pixels = tifffile.imread(data / HELA)
    if pixels.shape[-1] < 10:
        pixels = np.moveaxis(pixels, -1, 0)
    ranges = viewer.json("/api/images/channels", image=HELA)["channels"]
    assert len(ranges) == len(pixels)
    assert all(sum(channel["counts"]) > 0 and channel["low"] < channel["high"] for channel in ranges)
    level = int(np.ceil(np.log2(max(pixels.shape[1:]))))
    shown = viewer.picture(level, "0_0.png", image=HELA, channels="1:ff0080:200:2000,0:00ff00:100:900")
    share = [np.clip((pixels[c, :256, :256].astype(float) - low) / (high - low), 0, 1)
             for c, low, high in [(0, 100, 900), (1, 200, 2000)]]
    expected = np.stack([255 * share[1], 255 * share[0], 128 * share[1]], -1)
    assert np.abs(shown - expected).max() <= 0.51
    assert viewer.json("/api/images/values", image=HELA, x=40, y=50)["values"] == pixels[:, 50, 40].tolist()


def test_shows_a_slide_of_several_levels(viewer):
    slide = "images/wsi/CMU-1-Small-Region.svs"
    info = viewer.json("/api/images/info", image=slide)
    assert info["pixel_size_um"]["x"] == pytest.approx(0.499)
    top = int(np.ceil(np.log2(max(info["levels"][0]["width"], info["levels"][0]["height"]))))
    assert viewer.picture(8, "0_0.jpg", image=slide).shape == (
        -(-info["levels"][0]["height"] // 2 ** (top - 8)), -(-info["levels"][0]["width"] // 2 ** (top - 8)), 3)


def test_shows_the_card_of_a_model_and_whether_it_runs(viewer):
    card = viewer.json("/api/models/card", model="models_made/he_nuclei_rgb")
    assert card["runs"] and card["applies"] and card["package"] == "models_made/he_nuclei_rgb"
    other = viewer.json("/api/models/card", model="models_made/statedict_only")
    assert not other["runs"] and other["reason"]


def test_shows_the_test_images_of_a_model(viewer):
    status, kind, page = viewer.ask("/api/models/test", {"model": "models_made/he_nuclei_rgb"})
    assert (status, kind) == (200, "text/html; charset=utf-8")
    assert page.count(b"data:image/png") >= 4 and b"passed" in page and b"<script" not in page


def test_describes_its_api(viewer):
    api = viewer.json("/api/openapi.json")
    assert api["openapi"].startswith("3.1") and len(api["paths"]) >= 9
    for path, methods in api["paths"].items():
        for method, described in methods.items():
            names = {parameter["name"] for parameter in described["parameters"] if parameter["in"] == "path"}
            assert names == set(re.findall(r"{(\w+)}", path))
            assert ("requestBody" in described) == (method == "post")
            status, _, _ = viewer.ask(re.sub(r"{\w+}", "0", path), token=False, method=method.upper())
            assert status == 401, (method, path)


def test_refuses_in_sentences(viewer):
    for path, query, status in [("/api/images/info", {"image": "images/nothing.png"}, 404),
                                ("/api/images/info", {"image": "models_made/made.json"}, 422),
                                ("/api/images/tiles/99/0_0.png", {"image": HE}, 404),
                                ("/api/images/tiles/9/0_0.gif", {"image": HE}, 400),
                                ("/api/images/tiles/9/0_0.png", {"image": HELA}, 400),
                                ("/api/images/tiles/9/0_0.png", {"image": HE, "z": "x"}, 400),
                                ("/api/images/values", {"image": HE, "x": -1, "y": 0}, 400),
                                ("/api/models/card", {"model": "http://127.0.0.1/rdf.yaml"}, 404),
                                ("/api/nothing", {}, 404)]:
        got, _, body = viewer.ask(path, query)
        assert got == status, (path, query, body)
        assert len(json.loads(body)["error"]) > 10


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_ends_when_it_is_asked_to(number):
    with viewing("synthetic:noise,height=50,width=60,channels=3") as viewer:
        start = viewer.json("/api/start")
        assert start["image"] == "synthetic:noise,height=50,width=60,channels=3"
        assert start["info"] == viewer.json("/api/images/info", image=start["image"])
        idle = http.client.HTTPConnection("127.0.0.1", viewer.port)
        idle.request("GET", f"/api/start?token={viewer.token}")
        idle.getresponse().read()  # and the connection stays
        code, _, err = viewer.stop(number)
        assert (code, err) == (0, "")


def test_says_before_it_starts_what_cannot_be_shown(tegula, data, tmp_path):
    for words, code in [(["nothing.svs"], 4), (["--root", "nothing"], 4), (["--token", "short"], 2),
                        ([data / HE, "--root", tmp_path], 2), (["--model", tmp_path], 4)]:
        run = tegula("view", "--no-browser", *words)
        assert run.code == code, run.err
        assert run.out == "" and run.err.startswith("tegula: ")


def values_of(viewer, info, x, y, width, height):
    status, _, body = viewer.ask(f"/api/predictions/{info['id']}/values",
                                 {"x": x, "y": y, "width": width, "height": height})
    assert status == 200, body
    return np.frombuffer(body, info["dtype"]).reshape(len(info["channels"]), height, width)


@pytest.mark.parametrize("model, image, channels", [("he_nuclei_rgb", HE, ""), ("nuclei_fluo_globalnorm", HELA, "0")])
def test_predicts_what_predict_writes_to_the_byte(viewer, tegula, data, tmp_path, model, image, channels):
    info, = ready(viewer, image=image, model=f"models_made/{model}", channels=channels)
    words = ["--channels", channels] if channels else []
    tegula("predict", data / "models_made" / model, data / image, "-o", tmp_path, "--tile", info["tile"], *words).ok()
    stored = zarr.open_array(tmp_path / "prediction.ome.zarr" / "0", mode="r")[...]
    stored = stored.reshape(-1, *stored.shape[-2:])
    assert info["windows"] > 1
    assert stored.shape == (len(info["channels"]), info["height"], info["width"])
    height, width = info["height"], info["width"]
    corner = values_of(viewer, info, width - 70, height - 60, 70, 60)
    assert corner.tobytes() == stored[:, -60:, -70:].tobytes()
    assert viewer.json(f"/api/predictions/{info['id']}")["windows_made"] < info["windows"]
    assert values_of(viewer, info, 0, 0, width, height).tobytes() == stored.tobytes()
    assert viewer.json(f"/api/predictions/{info['id']}")["windows_made"] == info["windows"]

    levels = 1 + int(np.ceil(np.log2(max(height, width))))
    status, _, body = viewer.ask(f"/api/predictions/{info['id']}/tiles/{levels - 2}/0/0")
    assert status == 200
    half = stored[:, :512, :512].astype(np.float64)
    half = half.reshape(len(half), half.shape[1] // 2, 2, half.shape[2] // 2, 2).mean((2, 4))
    np.testing.assert_allclose(np.frombuffer(body, np.float32).reshape(half.shape), half, rtol=1e-5, atol=1e-6)


def test_shows_a_preview_until_the_whole_image_was_read(tegula, data, tmp_path):
    image = "synthetic:nuclei,height=3000,width=3200,levels=4,seed=5,dtype=uint16"
    model = data / "models_made/nuclei_fluo_globalnorm"
    with viewing(image, "--model", model) as viewer:
        events = open_live(viewer, image=image, model="models_made/nuclei_fluo_globalnorm")
        preview, exact = [data for event, data in events if event == "ready"]
        assert (preview["is_preview"], exact["is_preview"]) == (True, False)
        assert exact["generation"] == preview["generation"] + 1
        assert any(event == "progress" for event, _ in events)
        tegula("predict", model, image, "-o", tmp_path, "--tile", exact["tile"], "--region", "900,1000,300,200").ok()
        stored = zarr.open_array(tmp_path / "prediction.ome.zarr" / "0", mode="r")
        part = stored[..., 1000:1200, 900:1200].reshape(-1, 200, 300)
        assert values_of(viewer, exact, 900, 1000, 300, 200).tobytes() == part.tobytes()


def test_does_not_predict_what_nobody_waits_for_any_more(viewer, data):
    with viewing("--root", data / "images", "--root", data / "models_made") as viewer:
        info, = ready(viewer, image="images/wsi/CMU-1-Small-Region.svs", model="models_made/he_nuclei_rgb")
        levels = 1 + int(np.ceil(np.log2(max(info["height"], info["width"]))))
        gone = []
        for row in range(12):
            for column in [0, 2, 4, 6, 8]:
                connection = http.client.HTTPConnection("127.0.0.1", viewer.port)
                tile = f"/api/predictions/{info['id']}/tiles/{levels - 1}/{column}/{row}"
                connection.request("GET", f"{tile}?token={viewer.token}")
                gone.append(connection)
        for connection in gone:
            connection.close()
        values_of(viewer, info, 0, 0, 10, 10)  # after whatever had begun
        made = viewer.json(f"/api/predictions/{info['id']}")["windows_made"]
        assert info["windows"] > 25  # each of which some tile needed
        assert 1 <= made < 10


def test_refuses_to_look_at_a_part_of_what_follows_from_the_whole(viewer):
    for query, words in [({"image": HELA, "model": "models_made/stardist_like2d", "channels": "0"}, "tegula predict"),
                         ({"image": HE, "model": "models_made/statedict_only"}, ""),
                         ({"image": HE, "model": "models_made/he_nuclei_rgb", "output": "nothing"}, "nothing")]:
        (event, failure), = [row for row in open_live(viewer, **query) if row[0] in ("ready", "failed")]
        assert event == "failed" and words in failure["error"]
    assert viewer.ask("/api/predictions/0123456789abcdef/values", dict(x=0, y=0, width=1, height=1))[0] == 404


def test_the_page_is_small_and_knows_no_other_host(viewer):
    status, kind, page = viewer.ask("/")
    if status == 404:
        pytest.skip(json.loads(page)["error"])
    assert (status, kind) == (200, "text/html; charset=utf-8")
    files = re.findall(r'(?:src|href)="\./([^"]+)"', page.decode())
    assert len(files) >= 3
    size = sum(len(gzip.compress(viewer.ask("/" + file, token=False)[2])) for file in files)
    assert size < 600_000


def test_what_the_page_is_built_with_is_little_pinned_and_listed(source):
    package = json.loads((source / "viewer/package.json").read_text())
    lock = json.loads((source / "viewer/package-lock.json").read_text())["packages"]
    listed = {}
    for line in (source / "viewer/LICENSES.md").read_text().splitlines():
        if line.startswith("| ") and not line.startswith("| package"):
            name, _, licence, in_page, _ = (cell.strip() for cell in line.removeprefix("|").split("|"))
            listed[name] = (licence, in_page)
    parts = package["dependencies"] | package["devDependencies"]
    assert 1 <= len(parts) <= 10 and set(parts) == set(listed)
    for name, version in parts.items():
        locked = lock[f"node_modules/{name}"]
        assert (locked["version"], locked["license"]) == (version, listed[name][0]) and locked["integrity"]
        assert (listed[name][1] == "yes") == (name in package["dependencies"])


def test_the_page_shows_images_and_models(data, tmp_path, source):
    need_browser(source)
    root = tmp_path / "fluorescence"
    root.mkdir()
    shutil.copy(data / HELA, root)
    (root / "broken.png").write_bytes((data / HE).read_bytes()[:3000])
    mirror = Mirror()
    mirror.add_model("affable-shark", data / "models_made/he_nuclei_rgb")
    environment = {"TEGULA_CACHE": str(tmp_path / "cache"), "TEGULA_ZOO_URL": mirror.url, "no_proxy": "127.0.0.1"}
    subprocess.run([PROGRAM, "zoo", "update"], check=True, capture_output=True, env={**os.environ, **environment})
    pictures = pathlib.Path(os.environ.get("TEGULA_SCREENSHOTS", tmp_path))
    with viewing(data / "images/wsi/CMU-1-Small-Region.svs", "--root", data / "images/wsi", "--root", root,
                 **environment) as viewer:
        seen = story(source, "story", viewer.address, pictures)
        steps = seen["steps"]
        assert seen["hosts"] == [f"127.0.0.1:{viewer.port}"]

        assert steps["brightfield"]["title"].startswith("CMU-1-Small-Region.svs")
        assert "2220 × 2967" in steps["brightfield"]["facts"] and "0.499" in steps["brightfield"]["facts"]
        assert "as it is" in steps["brightfield"]["channels"]
        assert re.fullmatch(r"\d+ µm", steps["brightfield"]["scale"].strip())

        def check(pixel, image):
            x, y = map(int, re.search(r"x (\d+)\s+y (\d+)", pixel).groups())
            values = [float(value) for value in re.findall(r"\S+ ([\d.]+)(?:\s|$)", pixel.split("·")[1])]
            assert values == viewer.json("/api/images/values", image=image, x=x, y=y)["values"]

        check(steps["brightfield"]["pixel"], "wsi/CMU-1-Small-Region.svs")
        assert steps["search"].startswith("1 of 1 models")
        assert "Runs here" in steps["card"] and "he_nuclei" in steps["card"].lower().replace(" ", "_")
        # One screen of 720 x 680 pixels and no more, from the middle outwards; the threshold asks for nothing anew.
        assert 6 <= steps["live"]["tiles"] <= 20
        assert 0.01 < steps["live"]["covered"] < 0.9
        assert re.search(r"·.*·  background [\d.e-]+  nucleus [\d.e-]+  other_tissue [\d.e-]+$", steps["live"]["pixel"])
        assert steps["threshold"]["tiles"] == 0
        assert steps["threshold"]["none"] <= steps["threshold"]["covered"] <= steps["live"]["covered"]
        assert steps["threshold"]["none"] < steps["live"]["covered"]
        assert steps["fluorescence"]["channels"] >= 2
        check(steps["fluorescence"]["pixel"], f"fluorescence/{pathlib.Path(HELA).name}")
        assert not steps["toggled"].startswith("0:")
        assert "broken.png" in steps["broken"]
        # What is broken is told by a status that is no success; the browser writes that down too.
        assert all("status of 422" in problem for problem in seen["problems"]), seen["problems"]
    mirror.close()


def test_windows_that_see_the_same_are_told_apart_by_what_they_write(data, tmp_path):
    # 512 pixels in windows of 256: the last two write other chunks and see the same.
    tile = tifffile.imread(data / "images/fluorescence/stardist_img2d.tif")
    tifffile.imwrite(tmp_path / "nuclei.tif", np.block([[tile, tile[:, ::-1]], [tile[::-1], tile[::-1, ::-1]]]))
    with viewing(tmp_path / "nuclei.tif", "--model", data / "models_made/nuclei_fluo_globalnorm", "--root", tmp_path, "--root", data / "models_made") as viewer:
        image = f"{tmp_path.name}/nuclei.tif"
        info, = ready(viewer, image=image, model="models_made/nuclei_fluo_globalnorm", tile="256")
        half, = ready(viewer, image=image, model="models_made/nuclei_fluo_globalnorm", tile="256", downsample=2)
        preview = np.empty((512, 512), np.float32)
        for row in range(2):
            for column in range(2):
                status, _, body = viewer.ask(f"/api/predictions/{info['id']}/previews/9/{column}/{row}")
                assert status == 200, body
                preview[256 * row:256 * row + 256, 256 * column:256 * column + 256] = np.frombuffer(body, np.float32).reshape(256, 256)
        # The same network, windows and pixels; the statistics are those of the image in full resolution, or of its half.
        assert preview.min() >= 0 and preview.max() <= 1
        assert np.corrcoef(preview.ravel(), values_of(viewer, half, 0, 0, 512, 512)[0].ravel())[0, 1] > 0.99


def test_previews_stand_in_for_many_windows(data):
    with viewing("--root", data / "images", "--root", data / "models_made") as viewer:
        info, = ready(viewer, image="images/wsi/CMU-1-Small-Region.svs", model="models_made/he_nuclei_rgb")
        assert info["has_previews"]
        levels = 1 + int(np.ceil(np.log2(max(info["height"], info["width"]))))
        shape = [len(info["channels"]), *(-(-info[edge] // 8) for edge in ["height", "width"])]
        tile = f"/api/predictions/{info['id']}/previews/{levels - 4}/0/0"
        status, _, body = viewer.ask(tile)
        assert status == 200, body
        values = np.frombuffer(body, np.float32).reshape(shape[0], min(256, shape[1]), min(256, shape[2]))
        assert np.isfinite(values).mean() > 0.98
        np.testing.assert_allclose(np.nansum(values, 0)[np.isfinite(values[0])], 1, atol=1e-4)
        after = viewer.json(f"/api/predictions/{info['id']}")
        assert (after["windows_made"], after["previews_made"]) == (0, 1)
        assert viewer.ask(f"/api/predictions/{info['id']}/previews/{levels - 1}/0/0")[0] == 422
        assert viewer.ask(tile, {"z": 3})[0] == 400
