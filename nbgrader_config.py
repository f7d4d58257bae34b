"""How nbgrader finds the homework. It reads this file when it is called in this folder.

The sources, with solutions and hidden tests, are in notebooks/homework. What belongs to a class goes to the
folder course, which git ignores: the student version, what is handed in, the gradebook, the feedback.
"""

from pathlib import Path

here = Path(__file__).resolve().parent

c = get_config()  # noqa: F821  nbgrader provides it
c.CourseDirectory.course_id = "color_images"
c.CourseDirectory.root = str(here / "course")
c.CourseDirectory.source_directory = str(here / "notebooks" / "homework")
c.ClearSolutions.code_stub = {"python": "# Write your answer here."}
c.ClearSolutions.text_stub = "*Write your answer here, in place of this line.*"
c.ExecutePreprocessor.timeout = (
    120  # seconds for a cell: an answer that never ends loses its points, not the run
)
