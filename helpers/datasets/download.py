"""Download one file from the first of several mirrors that really sends it.

Neither a slow nor a broken mirror may hold up a lesson, and no interruption may leave something behind that
is later taken for the whole file: a download has a folder of its own, pooch checks its SHA-256 there, and
only then is the file moved to its place, in one step.
"""

import contextlib
import hashlib
import http.client
import logging
import queue
import shutil
import socket
import sys
import tempfile
import threading
import time
import urllib.error
import urllib.request
import warnings
from collections.abc import Callable, Sequence
from pathlib import Path
from urllib.parse import urlsplit

from tqdm import TqdmWarning, tqdm

with warnings.catch_warnings():
    # Pooch asks tqdm for a bar of Jupyter widgets, which are not needed here.
    warnings.simplefilter("ignore", TqdmWarning)
    import pooch

DAY = 24 * 60 * 60  # seconds

# Pooch reports on standard error what is reported here in a line of our own.
pooch.get_logger().setLevel(logging.CRITICAL)


class DownloadError(RuntimeError):
    """The file could not be had; the message is one sentence without a full stop."""


class _GivenUp(Exception):
    """Why a mirror is given up."""


def fetch(
    urls: Sequence[str],
    target: Path,
    sha256: str,
    *,
    timeout: float = 10,
    floor_bytes_per_second: float = 100_000,
    floor_seconds: float = 15,
    say: Callable[[str], None] = print,
    progress: bool = True,
) -> Path:
    """Return `target`, downloaded from the first of `urls` that sends it, unless it is there already.

    Args:
        urls: Addresses of the same file, tried in this order.
        target: Where the file belongs. A file that is there with another SHA-256 is replaced.
        sha256: The file's SHA-256, 64 hexadecimal digits.
        timeout: Seconds in which a mirror has to answer, and the longest silence while it sends.
        floor_bytes_per_second: A mirror that sends less, averaged over `floor_seconds`, is given up.
        floor_seconds: How long a mirror may be slow.
        say: Called with one line for each mirror that is given up, and for a damaged `target`.
        progress: Show a progress bar on standard output.

    Raises:
        DownloadError: No mirror sent the file, or it could not be stored.
    """
    if has_sha256(target, sha256):
        return target
    if target.exists():
        say(f"{target.name} in the cache is damaged (another SHA-256): it is not used, but downloaded anew.")

    def download(url: str, output_file: str, _pooch: object) -> None:
        _download(url, Path(output_file), timeout, floor_bytes_per_second, floor_seconds, progress)

    reasons: dict[str, list[str]] = {}  # the hosts that were given up for each reason
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        _remove_leftovers(target)
        with tempfile.TemporaryDirectory(prefix=_prefix(target), dir=target.parent) as folder:
            for url in urls:
                try:
                    whole = pooch.retrieve(url, sha256, target.name, folder, downloader=download)
                except _GivenUp as given_up:
                    reason = str(given_up)
                except ValueError:  # from pooch
                    reason = f"sent other bytes: their SHA-256 is not {sha256[:12]}…"
                else:
                    _move(Path(whole), target, sha256)
                    return target
                say(f"{_host(url)} given up: {reason}.")
                reasons.setdefault(reason, []).append(_host(url))
    except OSError as error:
        raise DownloadError(
            f"the file could not be stored in {target.parent} ({error.strerror or error})"
        ) from error
    if len(reasons) == 1:
        why = next(iter(reasons))
    else:
        why = "; ".join(f"{', '.join(hosts)}: {reason}" for reason, hosts in reasons.items())
    raise DownloadError(f"no mirror sent the file ({len(urls)} tried: {why})")


def has_sha256(file: Path, sha256: str) -> bool:
    """Say whether `file` is there, can be read and has this SHA-256 (hexadecimal digits)."""
    try:
        with file.open("rb") as opened:
            return hashlib.file_digest(opened, "sha256").hexdigest() == sha256.lower()
    except OSError:
        return False


def _download(
    url: str, output: Path, timeout: float, floor: float, floor_seconds: float, progress: bool
) -> None:
    """Write what `url` sends to `output`; raises _GivenUp. Pooch watches no rate, hence this downloader."""
    response = _open(url, timeout)
    length = response.headers.get("Content-Length", "")
    length = int(length) if length.isdecimal() else None
    # Pooch made the file for its owner alone; a new one can be read by all who share the cache.
    output.unlink()
    with (
        response,
        output.open("xb") as file,
        tqdm(
            desc=_host(url), total=length, unit="B", unit_scale=True, file=sys.stdout, disable=not progress
        ) as bar,
    ):
        received, window_received, window_start = 0, 0, time.monotonic()
        # read1 returns what has come, however little, so that a trickle is seen as it comes.
        while chunk := _network(lambda: response.read1(1 << 20), timeout):
            file.write(chunk)
            bar.update(len(chunk))
            received += len(chunk)
            window_received += len(chunk)
            seconds = time.monotonic() - window_start
            if seconds >= floor_seconds:
                if window_received < floor * seconds:
                    rate = window_received / seconds
                    raise _GivenUp(f"too slow: {rate / 1e3:.3g} kB/s, at least {floor / 1e3:.3g} wanted")
                window_received, window_start = 0, time.monotonic()
    if length is not None and received < length:
        raise _GivenUp(f"ended early: {received / 1e6:.3g} of {length / 1e6:.3g} MB")


def _open(url: str, timeout: float) -> http.client.HTTPResponse:
    """Ask for `url`; raises _GivenUp if the answer has not begun after `timeout` seconds.

    The socket's timeout alone starts anew with each address and each byte of the headers, and does not hold
    for the look-up of the name. So a thread asks, and is left behind if it takes too long.
    """
    answers: queue.Queue = queue.Queue()

    def ask() -> None:
        try:
            request = urllib.request.Request(url, headers={"User-Agent": "Mozilla/5.0 (image lessons)"})
            answers.put(urllib.request.urlopen(request, timeout=timeout))
        except BaseException as error:
            answers.put(error)

    def answer() -> http.client.HTTPResponse:
        threading.Thread(target=ask, daemon=True).start()
        try:
            first = answers.get(timeout=timeout)
        except queue.Empty:
            raise TimeoutError from None
        if isinstance(first, BaseException):
            raise first
        return first

    return _network(answer, timeout)


def _network(act: Callable, timeout: float):
    """Return what `act` returns, with every fault of the network turned into _GivenUp."""
    try:
        return act()
    except urllib.error.HTTPError as error:
        error.close()
        raise _GivenUp(f"answered {error.code} {error.reason}") from error
    except (OSError, http.client.HTTPException, ValueError) as error:  # ValueError: no address at all
        cause = getattr(error, "reason", error)  # urllib wraps what happened in a URLError
        match cause:
            case TimeoutError():
                reason = f"sent nothing for {timeout:g} s"
            case ConnectionRefusedError():
                reason = "refused the connection"
            case socket.gaierror():
                reason = "unknown host"
            case http.client.IncompleteRead():
                reason = "ended early"
            case _:
                reason = str(getattr(cause, "strerror", None) or cause or type(cause).__name__)
        raise _GivenUp(reason) from error


def _host(url: str) -> str:
    return urlsplit(url).netloc or url


def _prefix(target: Path) -> str:
    return f"{target.name}-download-"


def _move(whole: Path, target: Path, sha256: str) -> None:
    """Put the file in its place in one step: other programs see all of it or nothing."""
    try:
        whole.replace(target)
    except OSError:
        # Windows replaces no file that is being read; another lesson may have put the same one there.
        if not has_sha256(target, sha256):
            raise


def _remove_leftovers(target: Path) -> None:
    """Remove the folders of downloads that were killed; a download that is under way is younger."""
    for folder in target.parent.glob(f"{_prefix(target)}*"):
        with contextlib.suppress(FileNotFoundError):  # its own program, or another one, just removed it
            if time.time() - folder.stat().st_mtime > DAY:
                shutil.rmtree(folder, ignore_errors=True)
