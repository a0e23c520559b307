"""A statement about a model and a data set that a figure tests."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal


@dataclass(frozen=True)
class Claim:
    """A statement about this model and this data, tested on the numbers of one figure.

    An *identity* must hold for every model: a false one is a bug and stops the build. A *tendency* is what a paper
    reports: it is measured here and may hold or not. `holds` is None where the numbers do not decide.
    """

    name: str  # figure.claim
    text: str  # pandoc Markdown, one sentence
    kind: Literal["identity", "tendency"]
    holds: bool | None
    measured: Mapping[str, float]
    reference: Mapping[str, float] = field(default_factory=dict)  # the paper's own numbers
    source: str = ""  # bibliography key and place: zeiler2014 sec. 4.2
    undecided: str = ""  # why it is undecided, where it is

    @property
    def verdict(self) -> str:
        return {True: "holds here", False: "does not hold here", None: "undecided here"}[self.holds]


def identity(name: str, text: str, holds: bool, measured: Mapping[str, float]) -> Claim:
    """A claim that must hold for every model."""
    return Claim(name, text, "identity", bool(holds), measured)


def tendency(
    name: str,
    text: str,
    measured: Mapping[str, float],
    interval: Sequence[float],
    *,
    source: str,
    reference: Mapping[str, float] | None = None,
    undecided: str = "",
) -> Claim:
    """A claim that some difference is above zero, judged by its interval.

    It holds where the whole interval is above zero, fails where it is below, and is undecided where zero lies inside
    or where `undecided` says why these numbers mean nothing here.
    """
    low, high = interval
    holds = None if undecided or low <= 0 <= high else low > 0
    if holds is None and not undecided:
        undecided = "the interval of the difference includes zero"
    numbers = {**measured, "difference_from": low, "difference_to": high}
    return Claim(name, text, "tendency", holds, numbers, reference or {}, source, undecided)
