"""How far the work is: bars on a terminal, plain lines in a log."""

import sys
import time
from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager
from types import TracebackType
from typing import Any

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    ProgressColumn,
    Task,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)
from rich.text import Text


class Speed(ProgressColumn):
    """Items per second, such as images."""

    def render(self, task: Task) -> Text:
        """Nothing until some are done."""
        return Text("" if task.speed is None else f"{task.speed:.3g}/s", style="progress.data.speed")


class Reporter(AbstractContextManager["Reporter"]):
    """Tells people on stderr what the build does: `step` for each piece of work, `track` for a loop inside one."""

    def __init__(self, *, quiet: bool = False) -> None:
        self.console = Console(stderr=True, quiet=quiet, highlight=False, soft_wrap=True)
        self.live = self.console.is_terminal and not quiet
        self.bars = Progress(
            TextColumn("{task.description}", markup=False),
            BarColumn(),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            TimeRemainingColumn(),
            Speed(),
            console=self.console,
            transient=True,
            disable=not self.live,
        )
        self.quiet = quiet

    def __enter__(self) -> "Reporter":
        self.bars.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.bars.stop()

    def say(self, text: str) -> None:
        """One line, kept on the screen and in the log."""
        if not self.quiet:
            self.console.print(text, markup=False)
            sys.stderr.flush()

    def track(self, items: Iterable[Any], text: str, total: int) -> Iterator[Any]:
        """The items, with a bar on a terminal, and in a log a line every 10 seconds."""
        task = self.bars.add_task(text, total=total)
        start = told = time.monotonic()
        try:
            for done, item in enumerate(items, 1):
                yield item
                self.bars.advance(task)
                now = time.monotonic()
                if not self.live and now - told > 10:
                    told = now
                    speed = done / (now - start)
                    left = f"{speed:.3g}/s, {(total - done) / speed:.0f} s left"
                    self.say(f"  {text}: {done} of {total}, {now - start:.0f} s, {left}")
        finally:
            self.bars.remove_task(task)
