"""The teacher's guide names lessons, headings, homework and commands that exist."""

import re

from lesson_tools.run import NOTEBOOKS, find_lessons, title

import nbformat
import pytest

ROOT = NOTEBOOKS.parent
GUIDE = (ROOT / "docs" / "teachers_guide.md").read_text(encoding="utf-8")
LESSONS = {lesson.stem[:2]: lesson for lesson in find_lessons()}


def section(heading):
    """The text below `heading` up to the next heading of the same level or above."""
    level = heading.split(" ")[0]
    _, _, after = GUIDE.partition(f"\n{heading}\n")
    return re.split(rf"^#{{1,{len(level)}}} ", after, maxsplit=1, flags=re.MULTILINE)[0]


@pytest.mark.parametrize("number", LESSONS)
def test_each_lesson_has_its_section_and_its_time(number):
    lesson = LESSONS[number]
    text = section(f"### {title(lesson)}")
    parts = ("Aims", "45 minutes", "90 minutes", "On the board", "Live", "Questions", "Common mistakes")
    assert [part for part in parts if f"**{part}.**" not in text] == []
    notebook = nbformat.read(lesson, as_version=4)
    markdown = "\n".join(cell.source for cell in notebook.cells if cell.cell_type == "markdown")
    headings = re.findall(r"^#{2,3} (.+)$", markdown, re.MULTILINE)
    row = next(line for line in GUIDE.splitlines() if line.startswith(f"| {title(lesson)} |"))
    in_stars = re.findall(r"\*([^*]+)\*", re.sub(r"\*\*[^*]+\*\*", "", text + row))
    named = {
        words.replace("\n", " ") for words in in_stars if not words[0].islower()
    }  # lower case is emphasis
    assert named and not named - {*headings, "Run All", "Validate"}, "headings that the lesson doesn't have"


def minutes(plan):
    """ "10 min: …", "5: …" and so on; a time of the machine is written "for two minutes"."""
    return sum(int(number) for number in re.findall(r"(?<![\d.])(\d+)(?: min)?:\s", plan))


@pytest.mark.parametrize("number", LESSONS)
def test_plans_fill_their_minutes(number):
    text = section(f"### {title(LESSONS[number])}")
    single = re.search(r"\*\*45 minutes\.\*\*(.+?)\*\*90", text, re.DOTALL).group(1)
    double = re.search(r"\*\*90 minutes\.\*\*(.+?)\*\*On the board", text, re.DOTALL).group(1)
    assert minutes(single) == 45
    assert minutes(double) == (45 if double.startswith(" Add") else 90)


def test_homework_table_agrees_with_the_notebooks():
    rows = re.findall(r"^\| (\d\d) \| (\d+) \| (\d+) \| (\d+) \|", section("## Homework"), re.MULTILINE)
    assert [row[0] for row in rows] == [f"{number:02d}" for number in range(2, 9)]
    for number, minutes, points, by_hand in rows:
        path = NOTEBOOKS / "homework" / f"homework_{number}" / f"homework_{number}.ipynb"
        cells = nbformat.read(path, as_version=4).cells
        assert f"about {minutes} minutes" in cells[0].source
        graded = [cell for cell in cells if cell.metadata.get("nbgrader", {}).get("grade")]
        assert sum(cell.metadata.nbgrader.points for cell in graded) == int(points)
        hand = [cell.metadata.nbgrader.points for cell in graded if cell.cell_type == "markdown"]
        assert sum(hand) == int(by_hand)


def test_commands_and_links_exist():
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    assert set(re.findall(r"`make ([a-z-]+)", GUIDE)) <= targets
    anchors = {
        re.sub(r"[^\w -]", "", line.lower()).replace(" ", "-")
        for line in re.findall(r"^#+ (.+)$", GUIDE, re.M)
    }
    for link in re.findall(r"\]\(([^)]+)\)", GUIDE):
        if link.startswith("#"):
            assert link[1:] in anchors, link
        elif not link.startswith("http"):
            assert (ROOT / "docs" / link.partition("#")[0]).exists(), link
