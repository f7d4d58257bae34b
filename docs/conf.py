"""How the book looks: read by Sphinx for `lessons book`. What is in it, lesson_tools/book.py says."""

import os

project = "Color images and convolutional networks"
author = "The authors of the lessons"
html_title = project
language = "en"

extensions = ["myst_nb", "sphinx_copybutton", "lesson_tools.book_pages"]
# https://github.com/OWNER/REPOSITORY: with it, lessons have buttons for Binder and Colab.
lessons_repository = os.environ.get("LESSONS_REPOSITORY", "")

nb_execution_mode = "off"  # the outputs are there already
nb_render_markdown_format = "myst"  # so that a table is a table
nb_ipywidgets_js = {}  # would come from the web
myst_heading_anchors = 4
myst_enable_extensions = ["dollarmath"]
myst_dmath_allow_digits = myst_dmath_allow_space = False  # "$5 to $6" is no formula
html_math_renderer = "mathml"  # MathJax would come from the web
highlight_language = "none"  # of blocks that don't name one: what is typed in a terminal
smartquotes = False
copybutton_selector = ".cell_input pre, .highlight-none pre, .highlight-yaml pre, .highlight-python pre"

html_theme = "sphinx_book_theme"
html_static_path = ["_static"]
templates_path = ["_templates"]  # of slides
html_css_files = ["book.css"]
html_js_files = ["book.js"]
html_use_index = False
html_show_copyright = False
html_context = {"default_mode": "auto"}  # light or dark, as the reader's system is
html_theme_options = {
    "repository_url": lessons_repository,
    "use_repository_button": bool(lessons_repository),
    "navbar_persistent": [],  # the sidebar has a search field already
}
# As the theme has it, but with a field in place of a button, whose name screen readers say wrong.
html_sidebars = {"**": ["navbar-logo.html", "search-field.html", "sbt-sidebar-nav.html"]}
