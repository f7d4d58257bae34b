"""How nbgrader finds and grades the homework. It reads this file when it is called in this folder.

The sources, with solutions and hidden tests, are in notebooks/homework. What belongs to a class goes to the
folder course, which git ignores: the student version, what is handed in, the gradebook, the feedback, and the
sources of variants.
"""

from pathlib import Path

from nbconvert.preprocessors import TagRemovePreprocessor

here = Path(__file__).resolve().parent

c = get_config()  # noqa: F821  nbgrader provides it
c.CourseDirectory.course_id = "color_images"
c.CourseDirectory.root = str(here / "course")
c.CourseDirectory.source_directory = str(here / "notebooks" / "homework")
c.ClearSolutions.code_stub = {"python": "# Write your answer here."}
c.ClearSolutions.text_stub = "*Write your answer here, in place of this line.*"

# The numbers of variants, which lesson_tools/variants.py reads, are not for learners.
c.GenerateAssignment.preprocessors.prepend([TagRemovePreprocessor])
c.TagRemovePreprocessor.enabled = True
c.TagRemovePreprocessor.remove_cell_tags = {"variant"}

# nbgrader's own steps, but for ours: lesson_tools/grading.py says what they do.
ours, its = "lesson_tools.grading", "nbgrader.preprocessors"
c.Autograde.sanitize_preprocessors = [
    f"{its}.ClearOutput",
    f"{ours}.Repair",
    f"{its}.OverwriteKernelspec",
    f"{its}.OverwriteCells",
    f"{its}.CheckCellMetadata",
]
c.Autograde.autograde_preprocessors = [
    f"{ours}.ExecuteApart",
    f"{its}.IgnorePattern",
    f"{its}.LimitOutput",
    f"{its}.SaveAutoGrades",
    f"{its}.AssignLatePenalties",
    f"{its}.CheckCellMetadata",
]
c.ExecuteApart.hide = [str(here / "course")]
c.ExecutePreprocessor.timeout = 120  # seconds for a cell; ExecuteApart.seconds for a notebook
c.ExecutePreprocessor.iopub_timeout = 30  # seconds that what was printed may take on a busy computer
c.ExecutePreprocessor.startup_timeout = 300  # and the start of Python there
c.Execute.error_on_timeout = {
    "ename": "CellTimeoutError",
    "evalue": "it was stopped, because it did not end in time",
    "traceback": ["CellTimeoutError: it was stopped, because it did not end in time"],
}
c.IgnorePattern.enabled = True
c.IgnorePattern.pattern = "."  # a warning costs no points; a check that fails raises
