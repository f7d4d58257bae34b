"""HTML pages of executed lessons, and their index: self-contained, nothing is loaded from the web."""

import html
import re
from collections.abc import Iterable

from nbconvert import HTMLExporter
from nbformat import NotebookNode
from pygments.formatters import HtmlFormatter

STYLE = """
:root { color-scheme: light dark; --line: #8886; --code: #8882; }
body { font: 17px/1.6 system-ui, sans-serif; max-width: 54rem; margin: 2rem auto; padding: 0 1rem; }
a.anchor-link, .prompt { display: none; }
pre { font: 14px/1.5 ui-monospace, Consolas, monospace; margin: 0; }
pre { white-space: pre-wrap; overflow-wrap: anywhere; }
.input_area { background: var(--code); border-radius: 6px; padding: .6rem .9rem; margin: 1rem 0 .4rem; }
.output_subarea { padding: .2rem .9rem; overflow-x: auto; }
.output_error, .output_stderr { border-left: 4px solid #D55E00; }
img { max-width: 100%; height: auto; background: white; }
table { border-collapse: collapse; font-size: 15px; }
table, td, th { border: 0; }
td, th { padding: .2rem .8rem; border-bottom: 1px solid var(--line); text-align: left; }
@media print { .cell { break-inside: avoid; } }
"""


def without_widgets(notebook: NotebookNode) -> NotebookNode:
    """Take what lives in a kernel alone out of a notebook's outputs: the figure beside it stays."""
    widget = "application/vnd.jupyter.widget-view+json"
    for cell in notebook.cells:
        for output in list(cell.get("outputs", [])):
            if output.get("data", {}).pop(widget, None) and set(output.data) <= {"text/plain"}:
                cell.outputs.remove(output)  # such as a progress bar, whose text says how it began
    notebook.metadata.pop("widgets", None)
    return notebook


def lesson_page(notebook: NotebookNode, title: str, pages: Iterable[str] = ()) -> str:
    """The page of an executed lesson, its figures with their descriptions.

    `pages`: the lessons that have a page beside this one, such as "05_train_the_network"; links to others are
    left out.
    """
    # The basic template keeps the figures' descriptions, which the lab template drops, and loads no scripts.
    body, _ = HTMLExporter(template_name="basic").from_notebook_node(without_widgets(notebook))
    light, dark = HtmlFormatter(style="default"), HtmlFormatter(style="github-dark")
    colours = (
        f"{light.get_style_defs('.highlight')}\n"
        f"@media (prefers-color-scheme: dark) {{ {dark.get_style_defs('.highlight')} }}\n"
        ".highlight { background: none !important; }"
    )
    there = "|".join(map(re.escape, pages)) or "(?!)"
    body = re.sub(rf'<a href="({there})\.ipynb">', r'<a href="\1.html">', body)
    body = re.sub(r'<a href="\d\d_\w+\.ipynb">(.*?)</a>', r"\1", body)
    return _page(title, f'<p><a href="index.html">All lessons</a></p>\n{body}', colours)


def index_page(rows: Iterable[tuple[str, str, float, str]]) -> str:
    """The page that lists the lessons: file name of the page, title, seconds, headline."""
    lines = "\n".join(
        f'<tr><td><a href="{html.escape(file)}">{html.escape(title)}</a></td>'
        f"<td>{seconds:.0f} s</td><td>{html.escape(headline)}</td></tr>"
        for file, title, seconds, headline in rows
    )
    table = f"<table>\n<tr><th>lesson</th><th>time</th><th>result</th></tr>\n{lines}\n</table>"
    return _page("The lessons", f"<h1>The lessons</h1>\n{table}")


def _page(title: str, body: str, style: str = "") -> str:
    return (
        f'<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        f'<meta name="viewport" content="width=device-width">\n<title>{html.escape(title)}</title>\n'
        f"<style>{STYLE}{style}</style>\n</head>\n<body>\n{body}\n</body>\n</html>\n"
    )
