"""The explorer of a map in a real browser, in a page opened as a file."""

import base64
import io
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from explored import HOSTILE, explorer
from PIL import Image

from cnnviz_core.explorer import save
from cnnviz_core.export import html, page
from cnnviz_core.export.document import Chapter, numbering

FRAME = Path(__file__).parents[2] / "chapters" / "_page"
MAP = "# Map {#sec:map}\n\n![All.](figures/some_map.png){#fig:some_map alt='A map' explorer='some_map'}\n"
COUNT = 40
CARD = "document.querySelector('.explorer-card').innerText"
OPEN = """new Promise(done => {
  document.querySelector('.explorer-open').click();
  const look = () => document.querySelector(WANTED) ? done() : setTimeout(look, 5);
  look();
})"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A book of one page whose picture can be explored, and one of another whose picture cannot."""
    folder: Path = tmp_path_factory.mktemp("book")
    (folder / "figures").mkdir()
    (folder / "_page").mkdir()
    Image.new("RGB", (400, 400), (90, 120, 150)).save(folder / "figures" / "some_map.png", dpi=(200, 200))
    save(explorer(COUNT), folder / "figures", "some_map")
    for name, content in page.assets(FRAME).items():
        (folder / "_page" / name).write_bytes(content)
    plain = MAP.replace(" explorer='some_map'", "").replace("some_map alt", "other alt").replace("sec:map", "sec:other")
    chapters = [Chapter("01_map", "Map", MAP), Chapter("02_plain", "Plain", plain)]
    book = page.Book("net-data", "Notes", {}, chapters)
    for chapter in chapters:
        body = html.body(
            chapter, numbering=numbering(chapters), bibliography=FRAME.parent / "references.bib", folder=folder
        )
        text = page.chapter_page(FRAME, book=book, chapter=chapter, body=body)
        (folder / f"{chapter.name}.html").write_text(text, "utf-8")
    return folder


@pytest.fixture
def opened(browser: Any, folder: Path) -> Any:
    """The browser with the explorer open."""
    browser.problems.clear()
    browser.open(folder / "01_map.html")
    browser.evaluate(OPEN.replace("WANTED", "'.explorer canvas'"))
    settle(browser)
    yield browser
    assert browser.problems == []


def settle(browser: Any) -> None:
    """Wait until what was asked for is drawn."""
    browser.evaluate("new Promise(done => requestAnimationFrame(() => requestAnimationFrame(() => done())))")


def mouse(browser: Any, kind: str, place: tuple[float, float], **more: Any) -> None:
    browser.call("Input.dispatchMouseEvent", type=f"mouse{kind}", x=place[0], y=place[1], **more)
    settle(browser)


def key(browser: Any, name: str, **more: Any) -> None:
    for kind in ("keyDown", "keyUp"):
        browser.call("Input.dispatchKeyEvent", type=kind, key=name, **more)
    settle(browser)


def point(browser: Any, i: int) -> tuple[float, float]:
    """Where the i-th image of the whole map is on the screen: the map fills the canvas but for 24 pixels."""
    left, top, width, height = browser.evaluate(
        "(() => { const r = document.querySelector('canvas').getBoundingClientRect();"
        " return [r.left, r.top, r.width, r.height]; })()"
    )
    place = explorer(COUNT).place
    low, high = place.min(axis=0), place.max(axis=0)
    unit = min((width - 48) / (high - low)[0], (height - 48) / (high - low)[1])
    x, y = (place[i] - (low + high) / 2) * unit
    return left + width / 2 + x, top + height / 2 - y


def zoom(browser: Any) -> float:
    return float(browser.evaluate("document.querySelector('canvas').dataset.zoom"))


def middle(browser: Any) -> list[float]:
    return [float(number) for number in browser.evaluate("document.querySelector('canvas').dataset.middle").split()]


def test_the_picture_gives_way_to_the_map_and_comes_back(opened: Any) -> None:
    visible = "document.querySelector('a.zoom').checkVisibility()"
    assert not opened.evaluate(visible)
    assert opened.evaluate("document.activeElement.tagName") == "CANVAS"
    assert "Map of 40 images" in opened.evaluate("document.querySelector('canvas').getAttribute('aria-label')")
    assert opened.evaluate("document.documentElement.scrollWidth") <= 1280
    opened.press("Escape")
    assert opened.evaluate(visible)
    assert opened.evaluate("document.activeElement.className") == "explorer-open"


@pytest.mark.parametrize("i", [0, 5, 22])
def test_pointing_at_an_image_tells_its_class_and_its_neighbors(opened: Any, i: int) -> None:
    mouse(opened, "Moved", point(opened, i))
    given = explorer(COUNT)
    assert opened.evaluate("document.querySelector('.explorer-card strong').textContent") == given.labels[i]
    assert opened.evaluate("document.querySelector('.explorer-name').textContent") == given.names[i]
    assert "predicted: cat" in opened.evaluate(CARD)
    assert "Its 2 nearest by their codes:" in opened.evaluate(CARD)
    near = opened.evaluate("[...document.querySelectorAll('.explorer-near button')].map(b => b.ariaLabel)")
    assert near == [f"{given.labels[j]}, {given.names[j]}" for j in given.near[i]]
    mouse(opened, "Moved", (5, 5))
    assert opened.evaluate("document.querySelector('.explorer-card').hidden")


def test_what_is_shown_of_an_image_is_its_own_tile(opened: Any) -> None:
    mouse(opened, "Moved", point(opened, 15))
    tile = "document.querySelector('.explorer-card .explorer-tile').style"
    # 7 tiles to a row, 96 pixels each on the page
    assert opened.evaluate(f"{tile}.backgroundPosition") == f"{-1 * 96}px {-2 * 96}px"
    assert opened.evaluate(f"{tile}.backgroundSize") == f"{7 * 96}px {6 * 96}px"
    assert opened.evaluate(f"{tile}.backgroundImage").endswith('figures/some_map.points.jpg")')


def test_each_image_is_drawn_at_its_place(opened: Any) -> None:
    taken = opened.call("Page.captureScreenshot", format="png")["data"]
    screen = np.asarray(Image.open(io.BytesIO(base64.b64decode(taken))).convert("RGB"), dtype=int)
    seen = 0
    for i, tile in enumerate(explorer(COUNT).tiles):
        x, y = (round(number) for number in point(opened, i))
        if y < len(screen) - 1:
            assert np.abs(screen[y, x] - tile[0, 0]).max() <= 8, i
            seen += 1
    assert seen > COUNT / 2


def test_two_fingers_zoom(opened: Any) -> None:
    x, y = (sum(numbers) / 2 for numbers in zip(point(opened, 0), point(opened, COUNT // 2), strict=True))
    for kind, apart in (("Start", 40), ("Move", 60), ("Move", 80), ("End", None)):
        touches = [] if apart is None else [{"x": x + side * apart, "y": y, "id": side} for side in (-1, 1)]
        opened.call("Input.dispatchTouchEvent", type=f"touch{kind}", touchPoints=touches)
        settle(opened)
    assert zoom(opened) == pytest.approx(2, abs=0.1)


def test_a_click_holds_an_image_and_its_neighbors_can_be_visited(opened: Any) -> None:
    for kind in ("Moved", "Pressed", "Released"):
        mouse(opened, kind, point(opened, 3), button="left" if kind != "Moved" else "none", clickCount=1)
    mouse(opened, "Moved", point(opened, 20))
    name = "document.querySelector('.explorer-name').textContent"
    assert opened.evaluate(name).endswith(" 3"), "it is held"
    opened.evaluate("document.querySelectorAll('.explorer-near button')[1].click()")
    assert opened.evaluate(name).endswith(" 5")
    key(opened, "Escape")
    assert opened.evaluate("document.querySelector('.explorer-card').hidden")


def test_the_wheel_zooms_about_the_pointer_and_a_drag_moves(opened: Any) -> None:
    place = point(opened, 0)
    for _ in range(3):
        mouse(opened, "Wheel", place, deltaX=0, deltaY=-200)
    assert zoom(opened) == pytest.approx(np.exp(1.5), abs=0.01)
    mouse(opened, "Moved", place)
    assert opened.evaluate("document.querySelector('.explorer-name').textContent").endswith(" 0"), "it stays there"
    before = middle(opened)
    mouse(opened, "Pressed", place, button="left", buttons=1, clickCount=1)
    mouse(opened, "Moved", (place[0] - 60, place[1] + 30), button="left", buttons=1)
    mouse(opened, "Released", (place[0] - 60, place[1] + 30), button="left", clickCount=1)
    after = middle(opened)
    assert after[0] <= before[0] + 0.5  # no farther than to the border of the map
    assert after[1] > before[1]


def test_keys_zoom_and_walk(opened: Any) -> None:
    key(opened, "+")
    key(opened, "+")
    assert zoom(opened) == pytest.approx(2.25)
    key(opened, "-")
    assert zoom(opened) == pytest.approx(1.5)
    start = middle(opened)
    key(opened, "ArrowLeft", modifiers=8)
    assert middle(opened)[0] < start[0]
    key(opened, "0")
    assert zoom(opened) == 1
    assert middle(opened) == pytest.approx([0, 0], abs=0.01)
    for _ in range(12):  # to the nearest of the middle, and on from there
        key(opened, "ArrowRight")
    last = opened.evaluate("document.querySelector('.explorer-name').textContent")
    assert explorer(COUNT).place[int(last.rpartition(" ")[2])][0] > 0.9


def test_groups_and_words_choose_images(opened: Any) -> None:
    found = "document.querySelector('.explorer-found').textContent"
    entries = "document.querySelectorAll('.explorer-legend button')"
    assert opened.evaluate(found) == "40 images"
    assert opened.evaluate(f"[...{entries}].map(b => b.textContent)") == ["even (20)", f"{HOSTILE} (20)"]
    opened.evaluate(f"{entries}[0].click()")
    assert opened.evaluate(found) == "20 of 40 images"
    assert opened.evaluate(f"{entries}[0].getAttribute('aria-pressed')") == "true"
    mouse(opened, "Moved", point(opened, 3))
    shown = opened.evaluate("document.querySelector('.explorer-name')?.textContent ?? ' 0'")
    assert int(shown.rpartition(" ")[2]) % 2 == 0, "what is not chosen cannot be pointed at"
    opened.evaluate(f"{entries}[0].click()")
    opened.evaluate("(() => { const s = document.querySelector('.explorer input');"
                    " s.value = ' 17'; s.dispatchEvent(new Event('input')); })()")  # fmt: skip
    assert opened.evaluate(found) == "1 of 40 images"


def test_the_canvas_has_the_pixels_of_a_sharp_screen(opened: Any) -> None:
    opened.call("Emulation.setDeviceMetricsOverride", width=1000, height=800, deviceScaleFactor=2, mobile=False)
    settle(opened)
    assert opened.evaluate("(() => { const c = document.querySelector('canvas'); return c.width / c.clientWidth; })()"
                           ) == pytest.approx(2, abs=0.01)  # fmt: skip


@pytest.mark.parametrize(("missing", "wanted", "text"), [
    ("points.jpg", ".explorer canvas", "The small pictures (figures/some_map.points.jpg) could not be loaded."),
    ("points.js", ".explorer-note:not(:empty)", "The map cannot be explored: figures/some_map.points.js could not"),
])  # fmt: skip
def test_a_missing_file_is_named(
    browser: Any, folder: Path, tmp_path: Path, missing: str, wanted: str, text: str
) -> None:
    shutil.copytree(folder, tmp_path / "book")
    (tmp_path / "book" / "figures" / f"some_map.{missing}").unlink()
    browser.open(tmp_path / "book" / "01_map.html")
    browser.evaluate(OPEN.replace("WANTED", f"'{wanted}'"))
    settle(browser)
    assert text in browser.evaluate("document.querySelector('.explorer-note').textContent")
    assert browser.evaluate("document.querySelector('a.zoom').checkVisibility()") == (missing == "points.js")
    if missing == "points.jpg":
        mouse(browser, "Moved", point(browser, 5))
        assert "predicted: cat" in browser.evaluate(CARD), "points can be asked without pictures"


def test_a_page_without_a_map_loads_no_script_for_it(folder: Path) -> None:
    assert "explorer" not in (folder / "02_plain.html").read_text()
    assert '<script src="_page/explorer.js" defer></script>' in (folder / "01_map.html").read_text()
