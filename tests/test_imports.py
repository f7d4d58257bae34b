"""Who may import whom (CONTRIBUTING.md): lesson_tools → helpers → doodles, never back; notebooks: helpers."""

import ast
import os
import platform
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import nbformat
import pytest

ROOT = Path(__file__).parent.parent
NOT_IN_HELPERS = {"argparse", "click", "papermill", "nbformat", "nbconvert", "nbgrader", "distributed"}
OURS = {"doodles", "helpers", "lesson_tools"}
# What each place may not import: of our packages, and of others.
FORBIDDEN = {
    "doodles": lambda name: name not in {"doodles", "numpy", "PIL", *sys.stdlib_module_names},
    "helpers": lambda name: name in {"lesson_tools", *NOT_IN_HELPERS},
    "notebooks": lambda name: name in OURS - {"helpers"},
}
# Sweeps are the subject of that lesson.
ALLOWED = {("11_run_many_experiments.ipynb", "lesson_tools.sweep")}


def imported(source: str) -> Iterator[str]:
    """The modules that a program imports anywhere in it, by their whole names."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "our packages are imported by their names"
            yield node.module


def forbidden(root: Path) -> list[str]:
    """The imports below `root` that the rules forbid, "helpers/gpu.py: click"."""
    found = []
    for folder, is_forbidden in FORBIDDEN.items():
        for path in sorted((root / folder).rglob("*.py" if folder != "notebooks" else "*.ipynb")):
            source = path.read_text(encoding="utf-8")
            if path.suffix == ".ipynb":
                cells = nbformat.reads(source, as_version=4).cells
                source = "\n".join(cell.source for cell in cells if cell.cell_type == "code")
            for name in imported(source):
                if is_forbidden(name.split(".")[0]) and (path.name, name) not in ALLOWED:
                    found.append(f"{path.relative_to(root).as_posix()}: {name}")
    return found


def test_nothing_is_imported_that_the_rules_forbid():
    assert forbidden(ROOT) == []


@pytest.mark.parametrize(
    ("file", "line"),
    [
        ("helpers/figures/show.py", "from lesson_tools.run import find_lessons"),
        ("helpers/training.py", "def train():\n    import click"),
        ("doodles/canvas.py", "from helpers.files import whole_file"),
        ("doodles/canvas.py", "import matplotlib.pyplot as plt"),
    ],
)
def test_a_forbidden_import_is_found(tmp_path, file, line):
    path = tmp_path / file
    path.parent.mkdir(parents=True)
    path.write_text(line)
    assert len(forbidden(tmp_path)) == 1


def test_a_lesson_that_imports_a_tool_is_found(tmp_path):
    (tmp_path / "notebooks").mkdir()
    cell = nbformat.v4.new_code_cell("from lesson_tools.sweep import sweep")
    nbformat.write(nbformat.v4.new_notebook(cells=[cell]), tmp_path / "notebooks" / "06_train.ipynb")
    assert forbidden(tmp_path) == ["notebooks/06_train.ipynb: lesson_tools.sweep"]


def test_the_tools_load_no_tensorflow():
    """So that each command answers at once; nor do helpers where ipykernel is only imported, as by nbval."""
    modules = [f"lesson_tools.{path.stem}" for path in (ROOT / "lesson_tools").glob("[a-z]*.py")]
    code = f"import sys, ipykernel.kernelapp, {', '.join(modules)}; sys.exit('tensorflow' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], cwd=ROOT).returncode == 0


@pytest.mark.skipif(platform.machine() not in ("x86_64", "AMD64"), reason="TensorFlow has oneDNN for x86")
@pytest.mark.parametrize("setting", [{}, {"TF_ENABLE_ONEDNN_OPTS": "0"}])
def test_helpers_switch_onednn_on_unless_the_user_has_set_it(setting):
    """TensorFlow alone takes it on the newest processors only; without it, training takes twice as long."""
    code = "import helpers\nfrom tensorflow.python.util import _pywrap_util_port as port\n"
    environment = {name: value for name, value in os.environ.items() if name != "TF_ENABLE_ONEDNN_OPTS"}
    command = [sys.executable, "-c", f"{code}print(port.IsMklEnabled())"]
    done = subprocess.run(command, cwd=ROOT, env=environment | setting, capture_output=True, text=True)
    assert done.stdout == f"{not setting}\n", done.stderr[-2000:]


def test_helpers_stay_thin():
    lines = {path: len(path.read_text().splitlines()) for path in (ROOT / "helpers").rglob("*.py")}
    assert sum(lines.values()) <= 3000 and max(lines.values()) <= 350
