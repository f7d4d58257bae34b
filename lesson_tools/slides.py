"""A lesson's page of the book as slides for the projector.

A slide is a box of 1280 × 720 units that fills the window, so that what fits on one screen fits on all. The
text of a slide that is too full gets smaller until it fits. Fifty lines of script turn the pages; a library
for slides would do the same, and would have to be kept up to date.
"""

import html
import math
import re
from collections.abc import Iterator
from dataclasses import dataclass

from bs4 import BeautifulSoup, Tag
from jinja2 import Environment, PackageLoader
from markupsafe import Markup

HEIGHT = 520  # units that a slide has below its heading
WHOLE = {"What you'll do", "What you'll learn", "What you need", "Summary", "Exercises", "Next"}
NOT_STORED = "What this cell shows depends on the machine: you see the output when you run this cell."
CHECK = re.compile(r"\w+ = None\n\w+\.check_\w+\(")  # an exercise's cell: the class answers aloud
EXERCISE = re.compile(r"<strong>\d+\.</strong>|<em>Check yourself\.</em>")  # begins a slide


@dataclass
class Block:
    """What stays together on a slide: its HTML, and about how many units high it is."""

    html: str
    height: float
    first: bool = False  # begins a slide: an exercise or a self-check


def slides_file(page: str) -> str:
    """The name of a page's slides: "06_train_the_network.html" -> "06_train_the_network_slides.html"."""
    return page.replace(".html", "_slides.html")


def lesson_slides(page: str, name: str) -> str:
    """The slides of a lesson, as HTML to lie beside its page of the book, whose HTML and file name are given.

    Figures come without the code that draws them, long paragraphs with their beginning, "…" for the rest.
    Imports and the cells in which a reader checks an answer are left out.
    """
    soup = BeautifulSoup(page, "html.parser")
    article = soup.article
    for unused in article.select("a.headerlink, style, .on-paper"):
        unused.decompose()
    for link in article.select('a[href^="#"]'):
        link["href"] = name + link["href"]
    (title, opening), *rest = _sections(article)
    slides = [(title, opening)]
    for heading, blocks in rest:
        parts = _packed(blocks)
        for number, part in enumerate(parts, start=1):
            of = f" <span>{number}/{len(parts)}</span>" if len(parts) > 1 else ""
            slides.append((heading + of, part))
    template = Environment(loader=PackageLoader("lesson_tools"), autoescape=True).get_template("slides.html")
    return template.render(
        title=element_text(title),
        slides=[(Markup(heading), [Markup(block.html) for block in blocks]) for heading, blocks in slides],
        page=name,
        language=soup.html["lang"],
    )


def _sections(article: Tag) -> list[tuple[str, list[Block]]]:
    """The headings of a lesson in order, each with the blocks below it; the first is its title."""
    found, imports = [], True
    for element in article.select(":is(article, section) > :not(section, span)"):
        if re.fullmatch("h[1-6]", element.name):
            found.append((element.decode_contents(), []))
        elif not found:  # papermill's note that a cell failed
            continue
        elif "cell" not in element.get("class", []):
            heading, blocks = found[-1]
            blocks.extend(_of_text(element, whole=len(found) == 1 or element_text(heading) in WHOLE))
        elif imports:  # what comes between them and the next heading
            found.append(("Set up", []))
            imports = False
        else:
            found[-1][1].extend(_of_code(element))
    return [(heading, blocks) for heading, blocks in found if blocks] or [("", [])]


def element_text(inner: str) -> str:
    """Text of a piece of HTML."""
    return html.unescape(re.sub(r"<[^>]*>", "", inner))


def _packed(blocks: list[Block]) -> list[list[Block]]:
    """The blocks in order, as many on a slide as it has room for."""
    slides, left = [], -1
    for block in blocks:
        if block.first or block.height > left:
            slides.append([])
            left = HEIGHT
        slides[-1].append(block)
        left -= block.height
    return slides


def _of_text(element: Tag, whole: bool) -> Iterator[Block]:
    if element.name == "details":
        summary, rest = element.summary, element.summary.find_next_siblings()
        opened = " open" if element.has_attr("open") else ""
        parts = [block for child in rest for block in _of_text(child, whole=True)]
        for part in parts:
            short = len(parts) == 1 and part.height <= 150  # an answer of a self-check: all on one slide
            height = 48 + (part.height if opened else 0) if short else HEIGHT
            yield Block(f"<details{opened}>{summary}{part.html}</details>", height)
    elif element.name in ("ul", "ol"):
        yield from _of_list(element, whole)
    elif element.find("table"):
        yield from _of_table(element)
    elif element.name == "pre" or element.find("pre"):
        yield from _of_pre(element, "code")
    else:
        inner = element.decode_contents() if whole else shortened(element.decode_contents())
        yield Block(f"<p>{inner}</p>", _lines(element_text(inner)) * 41 + 15, bool(EXERCISE.match(inner)))


def _of_list(element: Tag, whole: bool) -> Iterator[Block]:
    """A list, cut where a slide is full."""
    number, items, height = int(element.get("start", 1)), [], 0
    for place, item in enumerate(element.find_all("li", recursive=False), start=number):
        inner = item.decode_contents() if whole else shortened(item.decode_contents())
        high = _lines(element_text(inner)) * 41 + 8
        if items and height + high > HEIGHT:
            yield _list(element.name, number, items, height)
            number, items, height = place, [], 0
        items.append(inner)
        height += high
    yield _list(element.name, number, items, height)


def _list(name: str, number: int, items: list[str], height: float) -> Block:
    start = f' start="{number}"' if name == "ol" and number > 1 else ""
    inner = "".join(f"<li>{item}</li>" for item in items)
    return Block(f"<{name}{start}>{inner}</{name}>", height + 15)


def _of_code(cell: Tag) -> list[Block]:
    source = cell.find(class_="cell_input")
    if CHECK.match(source.get_text().strip()):
        return []
    blocks = [block for output in cell.select(".cell_output > *") for block in _of_output(output)]
    if note := cell.find(class_="not-stored"):
        blocks.append(Block(str(note), 52))
    if cell.img:
        return blocks
    blocks[:0] = _of_pre(source, "code")
    height = sum(block.height for block in blocks)
    together = Block("\n".join(block.html for block in blocks), height)
    return [together] if height <= HEIGHT else blocks


def _of_output(output: Tag) -> Iterator[Block]:
    if output.script:  # the explorer, which works here as well
        yield Block(f"<div>{output.decode_contents()}</div>", HEIGHT)
    elif output.name == "img":
        yield Block(f'<div class="figure">{output}</div>', 400)  # at least: it takes what is left
    elif output.pre:
        yield from _of_pre(output, "output")
    else:
        yield from _of_text(output, whole=True)


def _of_pre(element: Tag, kind: str) -> Iterator[Block]:
    """Code, or what it printed, which is cut where a slide is full."""
    pre = element if element.name == "pre" else element.pre
    inner, lines = pre.decode_contents().strip("\n"), pre.get_text().strip("\n").split("\n")
    columns = max(40, min(110, max(map(len, lines))))
    line_height = min(0.8, 62 / columns) * 30 * 1.35
    heights = [math.ceil(max(1, len(line)) / columns) * line_height for line in lines]
    parts = [(inner, sum(heights))]
    if "<" not in inner:  # otherwise a tag might go over several lines
        parts = [
            ("\n".join(inner.split("\n")[part]), sum(heights[part])) for part in _cut(heights, HEIGHT - 36)
        ]
    colors = "highlight " if kind == "code" else ""
    for text, height in parts:
        inside = f'<pre style="--columns: {columns}">{text}</pre>'
        yield Block(f'<div class="{colors}{kind}">{inside}</div>', height + 36)


def _of_table(element: Tag) -> Iterator[Block]:
    """A table, cut where a slide is full, with its column headers on each."""
    head, rows = element.table.thead, element.table.tbody.find_all("tr")
    heights = [max(_lines(cell.get_text(), 40) for cell in row.find_all(["th", "td"])) * 36 for row in rows]
    kind = ' class="dataframe"' if "dataframe" in element.table.get("class", []) else ""
    top = 36 * len(head.find_all("tr")) + 15
    parts = _cut(heights, HEIGHT - top)
    lines = _with_all_headers(rows) if len(parts) > 1 else list(map(str, rows))
    for part in parts:
        body = "\n".join(lines[part])
        yield Block(f"<table{kind}>\n{head}\n<tbody>\n{body}\n</tbody>\n</table>", top + sum(heights[part]))


def _with_all_headers(rows: list[Tag]) -> list[str]:
    """The rows of a table, each with the headers that rows above it share with it."""
    found, shared = [], []  # shared: HTML of a header, and how many rows it still is for
    for row in rows:
        shared = [(header, left - 1) for header, left in shared if left > 1]
        cells = [header for header, _ in shared]
        for cell in row.find_all(["th", "td"]):
            alone = f'<th scope="row">{cell.decode_contents()}</th>' if cell.name == "th" else str(cell)
            if span := int(cell.get("rowspan", 1)) - 1:
                shared.append((alone, span + 1))
            cells.append(alone)
        found.append(f"<tr>{''.join(cells)}</tr>")
    return found


def _cut(heights: list[float], room: float) -> list[slice]:
    """Cut what is so high, one below the other, into parts of about the same number that fit into `room`."""
    count = max(1, math.ceil(sum(heights) / room))
    size = math.ceil(len(heights) / count)
    return [slice(begin, begin + size) for begin in range(0, len(heights), size)]


def _lines(text: str, columns: int = 72) -> int:
    return max(1, math.ceil(len(" ".join(text.split())) / columns))


def shortened(inner: str, enough: int = 180) -> str:
    """A long paragraph's first sentences, and its last one if that asks, or leads to what comes next.

    `inner`: its HTML; what is left out is marked with "…". A paragraph of up to `enough` characters
    of text stays as it is.
    """
    if len(element_text(inner)) <= enough:
        return inner
    sentences = []
    for piece in re.split(r"(?<=[.?!:])\s+(?=[A-Z<“\"])", inner.strip()):
        tags = re.findall(r"<(/?)\w", sentences[-1]) if sentences else []
        if sentences and (tags.count("") != tags.count("/") or re.search(r"\b[A-Z]\.$", sentences[-1])):
            sentences[-1] += f" {piece}"  # a full stop within a tag, or of an initial, ends no sentence
        else:
            sentences.append(piece)
    kept = [sentences.pop(0)]
    while sentences and len(element_text(" ".join([*kept, sentences[0]]))) <= enough:
        kept.append(sentences.pop(0))
    if not sentences:
        return inner
    last = sentences[-1] if re.search(r"[?:](<[^>]*>)*$", sentences[-1]) else ""
    between = "" if last and len(sentences) == 1 else "\N{NO-BREAK SPACE}…"
    return f"{' '.join(kept)}{between} {last}".strip()
