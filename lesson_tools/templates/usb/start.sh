#!/bin/sh
# Copy the lessons to your disk, install what they need without a network, and open them in JupyterLab:
#     sh start.sh [FOLDER [COMMAND ...]]
# FOLDER is image-lessons in your home unless you name one; COMMAND is run in it in place of JupyterLab.
set -eu
stick=$(cd "$(dirname "$0")" && pwd)
folder=${1:-$HOME/image-lessons}
[ $# -eq 0 ] || shift

if [ ! -e "$folder" ]; then  # in one step, so that an interrupted copy is not taken for the whole
    rm -rf "$folder.partial"
    cp -R "$stick/lessons" "$folder.partial"
    chmod -R u+w "$folder.partial"
    mv "$folder.partial" "$folder"
fi
if [ ! -e "$folder/setup_venv.sh" ]; then
    echo "$folder is there and does not hold the lessons: name another folder, as in sh start.sh FOLDER." >&2
    exit 1
fi

# Where Keras keeps it, the lessons find CIFAR-10 by themselves.
archive=$stick/data/cifar-10-python.tar.gz
keras=${KERAS_HOME:-$HOME/.keras}/datasets
cached=$keras/cifar-10-batches-py-target_archive
if [ -e "$archive" ] && [ ! -e "$cached" ]; then
    mkdir -p "$keras"
    cp "$archive" "$cached.partial"
    mv "$cached.partial" "$cached"
elif [ -e "$stick/data" ] && [ ! -e "$archive" ] && [ ! -e "$folder/data" ]; then
    cp -R "$stick/data" "$folder/data"
    chmod -R u+w "$folder/data"
fi

if [ ! -e "$folder/.venv/ready" ]; then
    for python in ${PYTHON:-python3.11 python3.12 python3.13 python3}; do
        version=$("$python" -c 'import sys; print("%d.%d" % sys.version_info[:2])' 2>/dev/null) || continue
        case " @PYTHONS@ " in *" $version "*) found=$python; break ;; esac
    done
    if [ -z "${found:-}" ]; then
        echo "The packages are for Python @PYTHONS@, which was not found: install it, or name it, as in" \
            "PYTHON=/path/to/python3 sh start.sh." >&2
        exit 1
    fi
    # pip reads these two, so that every installation in this shell takes the stick in place of the internet;
    # as an address, because pip would split a path at its spaces.
    export PIP_NO_INDEX=1
    address='import pathlib, sys; print(pathlib.Path(sys.argv[1]).as_uri())'
    PIP_FIND_LINKS=$("$found" -c "$address" "$stick/packages")
    export PIP_FIND_LINKS
    sh "$folder/setup_venv.sh" "$found"
    touch "$folder/.venv/ready"  # for make, which would install again
fi
cd "$folder"
[ $# -gt 0 ] || set -- .venv/bin/jupyter lab notebooks
exec "$@"
