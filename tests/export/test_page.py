"""Whole pages in a real browser, opened as files."""

from itertools import pairwise
from typing import Any

import pytest

PAGES = ["01_filters.html", "04_occlusion.html", "index.html", "shelf.html"]
WORDS = "document.body.innerText"


@pytest.fixture(scope="module")
def pages(book: Any) -> Any:
    """The folder of a book with its pages."""
    book.write_pages()
    return book.folder


@pytest.mark.parametrize("dark", [False, True])
@pytest.mark.parametrize("width", [360, 1280])
@pytest.mark.parametrize("name", PAGES)
def test_pages_work_as_files_and_fit_the_screen(browser: Any, pages: Any, name: str, width: int, dark: bool) -> None:
    browser.problems.clear()
    browser.open(pages / name, width=width, dark=dark)
    assert browser.problems == []
    assert browser.evaluate("document.documentElement.scrollWidth") <= width
    pictures = "[...document.images].filter(image => image.hasAttribute('src'))"
    assert browser.evaluate(f"{pictures}.every(image => image.naturalWidth > 0)")


def test_the_font_for_formulas_is_used(browser: Any, pages: Any) -> None:
    browser.open(pages / "04_occlusion.html")
    found = browser.evaluate("document.fonts.ready.then(() => [...document.fonts].map(f => f.family + f.status))")
    assert found == ["STIX Two Mathloaded"]


def test_hostile_names_are_shown_literally_and_run_nothing(browser: Any, pages: Any, hostile: str) -> None:
    browser.problems.clear()
    browser.open(pages / "04_occlusion.html")
    text = browser.evaluate(WORDS)
    assert f"A class: {hostile} end." in text
    assert f"The curve of {hostile}." in text
    assert browser.evaluate("document.querySelector('td').innerText") == hostile
    assert browser.evaluate("document.querySelector('img').alt") == f"A curve of {hostile}"
    browser.open(pages / "index.html")
    assert browser.evaluate("document.querySelector('.facts dd').innerText") == hostile
    assert browser.evaluate("document.querySelector('.notes li').textContent") == hostile
    assert browser.problems == []


def test_a_picture_opens_and_closes_by_keyboard_and_gives_the_focus_back(browser: Any, pages: Any) -> None:
    browser.open(pages / "04_occlusion.html")
    is_open = "document.querySelector('dialog').open"
    browser.evaluate("document.querySelector('a.zoom').focus()")
    assert not browser.evaluate(is_open)
    browser.press("Enter")
    assert browser.evaluate(is_open)
    assert "Figure\N{NO-BREAK SPACE}4.1" in browser.evaluate("document.querySelector('dialog').innerText")
    assert browser.evaluate("document.querySelector('dialog').contains(document.activeElement)")
    browser.press("Escape")
    assert not browser.evaluate(is_open)
    assert browser.evaluate("document.activeElement.className") == "zoom"


def test_a_click_opens_a_picture_and_another_closes_it(browser: Any, pages: Any) -> None:
    browser.open(pages / "04_occlusion.html")
    browser.evaluate("document.querySelector('a.zoom img').click()")
    assert browser.evaluate("document.querySelector('dialog').open")
    assert browser.evaluate("document.querySelector('dialog img').src").endswith("figures/curve.png")
    browser.evaluate("document.querySelector('dialog img').click()")
    assert not browser.evaluate("document.querySelector('dialog').open")


@pytest.mark.parametrize("dark", [False, True])
def test_text_stands_out_from_its_ground(browser: Any, pages: Any, dark: bool) -> None:
    """A ratio of luminances of at least 4.5 to 1 for every word (WCAG 2.2, 1.4.3)."""
    browser.open(pages / "04_occlusion.html", dark=dark)
    faint = browser.evaluate(CONTRAST)
    assert faint == []


CONTRAST = """(() => {
  const canvas = document.createElement("canvas").getContext("2d", {willReadFrequently: true});
  const rgb = color => {
    canvas.clearRect(0, 0, 1, 1); canvas.fillStyle = color; canvas.fillRect(0, 0, 1, 1);
    return canvas.getImageData(0, 0, 1, 1).data;
  };
  const luminance = color => [0.2126, 0.7152, 0.0722].reduce((sum, weight, i) => {
    const part = rgb(color)[i] / 255;
    return sum + weight * (part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4);
  }, 0);
  const ground = node => {
    for (; node; node = node.parentElement) {
      const color = getComputedStyle(node).backgroundColor;
      if (rgb(color)[3] === 255) return color;
    }
    return "white";
  };
  const faint = [];
  for (const node of document.querySelectorAll("body *")) {
    const own = [...node.childNodes].some(child => child.nodeType === 3 && child.data.trim());
    const style = getComputedStyle(node);
    if (!own || !node.checkVisibility({opacityProperty: true}) || node.closest("dialog")) continue;
    const [light, dark] = [luminance(style.color), luminance(ground(node))].sort((a, b) => b - a);
    if ((light + 0.05) / (dark + 0.05) < 4.5) faint.push(node.outerHTML.slice(0, 80));
  }
  return faint;
})()"""


def test_pages_can_be_used_without_seeing_them(browser: Any, pages: Any) -> None:
    browser.open(pages / "04_occlusion.html")
    assert browser.evaluate("document.documentElement.lang") == "en"
    assert browser.evaluate("document.querySelectorAll('h1').length") == 1
    levels = browser.evaluate("[...document.querySelectorAll('h1,h2,h3,h4')].map(h => +h.tagName[1])")
    assert all(after <= before + 1 for before, after in pairwise(levels))
    assert browser.evaluate("[...document.images].filter(i => !i.closest('dialog')).every(i => i.alt)")
    assert browser.evaluate("document.querySelector('.skip').hash") == "#main"
    assert browser.evaluate("document.title") == "Occlusion – Notes"


def test_neighbors_and_contents_are_linked(browser: Any, pages: Any) -> None:
    browser.open(pages / "04_occlusion.html")
    links = browser.evaluate("[...document.querySelectorAll('nav a')].map(a => a.getAttribute('href'))")
    assert links == ["01_filters.html", "01_filters.html", "04_occlusion.html", "#sec:map", "#exercises",
                     "pdf/04_occlusion.pdf", "notebooks/04_occlusion.ipynb", "notes.pdf"]  # fmt: skip
