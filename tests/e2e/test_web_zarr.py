"""OME-Zarr images behind an address give what they give in a folder, whatever server and network do."""

import collections
import json
import os
import pathlib
import signal
import subprocess
import threading

import numpy as np
import pytest
import zarr
from conftest import Program, content
from identity_model import write_model
from web_server import Fault, WebServer
from zarr_images import V2, V3, metadata, noise, write
from zoo_server import Mirror

INVALID, UNSUPPORTED, NOT_FOUND, IO, CORRUPT, CANCELLED = 2, 3, 4, 5, 6, 130
SECRET = "Geheim"
CERTIFICATES = ("CURL_CA_BUNDLE", "SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "SSL_CERT_DIR")
METADATA = ("zarr.json", ".zattrs", ".zarray", ".zgroup")


class Web(Program):
    """The program on images that a server of this machine has."""

    def __init__(self, folder, server, model):
        known = {name: value for name, value in os.environ.items() if name not in CERTIFICATES}
        super().__init__({**known, "no_proxy": "127.0.0.1"})
        self.folder, self.server, self.model = folder, server, model
        self.outs = 0

    def predict(self, image, channels=1, *words, **environment):
        """What a prediction that changes nothing makes of an image."""
        out = self.folder / f"out{self.outs}"
        self.outs += 1
        self.ok("predict", self.model(channels), image, "-o", out, "-q", "--level", "0", *words, **environment)
        return zarr.open_group(out / "prediction.ome.zarr", mode="r")["0"][:]


@pytest.fixture
def server():
    server = WebServer()
    yield server
    server.close()


@pytest.fixture
def web(tmp_path, server, unchanging):
    return Web(tmp_path, server, unchanging)


def once(server):
    """What is no metadata was fetched once, and that it was fetched at all."""
    counts = collections.Counter(row for row in server.requests if not row[0].endswith(METADATA))
    assert counts and set(counts.values()) == {1}, counts.most_common(3)
    return len(counts)


# The same pixels, each chunk once

LAYOUTS = {
    **{f"v3_{name}": ("0.5", V3[name]) for name in (
        "raw", "zstd_checksum", "gzip", "big_transposed", "keys_with_dots", "blosc_lz4_shuffle", "shards", "shards_raw")},
    **{f"v2_{name}": ("0.4", V2[name]) for name in ("raw", "zlib", "zstd", "fortran", "slashes", "blosc_zstd_2")},
}


@pytest.mark.parametrize("name", LAYOUTS)
def test_every_layout_is_read_as_from_a_folder_and_each_chunk_once(web, server, tmp_path, name):
    version, layout = LAYOUTS[name]
    pixels = noise((170, 183), "uint16")
    write(tmp_path / "a.zarr", pixels, version=version, **{"chunks": (30, 50), **layout})
    address = server.add_folder("/some where/a.zarr", tmp_path / "a.zarr").replace(" ", "%20")
    assert np.array_equal(web.predict(address, 1, "--tile", 64, "--context", 20)[0], pixels.astype("float32"))
    chunks = once(server)
    assert chunks == (24 if "shards" not in name else chunks)
    assert server.answers[404] == (6 if version == "0.4" else 0)  # zarr.json, each time it is opened


def test_the_prediction_has_the_bytes_of_that_of_the_folder(web, server, tmp_path):
    plane = noise((64, 64), "float32")
    model = write_model(tmp_path / "model", plane, (plane - plane.mean()) / plane.std(),
                        pre="{id: zero_mean_unit_variance, kwargs: {axes: [y, x]}}")
    image = tmp_path / "a.zarr"
    write(image, noise((300, 400), "uint8", seed=3), chunks=(64, 64))
    words = ("--tile", 96, "--context", 16, "--save-statistics", "-q")
    web.ok("predict", model, image, "-o", tmp_path / "here", *words)
    web.ok("predict", model, server.add_folder("/a.zarr", image), "-o", tmp_path / "there", *words)
    for name in ("prediction.ome.zarr", "statistics.json"):
        here, there = tmp_path / "here" / name, tmp_path / "there" / name
        assert (content(here) == content(there)) if here.is_dir() else here.read_bytes() == there.read_bytes()
    once(server)  # statistics and windows share what they read


def test_planes_of_five_axes_and_missing_chunks(web, server, tmp_path):
    pixels = noise((2, 3, 4, 70, 83), "uint8")
    write(tmp_path / "a.zarr", pixels, "tczyx", chunks=(1, 2, 3, 40, 30), fill_value=7)
    address = server.add_folder("/a.zarr", tmp_path / "a.zarr")
    del server.files["/a.zarr/0/c/1/0/0/1/2"]
    pixels[1, :2, :3, 40:, 60:] = 7
    assert np.array_equal(web.predict(address, 3, "--t", 1, "--z", 2), pixels[1, :, 2].astype("float32"))
    assert once(server) == 2 * 2 * 3


def test_several_images_labels_and_fields_of_a_plate(web, server, tmp_path):
    image, labels = noise((70, 83), "uint16"), noise((70, 83), "uint32", seed=5)
    write(tmp_path / "a.zarr", image)
    write(tmp_path / "plate.zarr/A/1/0", image)
    write(tmp_path / "a.zarr/labels/nuclei", labels)
    zarr.open_group(tmp_path / "a.zarr/labels", mode="a").attrs["ome"] = {"version": "0.5", "labels": ["nuclei"]}
    zarr.open_group(tmp_path / "plate.zarr", mode="a").attrs["ome"] = {
        "version": "0.5", "plate": {"wells": [{"path": "A/1"}]}}
    first, plate = (server.add_folder(f"/{name}", tmp_path / name) for name in ("a.zarr", "plate.zarr"))
    (tmp_path / "list").write_text(f"{first}/labels/nuclei\n{plate}/A/1/0\n")
    run = web.ok("predict", web.model(1), first + "/", "--list", tmp_path / "list", "-o", tmp_path / "o", "-q")
    assert f"{first}/labels/nuclei" in run.out
    for name, pixels in (("a", image), ("nuclei", labels), ("0", image)):
        out = zarr.open_group(tmp_path / "o" / name / "prediction.ome.zarr", mode="r")["0"][0]
        assert np.array_equal(out, pixels.astype("float32")), name
    assert f"{first}/labels/nuclei" in web.refused(UNSUPPORTED, "inspect", f"{first}/labels")
    assert f"{plate}/A/1" in web.refused(UNSUPPORTED, "inspect", plate)


def test_wherever_an_image_is_taken(web, server, tmp_path, data):
    group = zarr.open_group(tmp_path / "a.zarr", mode="w", zarr_format=2)
    group.attrs.update(metadata("cyx", [(1, 0.5, 0.5), (1, 1, 1)], "0.4"))
    levels = [noise((3, 256 >> i, 300 >> i), "uint8", seed=i) for i in range(2)]
    for i, level in enumerate(levels):
        group.create_array(str(i), shape=level.shape, dtype="uint8", chunks=(1, 64, 64))[...] = level
    address = server.add_folder("/a.zarr", tmp_path / "a.zarr")
    info = json.loads(web.ok("inspect", address, "--json").out)
    assert [level["width"] for level in info["levels"]] == [300, 150] and info["pixel_size_um"]["y"] == 0.5
    web.ok("predict", web.model(3), address, "-o", tmp_path / "o", "-q", "--pixel-size", 1)
    assert np.array_equal(zarr.open_group(tmp_path / "o/prediction.ome.zarr", mode="r")["0"][:], levels[1].astype("float32"))

    model = data / "models_made/he_nuclei_rgb"
    here, there = (web("statistics", model, image, "--json") for image in (tmp_path / "a.zarr", address))
    assert (here.code, here.out) == (there.code, there.out)

    mirror = Mirror()
    mirror.add_model("affable-shark", model)
    zoo = {"TEGULA_ZOO_URL": mirror.url, "TEGULA_CACHE": str(tmp_path / "cache")}
    web.ok("zoo", "update", **zoo)
    found = json.loads(web.ok("zoo", "search", "--for", address, "--json", **zoo).out)
    assert [hit["id"] for hit in found["hits"]] == ["affable-shark"] and found["hits"][0]["fit"]
    mirror.close()


def test_images_of_further_inputs(web, server, tmp_path, data):
    random = np.random.default_rng(2)
    images = {name: (random.random(shape) * 200).astype("float32") for name, shape in (("image", (1, 96, 128)), ("context", (1, 48, 64)))}
    addresses = {}
    for name, pixels in images.items():
        np.save(tmp_path / f"{name}.npy", pixels)
        write(tmp_path / f"{name}.zarr", pixels, "cyx", chunks=(1, 40, 40))
        addresses[name] = server.add_folder(f"/{name}.zarr", tmp_path / f"{name}.zarr")
    model = data / "models_made/multi_io"
    here = web("predict", model, tmp_path / "image.npy", "--input", f"context={tmp_path}/context.npy", "-o", tmp_path / "here", "-q")
    there = web("predict", model, addresses["image"], "--input", f"context={addresses['context']}?a=b,level=0", "-o", tmp_path / "there", "-q")
    assert here.code == there.code, there.err
    for out in (tmp_path / "here").glob("*.ome.zarr"):
        assert np.array_equal(zarr.open_group(out, mode="r")["0"][:], zarr.open_group(tmp_path / "there" / out.name, mode="r")["0"][:])


# Several requests at once, over connections that stay


def test_requests_are_under_way_at_once_over_few_connections(web, server, tmp_path):
    write(tmp_path / "a.zarr", noise((64, 640), "uint8"), chunks=(16, 16))
    address = server.add_folder("/a.zarr", tmp_path / "a.zarr")
    together = threading.Barrier(8)
    for y in range(2):
        for x in range(4):
            server.fail(f"/a.zarr/0/c/{y}/{x}", Fault(act=lambda: together.wait(timeout=60)))
    web.predict(address, 1, "--tile", 64)
    assert not together.broken
    assert once(server) == 4 * 40 and server.connections <= 16 and server.most_at_once <= 16


# What servers and networks do


@pytest.mark.parametrize("fault", ("busy", "error", "lost", "cut"))
def test_what_passes_is_waited_for(web, server, tmp_path, fault):
    pixels = noise((70, 83), "uint16")
    write(tmp_path / "a.zarr", pixels, chunks=(30, 50))
    address = server.add_folder("/a.zarr", tmp_path / "a.zarr")
    faults = {"busy": Fault(status=429, headers={"Retry-After": "0"}), "error": Fault(status=500, body=b"<html>"),
              "lost": Fault(drop_after=0), "cut": Fault(drop_after=20)}
    server.fail("/a.zarr/0/c/1/1", faults[fault])
    assert np.array_equal(web.predict(address)[0], pixels.astype("float32"))
    assert server.count("/a.zarr/0/c/1/1") == 2


@pytest.mark.parametrize("name, fault, code, says", (
    ("page", Fault(content=b"<html>log in</html>", content_type="text/html"), CORRUPT, "web page"),
    ("forbidden", Fault(status=403), IO, "TEGULA_HTTP_FORBIDDEN=missing"),
    ("login", Fault(status=401), IO, "login"),
    ("teapot", Fault(status=418), IO, "418"),
    ("compressed", Fault(headers={"Content-Encoding": "gzip"}), UNSUPPORTED, "compressed"),
    ("circle", Fault(status=302, headers={"Location": "/a.zarr/0/c/1/1"}), IO, "without an end"),
    ("huge", Fault(content=bytes(1 << 22)), CORRUPT, "larger than any chunk"),
    ("short", Fault(content=bytes(10)), CORRUPT, "a.zarr/0/c/1/1"),
))
def test_what_is_no_chunk_is_an_error_in_one_sentence(web, server, tmp_path, name, fault, code, says):
    write(tmp_path / "a.zarr", noise((70, 83), "uint16"), chunks=(30, 50))
    address = server.add_folder("/a.zarr", tmp_path / "a.zarr")
    server.fail("/a.zarr/0/c/1/1", *[fault] * 10)
    said = web.refused(code, "predict", web.model(1), address, "-o", tmp_path / "o", "-q")
    assert says in said and f"{address}/0/c/1/1" in said, said


def test_a_redirect_is_followed_for_every_file(web, server, tmp_path):
    pixels = noise((70, 83), "uint16")
    write(tmp_path / "a.zarr", pixels, chunks=(30, 50))
    server.add_folder("/there/a.zarr", tmp_path / "a.zarr")
    for path in list(server.files):
        server.fail(path.removeprefix("/there"), *[Fault(status=307, headers={"Location": path})] * 10)
    assert np.array_equal(web.predict(server.url + "/a.zarr")[0], pixels.astype("float32"))


@pytest.mark.parametrize("version", ("0.4", "0.5"))
def test_stores_that_forbid_what_is_not_there(web, server, tmp_path, version):
    """As S3 answers those who may not list a bucket."""
    pixels = noise((70, 83), "uint8")
    write(tmp_path / "a.zarr", pixels, version=version, chunks=(30, 50), fill_value=9)
    address = server.add_folder("/a.zarr", tmp_path / "a.zarr")
    server.missing = 403
    assert np.array_equal(web.predict(address)[0], pixels.astype("float32"))  # also one without zarr.json
    del server.files["/a.zarr/0/" + ("1.1" if version == "0.4" else "c/1/1")]
    said = web.refused(IO, "predict", web.model(1), address, "-o", tmp_path / "o", "-q")
    assert "TEGULA_HTTP_FORBIDDEN=missing" in said
    pixels[30:60, 50:] = 9
    assert np.array_equal(web.predict(address, TEGULA_HTTP_FORBIDDEN="missing")[0], pixels.astype("float32"))
    assert "never written" in "".join(json.loads((tmp_path / f"out{web.outs - 1}/run.json").read_text())["notes"])
    assert "TEGULA_HTTP_FORBIDDEN" in web.refused(INVALID, "inspect", address, TEGULA_HTTP_FORBIDDEN="yes")


def test_shards_need_a_server_with_ranges(web, server, tmp_path):
    pixels = noise((170, 183), "uint16")
    write(tmp_path / "a.zarr", pixels, chunks=(20, 10), shards=(80, 90))
    address = server.add_folder("/a.zarr", tmp_path / "a.zarr")
    server.ranges = "begin"  # as Azure, which does not count from the end
    assert np.array_equal(web.predict(address)[0], pixels.astype("float32"))
    server.ranges = None
    said = web.refused(UNSUPPORTED, "predict", web.model(1), address, "-o", tmp_path / "o", "-q")
    assert "range requests" in said and f"{address}/0/c/" in said


def test_what_is_no_image_is_refused(web, server):
    server.add_file("/slide.tif", b"II*\0")
    for address in (server.url + "/slide.tif", server.url + "/nothing.zarr"):
        assert "fetch them first" in web.refused(NOT_FOUND, "predict", web.model(1), address, "-o", "never", "-q")
    assert "http" in web.refused(INVALID, "predict", web.model(1), "https:///a.zarr", "-o", "never", "-q")
    server.add_file("/deep.zarr/zarr.json", b'{"a":' * 100000 + b"1" + b"}" * 100000)
    assert "JSON" in web.refused(CORRUPT, "inspect", server.url + "/deep.zarr")
    server.add_file("/long.zarr/zarr.json", b" " * (9 << 20))
    assert "limit" in web.refused(7, "inspect", server.url + "/long.zarr")
    assert not pathlib.Path("never").exists()


def test_offline_asks_no_server(web, server, tmp_path):
    write(tmp_path / "a.zarr", noise((70, 83), "uint16"))
    address = server.add_folder("/a.zarr", tmp_path / "a.zarr")
    assert "--offline" in web.refused(NOT_FOUND, "predict", web.model(1), address, "-o", tmp_path / "o", "-q", "--offline")
    assert server.requests == []


def test_what_gives_access_is_used_and_kept_nowhere(web, server, tmp_path, data):
    pixels = noise((170, 183), "uint16")
    write(tmp_path / "a.zarr", pixels, chunks=(30, 50))
    server.login, server.query = f"me:{SECRET}", f"sig={SECRET}&x=/y,z"
    plain = server.add_folder("/a.zarr", tmp_path / "a.zarr")
    address = f"http://me:{SECRET}@{server.host}/a.zarr?{server.query}"
    shown = f"http://***@{server.host}/a.zarr?***"
    run = web.ok("predict", web.model(1), address, "-o", tmp_path / "o", "--objects", "c0", "--threshold", 60, "--json")
    assert np.array_equal(zarr.open_group(tmp_path / "o/prediction.ome.zarr", mode="r")["0"][0], pixels.astype("float32"))
    record = json.loads((tmp_path / "o/run.json").read_text())
    assert record["image"]["path"] == shown and shown in record["command"][0]
    assert "a.zarr" in (tmp_path / "o/report.html").read_text()
    outputs = [run, web("inspect", address), web("predict", web.model(1), address, "-o", tmp_path / "o", "--tile", 64),
               web("predict", web.model(1), address, address, "-o", tmp_path / "both"),
               web("predict", web.model(1), address.replace("me:", "you:"), "-o", tmp_path / "p"),
               web("predict", web.model(1), plain + f"/b?{SECRET}", "-o", tmp_path / "p"),
               web("inspect", f"http://me:{SECRET}@{server.host}/a b.zarr")]
    assert [run.code for run in outputs] == [0, 0, INVALID, 0, IO, IO, INVALID]
    assert not any(SECRET in run.out + run.err for run in outputs)
    for file in tmp_path.glob("o/**/*"), tmp_path.glob("both/**/*"):
        assert not [path for path in file if path.is_file() and SECRET.encode() in path.read_bytes()]


@pytest.fixture(scope="session")
def certificate(tmp_path_factory):
    folder = tmp_path_factory.mktemp("tls")
    made = subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=127.0.0.1",
                           "-addext", "subjectAltName=IP:127.0.0.1", "-keyout", folder / "key", "-out", folder / "certificate"],
                          capture_output=True, text=True)
    assert made.returncode == 0, made.stderr
    (folder / "both").write_text((folder / "key").read_text() + (folder / "certificate").read_text())
    return folder


def test_encrypted_with_a_certificate_of_ones_own(web, certificate, tmp_path):
    server = WebServer(certificate=certificate / "both")
    pixels = noise((170, 183), "uint16")
    write(tmp_path / "a.zarr", pixels, chunks=(30, 50))
    address = server.add_folder("/a.zarr", tmp_path / "a.zarr")
    assert address.startswith("https://")
    trusted = {"SSL_CERT_FILE": str(certificate / "certificate")}
    assert np.array_equal(web.predict(address, **trusted)[0], pixels.astype("float32"))
    once(server)
    assert "SSL_CERT_FILE" in web.refused(IO, "inspect", address)
    server.fail("/a.zarr/zarr.json", Fault(status=302, headers={"Location": "http://127.0.0.1:9/a.zarr/zarr.json"}))
    assert "without encryption" in web.refused(INVALID, "inspect", address, **trusted)
    server.close()


# Runs that are cut off


def started(web, server, address, out, chunk, act, *words):
    """A run in small windows; `act(process)` happens when its server is asked for the chunk."""
    server.fail(chunk, Fault(act=lambda: act(process)))
    process = web.start("predict", web.model(1), address, "-o", out, "--tile", 64, "--context", 4, *words)
    process.out, process.err = process.communicate(timeout=120)
    return process


@pytest.fixture
def large(server, tmp_path):
    """Pixels and address of an image that is cut off at its end, when its first windows are written."""
    pixels = noise((1200, 200), "uint16")
    write(tmp_path / "a.zarr", pixels, chunks=(40, 40))
    return pixels, server.add_folder("/a.zarr", tmp_path / "a.zarr")


LATE = "/a.zarr/0/c/29/4"


def test_a_killed_run_goes_on_also_with_another_signature(web, server, tmp_path, large):
    pixels, address = large
    killed = started(web, server, address + "?sig=one", tmp_path / "o", LATE, lambda p: p.kill())
    assert killed.returncode == -signal.SIGKILL
    assert (tmp_path / "o/.tegula-partial").exists()
    run = web.ok("predict", web.model(1), address + "?sig=another", "-o", tmp_path / "o", "--tile", 64, "--context", 4)
    assert "going on" in run.err
    assert np.array_equal(zarr.open_group(tmp_path / "o/prediction.ome.zarr", mode="r")["0"][0], pixels.astype("float32"))
    assert "done before" in web.ok("predict", web.model(1), address + "?sig=another", "-o", tmp_path / "o", "-q", "--context", 4).out


def test_a_run_does_not_go_on_with_another_image(web, server, tmp_path, large):
    _, address = large
    started(web, server, address, tmp_path / "o", LATE, lambda p: p.kill())
    server.files["/a.zarr/0/zarr.json"] += b"\n"
    said = web.refused(INVALID, "predict", web.model(1), address, "-o", tmp_path / "o", "-q", "--tile", 64, "--context", 4)
    assert "content of the image" in said


def test_an_image_that_changes_while_it_is_read_is_no_result(web, server, tmp_path, large):
    _, address = large

    def change(_):
        server.files["/a.zarr/zarr.json"] += b"\n"

    run = started(web, server, address, tmp_path / "o", LATE, change, "-q")
    assert run.returncode == IO and "was changed or removed while it was read" in run.err
    assert not (tmp_path / "o/prediction.ome.zarr").exists()


def test_a_shard_that_changes_while_it_is_read_is_no_result(web, server, tmp_path):
    pixels = noise((170, 183), "uint16")
    write(tmp_path / "a.zarr", pixels, chunks=(20, 10), shards=(80, 90))
    address = server.add_folder("/a.zarr", tmp_path / "a.zarr")
    server.fail("/a.zarr/0/c/1/1", Fault(), Fault(etag='"another"'))
    said = web.refused(IO, "predict", web.model(1), address, "-o", tmp_path / "o", "-q")
    assert f"{address}/0/c/1/1 was changed while it was read" in said


def test_a_stop_does_not_wait_for_the_server(web, server, tmp_path, large):
    _, address = large
    gone = threading.Event()

    def stop(process):
        process.send_signal(signal.SIGINT)
        gone.wait(timeout=60)  # no answer before the program has ended

    server.fail(LATE, Fault(act=lambda: stop(process)))
    process = web.start("predict", web.model(1), address, "-o", tmp_path / "o", "--tile", 64, "--context", 4, TEGULA_HTTP_TIMEOUT="100")
    process.communicate(timeout=120)
    gone.set()
    assert process.returncode == CANCELLED
