"""HTML pages of executed lessons, and their index: self-contained, nothing is loaded from the web."""

import functools
from collections.abc import Collection, Iterable, Sequence

from bs4 import BeautifulSoup, Tag
from jinja2 import Environment, PackageLoader
from markupsafe import Markup
from nbconvert import HTMLExporter
from nbformat import NotebookNode
from pygments.formatters import HtmlFormatter

NOT_STORED = "What this cell shows depends on the machine: you see the output when you run this cell."

# Around a table: the arrow keys scroll it where it is wider than the window.
SCROLLS = {"class": "table", "role": "region", "tabindex": "0"}

TEMPLATES = Environment(loader=PackageLoader("lesson_tools"), autoescape=True)


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
    if solutions:
        for details in soup.find_all("details"):
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
    return page("lesson.html", title=title, lesson=Markup(body), links=links)


def index_page(rows: Iterable[tuple[str, str, float, str]]) -> str:
    """The page that lists the lessons: file name of the page, title, seconds, headline."""
    cells = [(link(file, title), f"{seconds:.0f} s", headline) for file, title, seconds, headline in rows]
    return page("index.html", title="The lessons", columns=("lesson", "time", "result"), rows=cells)


def link(address: str, words: str) -> Markup:
    return Markup('<a href="{}">{}</a>').format(address, words)


def page(template: str, **values) -> str:
    """The page of a file in `templates/`. Values are text, which is escaped, or `Markup`, which is HTML."""
    return TEMPLATES.get_template(template).render(values, code_colors=code_colors)


def code_colors(style: str) -> Markup:
    """The colors of a Pygments style for code, without its background."""
    return Markup("\n".join(HtmlFormatter(style=style).get_token_style_defs(".highlight")))
