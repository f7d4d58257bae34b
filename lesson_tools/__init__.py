"""The tools of those who run, teach and publish the lessons; the command `lessons` (`cli.py`) calls them."""
