"""Files that are whole or not there, folders with one writer, and JSON files that are damaged."""

import signal
import subprocess
import sys

from helpers.errors import UserError, one_line
from helpers.files import lock_folder, read_json, unlock_folder, whole_file

import pytest

HOLDER = """
import sys
from pathlib import Path
from helpers.files import lock_folder
lock_folder(Path(sys.argv[1]), "wait.")
print("held", flush=True)
input()
"""


def test_a_folder_has_one_writer_until_it_dies(tmp_path):
    folder = tmp_path / "run"
    command = [sys.executable, "-c", HOLDER, str(folder)]
    holder = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert holder.stdout.readline() == "held\n"
    with pytest.raises(UserError, match=rf"\(process {holder.pid} on .*is at work in .*run: wait, or"):
        lock_folder(folder, "wait, or choose another run_dir.")
    holder.send_signal(signal.SIGKILL)
    holder.communicate()
    lock_folder(folder, "")
    lock_folder(folder, "")  # the same process may, as when a cell is run again
    refused = subprocess.run(command, input="", capture_output=True, text=True)
    assert "is at work in" in refused.stderr
    unlock_folder(folder)
    assert subprocess.run(command, input="\n", capture_output=True, text=True).returncode == 0


@pytest.mark.parametrize("name", ["file/below", "n" * 300, "null\0byte"])
def test_a_folder_that_cannot_be_made_gets_a_sentence(tmp_path, name):
    (tmp_path / "file").write_text("")
    with pytest.raises(UserError, match=r"can't be made or locked: .+\.$"):
        lock_folder(tmp_path / name, "")


def test_an_interrupted_write_leaves_what_was_there(tmp_path):
    (tmp_path / "kept").write_text("before")
    with pytest.raises(KeyboardInterrupt), whole_file(tmp_path / "kept") as partial:
        partial.write_text("half")
        raise KeyboardInterrupt
    assert [(path.name, path.read_text()) for path in tmp_path.iterdir()] == [("kept", "before")]


@pytest.mark.parametrize("content", [b"", b'{"a": 1', b"[1]", b"\xff\xfe", b"null", b"[" * 100_000])
def test_a_damaged_json_file_gets_a_sentence(tmp_path, content):
    (tmp_path / "x.json").write_bytes(content)
    with pytest.raises(UserError, match=r"x\.json can't be read \(.+\): delete it\.$"):
        read_json(tmp_path / "x.json", "delete it.")


def test_a_file_that_notepad_saved_is_read(tmp_path):
    (tmp_path / "settings.json").write_text('{"seed": 1}', encoding="utf-8-sig")
    assert read_json(tmp_path / "settings.json", "") == {"seed": 1}


def test_foreign_text_fits_a_sentence():
    assert one_line("a\n\x1b[31m\0b") == "a [31m b"
    assert one_line("no http://me:secret@host/x and") == "no http://host/x and"
    assert one_line("no file https:/me:secret@host/x") == "no file https:/host/x"  # as a path spells it
    assert one_line("C:/me@home/x") == "C:/me@home/x"
    assert one_line("z" * 5000) == "z" * 199 + "…"
