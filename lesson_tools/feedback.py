"""A page of feedback for each learner, which shows no check and, unless the teacher asks, no answer.

So it can be given out while others still work, and doesn't hand the solutions to next year's class.
"""

import html
import re
from dataclasses import dataclass, field
from pathlib import Path

from helpers.errors import one_line
from lesson_tools.grading import CUT_SHORT, errors, graded_name

import jinja2
import nbformat
from nbconvert.filters import markdown2html
from nbformat import NotebookNode

SOLUTION = re.compile(r"### BEGIN SOLUTION\n(.*?)\n\s*### END SOLUTION", re.DOTALL)
TASK = re.compile(r"^## (\d+)\. (.+)$", re.MULTILINE)
SENTENCES = ("AssertionError", *CUT_SHORT)  # errors whose message is a sentence
RUBRIC = "\n**Points**"  # what stands after the model answer of an explanation


@dataclass
class Task:
    """A task of a homework: the points of its graded cells by name, the names of the cells for answers in
    code; its answers and rubrics as HTML.
    """

    number: str
    title: str
    text: str
    graded: dict[str, float] = field(default_factory=dict)
    coded: list[str] = field(default_factory=list)
    answers: list[str] = field(default_factory=list)
    rubrics: list[str] = field(default_factory=list)

    @property
    def of(self) -> float:
        return sum(self.graded.values())


@dataclass
class Result:
    """What a learner reached in a task, the sentences that say what was missing; `waits` to be read."""

    task: Task
    points: float
    of: float
    sentences: list[str]
    waits: bool


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
            tasks[-1].coded.append(graded_name(cell))
    return Assignment(title, tasks)


def results(assignment: Assignment, notebook: NotebookNode, grades: dict, comments: dict) -> list[Result]:
    """What a learner reached, from the graded notebook and the gradebook's grades and comments by cell."""
    cells = {graded_name(cell): cell for cell in notebook.cells}
    found = []
    for task in assignment.tasks:
        of_task = {name: grades[name] for name in task.graded if name in grades}
        waits = any(grade.needs_manual_grade for grade in of_task.values())
        lost = [
            name
            for name, grade in of_task.items()
            if name in cells and grade.score < grade.max_score and not grade.needs_manual_grade
        ]
        stopped = [
            f"{name.removeprefix('answer-')}: your cell did not run to its end: {error.rstrip('.')}."
            for name in task.coded
            if lost and name in cells and (error := _error(cells[name]))
        ]
        sentences = list(stopped)
        for name in lost:
            if cells[name].cell_type == "code":
                wrong = what_was_wrong(cells[name])
                # Without the answer of a cell that stopped, its name is not defined.
                sentences += [one for one in wrong if not (stopped and one.startswith("NameError"))]
            elif of_task[name].manual_score is None:
                sentences.append("There is no answer.")
        sentences += ["This answer is still to be read."] * waits
        sentences += [comments[name] for name in of_task if comments.get(name)]
        sentences = list(dict.fromkeys(sentences))  # several checks of a task may say the same
        points = sum(grade.score for grade in of_task.values())
        of = sum(grade.max_score for grade in of_task.values())
        found.append(Result(task, points, of, sentences, waits))
    return found


def what_was_wrong(cell: NotebookNode) -> list[str]:
    """What a check said: the message of its error, or what it printed where it gave some of the points."""
    if error := _error(cell):
        return [error]
    printed = [output.text for output in cell.get("outputs", []) if output.output_type == "stream"]
    return [one_line(text, 400) for text in printed]


def _error(cell: NotebookNode) -> str:
    """The error that stopped a cell, or an empty text."""
    if not (found := errors(cell)):
        return ""
    kind = "" if found[-1].ename in SENTENCES else found[-1].ename
    said = re.sub(r"\(\S+\.py, (line \d+)\)$", r"(\1)", found[-1].evalue)  # of an error of syntax
    return one_line(": ".join(filter(None, (kind, said))), 400)


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
