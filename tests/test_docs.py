"""The documentation names files, headings, commands and homework that exist."""

import json
import re
import shlex
from pathlib import Path
from urllib.parse import unquote

from lesson_tools.cli import cli

import click
import pytest

ROOT = Path(__file__).parent.parent
PAGES = {
    path.relative_to(ROOT).as_posix(): path.read_text(encoding="utf-8")
    for path in (*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md"))
}
HISTORY = "CHANGELOG.md"  # names commands that are gone
LESSONS = [path.stem for path in sorted((ROOT / "notebooks").glob("[0-9][0-9]_*.ipynb"))]


def anchors(text: str) -> set[str]:
    """The anchors of a page's headings, as GitHub makes them."""
    headings = re.findall(r"^#+ (.+)$", re.sub(r"^```.*?^```", "", text, flags=re.M | re.S), re.M)
    return {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings}


def broken_links(page: str, text: str) -> list[str]:
    found = []
    for link in re.findall(r"\]\(([^)]+)\)", text):
        if link.startswith("http"):
            continue
        file, _, anchor = unquote(link).partition("#")
        target = (ROOT / page).parent / file if file else ROOT / page
        if not target.exists() or (anchor and anchor not in anchors(target.read_text(encoding="utf-8"))):
            found.append(link)
    return found


def code(text: str) -> list[str]:
    """The lines of a page's blocks of code, and what it shows as code within a sentence."""
    blocks = re.findall(r"^```\w*\n(.*?)^```", text, re.M | re.S)
    inline = re.findall(r"`([^`]+)`", re.sub(r"^```.*?^```", "", text, flags=re.M | re.S))
    return [line for block in blocks for line in block.splitlines()] + [" ".join(i.split()) for i in inline]


def unknown_in(command: str) -> str:
    """The first word of `lessons …` that the command line doesn't know; empty if it knows all."""
    words = shlex.split(command, comments=True)[1:]
    found: click.Command = cli
    while words and isinstance(found, click.Group):
        if words[0].startswith("-"):
            break
        if words[0] not in found.commands:
            return words[0]
        found = found.commands[words.pop(0)]
    options = {option for parameter in found.params for option in parameter.opts} | {"-h", "--help"}
    return next((word for word in words if re.match(r"--?[a-z]", word) and word not in options), "")


@pytest.mark.parametrize("page", PAGES)
def test_links_and_commands_exist(page):
    text = PAGES[page]
    assert broken_links(page, text) == []
    if page == HISTORY:
        return
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.M))
    lines = code(text)
    assert {match[1] for line in lines if (match := re.match(r"make ([a-z-]+)", line))} <= targets
    commands = [line for line in lines if re.match(r"(\.venv.(bin|Scripts).)?lessons( |$)", line)]
    assert {line: word for line in commands if (word := unknown_in(line.replace("\\", "/")))} == {}
    modules = {
        match[1] for line in lines for match in re.finditer(r"python -m (helpers|lesson_tools)\b", line)
    }
    assert not modules - {"lesson_tools"}, "modules have no command line of their own"


@pytest.mark.parametrize(
    ("command", "unknown"),
    [
        (".venv/bin/lessons usb make DIR --platform linux-x86_64", ""),
        ("lessons --help", ""),
        ("lessons grade 03", "grade"),
        ("lessons homework hand-out", "hand-out"),
        ("lessons run 06 --profil quick  # misspelled", "--profil"),
    ],
)
def test_a_command_that_does_not_exist_is_found(command, unknown):
    assert unknown_in(command) == unknown


def test_a_link_to_nowhere_is_found():
    text = "[a](docs/results.md#pooling) [b](docs/no.md) [c](docs/results.md#no) [d](#no)"
    assert broken_links("README.md", text) == ["docs/no.md", "docs/results.md#no", "#no"]


def test_the_readme_is_short_and_lists_every_lesson():
    readme = PAGES["README.md"]
    assert len(readme.splitlines()) <= 120
    assert re.findall(r"^\| \[\d\d .+?\]\(notebooks/(.+)\.ipynb\)", readme, re.M) == LESSONS


@pytest.mark.parametrize("lesson", LESSONS)
def test_the_guide_has_a_section_for_each_lesson(lesson):
    parts = re.split(r"^#{2,3} ", PAGES["docs/teaching.md"], flags=re.M)
    section = next(part for part in parts if part.startswith(lesson[:2]))
    title = section.splitlines()[0]
    assert re.sub(r"\W", "_", title.lower()) == lesson
    wanted = ("Aims", "45 minutes", "90 minutes", "On the board", "Live", "Questions", "Common mistakes")
    assert [part for part in wanted if f"**{part}.**" not in section] == []


def minutes(plan: str) -> int:
    """The sum of "8 min: …. 17: …" in a plan of the guide."""
    return sum(int(number) for number in re.findall(r"(?<![\w×])(\d+)(?: min)?:", plan))


@pytest.mark.parametrize("lesson", LESSONS)
def test_the_plans_add_up(lesson):
    section = PAGES["docs/teaching.md"].split(f"\n### {lesson[:2]} ")[1]
    plans = {
        length: re.search(rf"\*\*{length} minutes\.\*\*(.*?)\n\n", section, re.S)[1] for length in (45, 90)
    }
    assert 40 <= minutes(plans[45]) <= 45
    before = re.search(r"in (\d+) minutes\.", plans[90])  # of the plan for 45, where it is not the whole
    assert 80 <= minutes(plans[90]) + int(before[1] if before else 45) <= 90


@pytest.mark.parametrize(("name", "weeks", "each"), [("Six", 6, 90), ("Ten", 10, 90), ("Fifteen", 15, 45)])
def test_the_calendars_add_up(name, weeks, each):
    section = PAGES["docs/teaching.md"].split(f"\n### {name} weeks of {each} minutes\n")[1]
    table = re.search(r"\| before .*?\n\n", section, re.S)[0]
    *rows, total = [[cell.strip() for cell in line.split("|")[1:-1]] for line in table.strip().splitlines()]
    assert [row[0] for row in rows] == ["before", *map(str, range(1, weeks + 1))]
    assert [int(row[2]) for row in rows] == [0] + [each] * weeks
    assert [total[2], total[4]] == [str(sum(int(row[column]) for row in rows)) for column in (2, 4)]

    taken: dict[str, list[str]] = {}
    for row in rows[1:-1]:
        for lesson, half in re.findall(r"(\d\d)(?: \((.+?)\))?", row[1]):
            taken.setdefault(lesson, []).append(half)
    assert all(halves in ([""], ["first half", "second half"]) for halves in taken.values())
    numbers = [lesson[:2] for lesson in LESSONS]
    assert list(taken) == numbers[numbers.index(min(taken)) : numbers.index(max(taken)) + 1]

    homework = PAGES["docs/homework.md"]
    whole = dict(re.findall(r"^\| (\d\d) \| (\d+) \|", homework, re.M))
    in_part = dict(zip(("03", "04"), re.findall(r"\((\d+) points of the (\d+)\)", homework), strict=True))
    known = {"–": 0, "questionnaire": 15, "your runs": 30}
    known |= {f"homework {number}": int(given) for number, given in whole.items()}
    known |= {
        f"homework {number} in part": int(whole[number]) * int(some) / int(points)
        for number, (some, points) in in_part.items()
    }
    for *_, what, given in rows:
        assert int(given) == sum(known[part] for part in what.split(", ")), what


def test_the_key_of_the_questionnaire_fits():
    questions = re.split(r"^\*\*\d+\.\*\*", PAGES["docs/questionnaire.md"], flags=re.M)[1:]
    key = re.findall(r"(\d)([a-d])[,.]", PAGES["docs/teaching.md"].split("Right answers</summary>")[1])
    assert [int(number) for number, _ in key] == list(range(1, 10)) and len(questions) == 12
    choices = [re.findall(r"^- ☐ \(([a-d])\) (.+)", question, re.M) for question in questions]
    assert [len(found) for found in choices] == [4] * 9 + [0] * 3
    right = [dict(found)[letter] for found, (_, letter) in zip(choices[:9], key, strict=True)]
    assert right[:2] == [f"{32 - 3 + 1}×{32 - 3 + 1}×16", str(8 * (3 * 3 * 3 + 1))]


def test_the_table_of_homework_agrees_with_the_notebooks():
    rows = re.findall(r"^\| (\d\d) \| (\d+) \| (\d+) \| (\d+) \|", PAGES["docs/homework.md"], re.M)
    sources = sorted((ROOT / "notebooks" / "homework").glob("*/*.ipynb"))
    assert [f"homework_{row[0]}" for row in rows] == [path.stem for path in sources]
    for path, (_, minutes, points, by_hand) in zip(sources, rows, strict=True):
        cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
        assert f"about {minutes} minutes" in "".join(cells[0]["source"])
        graded = [cell for cell in cells if cell["metadata"].get("nbgrader", {}).get("grade")]
        hand = [cell for cell in graded if cell["cell_type"] == "markdown"]
        assert sum(cell["metadata"]["nbgrader"]["points"] for cell in graded) == int(points)
        assert sum(cell["metadata"]["nbgrader"]["points"] for cell in hand) == int(by_hand)
