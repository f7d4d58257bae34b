"""Helpers of the lessons, one module for each kind of thing.

Importing this package before TensorFlow keeps TensorFlow's start-up notes out of the lessons.
"""

import os

# TensorFlow reads this when it is imported: 2 leaves errors, without notes and warnings.
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
