"""A mirror of the collection on this machine, made on the fly of any packages, that can misbehave.

Laid out as docs/mirror.md says. It counts the bytes it sends, so that tests can tell whether a resumed transfer really
saved any, and each address can be given faults for its next requests.
"""

import collections
import hashlib
import http.server
import io
import json
import pathlib
import threading
import time
import urllib.parse
import zipfile

DESCRIPTIONS = ("rdf.yaml", "bioimageio.yaml", "v0_4.bioimageio.yaml")


def sha256(content):
    return hashlib.sha256(content).hexdigest()


class Fault:
    """What happens to one request instead of the right answer."""

    def __init__(self, status=None, headers=None, body=b"", drop_after=None, stall_after=None, rate=None, content=None,
                 content_type=None, ignore_range=False, etag=None):
        self.status, self.headers, self.body = status, headers or {}, body
        self.drop_after, self.stall_after, self.rate = drop_after, stall_after, rate
        self.content, self.content_type = content, content_type
        self.ignore_range, self.etag = ignore_range, etag


class Mirror:
    def __init__(self):
        self.files, self.types, self.faults = {}, {}, collections.defaultdict(list)
        self.requests, self.sent = [], collections.Counter()
        self.models = {}
        self.lock = threading.Lock()
        mirror = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self):
                mirror._answer(self)

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def close(self):
        self.server.shutdown()
        self.server.server_close()

    # What there is

    def add_file(self, path, content, content_type="application/octet-stream"):
        self.files[path], self.types[path] = content, content_type

    def add_model(self, name, folder, version="v0", report=None, edit=None, **marks):
        """A package's folder as a model of the collection; `edit` may change the description's text."""
        folder = pathlib.Path(folder)
        description = next(folder / d for d in DESCRIPTIONS if (folder / d).exists())
        text = description.read_text()
        text = (edit(text) if edit else text).encode()
        self.add_file(f"/artifacts/{name}/files/rdf.yaml", text, "application/yaml")
        listing = [{"name": "rdf.yaml", "type": "file", "size": len(text)}]
        for file in folder.rglob("*"):
            if file.is_file() and file.suffix != ".yaml":
                relative = file.relative_to(folder).as_posix()
                self.add_file(f"/artifacts/{name}/files/{relative}", file.read_bytes())
                listing.append({"name": relative, "type": "file", "size": file.stat().st_size})
        self.add_file(f"/artifacts/{name}/files/", json.dumps(listing).encode(), "application/json")
        if report:
            self.add_file(f"/collection/reports/bioimage-io/{name}/{version}/summary.json", json.dumps(report).encode())
        item = self.models.setdefault(name, {"id": f"bioimage-io/{name}", "type": "model", "versions": [], **marks})
        item["versions"].append({"version": version, "sha256": sha256(text), "comment": None,
                                 "created_at": "2026-01-01T00:00:00Z",
                                 "source": f"https://nowhere.invalid/{name}/files/rdf.yaml?version={version}"})
        self.write_index()

    def add_stub(self, name, text):
        """A model of which there is only the description."""
        self.add_file(f"/artifacts/{name}/files/rdf.yaml", text.encode(), "application/yaml")
        self.models[name] = {"id": f"bioimage-io/{name}", "type": "model", "versions": [
            {"version": "v0", "sha256": sha256(text.encode()), "created_at": "", "comment": "", "source": ""}]}

    def write_index(self):
        items = [*self.models.values(), {"id": "bioimage-io/some-data", "type": "dataset", "versions": []}]
        index = {"items": items, "timestamp": "2026-05-20T03:53:28", "total": len(items), "count_per_type": {}}
        self.add_file("/collection/index.json", json.dumps(index).encode(), "application/json")

    def add_zip(self, path, folder):
        buffer = io.BytesIO()
        with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
            for file in sorted(pathlib.Path(folder).iterdir()):
                if file.is_file() and (file.suffix != ".yaml" or file.name == "rdf.yaml"):
                    archive.write(file, file.name)
        self.add_file(path, buffer.getvalue(), "application/zip")

    def fail(self, path, *faults):
        self.faults[path] = list(faults)

    def count(self, path):
        return sum(1 for row in self.requests if row[0] == path)

    # How it answers

    def _answer(self, handler):
        path = urllib.parse.unquote(urllib.parse.urlsplit(handler.path).path)
        with self.lock:
            self.requests.append((path, handler.headers.get("Range")))
            faults = self.faults.get(path)
            fault = faults.pop(0) if faults else Fault()
        content = fault.content if fault.content is not None else self.files.get(path)
        if fault.status or content is None:
            body = fault.body if fault.status else b"not here"
            return self._send(handler, path, fault.status or 404, {**fault.headers}, body, fault)
        etag = fault.etag or f'"{sha256(self.files.get(path, content))[:16]}"'
        headers = {"Content-Type": fault.content_type or self.types.get(path, "application/octet-stream"),
                   "ETag": etag, "Accept-Ranges": "bytes"}
        asked, if_range = handler.headers.get("Range"), handler.headers.get("If-Range")
        if asked and not fault.ignore_range and if_range in (None, etag):
            begin = int(asked.removeprefix("bytes=").rstrip("-"))
            if begin >= len(content):
                return self._send(handler, path, 416, {"Content-Range": f"bytes */{len(content)}"}, b"", fault)
            headers["Content-Range"] = f"bytes {begin}-{len(content) - 1}/{len(content)}"
            return self._send(handler, path, 206, headers, content[begin:], fault)
        return self._send(handler, path, 200, headers, content, fault)

    def _send(self, handler, path, status, headers, body, fault):
        try:
            handler.send_response(status)
            for name, value in {"Content-Length": len(body), **headers}.items():
                handler.send_header(name, str(value))
            handler.end_headers()
            cut = next((n for n in (fault.drop_after, fault.stall_after) if n is not None), len(body))
            step = fault.rate or 1 << 20
            for at in range(0, min(cut, len(body)), step):
                piece = body[at:min(at + step, cut)]
                handler.wfile.write(piece)
                self.sent[path] += len(piece)
                if fault.rate:
                    time.sleep(0.05)
            handler.wfile.flush()
            if fault.stall_after is not None:
                time.sleep(4)
            if cut < len(body):
                handler.close_connection = True
        except (BrokenPipeError, ConnectionResetError):
            handler.close_connection = True
