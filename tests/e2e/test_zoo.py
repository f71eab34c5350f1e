"""`tegula zoo`, `tegula cache` and ids as models, against a mirror on this machine that is made of the shared packages."""

import hashlib
import json
import os
import pathlib
import re
import time

import numpy as np
import pytest

from conftest import Program
from zoo_server import Fault, Mirror, sha256

FILES = "/artifacts/affable-shark/files"
WEIGHTS = f"{FILES}/weights.onnx"
IMAGE = "images/he/skimage_ihc.png"
HTML = b"<!DOCTYPE html><html><body>Please log in</body></html>"


def renamed(version):
    return lambda text: re.sub(r"(?m)^version: .*$", f"version: {version}", text)


@pytest.fixture
def mirror(data):
    mirror = Mirror()
    mirror.add_model("affable-shark", data / "models_made/he_nuclei_rgb")
    yield mirror
    mirror.close()


class Zoo(Program):
    """The program with a cache of its own and the mirror's address."""

    def __init__(self, folder, mirror):
        self.cache = folder / "cache"
        super().__init__({**os.environ, "TEGULA_CACHE": str(self.cache), "TEGULA_ZOO_URL": mirror.url,
                          "TEGULA_HTTP_TIMEOUT": "2", "BIOIMAGEIO_CACHE_PATH": str(folder / "core"),
                          "no_proxy": "127.0.0.1"})

    def contents(self):
        return [file for file in (self.cache / "files").rglob("*") if file.is_file()]

    def check(self):
        """Nothing in the cache is other than its name says, and models hold only such files."""
        for file in self.contents():
            assert sha256(file.read_bytes()) == file.name
        known = {file.stat().st_ino for file in self.contents()}
        for file in (self.cache / "models").rglob("*"):
            if file.is_file() and ".tegula" not in file.parts:
                assert file.stat().st_ino in known, file


@pytest.fixture
def zoo(tmp_path, mirror):
    return Zoo(tmp_path, mirror)


# An id is as good as a folder


def test_from_an_empty_cache_predict_fetches_verifies_tests_and_predicts(zoo, mirror, data, tmp_path):
    run = zoo.ok("predict", "affable-shark", data / IMAGE, "-o", tmp_path / "out")  # torchscript would run as well
    record = json.loads((tmp_path / "out/run.json").read_text())
    assert record["model"]["path"] == "affable-shark/v0"
    assert record["model"]["license"] == "CC0-1.0"
    assert record["model"]["weights_sha256"] == sha256(mirror.files[WEIGHTS])
    assert record["tests"][0]["passed"]
    assert "licence CC0-1.0" in run.err
    zoo.check()
    local = tmp_path / "local"
    zoo.ok("predict", data / "models_made/he_nuclei_rgb", data / IMAGE, "-o", local, "--weight-format", "onnx")
    chunk = next(p.relative_to(local) for p in sorted((local / "prediction.ome.zarr").rglob("*"))
                 if p.is_file() and p.name != "zarr.json")
    assert (tmp_path / "out" / chunk).read_bytes() == (local / chunk).read_bytes()
    fetched = {path for path, _ in mirror.requests}
    assert WEIGHTS in fetched and f"{FILES}/weights.pt" not in fetched and f"{FILES}/weights_torchscript.pt" not in fetched
    assert f"{FILES}/cover.png" not in fetched

    before = len(mirror.requests)
    again = zoo.ok("predict", "affable-shark", data / IMAGE, "-o", tmp_path / "again")
    assert len(mirror.requests) == before and "licence" not in again.err


@pytest.mark.parametrize("name", ["affable-shark/v0", "affable-shark/0", "bioimage-io/affable-shark", "affable-shark__v0",
                                  "https://bioimage.io/#/artifacts/affable-shark"])
def test_forms_of_an_id(zoo, name):
    assert json.loads(zoo.ok("inspect", name, "--json").out)["name"] == "HE nuclei RGB"


def test_a_version_as_the_description_has_it(zoo, mirror, data):
    mirror.add_model("calm-otter", data / "models_made/he_nuclei_rgb", edit=renamed("'1.2'"))
    assert zoo.ok("zoo", "show", "calm-otter/1.2").out.startswith("HE nuclei RGB")
    run = zoo("zoo", "show", "calm-otter/7")
    assert run.code == 4 and "v0 (1.2)" in run.err


def test_other_places(zoo, mirror, data):
    folder = data / "models_made/he_nuclei_rgb"
    for place, file in (("/huggingface/org/repo/resolve/v1.3/package/", "bioimageio.yaml"),
                        ("/zenodo/api/records/77/files/", "rdf.yaml/content"), ("/plain/", "rdf.yaml")):
        mirror.add_file(place + file, (folder / "rdf.yaml").read_bytes())
    mirror.add_zip("/any/model.zip", folder)
    for name in ("huggingface/org/repo/1.3", "10.5281/zenodo.77", "https://doi.org/10.5281/zenodo.77",
                 f"{mirror.url}/plain/rdf.yaml", f"{mirror.url}/any/model.zip"):
        assert json.loads(zoo.ok("zoo", "show", name, "--json").out)["name"] == "HE nuclei RGB", name
    for file in ("test_input.npy", "test_output.npy", "weights.onnx"):
        mirror.add_file(f"/zenodo/api/records/77/files/{file}/content", (folder / file).read_bytes())
    zoo.ok("test", "10.5281/zenodo.77", "--weight-format", "onnx")
    zoo.ok("test", f"{mirror.url}/any/model.zip", "--weight-format", "onnx")
    zoo.ok("test", f"{mirror.url}/any/model.zip", "--weight-format", "onnx", "--offline")
    zoo.check()
    run = zoo("zoo", "show", "10.1038/s41592-019-0612-7")
    assert run.code == 3 and "Zenodo" in run.err


def test_files_that_a_description_names_by_address(zoo, mirror, data):
    mirror.add_file("/far/away/weights.onnx", mirror.files[WEIGHTS])
    mirror.add_model("far-otter", data / "models_made/he_nuclei_rgb",
                     edit=lambda text: text.replace("weights.onnx", f"{mirror.url}/far/away/weights.onnx?download=1"))
    zoo.ok("test", "far-otter", "--weight-format", "onnx")
    assert mirror.count("/far/away/weights.onnx") == 1
    zoo.check()


def test_a_path_is_a_path(zoo, mirror):
    for name in ("models/affable-shark", "./affable-shark", "affable-shark.zip"):
        run = zoo("test", name)
        assert run.code == 4 and "there is no model at" in run.err
    assert not mirror.requests


def test_what_is_nearly_an_id_is_answered_with_the_id(zoo):
    run = zoo("test", "affabel-shark")
    assert run.code == 4 and "did you mean affable-shark?" in run.err


# What the network does


RIGHT_IN_THE_END = {
    "429 with Retry-After": [Fault(status=429, headers={"Retry-After": "1"})],
    "500 and 503": [Fault(status=500), Fault(status=503)],
    "dropped": [Fault(drop_after=100_000)],
    "dropped again and again": [Fault(drop_after=50_000), Fault(drop_after=50_000), Fault(drop_after=50_000)],
    "dropped at once": [Fault(drop_after=0)],
    "stalled": [Fault(stall_after=100_000)],
    "slow": [Fault(rate=1 << 15)],
    "no ranges": [Fault(drop_after=100_000), Fault(ignore_range=True)],
    "another content in between": [Fault(drop_after=100_000, content=b"x" * 600_000, etag='"old"')],
    "less than announced": [Fault(headers={}, drop_after=300_000)],
    "redirect": [Fault(status=302, headers={"Location": "/moved/weights.onnx"})],
}


@pytest.mark.parametrize("fault", RIGHT_IN_THE_END)
def test_faults_that_pass(zoo, mirror, fault):
    mirror.add_file("/moved/weights.onnx", mirror.files[WEIGHTS])
    mirror.fail(WEIGHTS, *RIGHT_IN_THE_END[fault])
    began = time.monotonic()
    zoo.ok("test", "affable-shark", "--weight-format", "onnx")
    assert "Retry-After" not in fault or time.monotonic() - began > 1
    zoo.check()
    assert not list((zoo.cache / "incoming").iterdir())


ALWAYS = 50
CLEAR_ERROR = {
    "404": ([Fault(status=404)] * ALWAYS, 4, "is not there (HTTP 404)"),
    "403": ([Fault(status=403)] * ALWAYS, 5, "login"),
    "500 for good": ([Fault(status=500)] * ALWAYS, 5, "HTTP 500"),
    "dropped for good": ([Fault(drop_after=0)] * ALWAYS, 5, "connection was lost"),
    "wrong content": ([Fault(content=b"y" * 1000)] * ALWAYS, 6, "sha256"),
    "wrong content of the right size": ([Fault(content=b"y" * 544_149)] * ALWAYS, 6, "sha256"),
    "a web page": ([Fault(content=HTML, content_type="text/html; charset=utf-8")] * ALWAYS, 6, "web page"),
    "redirects without end": ([Fault(status=302, headers={"Location": WEIGHTS})] * ALWAYS, 5, "without an end"),
    "redirect to a file": ([Fault(status=302, headers={"Location": "file:///etc/passwd"})] * ALWAYS, 2, "http"),
}


@pytest.mark.parametrize("fault", CLEAR_ERROR)
def test_faults_that_stay(zoo, mirror, fault, data, tmp_path):
    faults, code, words = CLEAR_ERROR[fault]
    mirror.fail(WEIGHTS, *faults)
    run = zoo("predict", "affable-shark", data / IMAGE, "-o", tmp_path / "out")
    assert run.code == code and words in run.err, run.err
    assert not (tmp_path / "out").exists()
    zoo.check()
    assert sha256(mirror.files[WEIGHTS]) not in {file.name for file in zoo.contents()}
    mirror.fail(WEIGHTS)
    zoo.ok("test", "affable-shark", "--weight-format", "onnx")
    zoo.check()


@pytest.mark.parametrize("path", ["/collection/index.json", f"{FILES}/rdf.yaml"])
@pytest.mark.parametrize("kind", ["text/html", "application/octet-stream"])
def test_a_web_page_instead_of_index_or_description(zoo, mirror, path, kind):
    mirror.fail(path, *[Fault(content=HTML, content_type=kind)] * ALWAYS)
    run = zoo("zoo", "show", "affable-shark")
    assert run.code == 6 and ("web page" in run.err or "sha256" in run.err), run.err
    zoo.check()
    mirror.fail(path)
    zoo.ok("zoo", "show", "affable-shark")


def test_a_size_that_is_not_as_listed_is_refused_where_no_sum_is_stated(zoo, mirror, data):
    strip = lambda text: re.sub(r"(?m)(, |^ *)sha256: [0-9a-f]{64}", "", text)  # noqa: E731
    mirror.add_model("bare-otter", data / "models_made/zmuv_scale_mean_variance", edit=strip)
    path = "/artifacts/bare-otter/files/weights.onnx"
    mirror.fail(path, *[Fault(content=mirror.files[path][:-5])] * ALWAYS)
    run = zoo("test", "bare-otter", "--weight-format", "onnx")
    assert run.code != 0 and "were announced" in run.out + run.err
    mirror.fail(path)
    zoo.ok("test", "bare-otter", "--weight-format", "onnx")
    zoo.check()


def test_resuming_saves_bytes(zoo, mirror):
    size = len(mirror.files[WEIGHTS])
    mirror.fail(WEIGHTS, Fault(drop_after=400_000))
    zoo.ok("test", "affable-shark", "--weight-format", "onnx")
    assert size <= mirror.sent[WEIGHTS] <= size + 1000
    assert mirror.requests[[p for p, _ in mirror.requests].index(WEIGHTS)][1] is None
    assert [r for p, r in mirror.requests if p == WEIGHTS][1].startswith("bytes=")


def test_a_later_run_goes_on_where_one_was_killed(zoo, mirror):
    mirror.fail(WEIGHTS, Fault(rate=20_000))
    process = zoo.start("test", "affable-shark", "--weight-format", "onnx")
    deadline = time.monotonic() + 60
    while mirror.sent[WEIGHTS] < 200_000 and time.monotonic() < deadline:
        time.sleep(0.02)
    process.kill()
    process.communicate()
    time.sleep(0.3)
    sent = mirror.sent[WEIGHTS]
    assert sent < len(mirror.files[WEIGHTS])
    zoo.ok("test", "affable-shark", "--weight-format", "onnx")
    again = mirror.sent[WEIGHTS] - sent
    assert again < len(mirror.files[WEIGHTS]) - 100_000
    zoo.check()


def test_a_stop_request_ends_a_download(zoo, mirror):
    mirror.fail(WEIGHTS, Fault(stall_after=1000))
    process = zoo.start("test", "affable-shark", "--weight-format", "onnx", TEGULA_HTTP_TIMEOUT="60")
    deadline = time.monotonic() + 60
    while not mirror.sent[WEIGHTS] and time.monotonic() < deadline:
        time.sleep(0.02)
    process.terminate()
    began = time.monotonic()
    process.communicate(timeout=30)
    assert process.returncode == 130 and time.monotonic() - began < 3
    zoo.check()


def test_two_processes_at_once(zoo, mirror):
    mirror.fail(WEIGHTS, Fault(rate=1 << 15))
    first = zoo.start("test", "affable-shark", "--weight-format", "onnx")
    second = zoo.start("test", "affable-shark", "--weight-format", "onnx")
    for process in (first, second):
        out, err = process.communicate(timeout=120)
        assert process.returncode == 0, err + out
    assert mirror.count(WEIGHTS) == 1
    zoo.check()


def test_a_refused_proxy_is_named(zoo, mirror):
    run = zoo("zoo", "update", http_proxy="http://127.0.0.1:9", no_proxy="")
    assert run.code == 5 and "127.0.0.1" in run.err and not mirror.requests


def test_addresses_that_are_none(zoo):
    run = zoo("zoo", "update", TEGULA_ZOO_URL="mirror.example.org")
    assert run.code == 2 and "TEGULA_ZOO_URL" in run.err
    run = zoo("zoo", "update", TEGULA_HTTP_TIMEOUT="soon")
    assert run.code == 2 and "TEGULA_HTTP_TIMEOUT" in run.err


# Without a network


def test_offline_never_touches_the_network(zoo, mirror, data, tmp_path):
    run = zoo("predict", "affable-shark", data / IMAGE, "-o", tmp_path / "out", "--offline")
    assert run.code == 4 and "--offline" in run.err and not mirror.requests
    run = zoo("--offline", "zoo", "update")
    assert run.code == 4 and "--offline" in run.err and not mirror.requests
    zoo.ok("zoo", "get", "affable-shark")
    before = len(mirror.requests)
    zoo.ok("predict", "affable-shark", data / IMAGE, "-o", tmp_path / "out", "--offline")
    zoo.ok("--offline", "test", "affable-shark/v0")
    zoo.ok("--offline", "zoo", "get", "affable-shark")
    assert len(mirror.requests) == before
    run = zoo("--offline", "zoo", "get", "affable-shark", "--weights", "all")
    assert run.code == 4 and "weights.pt of affable-shark/v0" in run.err and len(mirror.requests) == before


def test_offline_with_part_of_a_model_names_the_missing_file(zoo, mirror):
    zoo.ok("zoo", "show", "affable-shark")
    run = zoo("test", "affable-shark", "--offline", "--weight-format", "onnx")
    assert run.code == 1 and "of affable-shark/v0 is not in the cache" in run.out


def test_what_bioimageio_core_has_kept_is_not_fetched(zoo, mirror, tmp_path):
    core = tmp_path / "core"
    core.mkdir()
    weights = mirror.files[WEIGHTS]
    (core / f"entry__url_{'0' * 64}_contents_{sha256(weights)}").write_bytes(weights)
    broken = mirror.files[f"{FILES}/test_input.npy"]
    (core / f"entry__url_{'1' * 64}_contents_{sha256(broken)}").write_bytes(b"cut")
    zoo.ok("test", "affable-shark", "--weight-format", "onnx")
    assert mirror.count(WEIGHTS) == 0 and mirror.count(f"{FILES}/test_input.npy") == 1
    zoo.check()


# Keeping


def damage(file):
    os.chmod(file, 0o644)
    content = bytearray(file.read_bytes())
    content[len(content) // 2] ^= 1
    file.write_bytes(content)


def test_a_damaged_file_is_named_and_fetched_again(zoo, mirror):
    zoo.ok("test", "affable-shark", "--weight-format", "onnx")
    damage(next((zoo.cache / "models").glob("*/weights.onnx")))
    run = zoo.ok("test", "affable-shark", "--weight-format", "onnx")
    assert "weights.onnx of affable-shark/v0 is damaged in the cache" in run.err
    assert mirror.count(WEIGHTS) == 2
    zoo.check()


def test_verify_names_what_is_damaged(zoo, mirror):
    zoo.ok("zoo", "get", "affable-shark")
    assert json.loads(zoo.ok("cache", "verify", "--json").out)["damaged"] == []
    damage(next((zoo.cache / "models").glob("*/weights.onnx")))
    run = zoo("cache", "verify", "--json")
    assert run.code == 6
    assert [row["used_by"] for row in json.loads(run.out)["damaged"]] == [["affable-shark/v0: weights.onnx"]]
    zoo.check()
    assert json.loads(zoo.ok("zoo", "verify", "affable-shark", "--json").out)["repaired"] == ["weights.onnx"]
    assert json.loads(zoo.ok("zoo", "verify", "affable-shark", "--json").out)["repaired"] == []
    zoo.check()


def test_get_list_remove(zoo, mirror):
    got = json.loads(zoo.ok("zoo", "get", "affable-shark", "--json").out)
    assert {"rdf.yaml", "weights.onnx", "test_input.npy", "cover.png"} <= set(got["files"])
    assert "weights.pt" not in got["files"]
    assert got["bytes"] == sum((pathlib.Path(got["folder"]) / f).stat().st_size for f in got["files"])
    zoo.ok("--offline", "test", got["folder"], "--weight-format", "onnx")
    assert [row["model"] for row in json.loads(zoo.ok("zoo", "list", "--json").out)] == ["affable-shark/v0"]
    assert "affable-shark/v0" in zoo.ok("cache", "list").out
    zoo.ok("zoo", "remove", "affable-shark")
    assert json.loads(zoo.ok("cache", "list", "--json").out) == [] and not zoo.contents()
    run = zoo("zoo", "remove", "affable-shark")
    assert run.code == 4 and "is not in the cache" in run.err


def test_prune_removes_what_was_not_used_for_longest(zoo, mirror, data):
    mirror.add_model("calm-otter", data / "models_made/nuclei_fluo_globalnorm")
    zoo.ok("zoo", "update")
    for name in ("affable-shark", "calm-otter"):
        zoo.ok("zoo", "get", name)
    old = next(p for p in (zoo.cache / "models").glob("*/.tegula/about.json") if "calm-otter" in p.read_text())
    os.utime(old, (time.time() - 9e6, time.time() - 9e6))
    pruned = json.loads(zoo.ok("cache", "prune", "--max-size", "2.2MB", "--json").out)
    assert pruned["removed"] == ["calm-otter/v0"] and pruned["bytes_after"] <= 2_200_000 < pruned["bytes_before"]
    zoo.ok("--offline", "test", "affable-shark")
    zoo.ok("--offline", "zoo", "search", "--runnable")  # the catalogue's descriptions stay
    zoo.check()
    assert zoo("cache", "prune", "--max-size", "much").code == 2


def test_models_of_the_same_content_share_it(zoo, mirror, data):
    mirror.add_model("twin-shark", data / "models_made/he_nuclei_rgb", edit=renamed("'2'"))
    zoo.ok("zoo", "get", "affable-shark")
    before = mirror.sent.total()
    zoo.ok("zoo", "get", "twin-shark")
    assert mirror.count("/artifacts/twin-shark/files/weights.onnx") == 0
    assert mirror.sent.total() - before < 200_000  # the cover's sum is not stated


# Trust


def report(status):
    test = {"status": status, "error": "", "details": {"details": [{"errors": [{"msg": "outputs disagree"}]}]}}
    return {"status": "passed", "tests": {"bioimageio.core": {"0.11.0": test, "0.9.6": {"status": "passed"}}}}


def test_what_the_collection_knows_against_a_model_is_said(zoo, mirror, data):
    folder = data / "models_made/he_nuclei_rgb"
    mirror.add_model("sad-otter", folder, report=report("failed"), deprecated=True,
                     edit=renamed("'9'"))
    for _ in range(2):
        run = zoo.ok("zoo", "show", "sad-otter")
        assert "deprecated" in run.err
        assert "fails the collection's test with bioimageio.core 0.11.0: outputs disagree" in run.err
    zoo.ok("zoo", "update")
    hits = json.loads(zoo.ok("zoo", "search", "--json").out)["hits"]
    assert [(hit["id"], hit["deprecated"]) for hit in hits] == [("affable-shark", False), ("sad-otter", True)]


# Searching


def stub(data, i):
    folder = ["he_nuclei_rgb", "nuclei_fluo_globalnorm", "nuclei3d", "statedict_only"][i % 4]
    text = next((data / "models_made" / folder / d).read_text() for d in ("rdf.yaml", "bioimageio.yaml")
                if (data / "models_made" / folder / d).exists())
    return re.sub(r"(?m)^name: .*$", f"name: Model {i} of {folder.replace('_', ' ')}", text)


def nickname(i):
    words = "calm bold cosy deft easy fair glad keen mild neat open pure".split()
    animals = "ant bee cat dog eel fox gnu hen ibis jay kiwi lynx".split()
    return f"{words[i // 12]}-{animals[i % 12]}"


@pytest.fixture
def big(zoo, mirror, data):
    for i in range(137):
        mirror.add_stub(nickname(i), stub(data, i))
    mirror.write_index()
    zoo.ok("zoo", "update")
    return zoo


def test_a_catalogue_of_138_models_answers_in_50_ms(big):
    assert json.loads(big.ok("zoo", "search", "--json").out)["models"] == 138
    seconds = []
    for _ in range(15):
        began = time.perf_counter()
        big.ok("zoo", "search", "nuclei", "--axes", "yx")
        seconds.append(time.perf_counter() - began)
    print("search:", min(seconds))
    assert min(seconds) < 0.05


def test_search_finds_by_everything(big, data):
    def ids(*words):
        return [hit["id"] for hit in json.loads(big.ok("zoo", "search", *words, "--json", "--most", 999).out)["hits"]]

    assert len(ids()) == 138
    assert ids("model", "17", "nuclei") == [nickname(17)]
    assert ids("calm-ant")[0] == nickname(0)
    assert len(ids("--axes", "zyx")) == 34 and nickname(2) in ids("--axes", "zyx")
    assert nickname(3) not in ids("--weights", "onnx") and nickname(0) in ids("--weights", "onnx")
    assert ids("--licence", "GPL") == [] and len(ids("--licence", "cc0")) == 138
    runnable = ids("--runnable")
    assert nickname(0) in runnable and nickname(3) not in runnable
    rgb, grey = ids("--for", data / IMAGE), ids("--for", data / "images/dsb2018/f487cc82271c.png")
    assert nickname(0) in rgb and nickname(1) not in rgb
    assert nickname(1) in grey or nickname(1) not in rgb
    assert nickname(2) not in rgb


def test_the_catalogue_shows_its_age(big, tegula):
    catalogue = big.cache / "catalogue.json"
    os.utime(catalogue, (time.time() - 3 * 86400 - 60,) * 2)
    assert "updated 3 days ago" in big.ok("--offline", "zoo", "search", "nuclei").out


def test_update_fetches_only_what_changed(big, mirror, data):
    before = len(mirror.requests)
    assert json.loads(big.ok("zoo", "update", "--json").out) == {"models": 138, "fetched": 0, "notes": []}
    assert len(mirror.requests) == before + 1
    mirror.add_model("affable-shark", data / "models_made/he_nuclei_rgb", version="v1",
                     edit=renamed("'3'"))
    mirror.fail(f"/artifacts/{nickname(5)}/files/rdf.yaml", Fault(status=404))
    (big.cache / "files").rename(big.cache / "gone")
    (big.cache / "files").mkdir()
    updated = json.loads(big.ok("zoo", "update", "--json").out)
    assert updated["models"] == 137 and nickname(5) in updated["notes"][0]
    assert json.loads(big.ok("inspect", "affable-shark", "--json").out)["version"] == "3"


def test_search_before_update_says_what_to_do(zoo):
    run = zoo("zoo", "search", "nuclei")
    assert run.code == 4 and "tegula zoo update" in run.err


def test_the_real_index_is_read(zoo, mirror, data):
    mirror.add_file("/collection/index.json", (data / "zoo/index.json").read_bytes())
    run = zoo("zoo", "show", "affable-sharc")
    assert run.code == 4 and "did you mean affable-shark?" in run.err


def test_show_is_the_card_of_inspect(zoo, data):
    card = zoo.ok("zoo", "show", "affable-shark").out
    local = zoo.ok("inspect", data / "models_made/he_nuclei_rgb/rdf.yaml").out
    lines = lambda text: [line for line in text.splitlines() if not line.startswith("package")]  # noqa: E731
    assert lines(card) == lines(local)


def test_an_id_is_packaged_as_a_folder_is(zoo, data, tmp_path):
    zoo.ok("package", "affable-shark", tmp_path / "a.zip", "--weight-format", "onnx")
    zoo.ok("test", tmp_path / "a.zip", "--weight-format", "onnx")
    assert zoo.ok("validate", "affable-shark").code == 0


# A whole collection


def test_report_over_a_folder_and_over_the_catalogue(zoo, mirror, data, tmp_path):
    run = zoo.ok("zoo", "report", "--models", data / "models_made/zips", "-o", tmp_path / "report", "--json")
    models = {row["model"]: row for row in json.loads(run.out)["models"]}
    assert sorted(models) == ["he_nuclei_rgb.zip", "nuclei_fluo_globalnorm.zip"]
    onnx = next(c for c in models["he_nuclei_rgb.zip"]["checks"] if c["weights"] == "onnx")
    assert onnx["status"] == "passed" and onnx["engine"] == "openvino"
    assert onnx["outputs"][0]["max_abs"] < 1e-4 and onnx["seconds"] > 0
    page = (tmp_path / "report/models.html").read_text()
    assert "2 of 2 models run" in page and "he_nuclei_rgb.zip" in page and "pytorch_state_dict" in page
    zoo.ok("zoo", "update")
    run = zoo.ok("zoo", "report", "--models", "all", "-o", tmp_path / "all", "--json")
    assert [(row["model"], row["passed"]) for row in json.loads(run.out)["models"]] == [("affable-shark/v0", True)]
    run = zoo("zoo", "report", "--models", tmp_path / "report", "-o", tmp_path / "none")
    assert run.code == 4


def test_what_ran_before_runs_now(zoo, data, source, tmp_path):
    earlier = source / "tests/e2e/models_that_run.json"
    engines = {row["name"]: row for row in json.loads(zoo.ok("engines", "--json").out)}
    if not all(engines[name]["available"] for name in ("openvino", "libtorch")):
        pytest.skip("an engine is missing: " + json.dumps(engines))
    run = zoo("zoo", "report", "--models", data, "-o", tmp_path / "report", "--since", earlier)
    assert run.code == 0, run.err
    models = json.loads((tmp_path / "report/models.json").read_text())["models"]
    assert len(models) > 20
    for row in models:  # nothing is left without an answer
        assert row["passed"] or row["reason"] or any(check["reason"] for check in row["checks"]), row
    broken = json.loads(earlier.read_text())
    broken["models"].append({"model": "gone", "checks": [{"status": "passed", "weights": "onnx", "engine": "openvino"}]})
    (tmp_path / "broken.json").write_text(json.dumps(broken))
    run = zoo("zoo", "report", "--models", data / "models_made/zips", "-o", tmp_path / "report", "--since",
              tmp_path / "broken.json")
    assert run.code == 1 and "gone: onnx with openvino" in run.err
