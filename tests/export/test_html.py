"""The body of a chapter's page: its HTML, and what a real browser makes of the whole page."""

import os
import re
from pathlib import Path
from typing import Any

import pytest

from cnnviz_core.export import html
from cnnviz_core.export.document import Chapter, numbering

SNAPSHOT = Path(__file__).with_name("tiny.html")
TINY = """# Tiny {#sec:tiny}

By @fig:curve and [@luo2016].

![A *curve*.](figures/curve.png){#fig:curve alt="A curve"}

$$ x^2 $$ {#eq:square}

```{.python .cell}
print(1)
```

::: {.pitfall}
**Mind.** @eq:square.
:::
"""


def test_a_tiny_chapter_is_as_it_was(sample: Any) -> None:
    """If a change is wanted: RENEW=1 pytest tests/export/test_html.py, and read the difference."""
    chapter = Chapter("09_tiny", "Tiny", TINY)
    body = html.body(chapter, **sample.sources | {"numbering": numbering([chapter])})
    if os.environ.get("RENEW"):
        SNAPSHOT.write_text(body, "utf-8")
    assert body == SNAPSHOT.read_text("utf-8")


def test_references_go_to_the_page_that_has_the_thing(sample: Any) -> None:
    body = html.body(sample.chapters[1], **sample.sources)
    assert '<a href="01_filters.html#fig:filters" class="reference">Figure\N{NO-BREAK SPACE}1.1</a>' in body
    assert '<a href="#fig:curve" class="reference">Figure\N{NO-BREAK SPACE}4.1</a>' in body
    targets = set(re.findall(r'href="#([^"]+)"', body))
    assert targets <= set(re.findall(r' id="([^"]+)"', body))


def test_each_work_links_back_to_each_place_where_it_is_cited(sample: Any) -> None:
    body = html.body(sample.chapters[1], **sample.sources)
    entry = re.search(r'<div id="ref-zeiler2014".*?</div>', body, re.DOTALL)
    assert entry is not None
    assert re.findall(r'href="#(cite-[^"]+)"', entry[0]) == ["cite-zeiler2014-1", "cite-zeiler2014-2"]


def test_pictures_have_the_size_of_their_file(sample: Any) -> None:
    body = html.body(sample.chapters[1], **sample.sources)
    assert 'width="440" height="220"' in body  # 800 by 400 pixels, 200 per inch, 110 on the screen


@pytest.mark.parametrize(
    ("tex", "spaced"),
    [
        (r"\exp s", r"\exp\,s"),
        (r"\exp(s)", r"\exp(s)"),
        (r"\max_{k} s_k", r"\max_{k}\,s_k"),
        (r"\arg\max_I S", r"\arg\,\max_I\,S"),
        (r"\log\left(x\right)", r"\log\left(x\right)"),
        (r"\expx", r"\expx"),
    ],
)
def test_names_of_functions_are_set_apart(tex: str, spaced: str) -> None:
    assert html.spaced(tex) == spaced


def test_the_same_text_gives_the_same_bytes_anywhere(sample: Any, same_sample: Any) -> None:
    for chapter, same in zip(sample.chapters, same_sample.chapters, strict=True):
        assert html.body(chapter, **sample.sources) == html.body(same, **same_sample.sources)
