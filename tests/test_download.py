"""Downloads: every fault of a mirror, interruptions and neighbors, against a real HTTP server."""

import _thread
import contextlib
import hashlib
import os
import random
import signal
import socket
import subprocess
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from helpers.datasets import download
from helpers.datasets.download import DownloadError, fetch
from helpers.errors import UserError

import pytest

DATA = random.Random(0).randbytes(300_000)
SHA256 = hashlib.sha256(DATA).hexdigest()


class Mirror(BaseHTTPRequestHandler):
    """Answers each path in its own way: a good one and every bad one."""

    def do_GET(self):
        self.server.asked.append(self.path[1:])
        with contextlib.suppress(ConnectionError):  # whoever asked has given up
            getattr(self, self.path[1:])()

    def head(self, status: int = 200, **headers: str | int):
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), str(value))
        self.end_headers()

    def good(self):
        self.head(Content_Length=len(DATA))
        self.wfile.write(DATA)

    def unnamed_length(self):
        self.head()
        self.wfile.write(DATA)

    def redirect(self):
        self.head(302, Location="/good")

    def missing(self):
        self.send_error(404)

    def silent(self):
        self.server.go_on.wait(20)

    def halfway(self):
        """Stops in the middle until the test lets it go on."""
        self.head(Content_Length=len(DATA))
        self.wfile.write(DATA[:150_000])
        self.server.go_on.wait(20)
        self.wfile.write(DATA[150_000:])

    def trickle(self):
        self.head(Content_Length=len(DATA))
        for start in range(0, len(DATA), 5_000):
            self.wfile.write(DATA[start : start + 5_000])
            if self.server.go_on.wait(0.05):
                break

    def early(self):
        self.head(Content_Length=len(DATA))
        self.wfile.write(DATA[:120_000])

    def early_unnamed_length(self):
        self.head()
        self.wfile.write(DATA[:120_000])

    def early_chunks(self):
        self.protocol_version = "HTTP/1.1"
        self.close_connection = True
        self.head(Transfer_Encoding="chunked")
        self.wfile.write(b"100000\r\n" + DATA[:120_000])

    def hang_up(self):
        self.close_connection = True

    def other(self):
        self.head(Content_Length=len(DATA))
        self.wfile.write(DATA[::-1])

    def interrupt(self):
        """Somebody presses the stop button in the middle."""
        self.head(Content_Length=len(DATA))
        self.wfile.write(DATA[:150_000])
        _thread.interrupt_main()
        self.wfile.write(DATA[150_000:])

    def redirect_to_nowhere(self):
        self.head(302, Location="http://[::1")

    def long_winded(self):
        """A reason that would color the terminal and fill the page."""
        self.wfile.write(b"HTTP/1.0 503 \x1b[31mNo\x07 " + b"please wait " * 400 + b"\r\n\r\n")

    def odd_length(self):
        self.head(Content_Length="many")
        self.wfile.write(DATA)

    def log_message(self, *_):
        pass


@pytest.fixture
def server():
    server = ThreadingHTTPServer(("127.0.0.1", 0), Mirror)
    server.daemon_threads = True
    server.block_on_close = False
    server.asked, server.go_on = [], threading.Event()
    server.host = f"127.0.0.1:{server.server_port}"
    server.url = f"http://{server.host}/"
    threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
    yield server
    server.go_on.set()
    server.shutdown()
    server.server_close()


def given_up(capsys) -> list[str]:
    """The lines about mirrors that were given up, without progress bars."""
    return [line for line in capsys.readouterr().out.splitlines() if " given up: " in line]


def names(folder) -> list[str]:
    return [path.name for path in folder.iterdir()]


def closed_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return listener.getsockname()[1]


@pytest.mark.parametrize("path", ["good", "unnamed_length", "redirect"])
def test_good_mirror(server, tmp_path, path, capsys):
    target = tmp_path / "datasets" / "file"  # the folder is made, too
    fetch([server.url + path, server.url + "other"], target, SHA256)
    assert target.read_bytes() == DATA
    assert given_up(capsys) == [] and "other" not in server.asked
    assert names(target.parent) == ["file"]
    if os.name == "posix":  # others may read the file in a shared cache
        (tmp_path / "usual").touch()
        assert target.stat().st_mode == (tmp_path / "usual").stat().st_mode


@pytest.mark.parametrize(
    "path, reason",
    [
        ("missing", "answered 404 Not Found"),
        ("silent", "timed out"),
        ("halfway", "timed out"),
        ("trickle", "too slow, "),
        ("early", "IncompleteRead(120000 bytes read, 180000 more expected)"),
        ("early_chunks", "IncompleteRead("),
        ("hang_up", "Remote end closed connection without response"),
        ("early_unnamed_length", f"sent another file, its SHA-256 is not {SHA256[:12]}…"),
        ("redirect_to_nowhere", ""),
        ("long_winded", "answered 503 [31mNo please wait please wait "),
        ("odd_length", "invalid literal"),
        ("other", f"sent another file, its SHA-256 is not {SHA256[:12]}…"),
    ],
)
def test_bad_mirror_is_given_up_for_the_next(server, tmp_path, monkeypatch, capsys, path, reason):
    if path in ("silent", "halfway"):
        monkeypatch.setattr(download, "TIMEOUT", (5, 0.3))
    if path == "trickle":
        monkeypatch.setattr(download, "FLOOR", 10**7)
        monkeypatch.setattr(download, "FLOOR_SECONDS", 0.1)
    target = tmp_path / "file"
    target.write_bytes(DATA[:-1])  # a damaged file, which stays until there is a whole one
    urls = [server.url + path, server.url + "good"]
    if path == "trickle":
        with pytest.raises(DownloadError, match=reason):
            fetch(urls[:1], target, SHA256)
        assert target.read_bytes() == DATA[:-1]
    else:
        fetch(urls, target, SHA256)
        assert target.read_bytes() == DATA
        assert server.asked == [path, "good"]
    (line,) = given_up(capsys)
    assert line.startswith(f"{server.host} given up: {reason}")
    assert line.isprintable() and len(line) < 200
    assert names(tmp_path) == ["file"]


def test_no_mirror_left(server, tmp_path, monkeypatch, capsys):
    def look_up(host, *args, **kwargs):
        if host.endswith(".invalid"):
            raise socket.gaierror(-2, "Name or service not known")
        return real(host, *args, **kwargs)

    real = socket.getaddrinfo
    monkeypatch.setattr(socket, "getaddrinfo", look_up)
    refused = f"127.0.0.1:{closed_port()}"
    urls = [
        f"http://{refused}/x",
        "http://me:secret@nowhere.invalid/x",
        "https://elsewhere.invalid",
        f"http://me:secret@{server.host}/missing",
        "me:secret@no-address",
    ]
    with pytest.raises(DownloadError) as raised:
        fetch(urls, tmp_path / "file", SHA256)
    assert isinstance(raised.value, UserError)
    lines = given_up(capsys)
    assert [line.partition(" given up: ")[0] for line in lines] == [
        refused,
        "nowhere.invalid",
        "elsewhere.invalid",
        server.host,
        "no-address",
    ]
    said = str(raised.value)
    assert said.startswith("no mirror sent the file (5 tried: ")
    assert (
        f"; nowhere.invalid, elsewhere.invalid: unknown host; {server.host}: answered 404 Not Found" in said
    )
    assert "secret" not in said + "".join(lines)
    with pytest.raises(DownloadError) as raised:
        fetch(["http://a.invalid/x", "http://b.invalid/x"], tmp_path / "file", SHA256)
    assert str(raised.value) == "no mirror sent the file (2 tried: unknown host)"
    assert names(tmp_path) == []


def test_mirrors_that_say_nothing_share_one_wait(tmp_path, monkeypatch, capsys):
    """A port that answers no call, silent ones, and a name that is looked up for long."""

    def look_up(host, *args, **kwargs):
        return go_on.wait(60) if host == "slow.invalid" else real(host, *args, **kwargs)

    go_on, real = threading.Event(), socket.getaddrinfo
    monkeypatch.setattr(socket, "getaddrinfo", look_up)
    monkeypatch.setattr(download, "WAIT", 1.5)  # the whole of it; the limits for each address stay
    silent = [socket.create_server(("127.0.0.1", 0), backlog=backlog) for backlog in (0, 9, 9, 9, 9)]
    hosts = [f"127.0.0.1:{listener.getsockname()[1]}" for listener in silent] + ["slow.invalid"]
    full = [socket.socket() for _ in range(3)]
    try:
        for caller in full:  # more than the first has places for: the next call isn't answered
            caller.setblocking(False)
            caller.connect_ex(silent[0].getsockname())
        started = time.monotonic()
        with pytest.raises(DownloadError, match=r"^no mirror sent the file \(6 tried: timed out\)$"):
            fetch([f"http://{host}/x" for host in hosts], tmp_path / "file", SHA256)
        assert time.monotonic() - started < 20  # the limits for each address would add up to more
    finally:
        go_on.set()
        for opened in (*silent, *full):
            opened.close()
    waiting, *lines = capsys.readouterr().out.splitlines()
    assert waiting == "Mirrors to ask: 6; waiting at most 1.5 seconds for an answer …"
    assert lines == [f"{host} given up: timed out." for host in hosts]
    assert names(tmp_path) == []


@pytest.mark.parametrize(
    "address",
    [
        *("http://[::1", "http://[::1]x/", "http://[", "http://a b/", "http://a..b/", "//", "://", "@", "x"),
        *("http://\x1b[31mred\x07/", f"http://{'a' * 5000}/x", "http://host:port/x", "http://host:99999/x"),
        *("http://me:s3cret@[::1", "http://me:s3c/s3cret@127.0.0.1:1/x", "http://me:se@s3cret@127.0.0.1:1/x"),
        *("http://me:s?s3cret#@127.0.0.1:1/x", "me:s3cret@127.0.0.1", "http://me:://s3cret@127.0.0.1:1"),
        *("file:///etc/passwd", "ftp://me:s3cret@host/x", "http://\udcff/", "http://%zz/"),
    ],
)
def test_addresses_with_mistakes(server, tmp_path, capsys, address):
    fetch([address, server.url + "good"], tmp_path / "file", SHA256)
    (line,) = given_up(capsys)
    assert line.isprintable() and len(line) < 250 and not line.startswith(" ") and "s3c" not in line
    with pytest.raises(DownloadError) as raised:
        fetch([address, address], tmp_path / "other", SHA256)
    said = str(raised.value)
    assert said.isprintable() and len(said) < 250 and "s3c" not in said + capsys.readouterr().out


def test_what_else_keeps_from_asking(tmp_path, monkeypatch, capsys):
    """It is not taken for a disk that stores nothing, and no password of a proxy is printed."""
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(tmp_path / "nowhere.pem"))
    with pytest.raises(DownloadError, match=r"^no mirror sent .*TLS CA certificate bundle"):
        fetch(["https://127.0.0.1:1/x"], tmp_path / "file", SHA256)
    monkeypatch.delenv("no_proxy", raising=False)
    monkeypatch.delenv("NO_PROXY", raising=False)
    for proxy in ("http://me:s3cret@[::1", "http://me:s3cret@127.0.0.1:1", "me:s3cret@host:port"):
        monkeypatch.setenv("http_proxy", proxy)
        with pytest.raises(DownloadError, match=r"^no mirror sent the file") as raised:
            fetch(["http://host.invalid/x"], tmp_path / "file", SHA256)
        assert "s3cret" not in str(raised.value) + capsys.readouterr().out


def test_no_place_to_store(server, tmp_path, capsys):
    (tmp_path / "datasets").write_text("a file where a folder should be")
    with pytest.raises(DownloadError, match=r"cannot be stored in .*datasets \(.+\)$"):
        fetch([server.url + "good"], tmp_path / "datasets" / "file", SHA256)
    assert given_up(capsys) == []  # it is not the mirror's fault


def test_progress_bar(server, tmp_path, capsys):
    threading.Timer(0.3, server.go_on.set).start()  # tqdm shows nothing that is over in a tenth of a second
    fetch([server.url + "halfway"], tmp_path / "file", SHA256)
    shown = capsys.readouterr()
    assert f"{server.host}: 100%" in shown.out and "300k/300k" in shown.out
    assert shown.err == ""
    with pytest.raises(DownloadError):
        fetch([server.url + "missing"], tmp_path / "other", SHA256)
    waiting, given_up, nothing = capsys.readouterr().out.split("\n")
    assert (
        waiting == "Mirrors to ask: 1; waiting at most 24 seconds for an answer …" and nothing == ""
    )  # no bar
    assert given_up == f"{server.host} given up: answered 404 Not Found."


def test_interrupt_in_the_middle(server, tmp_path):
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        with pytest.raises(KeyboardInterrupt):
            fetch([server.url + "interrupt"], tmp_path / "file", SHA256)
            time.sleep(5)  # should the interrupt come late
    finally:
        signal.signal(signal.SIGINT, before)
    assert names(tmp_path) in ([], ["file"])
    assert not (tmp_path / "file").exists() or (tmp_path / "file").read_bytes() == DATA


def test_a_neighbor_and_its_death(server, tmp_path):
    code = (
        "import sys; from pathlib import Path; from helpers.datasets.download import fetch\n"
        "fetch([sys.argv[1]], Path(sys.argv[2]), sys.argv[3])"
    )
    target = tmp_path / "file"
    neighbor = subprocess.Popen(
        [sys.executable, "-c", code, server.url + "halfway", target, SHA256], stdout=subprocess.DEVNULL
    )
    try:
        while not any(file.stat().st_size for file in tmp_path.iterdir()):
            assert neighbor.poll() is None
            time.sleep(0.02)
        (half,) = tmp_path.iterdir()
        assert half != target
        fetch([server.url + "good"], target, SHA256)
        assert target.read_bytes() == DATA
        assert half.exists()  # its program is still at it
    finally:
        neighbor.kill()
        neighbor.wait()
    long_ago = time.time() - 2 * 24 * 60 * 60
    os.utime(half, (long_ago, long_ago))
    fetch([server.url + "good"], target, SHA256)
    assert names(tmp_path) == ["file"] and target.read_bytes() == DATA
