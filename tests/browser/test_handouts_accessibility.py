"""The handouts, judged by axe-core: readable for everyone, in light and in dark, on screen and on paper.

They have to be self-contained: a page that asks for anything outside its folder fails.
"""

from pathlib import Path

from lesson_tools import run
from lesson_tools.handouts import write_handouts

import pytest

pytestmark = [pytest.mark.browser, pytest.mark.timeout(600)]

LESSONS = [f"{lesson.stem}.html" for lesson in run.find_lessons()]
PAGES = ["index.html", *LESSONS, *(f"slides/{name}" for name in LESSONS)]
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]


@pytest.fixture(scope="module")
def handouts(tmp_path_factory) -> Path:
    return write_handouts(tmp_path_factory.mktemp("handouts")).parent


def test_these_are_all_pages(handouts):
    found = {path.relative_to(handouts).as_posix() for path in handouts.rglob("*.html")}
    assert found == set(PAGES)


@pytest.mark.parametrize("name", PAGES)
def test_page(browser, handouts, violations, name):
    outside, found = [], []

    def stay_inside(route):
        if route.request.url.startswith(handouts.as_uri()):
            route.continue_()
        else:
            outside.append(route.request.url)
            route.abort()

    for scheme, media in (("light", "screen"), ("dark", "screen"), ("dark", "print")):
        with browser.new_context(color_scheme=scheme) as context:
            context.route("**/*", stay_inside)
            page = context.new_page()
            page.emulate_media(media=media)
            page.goto((handouts / name).as_uri())
            rules = {"target-size": {"enabled": media == "screen"}}  # on paper nothing is clicked
            lines = violations(page, runOnly=RULES, rules=rules)
            found += [f"{name}, {scheme}, {media}: {line}" for line in lines]
    assert not outside, f"{name} asks for {set(outside)}"
    if found:
        pytest.fail("\n".join(found), pytrace=False)
