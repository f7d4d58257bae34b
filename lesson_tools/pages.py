"""HTML pages of executed lessons, and their index: self-contained, nothing is loaded from the web."""

import functools
import html
from collections.abc import Collection, Iterable, Sequence

from bs4 import BeautifulSoup, Tag
from nbconvert import HTMLExporter
from nbformat import NotebookNode
from pygments.formatters import HtmlFormatter

NOT_STORED = "What this cell shows depends on the machine: you see the output when you run this cell."

# Around a table: the arrow keys scroll it where it is wider than the window.
SCROLLS = {"class": "table", "role": "region", "tabindex": "0"}

# Light on paper in any case, so dark colors are for the screen alone.
STYLE = """
:root { color-scheme: light; --paper: #fff; --ink: #1b1b1b; --link: #0b57d0; }
:root { --code: #f8f8f8; --line: #c4c4c4; }
@media screen and (prefers-color-scheme: dark) {
  :root { color-scheme: dark; --paper: #0d1117; --ink: #e6edf3; --link: #8ab4f8; }
  :root { --code: #161b22; --line: #4a525c; }
}
body { font: 17px/1.6 system-ui, sans-serif; max-width: 54rem; margin: 2rem auto; padding: 0 1rem; }
body { background: var(--paper); color: var(--ink); }
a { color: var(--link); }
:focus-visible { outline: 3px solid var(--link); outline-offset: 2px; }
nav { display: flex; flex-wrap: wrap; gap: .4rem 1.6rem; }
.skip { position: absolute; left: -100rem; }
.skip:focus { left: 1rem; top: .3rem; }
pre, code { font-family: ui-monospace, Consolas, monospace; }
pre { font-size: 14px; line-height: 1.5; margin: 0; white-space: pre-wrap; overflow-wrap: anywhere; }
code { font-size: .9em; overflow-wrap: anywhere; }
pre code { font-size: inherit; }
.highlight, .text_cell_render > pre { background: var(--code); border: 1px solid var(--line); }
.highlight, .text_cell_render > pre { border-radius: 6px; padding: .6rem .9rem; margin: 1rem 0 .4rem; }
.output_subarea, .note { padding: .2rem .9rem; margin: 0; }
.note { font-style: italic; }
.output_error, .output_stderr { border-left: 4px solid #D55E00; }
img { max-width: 100%; height: auto; background: white; }
.table { overflow-x: auto; }
table { border-collapse: collapse; font-size: 15px; font-variant-numeric: tabular-nums; }
td, th { padding: .2rem .8rem; border-bottom: 1px solid var(--line); text-align: left; vertical-align: top; }
@page { size: A4; margin: 16mm 14mm; }
@media print {
  body { font-size: 10.5pt; line-height: 1.45; max-width: none; margin: 0; padding: 0; }
  pre { font-size: 7.5pt; line-height: 1.4; }
  table { font-size: 8.5pt; }
  .table { overflow: visible; }
  td, th { padding: .1rem .4rem; }
  .highlight, .text_cell_render > pre { padding: 3pt 5pt; }
  .highlight, .output_area, tr, li { break-inside: avoid; }
  .input { break-after: avoid; }
  h1, h2, h3 { break-after: avoid; }
  p { orphans: 3; widows: 3; }
  img { max-height: 235mm; }
  nav, .skip, details:not([open]) { display: none; }
  main a[href^="http"]::after { content: " (" attr(href) ")"; font-size: .85em; overflow-wrap: anywhere; }
}
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


def lesson_body(
    notebook: NotebookNode, pages: Collection[str] = (), solutions: bool = False
) -> BeautifulSoup:
    """The cells of an executed lesson as HTML, figures and tables in the form that screen readers need.

    `pages`: the lessons that have a page beside this one, such as "05_train_the_network"; links to others are
    left out. `solutions`: the solutions, which a reader unfolds, are unfolded.
    """
    body, _ = _exporter().from_notebook_node(without_widgets(notebook))
    soup = BeautifulSoup(body, "html.parser")
    for unused in soup.select(".prompt, a.anchor-link, style"):
        unused.decompose()
    for link in soup.select('a[href$=".ipynb"]'):
        lesson = link["href"].removesuffix(".ipynb")
        if lesson in pages:
            link["href"] = f"{lesson}.html"
        else:
            link.unwrap()
    for number, table in enumerate(soup.find_all("table"), start=1):
        _name_headers(table)
        table.wrap(soup.new_tag("div", attrs=SCROLLS | {"aria-label": f"Table {number}"}))
    for cell in soup.select(".celltag_machine"):
        if not cell.find(class_="output_area"):
            cell.append(soup.new_tag("p", attrs={"class": "note"}, string=NOT_STORED))
    for details in soup.find_all("details"):
        if solutions:
            details["open"] = ""
    return soup


@functools.cache
def _exporter() -> HTMLExporter:
    # The basic template keeps the figures' descriptions, which the lab template drops, and loads no scripts.
    return HTMLExporter(template_name="basic")


def _name_headers(table: Tag) -> None:
    """Say of each header what it is the header of, and leave the look of the table to the style."""
    for element in (table, *table.find_all(["tr", "th", "td"])):
        for attribute in ("border", "style", "valign"):
            element.attrs.pop(attribute, None)
    for header in table.find_all("th"):
        if header.get_text(strip=True):
            header["scope"] = "col" if header.find_parent("thead") else "row"
        else:
            header.name = "td"  # the corner above the row headers


def lesson_page(notebook: NotebookNode, title: str, pages: Collection[str] = ()) -> str:
    """The page of an executed lesson, its figures with their descriptions; `pages` as in `lesson_body`."""
    return body_page(lesson_body(notebook, pages), title, [("index.html", "All lessons")])


def body_page(body: BeautifulSoup, title: str, links: Sequence[tuple[str, str]]) -> str:
    """The page of a lesson's body, with `links` above and below: address, words."""
    anchors = "\n".join(f'<a href="{html.escape(to)}">{html.escape(words)}</a>' for to, words in links)
    return page(
        title,
        f'<a class="skip" href="#lesson">Skip to the lesson</a>\n'
        f'<nav aria-label="Lessons">\n{anchors}\n</nav>\n<main id="lesson">\n{body}\n</main>\n'
        f'<nav aria-label="Lessons, again">\n{anchors}\n</nav>',
        code_colors("default")
        + f"@media screen and (prefers-color-scheme: dark) {{\n{code_colors('github-dark')}}}\n",
    )


def index_page(rows: Iterable[tuple[str, str, float, str]]) -> str:
    """The page that lists the lessons: file name of the page, title, seconds, headline."""
    table = lessons_table(
        ("lesson", "time", "result"),
        (
            (f'<a href="{html.escape(file)}">{html.escape(title)}</a>', f"{seconds:.0f} s", html.escape(line))
            for file, title, seconds, line in rows
        ),
    )
    return page("The lessons", f"<main>\n<h1>The lessons</h1>\n{table}\n</main>")


def lessons_table(columns: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table of the lessons, of cells that are HTML; the first cell of a row is its header."""
    head = "".join(f'<th scope="col">{column}</th>' for column in columns)
    lines = "\n".join(
        f'<tr><th scope="row">{first}</th>{"".join(f"<td>{cell}</td>" for cell in rest)}</tr>'
        for first, *rest in rows
    )
    table = f"<table>\n<thead><tr>{head}</tr></thead>\n<tbody>\n{lines}\n</tbody>\n</table>"
    attributes = " ".join(f'{name}="{value}"' for name, value in SCROLLS.items())
    return f'<div {attributes} aria-label="The lessons">\n{table}\n</div>'


def code_colors(style: str) -> str:
    """The colors of a Pygments style for code, without its background."""
    return "\n".join(HtmlFormatter(style=style).get_token_style_defs(".highlight")) + "\n"


def page(title: str, body: str, style: str = "", base: str = STYLE) -> str:
    """A whole HTML page; `style` comes after the style `base`."""
    return (
        f'<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        f'<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{html.escape(title)}</title>\n"
        f"<style>{base}{style}</style>\n</head>\n<body>\n{body}\n</body>\n</html>\n"
    )
