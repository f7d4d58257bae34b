"""The book, opened from its folder: readable for everyone, whole without the web, found by search.

A page that asks for anything outside its folder fails. Screenshots of some pages are in build/browser/.
"""

import re
from pathlib import Path

from lesson_tools import run
from lesson_tools.book import write_book

import pytest
from playwright.sync_api import Browser, Page, expect

pytestmark = [pytest.mark.browser, pytest.mark.timeout(600)]

LESSONS = [f"notebooks/{lesson.stem}.html" for lesson in run.find_lessons()]
DOCS = [f"docs/{path.stem}.html" for path in sorted((run.NOTEBOOKS.parent / "docs").glob("*.md"))]
PAGES = ["index.html", *LESSONS, *DOCS, "docs/glossary.html", "CONTRIBUTING.html", "CHANGELOG.html"]
SLIDES = [name.replace("notebooks", "slides") for name in LESSONS]
PICTURED = {"index.html", LESSONS[2], SLIDES[2]}
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
PHONE = 390  # CSS pixels wide
SLIDE = {"width": 1280, "height": 720}  # a pixel is a unit
# Of each slide: what is cut off, also with an answer open; the size of the smallest code; whether its lines
# wrap; the height of the smallest figure. The explorer scrolls. The margin below holds the slide's number.
MEASURE = """() => slides.map((slide, number) => {
  show(number);
  const box = slide.getBoundingClientRect(), cut = [];
  const all = name => [...slide.querySelectorAll(`${name}:not(.output:has(script) *)`)];
  const look = () => cut.push(...all("*").filter(part => {
    const {right, bottom} = part.getBoundingClientRect();
    return right > box.right - 39 || bottom > box.bottom - 39;
  }));
  look();
  for (const answer of all("details")) {
    answer.open = true;
    look();
  }
  const code = [...all("pre"), ...all("pre *")];
  return {
    cut: cut.map(part => part.outerHTML.slice(0, 80)),
    code: Math.min(...code.map(part => parseFloat(getComputedStyle(part).fontSize)), 99),
    wraps: all("pre").some(part => part.scrollWidth > part.clientWidth + 1),
    figure: Math.min(...all("img").map(part => part.getBoundingClientRect().height), 720),
  };
})"""


@pytest.fixture(scope="module")
def site(tmp_path_factory) -> Path:
    return write_book(tmp_path_factory.mktemp("book") / "book").parent


def open_page(browser: Browser, site: Path, name: str, outside: list[str], **context) -> Page:
    """A page of the book from its folder; what it asks for elsewhere is put into `outside`, not loaded."""

    def stay_inside(route):
        if route.request.url.startswith(site.as_uri()):
            route.continue_()
        else:
            outside.append(f"{name} asks for {route.request.url}")
            route.abort()

    page = browser.new_context(**context).new_page()
    page.context.route("**/*", stay_inside)
    page.goto((site / name).as_uri())
    return page


def test_these_are_all_pages(site):
    found = {
        path.relative_to(site).as_posix() for path in site.rglob("*.html") if "_static" not in path.parts
    }
    assert found == {*PAGES, *SLIDES, "search.html"}


@pytest.mark.parametrize("name", [*PAGES, *SLIDES])
def test_page(browser, site, violations, screenshots, name):
    found = []
    for scheme, media in (("light", "screen"), ("dark", "screen"), ("dark", "print")):
        page = open_page(browser, site, name, found, color_scheme=scheme)
        if media == "print":
            page.emulate_media(media=media)
            page.evaluate("dispatchEvent(new Event('beforeprint'))")
        elif name in PICTURED:
            page.screenshot(path=screenshots / f"book_{Path(name).stem}_{scheme}.png")
        rules = {"target-size": {"enabled": media == "screen"}}  # on paper nothing is clicked
        lines = violations(page, runOnly=RULES, rules=rules)
        found += [f"{name}, {scheme}, {media}: {line}" for line in lines]
        page.context.close()
    if found:
        pytest.fail("\n".join(found), pytrace=False)


@pytest.mark.parametrize("name", SLIDES)
def test_slides_show_all_and_are_large_enough(browser, site, name):
    outside = []
    page = open_page(browser, site, name, outside, viewport=SLIDE)
    measured = page.evaluate(MEASURE)
    assert 15 <= len(measured) <= 25 and outside == []
    for number, slide in enumerate(measured, start=1):
        assert slide["cut"] == [] and not slide["wraps"], (number, slide)
        assert slide["code"] >= 24 and slide["figure"] >= 300, (number, slide)
    page.context.close()


def test_on_a_question_the_answers_open_one_by_one(browser, site):
    page = open_page(browser, site, SLIDES[1], [], viewport=SLIDE)
    expect(page.locator("section.here h1")).to_contain_text("Load the images")
    page.keyboard.press("ArrowRight")
    expect(page.locator("section.here h1")).to_contain_text("What you'll learn")
    page.goto(f"{page.url.partition('#')[0]}#8")
    answers, right = page.locator("section.here details"), page.locator("section.here .right[data-seen]")
    expect(right).to_have_count(0)  # what is right isn't told before
    for number in range(4):
        page.keyboard.press("PageDown")
        expect(page.locator("section.here details[open]")).to_have_count(1)
        expect(answers.nth(number)).to_have_attribute("open", "")
    expect(right).to_have_text(re.compile(r"\bRight: "))
    page.keyboard.press("PageDown")
    expect(page.locator("section.here h1")).to_contain_text("One image")
    page.keyboard.press("ArrowLeft")
    expect(page.locator("section.here h1")).to_contain_text("Check yourself")
    page.keyboard.press("End")
    expect(page.locator("section.here h1")).to_contain_text("Summary")
    page.context.close()


def test_pages_fit_a_phone(browser, site):
    outside, wide = [], []
    for name in PAGES:
        page = open_page(browser, site, name, outside, viewport={"width": PHONE, "height": 800})
        if page.evaluate("document.documentElement.scrollWidth") > PHONE:
            wide.append(name)
        page.context.close()
    assert (wide, outside) == ([], [])


def test_search_finds_a_word_from_a_folder(browser, site):
    outside = []
    page = open_page(browser, site, "index.html", outside)
    page.keyboard.press("Control+K")
    page.keyboard.type("softmax")
    page.keyboard.press("Enter")
    found = page.locator("#search-results li a", has_text="05 Build the network").first
    found.click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("Build the network")
    assert outside == []
    page.context.close()


def test_a_solution_opens_and_is_printed_only_then(browser, site):
    outside = []
    page = open_page(browser, site, LESSONS[3], outside)
    page.emulate_media(media="print")
    solutions = page.locator("details").last
    expect(solutions).to_be_hidden()
    page.emulate_media(media="screen")
    solutions.locator("summary").click()
    page.emulate_media(media="print")
    expect(solutions).to_be_visible()
    page.context.close()
