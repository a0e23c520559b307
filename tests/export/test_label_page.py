"""The labelling page in a real browser, opened as a file: from the first key to responses that can be loaded."""

import re
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from known_world import SIDE, known_world
from known_world import reader as world_reader
from labelled import FAMILIES, HOSTILE, IDS, NAMES, ORDER, labelling

from cnnviz_core.datasets.responses import responses
from cnnviz_core.datasets.with_answers import with_answers
from cnnviz_core.export import page
from cnnviz_core.figures.human_joint_counts import HumanJointCounts
from cnnviz_core.figures.labeling_interface import LabelingInterface
from cnnviz_core.lab import Lab
from cnnviz_core.labelling import Labelling, save
from cnnviz_core.models.assemble import assemble

FRAME = Path(__file__).parents[2] / "chapters" / "_page"
CODES = {"Enter": 13, "Escape": 27, "Tab": 9, "ArrowUp": 38, "ArrowDown": 40, "Backspace": 8, "Delete": 46}
FOCUS = "document.activeElement.id"
CHOICES = "[...document.querySelectorAll('#choices .name')].map(node => node.textContent)"
WORDS = "document.getElementById('told').innerText"


def written(given: Labelling, folder: Path, name: str = "label") -> Path:
    save(given, folder, name)
    book = page.Book("net-data", 'Notes "of" <all>', {"Model": HOSTILE}, [])
    path = folder / f"{name}.html"
    path.write_text(page.label_page(FRAME, book=book, script=(folder / f"{name}.label.js").read_text()), "utf-8")
    return path


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("label")
    (folder / "blank.html").write_text("<!DOCTYPE html><link rel=icon href='data:,'><title>Blank</title>")
    return written(labelling(), folder)


class Reader:
    """Somebody who has a keyboard and nothing else."""

    def __init__(self, browser: Any, path: Path) -> None:
        self.browser, self.path = browser, path

    def press(self, *keys: str, **more: Any) -> None:
        for key in keys:
            text = {"text": "\r" if key == "Enter" else key} if len(key) == 1 or key == "Enter" else {"code": key}
            code = CODES.get(key, ord(key[0].upper()))
            self.browser.call(
                "Input.dispatchKeyEvent", type="keyDown", key=key, windowsVirtualKeyCode=code, **text, **more
            )
            self.browser.call("Input.dispatchKeyEvent", type="keyUp", key=key, windowsVirtualKeyCode=code, **more)
        self.see("new Promise(done => setTimeout(() => requestAnimationFrame(() => setTimeout(done))))")

    def tab_to(self, id: str) -> None:
        for _ in range(40):
            if self.see(FOCUS) == id:
                return
            self.press("Tab")
        raise AssertionError(f"no number of tabs leads to {id}")

    def see(self, script: str) -> Any:
        return self.browser.evaluate(script)

    def begin(self, name: str = 'Ada, "the 1st"') -> None:
        self.tab_to("observer")
        self.press(*name, "Enter")

    def come_back(self) -> None:
        """Close the page and open it again, once the browser has put down what the page keeps."""
        self.see("new Promise(done => setTimeout(done, 200))")
        self.browser.open(self.path)
        self.see("new Promise(done => requestAnimationFrame(() => setTimeout(done)))")

    def answers(self) -> str:
        """The exported file; the page is left as it was."""
        self.see("document.activeElement.blur()")
        self.press("e")
        content = str(self.see("document.getElementById('csv').value"))
        self.press("Escape")
        return content.replace("\n", "\r\n") if "\r" not in content else content


def saved(folder: Path) -> Path:
    """The file that the browser downloads, once it is whole."""
    for _ in range(200):
        if found := list(folder.glob("*.csv")):
            return found[0]
        time.sleep(0.02)
    raise AssertionError("nothing was downloaded")


@pytest.fixture
def reader(browser: Any, path: Path) -> Any:
    browser.problems.clear()
    browser.open(path.with_name("blank.html"))  # the page itself would keep what it holds when it is left
    browser.evaluate("localStorage.clear()")
    browser.open(path)
    yield Reader(browser, path)
    assert browser.problems == []


def test_from_the_first_key_to_responses_that_load(reader: Reader, tmp_path: Path) -> None:
    reader.begin()
    assert reader.see(FOCUS) == "search"
    reader.press(*"cat", "Enter", "Enter")
    assert reader.see(FOCUS) == "next"
    reader.press("Enter", *"YOUNG", "Enter", *"script", "Enter", "Enter", "Enter")
    reader.press("ArrowDown", "ArrowDown", "Enter", "Enter")  # the second of the list
    assert reader.see("document.getElementById('progress').textContent") == 'Ada, "the 1st": 3 of 4 answered'
    reader.browser.call("Browser.setDownloadBehavior", behavior="allow", downloadPath=str(tmp_path))
    reader.answers()
    file = saved(tmp_path)
    assert file.name == "responses-net-data-Ada_the_1st.csv"
    assert file.read_bytes().startswith(b"image,observer,response,seconds\r\n")
    found, remarks = responses(file, IDS, NAMES)
    assert (found.observers, remarks) == (('Ada, "the 1st"',), [])
    assert found.image.tolist() == [0, 1, 2]
    assert found.chosen[:, :3].tolist() == [[0, -1, -1], [2, 1, -1], [ORDER[1], -1, -1]]
    assert (found.seconds < 60).all()
    reader.press("s", "Tab", "Enter")
    cells = reader.see("[...document.querySelectorAll('#sums table')][1].innerText").split()
    assert [int(cell) for cell in cells if cell.isdigit()] == [1, 0, 1, 1]


def test_the_figures_hold_the_comparison_that_the_page_sums_up(reader: Reader, tmp_path: Path) -> None:
    data = known_world(answers=[1, 1, 2, 3] * 6)  # the net takes squares for bars
    model = assemble(
        world_reader(), name="net", size=SIDE, resize=SIDE, mean=[0] * 3, std=[1] * 3, classes=None, weights="planted"
    )
    lab = Lab(model, data, seed=0)
    figure = LabelingInterface(images=8, examples=2, thumbnail=16)
    given = figure.labelling(figure.compute(lab))
    reader.browser.open(written(given, tmp_path, "shapes"))
    reader.begin("Ada")
    for name in [*(given.names[k] for k in given.truth[:5]), "bar"]:
        reader.press(*name, "Enter", "Enter", "Enter")
    reader.browser.call("Browser.setDownloadBehavior", behavior="allow", downloadPath=str(tmp_path))
    reader.answers()
    reader.press("s", "Tab", "Enter")
    summed = reader.see("[...document.querySelectorAll('#sums table')][1].innerText").split()
    labelled = with_answers(data, responses=str(saved(tmp_path)))
    (pair,) = HumanJointCounts(images=24, batch=24).compute(replace(lab, dataset=labelled)).stats["pairs"]
    assert (pair["name"], pair["images"]) == ("Ada", 6)
    counts = [pair[key] for key in ("both", "first_only", "second_only", "neither")]
    assert counts == [int(cell) for cell in summed if cell.isdigit()]
    right = [True] * 5 + [bool(given.truth[5] == 1)]
    net = (given.truth[:6] != 0).tolist()
    pairs = list(zip(right, net, strict=True))
    assert counts == [pairs.count((you, it)) for you in (True, False) for it in (True, False)]


def test_nothing_is_told_before_an_answer_and_nothing_changes_after(reader: Reader) -> None:
    reader.begin()
    visible = "['truth', 'said', 'change'].filter(id => document.getElementById(id).checkVisibility())"
    reader.press("Escape", "a", "m")
    assert (reader.see(WORDS), reader.see(visible)) == ("", [])
    text = reader.see("document.body.innerText")
    assert not [name for name in IDS if name in text]
    reader.press("/", *"cat", "Enter", "Enter")
    assert reader.see(visible) == ["truth", "said", "change"]
    reader.tab_to("change")
    reader.press("Enter", "Backspace", *"sea", "Enter", "Enter")
    assert reader.see(CHOICES) == [NAMES[2]]
    reader.press("m")
    assert "80.0 %" in reader.see(WORDS)
    assert "The net is right" not in reader.see(WORDS)
    assert reader.see(visible) == ["truth"]
    reader.press("a")
    assert "The answer: cat. It is not among your choices." in reader.see(WORDS)
    assert "The net is right." in reader.see(WORDS)
    reader.press("/", *"naive", "Enter")
    assert reader.see(CHOICES) == [NAMES[2]], "what has been answered stays"


def test_choices_are_ranked_moved_and_removed_with_keys(reader: Reader) -> None:
    reader.begin()
    for word in ("cat", "sea", "naive", "script", "שלום"):
        reader.press(*word, "Enter")
    assert reader.see(CHOICES) == [NAMES[k] for k in (0, 2, 4, 1, 3)]
    reader.press("Escape", "3", "ArrowUp", "ArrowUp", "ArrowUp")
    assert reader.see(CHOICES) == [NAMES[k] for k in (4, 0, 2, 1, 3)]
    assert reader.see("document.activeElement.textContent") == NAMES[4]
    reader.press("ArrowDown", "Delete")
    assert reader.see(CHOICES) == [NAMES[k] for k in (0, 2, 1, 3)]
    reader.press("/", "Backspace", *"sea", "Enter")
    assert reader.see(CHOICES) == [NAMES[k] for k in (0, 1)], "a class that is taken twice is given back"
    reader.press("Enter", modifiers=2)
    assert reader.see("document.getElementById('hint').textContent").startswith("Recorded after")


def test_a_reader_may_not_know(reader: Reader, tmp_path: Path) -> None:
    reader.begin()
    reader.tab_to("unknown")
    reader.press("Enter")
    line = reader.answers().splitlines()[1]
    assert re.fullmatch(r'"a,b/1\.png","Ada, ""the 1st""",na,\d+\.\d', line), line


def test_answers_are_still_there_after_the_page_was_closed(reader: Reader, tmp_path: Path) -> None:
    reader.begin()
    reader.press(*"cat", "Enter", "Enter", "Enter", *"sea", "Enter")
    before = reader.see("[document.getElementById('which').textContent, document.getElementById('image').src]")
    reader.come_back()
    assert reader.see("[document.getElementById('which').textContent, document.getElementById('image').src]") == before
    assert reader.see(CHOICES) == [NAMES[2]]
    reader.press("Enter")
    assert len(reader.answers().splitlines()) == 3
    other = replace(labelling(), images=255 - labelling().images)
    reader.browser.open(written(other, tmp_path))
    assert reader.see("document.getElementById('start').checkVisibility()"), "other images are other answers"


def test_starting_again_asks_first(reader: Reader) -> None:
    reader.begin()
    reader.press(*"cat", "Enter", "Enter")
    reader.tab_to("erase")
    reader.press("Enter", "Escape")
    reader.come_back()
    assert "1 of 4" in reader.see("document.getElementById('progress').textContent")
    reader.tab_to("erase")
    reader.press("Enter", "Tab", "Enter")
    assert reader.see(FOCUS) == "observer"
    reader.come_back()
    assert reader.see("document.getElementById('start').checkVisibility()")


def test_time_runs_only_while_the_image_is_looked_at(reader: Reader) -> None:
    reader.begin()
    reader.press("Escape", "?")
    reader.see("new Promise(done => setTimeout(done, 700))")
    reader.press("Escape", "/", *"cat", "Enter", "Enter")
    first = float(reader.answers().splitlines()[1].rpartition(",")[2])
    reader.press("n")
    start = time.monotonic()
    reader.see("new Promise(done => setTimeout(done, 700))")
    reader.press(*"cat", "Enter", "Enter")
    passed = time.monotonic() - start
    second = float(reader.answers().splitlines()[2].rpartition(",")[2])
    assert 0.7 <= second <= passed + 0.2
    assert first < second


def test_classes_stand_in_the_order_of_their_families_with_their_examples(reader: Reader) -> None:
    reader.begin()
    assert reader.see("[...document.querySelectorAll('.word')].map(node => node.textContent)") == [
        NAMES[k] for k in ORDER
    ]
    families = list(dict.fromkeys(FAMILIES[k] for k in ORDER))
    assert reader.see("[...document.querySelectorAll('.family')].map(node => node.textContent)") == families
    shown = """new Promise(done => requestAnimationFrame(() => setTimeout(() => done(
      [...document.querySelectorAll('#class-0 i')].map(node => getComputedStyle(node).backgroundPosition)), 50)))"""
    assert reader.see(shown) == ["0% 0px", "50% 0px", "100% 0px"]
    assert reader.see("getComputedStyle(document.querySelector('#class-0 i')).backgroundImage").startswith(
        'url("data:image/'
    )
    assert reader.see("getComputedStyle(document.getElementById('image')).imageRendering") == "pixelated"


def test_all_is_named_for_those_who_cannot_see_it(reader: Reader) -> None:
    reader.begin()
    reader.press(*"cat")
    assert reader.see("document.getElementById('search').getAttribute('aria-activedescendant')") == "class-0"
    reader.press("Enter")
    assert reader.see("document.getElementById('class-0').getAttribute('aria-selected')") == "true"
    tree = reader.browser.call("Accessibility.getFullAXTree")["nodes"]
    roles = {"button", "textbox", "searchbox", "comboBoxMenuButton", "combobox", "option", "listbox", "image"}
    nodes = [node for node in tree if node.get("role", {}).get("value") in roles and not node["ignored"]]
    assert len(nodes) > 12
    assert not [node["role"] for node in nodes if not node.get("name", {}).get("value")]
    ring = "getComputedStyle(document.activeElement).outlineStyle"
    for _ in range(8):
        reader.press("Tab")
        where = reader.see("document.activeElement.id || document.activeElement.tagName")
        assert where == "BODY" or reader.see(ring) != "none", where


@pytest.mark.parametrize(("width", "dark"), [(360, True), (1280, False)])
def test_nothing_is_wider_than_the_screen(reader: Reader, width: int, dark: bool) -> None:
    reader.browser.open(reader.path, width=width, height=760, dark=dark)
    reader.begin("a" * 60)
    for word in ("cat", "script", "שלום"):
        reader.press(*word, "Enter")
    reader.press("Enter", "a", "m")
    assert reader.see("document.documentElement.scrollWidth") <= width
    reader.press("s")
    assert reader.see("document.documentElement.scrollWidth") <= width


def test_the_page_says_where_the_examples_come_from_and_needs_no_other_file(path: Path) -> None:
    text = path.read_text("utf-8")
    assert "<script>alert" not in text
    assert not re.search(r'<(script|link|img)[^>]*(src|href)="(?!data:)', text)
    assert np.array(labelling().images).shape[0] == text.count("data:image/png")
