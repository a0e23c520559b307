"""A figure computes numbers from a lab, draws them, and claims things about them."""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from matplotlib.figure import Figure as Picture

from cnnviz_core.claim import Claim
from cnnviz_core.errors import InputError
from cnnviz_core.explorer import Explorer
from cnnviz_core.lab import Lab
from cnnviz_core.labelling import Labelling

Stats = Mapping[str, Any]
"""Numbers, names and short lists of them by name: what JSON can hold."""

__all__ = ["Claim", "Explorer", "Figure", "Labelling", "Picture", "Result", "Stats"]


@dataclass(frozen=True)
class Result:
    """What a figure computed: arrays to draw, and stats, the numbers that the text and the claims use."""

    arrays: Mapping[str, np.ndarray]
    stats: Stats


class Figure(ABC):
    """One figure of the notes. Its fields are its settings, as in its yaml file; their defaults stand there alone."""

    @classmethod
    def name(cls) -> str:
        """The one name of module, yaml, test, picture and chapter call."""
        return cls.__module__.rpartition(".")[2]

    def obstacle(self, lab: Lab) -> str | None:
        """Why this figure cannot be made for this model and data set, or None. Quick: it computes nothing.

        Raises InputError where a setting is wrong.
        """
        return None

    def check_at_least(self, least: int, *settings: str) -> None:
        """Raises InputError where one of these settings is given and smaller."""
        for setting in settings:
            if (value := getattr(self, setting)) is not None and value < least:
                raise InputError(f"figure.{self.name()}.{setting}={value} must be at least {least}")

    def check_share(self, *settings: str) -> None:
        """Raises InputError where one of these settings is not above 0 and at most 1."""
        for setting in settings:
            if not 0 < (value := getattr(self, setting)) <= 1:
                raise InputError(f"figure.{self.name()}.{setting}={value} must be above 0 and at most 1")

    def check_shares(self, *settings: str) -> None:
        """Raises InputError where one of these settings, a list, is empty or has a value not above 0 and at most 1."""
        for setting in settings:
            if not (values := getattr(self, setting)) or not all(0 < value <= 1 for value in values):
                raise InputError(f"figure.{self.name()}.{setting}={values} must be shares above 0 and at most 1")

    def check_images(self, setting: str, lab: Lab) -> None:
        """Raises InputError where this setting, an index or a list of them, names an image that is not there."""
        value = getattr(self, setting)
        for i in value if isinstance(value, list) else [value]:
            if i is not None and i not in range(len(lab.dataset)):
                raise InputError(
                    f"figure.{self.name()}.{setting}={i} is not in the data set {lab.dataset.name}, "
                    f"which has the images 0 to {len(lab.dataset) - 1}"
                )

    def untold(self, lab: Lab, least: int = 3) -> str | None:
        """Why nothing can be said of how the model was trained, or None: its weights of `least` moments are needed."""
        name, history = lab.model.name, lab.model.history
        if history is None:
            return f"how {name} was trained is not known: it has no weights from on the way, as refnet has"
        if len(history.weights) < least:
            return f"{name} has its weights from {len(history.weights)} moments of its training; {least} are needed"
        return None

    @abstractmethod
    def compute(self, lab: Lab) -> Result:
        """The numbers. Random choices come from ``lab.rng(self.name())`` alone."""

    @abstractmethod
    def draw(self, result: Result) -> Picture:
        """The picture of the numbers."""

    def explorer(self, result: Result) -> Explorer | None:
        """What a page lets its reader explore in the place of the picture, or None."""
        return None

    def labelling(self, result: Result) -> Labelling | None:
        """What a page of its own lets its reader label, or None. One figure of a book may have one."""
        return None

    @abstractmethod
    def alt(self, stats: Stats) -> str:
        """What the picture shows, in words and numbers, for readers who cannot see it."""

    @abstractmethod
    def claims(self, stats: Stats) -> list[Claim]:
        """What is claimed of the numbers, with verdicts."""
