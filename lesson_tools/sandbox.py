"""Runs a program on Linux with the user's files out of its reach: python sandbox.py PLAN COMMAND…

PLAN is JSON: {"hide": folders and files that are empty for the program, "keep": what is there all the same,
"work": the folder that it works in}. It can write to `work` and to the hidden folders, whose content is lost
with it, and to nothing else; it has no network connection, sees and ends no other process, and can't fill
the memory or the disk.

It takes user namespaces (man 7 user_namespaces), which some computers don't allow: then it ends with a
message and a status other than 0. A script of its own, because only a process with one thread can enter them.
"""

import ctypes
import json
import os
import resource
import signal
import sys

# From linux/sched.h, linux/mount.h, linux/prctl.h and asm-generic/unistd.h.
NEW_MOUNTS, NEW_USER, NEW_PROCESSES, NEW_NETWORK, NEW_IPC = 0x20000, 1 << 28, 1 << 29, 1 << 30, 1 << 27
BIND, RECURSIVELY, READ_ONLY, DEATH_SIGNAL = 0x1000, 0x4000, 1, 1
MOUNT_SETATTR, ALL_BELOW, HERE = 442, 0x8000, -100
LARGEST_FILE = 1 << 30  # bytes
libc = ctypes.CDLL(None, use_errno=True) if sys.platform == "linux" else None


def enter(hide: list[str], keep: list[str], work: str) -> None:
    """Leave the rest of the system; raises `OSError` where it isn't allowed."""
    user, group = os.getuid(), os.getgid()
    _check(libc.unshare(NEW_USER | NEW_MOUNTS | NEW_PROCESSES | NEW_NETWORK | NEW_IPC))
    # Not as root, who would have the right to undo all this.
    for name, line in (("setgroups", "deny"), ("uid_map", f"1000 {user} 1"), ("gid_map", f"1000 {group} 1")):
        with open(f"/proc/self/{name}", "w") as file:  # noqa: PTH123  a script that starts at once
            file.write(line)
    _set_read_only("/", True)
    opened = {path: os.open(path, os.O_PATH) for path in [*keep, work]}  # before something lies over it
    for path in sorted({*hide, *opened}, key=lambda path: path.count("/")):  # the outer ones first
        if path in hide and os.path.exists(path):  # noqa: PTH110  it isn't, within another one
            if os.path.isdir(path):  # noqa: PTH112
                _check(libc.mount(b"tmpfs", path.encode(), b"tmpfs", 0, b"size=1g,mode=700"))
            else:
                _check(libc.mount(b"/dev/null", path.encode(), None, BIND, None))
        elif path in opened and not os.path.exists(path):  # noqa: PTH110
            source = f"/proc/self/fd/{opened[path]}"
            if os.path.isdir(source):  # noqa: PTH112
                os.makedirs(path)  # noqa: PTH103
            else:
                os.makedirs(os.path.dirname(path), exist_ok=True)  # noqa: PTH103, PTH120
                os.close(os.open(path, os.O_CREAT))
            _check(libc.mount(source.encode(), path.encode(), None, BIND | RECURSIVELY, None))
    _set_read_only(work, False)
    os.chdir(work)  # the same folder, in which one can write now


def _set_read_only(path: str, on: bool) -> None:
    attributes = (ctypes.c_uint64 * 4)(READ_ONLY * on, READ_ONLY * (not on), 0, 0)
    _check(libc.syscall(MOUNT_SETATTR, HERE, path.encode(), ALL_BELOW, attributes, ctypes.sizeof(attributes)))


def _check(result: int) -> None:
    if result != 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))


def main(plan: dict, command: list[str]) -> int:
    """Run `command` as in the module's text; returns its exit status."""
    enter(**plan)
    libc.prctl(DEATH_SIGNAL, signal.SIGKILL)  # when the grader is killed
    child = os.fork()  # which is the first of the new processes; when it ends, all of them do
    if not child:
        libc.prctl(DEATH_SIGNAL, signal.SIGKILL)
        half = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") // 2
        for what, most in ((resource.RLIMIT_DATA, half), (resource.RLIMIT_FSIZE, LARGEST_FILE)):
            resource.setrlimit(what, (most, most))
        os.execvp(command[0], command)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # it is for the child
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) & 255


if __name__ == "__main__":
    try:
        status = main(json.loads(sys.argv[1]), sys.argv[2:])
    except OSError as error:
        sys.exit(str(error))
    sys.exit(status)
