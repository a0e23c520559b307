"""What the tests of the export share: a small book, and a real browser driven through Chromium's debugging pipe."""

import json
import os
import select
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from cnnviz_core.export import html, page
from cnnviz_core.export.document import Chapter, numbering
from cnnviz_core.text import escaped

ROOT = Path(__file__).parents[2]
FRAME = ROOT / "chapters" / "_page"
BIBLIOGRAPHY = ROOT / "chapters" / "references.bib"

HOSTILE = r"""<script>alert(1)</script> {{ 7*7 }} $x$ #tag "q" 'q' \ * _ & &amp; [a](b) `c` ~s~ @key -- ^2^ x_1_"""

FIRST = """# Filters {#sec:filters}

What the first layer has learned [@krizhevsky2012]. It is looked at again in @sec:occlusion.

![All filters, $3 \\times 7 \\times 7$.](figures/filters.png){#fig:filters alt="A grid of filters"}
"""

SECOND = """# Occlusion {#sec:occlusion}

@zeiler2014 cover a part of the image; see also [@zeiler2014, sec. 4.2]. A class: HOSTILE end.

## The map {#sec:map}

$$ M_{ij} = P(c \\mid x^{(i,j)}) $$ {#eq:map}

By @eq:map and @fig:curve, unlike @fig:filters, @tbl:classes says more [see @fig:curve, left; @sec:map].

![The curve of HOSTILE.](figures/curve.png){#fig:curve alt="A curve of HOSTILE"}

```{.python .cell}
total = sum(range(5))
print("the sum is", total)
```

::: {.claim .holds}
**Tendency: holds here.** It matters.
:::

::: {.claim .fails}
**Tendency: does not hold here.** It does not.
:::

::: {.claim .undecided}
**Tendency: undecided here.** Who knows.
:::

::: {.pitfall}
**Mind the edges.** They are seen, too.
:::

::: {.original}
The note says so.
:::

::: {.exercise}
**Try it.** And look.
:::

::: {.unmade #fig:panels}
Not made: there are no maps.
:::

| class   |     accuracy | number_of_images | receptive_field | probability | layer            |
|:--------|-------------:|:-----------------|:----------------|:------------|:-----------------|
| HOSTILE |       99.4 % | onehundredtwenty | sixteenbynine   | `0.9999999` | convolution_five |

: Classes and how a table can be wider than the screen of a telephone. {#tbl:classes}

## Exercises

1. Halve the patch.[^1]
2. A long formula: $b_1 + b_2 + b_3 + b_4 + b_5 + b_6 + b_7 + b_8 + b_9 + b_{10} + b_{11} + b_{12} + b_{13} + b_{14}$.

What a long formula does on the screen of a telephone:
$a_1 + a_2 + a_3 + a_4 + a_5 + a_6 + a_7 + a_8 + a_9 + a_{10} + a_{11} + a_{12} + a_{13} + a_{14}$.

[^1]: Or double it.
"""


@dataclass(frozen=True)
class Sample:
    """A book of two chapters, with its pictures in `folder`."""

    folder: Path

    @cached_property
    def chapters(self) -> list[Chapter]:
        # in the value of an attribute, pandoc reads backslashes, quotes and entities, and nothing else
        told = HOSTILE.replace("&", "&amp;").replace("\\", "\\\\").replace('"', '\\"')
        second = SECOND.replace('alt="A curve of HOSTILE"', f'alt="A curve of {told}"')
        return [
            Chapter("01_filters", "Filters", FIRST),
            Chapter("04_occlusion", "Occlusion", second.replace("HOSTILE", escaped(HOSTILE))),
        ]

    @property
    def book(self) -> page.Book:
        return page.Book("net-data", "Notes", {"Model": HOSTILE}, self.chapters)

    @property
    def sources(self) -> dict[str, Any]:
        """What every export of a chapter needs."""
        return {"numbering": numbering(self.chapters), "bibliography": BIBLIOGRAPHY, "folder": self.folder}

    def write_pages(self) -> None:
        (self.folder / "_page").mkdir()
        for name, content in page.assets(FRAME).items():
            (self.folder / "_page" / name).write_bytes(content)
        for chapter in self.chapters:
            body = html.body(chapter, **self.sources)
            told = page.chapter_page(FRAME, book=self.book, chapter=chapter, body=body)
            (self.folder / f"{chapter.name}.html").write_text(told, "utf-8")
        index = page.book_page(FRAME, book=self.book, notes={"Left out": [HOSTILE]})
        (self.folder / "index.html").write_text(index, "utf-8")
        (self.folder / "shelf.html").write_text(page.shelf_page(FRAME, books=[self.book]), "utf-8")


def _sample(folder: Path) -> Sample:
    (folder / "figures").mkdir(parents=True)
    for name, width in (("filters", 1300), ("curve", 800)):
        Image.new("RGB", (width, 400), (90, 120, 150)).save(folder / "figures" / f"{name}.png", dpi=(200, 200))
    return Sample(folder)


@pytest.fixture
def hostile() -> str:
    """A name of a class that must appear as it is."""
    return HOSTILE


@pytest.fixture
def sample(tmp_path: Path) -> Sample:
    return _sample(tmp_path / "book")


@pytest.fixture(scope="module")
def book(tmp_path_factory: pytest.TempPathFactory) -> Sample:
    """The same for all tests of a file."""
    return _sample(tmp_path_factory.mktemp("books") / "book")


@pytest.fixture
def same_sample(tmp_path: Path) -> Sample:
    """The same book in another folder."""
    return _sample(tmp_path / "elsewhere" / "other")


PROGRAM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome", "chrome"))), None)

FLAGS = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--hide-scrollbars",
         "--disable-background-networking", "--disable-component-update", "--disable-sync",
         "--disable-dev-shm-usage", "--remote-debugging-pipe"]  # fmt: skip


class Browser:
    """One page. Its `problems` are what it wrote to the console, exceptions and files that did not load."""

    def __init__(self, orders: int, answers: int) -> None:
        self._orders, self._answers = orders, answers
        self._received = bytearray()
        self._count = 0
        self._session: str | None = None
        self._loaded = False
        self.problems: list[str] = []
        target = self.call("Target.createTarget", url="about:blank")["targetId"]
        self._session = self.call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for domain in ("Page", "Runtime", "Log", "Network"):
            self.call(f"{domain}.enable")

    def call(self, method: str, **parameters: Any) -> Any:
        """The result of a command of the DevTools protocol."""
        number = self._send(method, **parameters)
        while (message := self._next()).get("id") != number:
            pass
        assert "error" not in message, message
        return message["result"]

    def _send(self, method: str, **parameters: Any) -> int:
        self._count += 1
        order = {"id": self._count, "method": method, "params": parameters}
        order |= {"sessionId": self._session} if self._session else {}
        os.write(self._orders, json.dumps(order).encode() + b"\0")
        return self._count

    def _next(self) -> Any:
        while b"\0" not in self._received:
            ready, _, _ = select.select([self._answers], [], [], 30)
            assert ready, "the browser says nothing"
            received = os.read(self._answers, 1 << 16)
            assert received, "the browser is gone"
            self._received += received
        text, _, self._received = self._received.partition(b"\0")
        message = json.loads(text)
        self._note(message.get("method", ""), message.get("params", {}))
        return message

    def _note(self, method: str, details: Any) -> None:
        self._loaded |= method == "Page.loadEventFired"
        if method == "Runtime.exceptionThrown":
            self.problems.append(str(details["exceptionDetails"]))
        elif method == "Log.entryAdded":
            self.problems.append(str(details["entry"]["text"]))
        elif method == "Runtime.consoleAPICalled":
            self.problems.append(str(details["args"]))
        elif method == "Network.loadingFailed":
            self.problems.append(str(details["errorText"]))
        elif method == "Page.javascriptDialogOpening":
            self.problems.append(f"a dialog: {details['message']}")
            self._send("Page.handleJavaScriptDialog", accept=True)
        elif method == "Network.requestWillBeSent" and not details["request"]["url"].startswith(("file:", "data:")):
            self.problems.append(f"asked for {details['request']['url']}")

    def open(self, page: Path, *, width: int = 1280, height: int = 900, dark: bool = False) -> None:
        """Load a page in a window of that size and wait until it has loaded."""
        self.call("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1,
                  mobile=width < 600)  # fmt: skip
        scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        self.call("Emulation.setEmulatedMedia", features=[scheme])
        self._loaded = False
        self.call("Page.navigate", url=page.resolve().as_uri())
        while not self._loaded:
            self._next()

    def evaluate(self, script: str) -> Any:
        """The value of a JavaScript expression; of a promise, what it comes to."""
        done = self.call("Runtime.evaluate", expression=script, returnByValue=True, awaitPromise=True)
        assert "exceptionDetails" not in done, done
        return done["result"].get("value")

    def press(self, key: str) -> None:
        """A key such as Escape or Enter, as from the keyboard."""
        codes = {"Enter": 13, "Escape": 27, "Tab": 9}
        text = {"text": "\r"} if key == "Enter" else {}
        for kind in ("keyDown", "keyUp"):
            self.call("Input.dispatchKeyEvent", type=kind, key=key, code=key, windowsVirtualKeyCode=codes[key], **text)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """A browser with a fresh profile."""
    if PROGRAM is None:
        pytest.skip("no Chromium is installed")
    to_read, orders = os.pipe()
    answers, to_write = os.pipe()
    profile = tempfile.mkdtemp()
    command = [PROGRAM, *FLAGS, f"--user-data-dir={profile}"]

    def connect() -> None:
        high = os.dup(to_read), os.dup(to_write)  # out of the way of 3 and 4
        os.dup2(high[0], 3)
        os.dup2(high[1], 4)

    running = subprocess.Popen(command, preexec_fn=connect, close_fds=False, stdout=subprocess.DEVNULL,
                               stderr=subprocess.DEVNULL, start_new_session=True)  # fmt: skip
    os.close(to_read)
    os.close(to_write)
    try:
        yield Browser(orders, answers)
    finally:
        os.close(orders)
        os.close(answers)
        running.terminate()
        running.wait(timeout=20)
        time.sleep(0.1)
        shutil.rmtree(profile, ignore_errors=True)
