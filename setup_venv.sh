#!/bin/sh
# Set up .venv from the lock: sh setup_venv.sh [PYTHON [EXTRAS]]. Called by make.
# EXTRAS are those of pyproject.toml. Unless others are named, "sweep", which a lesson needs, and "book", with
# which make run ends.
set -eu
cd "$(dirname "$0")"

supported='import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))'

# The Python that was asked for, otherwise the first supported one.
for python in ${1:-python3 python3.13 python3.12 python3.11 python}; do
    if "$python" -c "$supported" 2>/dev/null; then
        found=$python
        break
    fi
done

if [ -z "${found:-}" ]; then
    version=$("${1:-python3}" -c 'import sys; print("%d.%d" % sys.version_info[:2])' 2>/dev/null) || version="not found"
    echo "The lessons need Python 3.11, 3.12 or 3.13; ${1:-python3} is $version." \
        "Install one and name it, for example: make PYTHON=python3.12 run" >&2
    exit 1
fi

if ! "$found" -c 'import ensurepip, venv' 2>/dev/null; then
    echo "$found has no venv module: install it (on Debian and Ubuntu: sudo apt install python3-venv)" \
        "and start again." >&2
    exit 1
fi

echo "Setting up .venv with $("$found" --version): this takes a few minutes, once."
if [ "$(.venv/bin/python --version 2>/dev/null)" != "$("$found" --version)" ]; then
    rm -rf .venv  # of another Python, or half made
fi
"$found" -m venv .venv
.venv/bin/python -m pip install --quiet --disable-pip-version-check -e ".[${2:-sweep,book}]" -c requirements.txt
