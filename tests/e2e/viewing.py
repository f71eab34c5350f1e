"""`tegula view` as tests drive it: its API, and its page in Chromium."""

import contextlib
import http.client
import io
import json
import os
import signal
import subprocess
import urllib.parse

import numpy as np
import pytest
from PIL import Image

from conftest import PROGRAM

HELA = "images/fluorescence/neubias_xyc_16bit__hela-cells.tif"
HE = "images/he/skimage_ihc.png"


class Viewer:
    def __init__(self, *words, **environment):
        self.process = subprocess.Popen([PROGRAM, "view", "--no-browser", *map(str, words)], stdout=subprocess.PIPE,
                                        stderr=subprocess.PIPE, text=True, env={**os.environ, **environment})
        for line in self.process.stdout:
            if line.startswith("  http"):
                break
        else:
            raise AssertionError(self.process.stderr.read())
        self.address = line.strip()
        url = urllib.parse.urlsplit(self.address)
        self.port, self.token = url.port, urllib.parse.parse_qs(url.query)["token"][0]

    def ask(self, path, query=(), headers=(), token=True, method="GET", body=None):
        """Status, type and body of an answer; `path` is sent as it stands, and `body` as JSON."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        query = dict(query) | ({"token": self.token} if token else {})
        connection.request(method, path + ("?" + urllib.parse.urlencode(query) if query else ""), body=None if body is None else json.dumps(body),
                           headers=dict(headers) | ({} if body is None else {"Content-Type": "application/json"}))
        answer = connection.getresponse()
        body = answer.read()
        connection.close()
        return answer.status, answer.headers["Content-Type"], body

    def json(self, path, **query):
        status, _, body = self.ask(path, query)
        assert status == 200, body
        return json.loads(body)

    def post(self, path, body, query=()):
        """Status and body of the answer to what is sent."""
        status, _, answer = self.ask(path, query, method="POST", body=body)
        return status, answer

    def picture(self, level, tile, **query):
        status, _, body = self.ask(f"/api/images/tiles/{level}/{tile}", query)
        assert status == 200, body
        return np.asarray(Image.open(io.BytesIO(body)))

    def stop(self, number=signal.SIGINT):
        self.process.send_signal(number)
        out, err = self.process.communicate(timeout=30)
        return self.process.returncode, out, err


@contextlib.contextmanager
def viewing(*words, **environment):
    viewer = Viewer(*words, **environment)
    try:
        yield viewer
    finally:
        if viewer.process.poll() is None:
            viewer.stop()


def open_live(viewer, **query):
    """All events until the program has said all."""
    status, kind, body = viewer.ask("/api/predictions/open", query)
    assert (status, kind) == (200, "text/event-stream"), body
    events = [dict(line.split(": ", 1) for line in event.splitlines()) for event in body.decode().split("\n\n") if event]
    return [(event["event"], json.loads(event["data"])) for event in events]


def ready(viewer, **query):
    return [data for event, data in open_live(viewer, **query) if event == "ready"]


def need_browser(source):
    """Skips where there is nothing that shows the page."""
    if not any(os.path.exists(path) for path in ["/usr/bin/chromium", "/usr/bin/chromium-browser"]):
        pytest.skip("there is no Chromium (tools/setup test installs it)")
    if not (source / "viewer/node_modules/playwright-core").is_dir():
        pytest.skip("there is no playwright-core in viewer/node_modules (tools/setup installs it)")


def story(source, name, *words, timeout=120, **environment):
    """What a script of viewer/tests has seen in the page."""
    done = subprocess.run(["node", f"tests/{name}.mjs", *map(str, words)], cwd=source / "viewer", text=True,
                          capture_output=True, timeout=timeout, env={**os.environ, **environment})
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)
