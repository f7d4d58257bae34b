"""A page of feedback for each learner, which shows no check and, unless the teacher asks, no answer.

So it can be given out while others still work, and doesn't hand the solutions to next year's class.
"""

import html
import re
from dataclasses import dataclass, field
from pathlib import Path

from helpers.errors import one_line
from lesson_tools.grading import STOPPED, graded_name

import jinja2
import nbformat
from nbconvert.filters import markdown2html
from nbformat import NotebookNode

SOLUTION = re.compile(r"### BEGIN SOLUTION\n(.*?)\n\s*### END SOLUTION", re.DOTALL)
TASK = re.compile(r"^## (\d+)\. (.+)$", re.MULTILINE)
RUBRIC = "\n**Points**"  # what stands after the model answer of an explanation


@dataclass
class Task:
    """A task of a homework: the points of its graded cells by name; its answers and rubrics as HTML."""

    number: str
    title: str
    text: str
    graded: dict[str, float] = field(default_factory=dict)
    answers: list[str] = field(default_factory=list)
    rubrics: list[str] = field(default_factory=list)

    @property
    def of(self) -> float:
        return sum(self.graded.values())


@dataclass
class Result:
    """What a learner reached in a task, and the sentences that say what was missing."""

    task: Task
    points: float
    of: float
    sentences: list[str]


@dataclass
class Assignment:
    """A homework as its source tells it."""

    title: str
    tasks: list[Task]


def read_assignment(source: Path) -> Assignment:
    """The tasks of a homework, from the notebook with its solutions."""
    notebook = nbformat.read(source, as_version=4)
    title = notebook.cells[0].source.partition("\n")[0].removeprefix("# ")
    tasks: list[Task] = []
    for cell in notebook.cells:
        mark = cell.metadata.get("nbgrader", {})
        if cell.cell_type == "markdown" and not mark and (heading := TASK.search(cell.source)):
            tasks.append(Task(*heading.groups(), markdown2html(cell.source[heading.end() :])))
        if mark.get("grade"):
            tasks[-1].graded[graded_name(cell)] = mark["points"]
        if mark.get("solution") and cell.cell_type == "markdown":
            answer, points, rubric = cell.source.partition(RUBRIC)
            tasks[-1].answers.append(markdown2html(answer))
            tasks[-1].rubrics.append(markdown2html(points + rubric))
        elif mark.get("solution"):
            code = "\n".join(SOLUTION.findall(cell.source))
            tasks[-1].answers.append(f"<pre>{html.escape(code)}</pre>")
    return Assignment(title, tasks)


def results(assignment: Assignment, notebook: NotebookNode, grades: dict, comments: dict) -> list[Result]:
    """What a learner reached, from the graded notebook and the gradebook's grades and comments by cell."""
    cells = {graded_name(cell): cell for cell in notebook.cells}
    found = []
    for task in assignment.tasks:
        of_task = [(name, grades[name]) for name in task.graded if name in grades]
        sentences = []
        for name, grade in of_task:
            if grade.needs_manual_grade:
                sentences.append("This answer is still to be read.")
            elif grade.score < grade.max_score and name in cells:
                sentences += what_was_wrong(cells[name])
            if comments.get(name):
                sentences.append(comments[name])
        points = sum(grade.score for _, grade in of_task)
        sentences = list(dict.fromkeys(sentences))  # several checks of a task may say the same
        found.append(Result(task, points, sum(grade.max_score for _, grade in of_task), sentences))
    return found


def what_was_wrong(cell: NotebookNode) -> list[str]:
    """What a check said: the message of its error, or what it printed where it gave some of the points."""
    errors = [output for output in cell.get("outputs", []) if output.output_type == "error"]
    if errors:
        kind = "" if errors[-1].ename in ("AssertionError", STOPPED) else f"{errors[-1].ename}: "
        return [one_line(f"{kind}{errors[-1].evalue}", 400)]
    printed = [output.text for output in cell.get("outputs", []) if output.output_type == "stream"]
    return [one_line(text, 400) for text in printed]


def feedback_page(
    assignment: Assignment, name: str, found: list[Result], notes: list[str], answers: bool
) -> str:
    """The page as HTML that loads nothing; with the model answers where `answers` is true."""
    return _page(
        "feedback.html", assignment=assignment, name=name, results=found, notes=notes, answers=answers
    )


def answers_page(assignment: Assignment) -> str:
    """For the teacher, a page of the tasks, the model answers, and what gives points."""
    return _page("answers.html", assignment=assignment)


def _page(template: str, **values) -> str:
    folder = Path(__file__).parent / "templates" / "homework"
    environment = jinja2.Environment(loader=jinja2.FileSystemLoader(folder), autoescape=True)
    return environment.get_template(template).render(**values)
