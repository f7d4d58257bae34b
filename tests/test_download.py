"""Downloads: every fault of a mirror, interruptions and neighbors, against a real HTTP server."""

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

from helpers.datasets.download import DownloadError, fetch

import pytest

DATA = random.Random(0).randbytes(300_000)
SHA256 = hashlib.sha256(DATA).hexdigest()
QUICK = {"timeout": 1, "floor_bytes_per_second": 10_000, "floor_seconds": 0.5}

# A program of its own, to be killed or to run beside another one.
FETCH = """
import signal, sys
from pathlib import Path
from helpers.datasets.download import fetch
signal.signal(signal.SIGINT, signal.default_int_handler)  # even where the tests run in the background
fetch([sys.argv[1]], Path(sys.argv[2]), sys.argv[3])
"""


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

    def busy(self):
        self.send_error(503)

    def silent(self):
        self.server.go_on.wait(20)

    def slow_head(self):
        self.wfile.write(b"HTTP/1.0 200 OK\r\nX-Padding: ")
        while not self.server.go_on.wait(0.1):
            self.wfile.write(b"x")

    def halfway(self):
        """Stops in the middle until the test lets it go on."""
        self.head(Content_Length=len(DATA))
        self.wfile.write(DATA[:150_000])
        self.server.go_on.wait(20)
        self.wfile.write(DATA[150_000:])

    def trickle(self):
        self.head(Content_Length=len(DATA))
        for i in range(len(DATA)):
            self.wfile.write(DATA[i : i + 1])
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


def names(folder) -> list[str]:
    return [path.name for path in folder.iterdir()]


def closed_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return listener.getsockname()[1]


def half_done(folder, count=1):
    """Wait until `count` downloads have written something."""
    until = time.monotonic() + 20
    while sum(file.is_file() and file.stat().st_size > 0 for file in folder.glob("*-download-*/*")) < count:
        assert time.monotonic() < until, "no download began"
        time.sleep(0.02)


def start(url, target):
    return subprocess.Popen(
        [sys.executable, "-c", FETCH, url, str(target), SHA256],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )


@pytest.mark.parametrize("path", ["good", "unnamed_length", "redirect"])
def test_good_mirror(server, tmp_path, path):
    lines, target = [], tmp_path / "datasets" / "file"  # the folder is made, too
    assert fetch([server.url + path, server.url + "other"], target, SHA256, say=lines.append) == target
    assert target.read_bytes() == DATA
    assert lines == [] and "other" not in server.asked
    assert names(target.parent) == ["file"]


@pytest.mark.skipif(os.name != "posix", reason="file modes")
def test_others_may_read_the_file_in_a_shared_cache(server, tmp_path):
    usual = tmp_path / "usual"
    usual.touch()
    target = fetch([server.url + "good"], tmp_path / "file", SHA256)
    assert target.stat().st_mode == usual.stat().st_mode


@pytest.mark.parametrize(
    "path, reason",
    [
        ("missing", "answered 404 Not Found"),
        ("busy", "answered 503 Service Unavailable"),
        ("silent", "sent nothing for 1 s"),
        ("slow_head", "sent nothing for 1 s"),
        ("halfway", "sent nothing for 1 s"),
        ("early", "ended early: 0.12 of 0.3 MB"),
        ("early_chunks", "ended early"),
        ("hang_up", "Remote end closed connection without response"),
        ("early_unnamed_length", f"sent other bytes: their SHA-256 is not {SHA256[:12]}…"),
        ("other", f"sent other bytes: their SHA-256 is not {SHA256[:12]}…"),
    ],
)
def test_bad_mirror_is_given_up_for_the_next(server, tmp_path, path, reason):
    lines = []
    target = fetch(
        [server.url + path, server.url + "good"], tmp_path / "file", SHA256, say=lines.append, **QUICK
    )
    assert lines == [f"{server.host} given up: {reason}."]
    assert server.asked == [path, "good"]
    assert target.read_bytes() == DATA
    assert names(tmp_path) == ["file"]


def test_trickle_is_given_up_though_it_never_falls_silent(server, tmp_path):
    lines, began = [], time.monotonic()
    fetch([server.url + "trickle", server.url + "good"], tmp_path / "file", SHA256, say=lines.append, **QUICK)
    assert time.monotonic() - began < 5  # the whole trickle would take hours
    assert len(lines) == 1
    assert lines[0].startswith(f"{server.host} given up: too slow: 0.0")
    assert lines[0].endswith(" kB/s, at least 10 wanted.")


def test_refused_unknown_and_senseless_addresses(server, tmp_path, monkeypatch):
    def look_up(host, *args, **kwargs):
        if host == "nowhere.invalid":
            raise socket.gaierror(-2, "Name or service not known")
        return real(host, *args, **kwargs)

    real = socket.getaddrinfo
    monkeypatch.setattr(socket, "getaddrinfo", look_up)
    port, lines = closed_port(), []
    urls = [f"http://127.0.0.1:{port}/x", "http://nowhere.invalid/x", "no address", server.url + "good"]
    fetch(urls, tmp_path / "file", SHA256, say=lines.append)
    assert lines == [
        f"127.0.0.1:{port} given up: refused the connection.",
        "nowhere.invalid given up: unknown host.",
        "no address given up: unknown url type: 'no address'.",
    ]


def test_look_up_of_the_name_that_hangs(server, tmp_path, monkeypatch):
    real = socket.getaddrinfo

    def look_up(host, *args, **kwargs):
        if host == "lost.invalid":
            server.go_on.wait(20)
        return real(host, *args, **kwargs)

    monkeypatch.setattr(socket, "getaddrinfo", look_up)
    lines = []
    fetch(
        ["http://lost.invalid/x", server.url + "good"],
        tmp_path / "file",
        SHA256,
        say=lines.append,
        timeout=0.5,
    )
    assert lines == ["lost.invalid given up: sent nothing for 0.5 s."]


def test_all_mirrors_fail(server, tmp_path):
    lines, port = [], closed_port()
    urls = [server.url + "missing", server.url + "early", f"http://127.0.0.1:{port}/x"]
    with pytest.raises(DownloadError) as raised:
        fetch(urls, tmp_path / "file", SHA256, say=lines.append)
    assert len(lines) == 3
    assert str(raised.value) == (
        f"no mirror sent the file (3 tried: {server.host}: answered 404 Not Found; "
        f"{server.host}: ended early: 0.12 of 0.3 MB; 127.0.0.1:{port}: refused the connection)"
    )
    assert names(tmp_path) == []


def test_file_that_is_there_is_taken_without_network(server, tmp_path):
    target = tmp_path / "file"
    target.write_bytes(DATA)
    assert fetch([server.url + "good"], target, SHA256.upper()) == target
    assert server.asked == []


def test_damaged_file_is_replaced_after_a_download_only(server, tmp_path):
    target, lines = tmp_path / "file", []
    target.write_bytes(DATA[:-1])
    with pytest.raises(DownloadError):
        fetch([server.url + "missing"], target, SHA256, say=lines.append)
    assert target.read_bytes() == DATA[:-1]
    assert "damaged" in lines[0] and len(lines) == 2
    assert fetch([server.url + "good"], target, SHA256, say=lines.append).read_bytes() == DATA


def test_no_place_to_store(server, tmp_path):
    (tmp_path / "datasets").write_text("a file where a folder should be")
    lines = []
    with pytest.raises(DownloadError, match=r"could not be stored in .*datasets \(.+\)$"):
        fetch([server.url + "good"], tmp_path / "datasets" / "file", SHA256, say=lines.append)
    assert lines == []  # it is not the mirror's fault


def test_progress_bar(server, tmp_path, capsys):
    fetch([server.url + "good"], tmp_path / "file", SHA256)
    shown = capsys.readouterr()
    assert f"{server.host}: 100%" in shown.out and "300k/300k" in shown.out
    assert shown.err == ""
    fetch([server.url + "good"], tmp_path / "other", SHA256, progress=False)
    assert capsys.readouterr().out == ""


def test_kill_9_in_the_middle(server, tmp_path):
    target = tmp_path / "file"
    process = start(server.url + "halfway", target)
    half_done(tmp_path)
    process.kill()
    process.communicate()
    (leftover,) = tmp_path.iterdir()  # the folder of the download, and nothing under the file's name
    assert fetch([server.url + "good"], target, SHA256).read_bytes() == DATA
    assert leftover.exists()  # it could be another program's that is still at it
    target.unlink()
    long_ago = time.time() - 2 * 24 * 60 * 60
    os.utime(leftover, (long_ago, long_ago))
    assert fetch([server.url + "good"], target, SHA256).read_bytes() == DATA
    assert names(tmp_path) == ["file"]


@pytest.mark.skipif(os.name != "posix", reason="Windows sends no SIGINT to one process")
def test_interrupt_in_the_middle(server, tmp_path):
    process = start(server.url + "halfway", tmp_path / "file")
    half_done(tmp_path)
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=20)
    assert process.returncode != 0 and "KeyboardInterrupt" in errors
    assert names(tmp_path) == []


def test_two_at_once(server, tmp_path):
    processes = [start(server.url + "halfway", tmp_path / "file") for _ in range(2)]
    half_done(tmp_path, count=2)
    server.go_on.set()
    for process in processes:
        _, errors = process.communicate(timeout=20)
        assert process.returncode == 0, errors
    assert (tmp_path / "file").read_bytes() == DATA
    assert names(tmp_path) == ["file"]
    assert server.asked == ["halfway", "halfway"]
