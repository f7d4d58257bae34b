"""How the tests are spread over two workers (pytest -n 2 --dist loadgroup).

A file stays together, so that what it prepares is prepared once. A group of its own, as each lesson's run
has one, goes to the worker that has time for it.
"""

import pytest


def pytest_collection_modifyitems(items):
    for item in items:
        if not item.get_closest_marker("xdist_group"):
            item.add_marker(pytest.mark.xdist_group(item.path.stem))
