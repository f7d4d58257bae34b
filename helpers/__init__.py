"""Helpers of the lessons, one module for each kind of thing.

In a Jupyter kernel, what TensorFlow's C++ code writes to stderr when it is imported later is kept out of the
lesson: dozens of lines, on healthy machines. Lesson 01 reads them on purpose. What a user's own settings
would break is set here: those of Keras, of matplotlib, and of warnings that are made errors.
"""

import contextlib
import importlib.abc
import importlib.machinery
import os
import platform
import sys
import warnings
from collections.abc import Iterator


@contextlib.contextmanager
def quiet_stderr() -> Iterator[None]:
    """Drop what C++ code writes to stderr meanwhile: some of its lines obey no setting."""
    stderr, nowhere = os.dup(2), os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 2)
    try:
        yield
    finally:
        os.dup2(stderr, 2)
        os.close(stderr)
        os.close(nowhere)


# TensorFlow reads this when it is imported. 3 is the only level without an error for a card that isn't there;
# errors that matter are Python exceptions.
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
# With oneDNN, training takes about half the time. By itself, TensorFlow uses it on new processors only.
if platform.machine() in ("x86_64", "AMD64"):
    os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "1")
# Keras reads these: another backend has no place here, and a limit would silently end each training early.
os.environ["KERAS_BACKEND"] = "tensorflow"
for _limit in ("KERAS_MAX_EPOCHS", "KERAS_MAX_STEPS_PER_EPOCH"):
    os.environ.pop(_limit, None)


class QuietImports(importlib.abc.MetaPathFinder):
    """Imports TensorFlow and Keras without a word, and sets what a user's own settings would break."""

    def find_spec(self, name, path, target=None):
        spec = name in ("tensorflow", "keras") and importlib.machinery.PathFinder.find_spec(name, path)
        if not spec:
            return None  # and so the others look for it
        execute = spec.loader.exec_module

        def exec_module(module):
            with quiet_stderr():
                execute(module)
            if name == "tensorflow":
                module.get_logger().setLevel("ERROR")  # advice about speed is not for the reader
            else:  # in place of what keras.json says
                module.config.set_image_data_format("channels_last")
                module.config.set_floatx("float32")
                module.config.set_epsilon(1e-7)

        spec.loader.exec_module = exec_module
        return spec


_kernel = sys.modules.get("ipykernel.kernelapp")
if _kernel and _kernel.IPKernelApp.initialized():  # tools that start kernels import ipykernel, too
    os.environ["MPLBACKEND"] = "module://matplotlib_inline.backend_inline"  # with another no figure is seen
    warnings.filters[:] = [known for known in warnings.filters if known[0] != "error"]
    warnings.filterwarnings("ignore", "Glyph .* missing from")  # one for each letter that a font lacks
    sys.meta_path.insert(0, QuietImports())
    import matplotlib

    matplotlib.rcdefaults()  # in place of what a matplotlibrc says
