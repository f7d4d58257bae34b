"""What Sphinx, MyST-NB and the theme don't do for the pages of the book by themselves: a Sphinx extension."""

import base64
import io
import math
from dataclasses import replace
from urllib.parse import urlparse

from lesson_tools.slides import FOLDER

from docutils import nodes
from docutils.utils.math import MathError, latex2mathml
from myst_nb.core.render import MimeData, NbElementRenderer
from PIL import Image
from sphinx.application import Sphinx
from sphinx.util import logging
from sphinx.writers.html5 import HTML5Translator

NOT_STORED = "What this cell shows depends on the machine: you see the output when you run this cell."


class Outputs:
    """Gives figures the descriptions that are in their metadata. MyST-NB finds it by its entry point."""

    @staticmethod
    def handle_mime(renderer: NbElementRenderer, data: MimeData, inline: bool) -> list[nodes.Node] | None:
        if inline or data.mime_type != "image/png":
            return None
        images = renderer.render_image(data)
        images[0]["alt"] = data.output_metadata.get("image/png", {}).get("alt", "")
        moments = key_moments(base64.b64decode(data.content))
        if moments and renderer.renderer.sphinx_env.docname.startswith("notebooks/"):
            on_paper = replace(data, content=base64.b64encode(moments).decode(), output_metadata={})
            images += renderer.render_image(on_paper)
            images[1]["alt"] = f"Moments of the animation. {images[0]['alt']}"
            images[1]["classes"] = ["on-paper"]
        return images


def key_moments(png: bytes) -> bytes | None:
    """The first two frames of an animation, one from its middle, and the last, in one still image for print.

    `png`: the bytes of the file. Returns None if nothing moves.
    """
    with Image.open(io.BytesIO(png)) as film:
        if not film.is_animated:
            return None
        numbers = sorted({0, 1, film.n_frames // 2, film.n_frames - 1})
        sheet = Image.new("RGB", (2 * film.width, math.ceil(len(numbers) / 2) * film.height), "white")
        for place, number in enumerate(numbers):
            film.seek(number)
            sheet.paste(film.convert("RGB"), (place % 2 * film.width, place // 2 * film.height))
    file = io.BytesIO()
    sheet.quantize(64).save(file, "PNG")
    return file.getvalue()


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


def formula(translator: HTML5Translator, node: nodes.math | nodes.math_block) -> None:
    """Write a formula as MathML, which browsers show without a script."""
    block = isinstance(node, nodes.math_block)
    try:
        written = latex2mathml.tex2mathml(node.astext(), as_block=block)
    except MathError as error:
        logging.getLogger(__name__).warning("%s in the formula %s", error, node.astext(), location=node)
        written = translator.encode(node.astext())
    translator.body.append(f'<div class="formula">{written}</div>' if block else written)
    raise nodes.SkipNode


def setup(app: Sphinx) -> dict:
    app.add_config_value("lessons_repository", "", "html", str)
    app.add_html_math_renderer("mathml", inline_renderers=(formula, None), block_renderers=(formula, None))
    app.connect("doctree-read", name_sections, priority=400)  # before the contents are collected
    app.connect("doctree-read", say_what_is_not_stored)
    app.connect("html-page-context", add_buttons, priority=600)  # behind the theme
    return {"parallel_read_safe": True, "parallel_write_safe": True}
