"""The rules of `tegula view`, broken as an attacker does: whatever is sent is refused or served, the program lives on,
and no file outside the folders is ever seen."""

import contextlib
import json
import select
import shutil
import socket
import threading
import urllib.parse

import pytest

from viewing import HE, viewing

SECRET = b"what-nobody-may-see"


@pytest.fixture(scope="module")
def viewer(data):
    with viewing("--root", data / "images/he", "--root", data / "models_made") as viewer:
        yield viewer
        assert viewer.process.poll() is None


@pytest.fixture(autouse=True)
def lives_on(viewer):
    yield
    assert ask_until_answered(viewer, "/api/start", {})[0] == 200
    assert viewer.process.poll() is None


def connect(viewer):
    return socket.create_connection(("127.0.0.1", viewer.port), timeout=60)


def read_all(connection):
    """Until the server closes the connection, which it may do while something is still under way to it."""
    parts = []
    with contextlib.suppress(ConnectionError):
        while part := connection.recv(1 << 16):
            parts.append(part)
    return b"".join(parts)


def send_raw(viewer, *parts):
    """What is answered to bytes that need be no request; b"" if the connection is just closed."""
    with connect(viewer) as connection:
        with contextlib.suppress(ConnectionError):
            for part in parts:
                connection.sendall(part)
        return read_all(connection)


def status_of(answer):
    assert answer == b"" or answer.startswith(b"HTTP/1.1 "), answer[:100]
    return int(answer[9:12]) if answer else 0


def raw(viewer, target, *headers, method="GET", host="localhost", token=True):
    """A request as it is typed: nothing of `target` is quoted, resolved or checked on the way."""
    if token:
        target += (b"&" if b"?" in target else b"?") + b"token=" + viewer.token.encode()
    lines = [method.encode() + b" " + target + b" HTTP/1.1", *([b"Host: " + host.encode()] if host is not None else []),
             b"Connection: close", *headers]
    return b"\r\n".join(lines) + b"\r\n\r\n"


# Who may ask ----------------------------------------------------------------------------------------------------------

@pytest.mark.parametrize("origin", ["http://evil.example", "https://127.0.0.1", "http://127.0.0.1:1", "null", "file://",
                                    "http://localhost.evil.example", "http://127.0.0.1.evil.example"])
def test_answers_no_page_of_another_server(viewer, origin):
    for method, path in [("GET", "/api/start"), ("GET", "/"), ("POST", "/api/annotations/measure"), ("DELETE", "/api/start")]:
        status, _, body = viewer.ask(path, headers={"Origin": origin}, method=method, body={} if method == "POST" else None)
        assert status == 403, (method, path, body)
    preflight = raw(viewer, b"/api/start", b"Origin: " + origin.encode(), b"Access-Control-Request-Method: POST", method="OPTIONS")
    answer = send_raw(viewer, preflight)
    assert status_of(answer) == 400 and b"access-control" not in answer.lower()
    own = f"http://127.0.0.1:{viewer.port}"
    assert viewer.ask("/api/start", headers={"Origin": own})[0] == 200


@pytest.mark.parametrize("host", ["rebound.example", "127.0.0.1.evil.example", "localhost.evil.example", "evil@127.0.0.1x",
                                  "", "127.0.0.1 evil", "[::1", "0x7f000001", "2130706433", None])
def test_answers_under_no_name_that_was_made_to_point_here(viewer, host):
    for path in [b"/api/start", b"/", b"/assets/index.js"]:
        assert status_of(send_raw(viewer, raw(viewer, path, host=host))) in (400, 403), path


@pytest.mark.parametrize("header", [b"Host: evil.example", b"Host: localhost", b"Content-Length: 5", b"Transfer-Encoding: chunked"])
def test_refuses_what_a_proxy_may_understand_otherwise(viewer, header):
    answer = send_raw(viewer, raw(viewer, b"/api/start", header).replace(b"Connection: close\r\n", b"") + raw(viewer, b"/api/start"))
    assert status_of(answer) == 400 and answer.count(b"HTTP/1.1 ") == 1


def test_answers_nobody_without_the_token(viewer):
    for path, query in [("/api/start", {}), ("/", {}), ("/api/openapi.json", {}), ("/api/folders", {"folder": "he"}),
                        ("/api/images/info", {"image": HE.removeprefix("images/")})]:
        assert viewer.ask(path, query)[0] == 200
        assert viewer.ask(path, query, token=False)[0] == 401
        for wrong in ["0", viewer.token[:-1], viewer.token + "0", viewer.token[:-1] + "x", viewer.token + " " + viewer.token]:
            status, _, body = viewer.ask(path, query | {"token": wrong}, token=False)
            assert status == 401 and viewer.token.encode() not in body
            assert viewer.ask(path, query, headers={"Authorization": f"Bearer {wrong}"})[0] == 401
    assert viewer.ask("/api/start", headers={"Authorization": f"Bearer {viewer.token}"}, token=False)[0] == 200


# Files ----------------------------------------------------------------------------------------------------------------

def ask_until_answered(viewer, path, query, method="GET", body=None):
    """Asks again where it was too fast."""
    while (answer := viewer.ask(path, query, method=method, body=body))[0] == 429:
        continue
    return answer[0], answer[2]


def test_never_shows_a_file_outside_its_folders(data, tmp_path):
    shown = tmp_path / "shown"
    (shown / "run").mkdir(parents=True)
    shutil.copy(data / HE, tmp_path / "secret.png")
    shutil.copy(data / HE, shown / "a.png")
    (tmp_path / "secret.geojson").write_bytes(b'{"type": "FeatureCollection", "features": [], "name": "%s"}' % SECRET)
    (tmp_path / "rdf.yaml").write_bytes(b"name: " + SECRET)
    (tmp_path / "run.json").write_bytes(b'{"name": "%s"}' % SECRET)
    (tmp_path / "shown-too").mkdir()
    shutil.copy(data / HE, tmp_path / "shown-too/secret.png")
    (shown / "link.png").symlink_to(tmp_path / "secret.png")
    (shown / "link.geojson").symlink_to(tmp_path / "secret.geojson")
    (shown / "up").symlink_to(tmp_path)
    (shown / "run/run.json").symlink_to(tmp_path / "run.json")
    names = []
    for name in ["secret.png", "secret.geojson", "rdf.yaml", "", "shown-too/secret.png"]:
        outside = str(tmp_path / name)
        names += [f"../{name}", f"shown/../{name}", f"shown/./../{name}", f"shown//..//{name}", f"shown/up/{name}", outside,
                  f"shown/{outside}", f"shown/..%2f{name}", f"shown/%2e%2e/{name}", f"shown/%252e%252e%252f{name}",
                  f"shown\\..\\{name}", f"shown/..\\{name}", f"shown/../{name}\0", f"shown/../{name}\0.png", f"file://{outside}",
                  f"shown/a.png/../../{name}", f"shown/\uff0e\uff0e/{name}", f"shown/..;/{name}", f"shown-too/../{name}"]
    names += ["shown/link.png", "shown/link.geojson", "shown/up", "shown/run/run.json", "shown-too", "/etc/passwd", "/proc/self/environ"]
    with viewing("--root", shown) as viewer:
        assert viewer.ask("/api/images/info", {"image": "shown/a.png"})[0] == 200
        api = viewer.json("/api/openapi.json")
        asked = 0
        for path, methods in api["paths"].items():
            for method, described in methods.items():
                parameters = {parameter["name"] for parameter in described["parameters"] if parameter["in"] == "query"}
                schema = described.get("requestBody", {}).get("content", {}).get("application/json", {}).get("schema", {})
                texts = {name for name, one in schema.get("properties", {}).items() if one.get("type") == "string"}
                keys = (parameters | texts) & {"image", "model", "folder", "run", "file", "path", "source", "objects", "annotations", "output", "name"}
                for key in sorted(keys):
                    for name in names:
                        known = {"image": "shown/a.png", "x": 0, "y": 0, "width": 1, "height": 1, "z": 0, "t": 0}
                        query = {one: known[one] for one in parameters if one in known}
                        body = {one: known[one] for one in texts if one in known}
                        (query if key in parameters else body)[key] = name
                        status, answer = ask_until_answered(viewer, path.replace("{level}", "9").replace("{tile}", "0_0.png"),
                                                            query, method.upper(), body if method == "post" else None)
                        told = answer.replace(json.dumps(name)[1:-1].encode(), b"")  # a refusal may say the name
                        assert SECRET not in answer and b"PNG" not in answer[:8], (path, key, name)
                        if status == 200:  # a stream of events, or a table, that says what is wrong
                            assert b"secret" not in told and b"root:" not in told, (path, key, name, answer)
                        asked += 1
        assert asked > 500
        for folder in ["shown", "shown/run"]:
            _, answer = ask_until_answered(viewer, "/api/folders", {"folder": folder})
            listed = [entry["name"] for entry in json.loads(answer)["entries"]]
            assert listed == {"shown": ["run", "a.png"], "shown/run": []}[folder]


@pytest.mark.parametrize("target", [
    b"/../secret", b"/assets/../../../../../../etc/passwd", b"/assets/..%2f..%2f..%2f..%2fetc%2fpasswd", b"/%2e%2e/%2e%2e/etc/passwd",
    b"/assets/%252e%252e%252f%252e%252e%252fetc%252fpasswd", b"//etc/passwd", b"/assets/....//....//etc/passwd", b"/assets/..\\..\\etc\\passwd",
    b"/assets/%5c..%5c..%5cetc%5cpasswd", b"/assets/index.js%00.png", b"/assets/\0", b"/assets/%c0%ae%c0%ae/etc/passwd", b"/assets/%",
    b"/assets/%zz", b"http://evil.example/etc/passwd", b"*", b"/assets/" + b"../" * 2000, b"/\xff\xfe", b"/assets/"])
def test_the_address_leads_to_no_file(viewer, target):
    answer = send_raw(viewer, raw(viewer, target))
    assert status_of(answer) in (0, 400, 403, 404, 414), answer[:300]
    assert b"root:" not in answer


# Too much -------------------------------------------------------------------------------------------------------------

def test_refuses_what_is_too_large(viewer):
    long = b"a" * 5_000_000
    assert status_of(send_raw(viewer, b"GET /", long)) == 431
    assert status_of(send_raw(viewer, raw(viewer, b"/api/start", b"X: " + long))) == 431
    assert status_of(send_raw(viewer, raw(viewer, b"/api/start", *[b"X-%d: a" % i for i in range(100_000)]))) == 431
    assert status_of(send_raw(viewer, raw(viewer, b"/api/folders?folder=" + b"a" * 10_000))) == 414
    assert status_of(send_raw(viewer, raw(viewer, b"/api/folders?folder=" + b"a" * 7_000))) == 404
    assert status_of(send_raw(viewer, raw(viewer, b"/api/images/tiles/" + b"9" * 7_000 + b"/0_0.png?image=a"))) in (400, 404)
    assert status_of(send_raw(viewer, long)) == 431


JSON = b"Content-Type: application/json"


def test_refuses_bodies_that_are_too_large_or_have_no_end(viewer):
    long = b"a" * 20_000_000
    for length in [20_000_000, 99_999_999_999, 2**63, 2**64, 10**30]:
        assert status_of(send_raw(viewer, raw(viewer, b"/api/annotations/measure", JSON, b"Content-Length: %d" % length, method="POST"), long)) in (400, 413)
    for length in [b"-1", b"x", b"1e9", b"0x10", b""]:
        assert status_of(send_raw(viewer, raw(viewer, b"/api/annotations/measure", JSON, b"Content-Length: " + length, method="POST"), b"{}")) in (400, 404, 413)
    chunked = raw(viewer, b"/api/annotations/measure", JSON, b"Transfer-Encoding: chunked", method="POST")
    chunks = b"".join(b"10000\r\n" + b"a" * 65536 + b"\r\n" for _ in range(200))
    assert status_of(send_raw(viewer, chunked, chunks)) in (0, 400, 413)
    for chunk in [b"ffffffffffffffff\r\n" + long, b"-1\r\n" + long, b"zz\r\n", b"7fffffff\r\n" + long, b"10000000000000000\r\n" + long]:
        assert status_of(send_raw(viewer, chunked, chunk)) in (0, 400, 413), chunk[:20]
    # Who has not the token is told so before anything of it is read.
    assert status_of(send_raw(viewer, raw(viewer, b"/api/annotations/measure", JSON, b"Transfer-Encoding: chunked", method="POST", token=False))) == 401


def test_takes_no_request_that_is_hidden_in_another(viewer):
    hidden = raw(viewer, b"/api/start")
    for headers in [[b"Content-Length: %d" % len(hidden)], [b"Content-Length: 0", b"Content-Length: %d" % len(hidden)],
                    [b"Transfer-Encoding: chunked", b"Content-Length: 4"], [b"Transfer-Encoding: xchunked"]]:
        head = b"\r\n".join([b"POST /api/annotations/measure HTTP/1.1", b"Host: localhost", JSON, *headers]) + b"\r\n\r\n"
        answer = send_raw(viewer, head + hidden)
        assert answer.count(b"HTTP/1.1 ") == 1 and b'"roots"' not in answer, headers


@pytest.mark.parametrize("noise", [b"\0" * 100_000, b"\xff" * 1000 + b"\r\n\r\n", b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n",
                                   b"GET\r\n\r\n", b"GET / HTTP/9.9\r\nHost: localhost\r\n\r\n", b"\r\n\r\n\r\n\r\n",
                                   b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", b"GET / HTTP/1.1\nHost: localhost\n\n\r\n",
                                   b"GET / HTTP/1.1\r\n Host: localhost\r\n: \r\n\r\n", b"TRACE / HTTP/1.1\r\nHost: localhost\r\n\r\n",
                                   b"CONNECT localhost:22 HTTP/1.1\r\nHost: localhost\r\n\r\n"])
def test_refuses_what_is_no_request(viewer, noise):
    with connect(viewer) as connection:
        connection.sendall(noise)
        connection.shutdown(socket.SHUT_WR)
        answer = read_all(connection)
    assert not answer.startswith(b"HTTP/1.1 2"), answer[:200]


# Too many and too slow ------------------------------------------------------------------------------------------------

def test_answers_while_hundreds_drip(viewer):
    """Each connection says a byte after every answer that somebody else gets: nobody is done, and nobody waits for them."""
    drips = []
    try:
        for _ in range(400):  # more than are served at a time, and more than are held
            drips.append(connect(viewer))
            drips[-1].sendall(b"GET /api/start?token=")
        for byte in viewer.token:
            for drip in drips:
                with contextlib.suppress(ConnectionError):
                    drip.sendall(byte.encode())
            assert viewer.ask("/api/start")[0] == 200
            assert viewer.ask("/api/images/tiles/9/0_0.png", {"image": HE.removeprefix("images/")})[0] == 200
        closed, _, _ = select.select(drips, [], [], 0)
        assert len(closed) >= 100  # those that had been there longest had to go
        drips[-1].sendall(b" HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
        assert status_of(read_all(drips[-1])) == 200
    finally:
        for drip in drips:
            drip.close()


def test_answers_while_others_never_read(viewer):
    """Two hundred ask for the largest file of the page again and again, and take nothing of it."""
    page = viewer.ask("/")
    if page[0] == 404:
        pytest.skip(json.loads(page[2])["error"])
    script = "/" + page[2].decode().split('src="./')[1].split('"')[0]
    idle = []
    try:
        for _ in range(200):
            connection = socket.socket()
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            connection.connect(("127.0.0.1", viewer.port))
            connection.sendall(b"".join(raw(viewer, script.encode(), token=False).replace(b"Connection: close\r\n", b"") for _ in range(20)))
            idle.append(connection)
        for _ in range(20):
            assert viewer.ask("/api/start")[0] == 200
    finally:
        for connection in idle:
            connection.close()


def test_answers_while_others_promise_bodies(viewer):
    promise = raw(viewer, b"/api/annotations/measure", JSON, b"Content-Length: 1000000", method="POST", token=False)
    waiting = [connect(viewer) for _ in range(200)]
    for connection in waiting:
        connection.sendall(promise)
    for _ in range(5):
        assert viewer.ask("/api/start")[0] == 200
    for connection in waiting:
        assert status_of(connection.recv(4096)) == 401
        connection.close()


def test_serves_or_refuses_200_clients_at_once(viewer):
    """Of all kinds, and a usual one meanwhile, which is always answered."""
    image = urllib.parse.quote(HE.removeprefix("images/"))
    wanted = [(raw(viewer, b"/api/start"), {200, 429}),
              (raw(viewer, b"/api/images/tiles/9/0_0.png?image=" + image.encode()), {200, 429}),
              (raw(viewer, b"/api/models/card?model=models_made/he_nuclei_rgb"), {200, 429}),
              (raw(viewer, b"/api/start", token=False), {401}),
              (raw(viewer, b"/api/start", host="evil.example"), {403}),
              (raw(viewer, b"/api/folders?folder=he/../.."), {404, 429}),
              (raw(viewer, b"/" + b"a" * 100_000), {431}),
              (raw(viewer, b"/api/annotations/measure", JSON, b"Content-Length: 3", method="POST") + b"{}x", {400, 404, 429})]
    problems, begun = [], threading.Barrier(200)

    def client(number):
        request, statuses = wanted[number % len(wanted)]
        begun.wait()
        for _ in range(5):
            # A connection that had to go for another is a refusal, too.
            status = status_of(send_raw(viewer, request))
            if status not in statuses | {0}:
                problems.append((number, status))

    threads = [threading.Thread(target=client, args=(number,)) for number in range(200)]
    for thread in threads:
        thread.start()
    answered = 0
    while any(thread.is_alive() for thread in threads):
        assert viewer.ask("/api/start")[0] in (200, 429)
        answered += 1
    for thread in threads:
        thread.join()
    assert problems == [] and answered > 0
