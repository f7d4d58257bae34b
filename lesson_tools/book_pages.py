"""What Sphinx, MyST-NB and the theme don't do for the pages of the book by themselves: a Sphinx extension."""

from urllib.parse import urlparse

from lesson_tools.slides import FOLDER

from docutils import nodes
from myst_nb.core.render import MimeData, NbElementRenderer
from sphinx.application import Sphinx

NOT_STORED = "What this cell shows depends on the machine: you see the output when you run this cell."


class Outputs:
    """Gives figures the descriptions that are in their metadata. MyST-NB finds it by its entry point."""

    @staticmethod
    def handle_mime(renderer: NbElementRenderer, data: MimeData, inline: bool) -> list[nodes.Node] | None:
        if inline or data.mime_type != "image/png":
            return None
        [image] = renderer.render_image(data)
        image["alt"] = data.output_metadata.get("image/png", {}).get("alt", "")
        return [image]


def name_sections(app: Sphinx, document: nodes.document) -> None:
    """Put the names that GitHub gives to headings first: docutils numbers those in Chinese, for example."""
    for section in document.findall(nodes.section):
        section["ids"].sort(key=lambda name: name != section.get("slug"))


def say_what_is_not_stored(app: Sphinx, document: nodes.document) -> None:
    for cell in document.findall(nodes.container):
        if "tag_machine" in cell["classes"] and all("cell_input" in part["classes"] for part in cell):
            cell += nodes.paragraph(text=NOT_STORED, classes=["not-stored"])


def add_buttons(app: Sphinx, page: str, template: str, context: dict, _: nodes.document | None) -> str | None:
    """Slides for each lesson; Binder and Colab, if it is known where the repository is.

    Returns the template of slides, which have no buttons.
    """
    folder, _, name = page.rpartition("/")
    if folder == FOLDER:
        return "slides.html"
    if folder != "notebooks":
        return None
    buttons = [_link(f"../{FOLDER}/{name}.html", "fas fa-display", tooltip="Slides")]
    if repository := urlparse(app.config.lessons_repository).path.strip("/"):
        binder = f"https://mybinder.org/v2/gh/{repository}/HEAD?urlpath=lab/tree/{page}.ipynb"
        colab = f"https://colab.research.google.com/github/{repository}/blob/colab/{name}.ipynb"
        online = [
            _link(binder, "_static/images/logo_binder.svg", text="Binder"),
            _link(colab, "_static/images/logo_colab.png", text="Colab"),
        ]
        words = {"label": "launch-buttons", "tooltip": "Run it online"}
        buttons.append({"type": "group", "icon": "fas fa-rocket", "buttons": online} | words)
    context["header_buttons"][:0] = buttons
    return None


def _link(address: str, icon: str, **words: str) -> dict[str, str]:
    """A button, as the theme describes it."""
    return {"type": "link", "url": address, "icon": icon} | words


def setup(app: Sphinx) -> dict:
    app.add_config_value("lessons_repository", "", "html", str)
    app.connect("doctree-read", name_sections, priority=400)  # before the contents are collected
    app.connect("doctree-read", say_what_is_not_stored)
    app.connect("html-page-context", add_buttons, priority=600)  # behind the theme
    return {"parallel_read_safe": True, "parallel_write_safe": True}
