"""A statement about a model and a data set that a figure tests."""

from collections.abc import Mapping
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
