#!/bin/sh
# Set up .venv from the lock: sh setup_venv.sh [PYTHON [EXTRAS]]. Called by make.
# EXTRAS are those of pyproject.toml. Unless others are named, "sweep", which a lesson needs, and "book", with
# which make run ends.
set -eu
cd "$(dirname "$0")"

asked=${1:-}
extras=${2:-sweep,book}
supported='import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))'

# The Python that was asked for, otherwise the first supported one.
if [ -n "$asked" ]; then set -- "$asked"; else set -- python3 python3.13 python3.12 python3.11 python; fi
for python; do
    if "$python" -c "$supported" 2>/dev/null; then
        found=$python
        break
    fi
done

if [ -z "${found:-}" ]; then
    version=$("$1" -c 'import sys; print("%d.%d" % sys.version_info[:2])' 2>/dev/null) || version="not found"
    echo "The lessons need Python 3.11, 3.12 or 3.13; $1 is $version." \
        "Install one and name it, for example: make PYTHON=python3.12 run" >&2
    exit 1
fi

if ! "$found" -c 'import ensurepip, venv' 2>/dev/null; then
    echo "$found has no venv module: install it (on Debian and Ubuntu: sudo apt install python3-venv)" \
        "and start again." >&2
    exit 1
fi

if ! "$found" -c 'import platform; assert (platform.system(), platform.machine()) != ("Darwin", "x86_64")' \
    2>/dev/null; then
    echo "$found is a Python for Intel Macs, for which there is no TensorFlow 2.21: on a Mac with Apple silicon" \
        "(macOS 12 or newer), install a Python made for it; on an Intel Mac, use Binder." >&2
    exit 1
fi

# A .venv that can't be gone on with is made anew.
if [ -e .venv ] || [ -L .venv ]; then
    there=$(.venv/bin/python --version 2>/dev/null) || there=""
    wanted=$("$found" --version)
    if [ ! -f .venv/pyvenv.cfg ] && [ -n "$(ls -A .venv 2>/dev/null)" ]; then
        echo ".venv is no virtual environment of Python: move it away and start again." >&2
        exit 1
    elif [ -z "$there" ]; then
        reason="its Python does not run"
    elif [ "$there" != "$wanted" ]; then
        reason="it is of $there, and this is $wanted"
    elif grep -q '^command = ' .venv/pyvenv.cfg && ! grep -qF " $(pwd -P)/.venv" .venv/pyvenv.cfg; then
        reason="it was made for another folder, whose code it would run"
    fi
    if [ -n "${reason:-}" ]; then
        found=$("$found" -c 'import os, sys; print(os.path.realpath(sys.executable))')  # not one in .venv
        echo "Deleting .venv, because $reason."
        rm -rf .venv
    fi
fi

echo "Setting up .venv with $("$found" --version): this takes a few minutes, once."
"$found" -m venv .venv
if ! .venv/bin/python -m pip install --quiet --disable-pip-version-check -e ".[$extras]" -c requirements.txt; then
    echo "The packages could not be downloaded or installed; pip says why above. Fix that and start again:" \
        "what is there is kept. Without internet, see docs/room.md." >&2
    exit 1
fi

# JupyterLab looks there: no question about news, no look for updates, no tool for writing homework beside each
# lesson; and the kernel's connection is encrypted. Kernels that others start, as papermill, log errors only.
mkdir -p .venv/etc
cp -R lesson_tools/templates/etc/. .venv/etc
