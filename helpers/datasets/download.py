"""Download one file from the first of several mirrors that really sends it.

Neither a slow nor a broken mirror holds up a lesson, and nothing but the whole file is ever in its place.
"""

import contextlib
import hashlib
import socket
import sys
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from helpers.errors import UserError, one_line
from helpers.files import whole_file

import requests
from tqdm import tqdm

WAIT = 24  # seconds that all mirrors together may take to begin an answer, each the same part of it
TIMEOUT = (4, 10)  # seconds for connecting to each address of a mirror, and the longest silence after that
FLOOR, FLOOR_SECONDS = 100_000, 15  # bytes per second: a mirror that sends less for so long is given up
CHUNK = 4096  # bytes: few, so that a trickle is noticed soon
HEADERS = {"User-Agent": "Mozilla/5.0 (image lessons)", "Accept-Encoding": "identity"}  # the file as it is


class DownloadError(UserError):
    """The file could not be had."""


def fetch(urls: Sequence[str], target: Path, sha256: str) -> None:
    """Download the file with this SHA-256 (hexadecimal) to `target`, from the first of `urls` that sends it.

    Prints a line for each mirror that is given up. Raises DownloadError, half a sentence to go on with.
    """
    reasons: dict[str, list[str]] = {}  # the hosts that were given up for each reason
    print(f"Mirrors to ask: {len(urls)}; waiting at most {WAIT} seconds for an answer …")
    # The time limits of requests hold for each address of a host, and not for looking these up.
    pool = ThreadPoolExecutor(len(urls))
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        for url in urls:
            host = url.split("://")[-1].split("@")[-1].split("/")[0]  # without a user's name and password
            host, response = one_line(host, 80) or "?", None
            try:
                asked = pool.submit(requests.get, url, stream=True, timeout=TIMEOUT, headers=HEADERS)
                response = asked.result(WAIT / len(urls))
                with whole_file(target) as partial:
                    _receive(response, host, partial)
                    if not has_sha256(partial, sha256):
                        raise ValueError(f"sent another file, its SHA-256 is not {sha256[:12]}…")
                return
            except Exception as error:  # an address with a mistake can raise nearly any
                stores = isinstance(error, OSError) and not isinstance(error, requests.RequestException)
                if response and stores:
                    raise
                reason = _reason(error)
            print(f"{host} given up: {reason}.")
            reasons.setdefault(reason, []).append(host)
    except OSError as error:
        if has_sha256(target, sha256):  # Windows replaces no file that is being read: another lesson has it
            return
        raise DownloadError(f"it cannot be stored in {target.parent} ({error.strerror or error})") from error
    tried = reasons if len(reasons) == 1 else [f"{', '.join(reasons[why])}: {why}" for why in reasons]
    raise DownloadError(f"no mirror sent the file ({len(urls)} tried: {'; '.join(tried)})")


def _receive(response: requests.Response, host: str, file: Path) -> None:
    """Write what a mirror sends, with a progress bar; raises ValueError when it sends too little."""
    with response:
        response.raise_for_status()
        size = int(response.headers.get("Content-Length", 0)) or None
        bar = tqdm(desc=host, total=size, unit="B", unit_scale=True, file=sys.stdout)
        received, since = 0, time.monotonic()
        with bar, file.open("wb") as opened:
            for chunk in response.iter_content(CHUNK):
                bar.update(opened.write(chunk))
                received, seconds = received + len(chunk), time.monotonic() - since
                if seconds >= FLOOR_SECONDS:
                    if received < FLOOR * seconds:
                        raise ValueError(f"too slow, {received / seconds / 1e3:.3g} kB/s")
                    received, since = 0, time.monotonic()


def has_sha256(file: Path, sha256: str) -> bool:
    """Say whether `file` is there, can be read and has this SHA-256 (hexadecimal digits)."""
    with contextlib.suppress(OSError), file.open("rb") as opened:
        return hashlib.file_digest(opened, "sha256").hexdigest() == sha256.lower()
    return False


def _reason(error: Exception) -> str:
    """Say in a few words what happened, without the address, which may hold a password."""
    if isinstance(error, requests.HTTPError):
        return one_line(f"answered {error.response.status_code} {error.response.reason}", 80)
    if isinstance(error, requests.RequestException) and isinstance(error, ValueError):
        return "no address of a file"
    while error.__context__:
        error = error.__context__
    known = {socket.gaierror: "unknown host", TimeoutError: "timed out"}.get(type(error))
    return known or one_line(getattr(error, "strerror", None) or error, 80) or type(error).__name__
