"""What can go wrong on the way to a book, apart from bugs."""

from collections.abc import Iterable
from difflib import get_close_matches


class InputError(Exception):
    """The user's input is wrong; the text names the setting, its value and what is allowed."""


class BuildError(Exception):
    """The build itself failed: an identity claim is false, a figure crashed, a chapter names what is not there."""


def nearest(name: str, names: Iterable[str]) -> str:
    """`; did you mean 'x'?` for the name most like `name`, or a full stop when none is alike."""
    close = get_close_matches(name, list(names), n=1)
    return f"; did you mean {close[0]!r}?" if close else "."
