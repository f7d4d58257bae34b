"""The tools of those who run, teach and publish the lessons; the command `lessons` (`cli.py`) calls them."""

import sys

# jsonschema, which checks notebooks' form, would import this and build a grammar of internationalized
# addresses: 2.5 CPU seconds in each process that reads a notebook, for a format that notebooks don't use.
sys.modules.setdefault("rfc3987_syntax", None)
