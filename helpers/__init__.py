"""Helpers of the lessons, one module for each kind of thing.

Importing this package in a Jupyter kernel also imports TensorFlow, and keeps what its C++ code then writes to
stderr out of the lesson: dozens of lines, on healthy machines. Lesson 01 reads them on purpose.
"""

import os
import sys

# TensorFlow reads this when it is imported. 3 is the only level without an error for a card that isn't there;
# errors that matter are Python exceptions.
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

_kernel = sys.modules.get("ipykernel.kernelapp")
if _kernel and _kernel.IPKernelApp.initialized():  # tools that start kernels import ipykernel, too
    # Some lines come before TensorFlow obeys any setting, so the file descriptor itself is redirected.
    _stderr, _nowhere = os.dup(2), os.open(os.devnull, os.O_WRONLY)
    os.dup2(_nowhere, 2)
    try:
        import tensorflow

        # Advice about speed, such as on predicting with several networks: not for the reader.
        tensorflow.get_logger().setLevel("ERROR")
    finally:
        os.dup2(_stderr, 2)
        os.close(_stderr)
        os.close(_nowhere)
