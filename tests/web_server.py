"""A web server on this machine that can misbehave.

It counts requests and the bytes it sends, so that tests can tell what a transfer cost, and each address can be given
faults for its next requests.
"""

import base64
import collections
import hashlib
import http.server
import pathlib
import re
import ssl
import threading
import time
import urllib.parse


def sha256(content):
    return hashlib.sha256(content).hexdigest()


class Fault:
    """What happens to one request instead of the right answer."""

    def __init__(self, status=None, headers=None, body=b"", drop_after=None, stall_after=None, rate=None, content=None,
                 content_type=None, ignore_range=False, etag=None, act=None):
        self.status, self.headers, self.body = status, headers or {}, body
        self.drop_after, self.stall_after, self.rate = drop_after, stall_after, rate
        self.content, self.content_type = content, content_type
        self.ignore_range, self.etag = ignore_range, etag
        self.act = act  # called before the answer


class WebServer:
    """Serves `files`, by path. `ranges`: "all", "begin" (not from the end) or None; `login`: "user:password" that is asked
    for; `query`: that every address must have; `missing`: the status of what is not there; `delay`: seconds before each
    answer; `certificate`: a file with certificate and key, for https."""

    def __init__(self, ranges="all", login=None, query=None, missing=404, delay=0, certificate=None):
        self.files, self.types, self.faults = {}, {}, collections.defaultdict(list)
        self.requests, self.sent, self.answers = [], collections.Counter(), collections.Counter()
        self.ranges, self.login, self.query, self.missing, self.delay = ranges, login, query, missing, delay
        self.connections, self.now, self.most_at_once = 0, 0, 0
        self.lock = threading.Lock()
        outer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            disable_nagle_algorithm = True
            wbufsize = -1

            def setup(self):
                super().setup()
                with outer.lock:
                    outer.connections += 1

            def do_GET(self):
                with outer.lock:
                    outer.now += 1
                    outer.most_at_once = max(outer.most_at_once, outer.now)
                try:
                    outer._answer(self)
                finally:
                    with outer.lock:
                        outer.now -= 1

            def log_message(self, *_):
                pass

        class Server(http.server.ThreadingHTTPServer):
            daemon_threads = True
            request_queue_size = 128

            def handle_error(self, *_):
                pass  # clients that go away are what tests are about

        self.server = Server(("127.0.0.1", 0), Handler)
        if certificate:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(certificate)
            self.server.socket = context.wrap_socket(self.server.socket, server_side=True)
        self.host = f"127.0.0.1:{self.server.server_port}"
        self.url = f"{'https' if certificate else 'http'}://{self.host}"
        threading.Thread(target=self.server.serve_forever, args=(0.02,), daemon=True).start()

    def close(self):
        self.server.shutdown()
        self.server.server_close()

    # What there is

    def add_file(self, path, content, content_type="application/octet-stream"):
        self.files[path], self.types[path] = content, content_type

    def add_folder(self, path, folder):
        """All files below a folder, and the address of it."""
        for file in pathlib.Path(folder).rglob("*"):
            if file.is_file():
                self.add_file(f"{path}/{file.relative_to(folder).as_posix()}", file.read_bytes())
        return self.url + path

    def fail(self, path, *faults):
        self.faults[path] = list(faults)

    def count(self, path):
        return sum(1 for row in self.requests if row[0] == path)

    # How it answers

    def _answer(self, handler):
        address = urllib.parse.urlsplit(handler.path)
        path = urllib.parse.unquote(address.path)
        with self.lock:
            self.requests.append((path, handler.headers.get("Range")))
            faults = self.faults.get(path)
            fault = faults.pop(0) if faults else Fault()
        if fault.act:
            fault.act()
        if self.delay:
            time.sleep(self.delay)
        if self.login:
            given = handler.headers.get("Authorization", "")
            if given != "Basic " + base64.b64encode(self.login.encode()).decode():
                return self._send(handler, path, 401, {}, b"who are you?", fault)
        if self.query and address.query != self.query:
            return self._send(handler, path, 403, {}, b"no signature", fault)
        content = fault.content if fault.content is not None else self.files.get(path)
        if fault.status or content is None:
            body = fault.body if fault.status else b"not here"
            return self._send(handler, path, fault.status or self.missing, {**fault.headers}, body, fault)
        etag = fault.etag or f'"{sha256(self.files.get(path, content))[:16]}"'
        headers = {"Content-Type": fault.content_type or self.types.get(path, "application/octet-stream"),
                   "ETag": etag, "Accept-Ranges": "bytes", **fault.headers}
        if_range = handler.headers.get("If-Range")
        asked = re.fullmatch(r"bytes=(\d*)-(\d*)", handler.headers.get("Range") or "")
        if not asked or not self.ranges or fault.ignore_range or if_range not in (None, etag):
            return self._send(handler, path, 200, headers, content, fault)
        begin, end = asked[1], asked[2]
        if not begin and self.ranges == "begin":
            return self._send(handler, path, 200, headers, content, fault)
        begin, end = (int(begin), int(end) + 1 if end else len(content)) if begin else (max(0, len(content) - int(end)), len(content))
        end = min(end, len(content))
        if begin >= len(content):
            return self._send(handler, path, 416, {"Content-Range": f"bytes */{len(content)}"}, b"", fault)
        headers["Content-Range"] = f"bytes {begin}-{end - 1}/{len(content)}"
        return self._send(handler, path, 206, headers, content[begin:end], fault)

    def _send(self, handler, path, status, headers, body, fault):
        with self.lock:
            self.answers[status] += 1
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
                with self.lock:
                    self.sent[path] += len(piece)
                if fault.rate:
                    time.sleep(0.05)
            handler.wfile.flush()
            if fault.stall_after is not None:
                time.sleep(4)
            if cut < len(body):
                handler.close_connection = True
        except (BrokenPipeError, ConnectionResetError, ssl.SSLError):
            handler.close_connection = True
