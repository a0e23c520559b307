"""How a net is trained: every setting, checked."""

from dataclasses import dataclass

from cnnviz_core.errors import InputError

SNAPSHOTS = (1, 2, 5, 10, 20, 30, 40, 64)
"""The epochs of Zeiler and Fergus 2014, fig. 4, out of 64 here."""


@dataclass(frozen=True)
class Recipe:
    """Gradient descent in random batches, whose rates rise from 0 and then fall as a half cosine.

    Adversarial training is that of Goodfellow et al. 2015, sec. 6: the loss is alpha J(x) + (1 - alpha) J(x + epsilon
    sign(gradient of J at x)), with the second image made anew in each step and held constant. The defaults stand in
    configs/model/.
    """

    epochs: int
    batch: int
    learning_rate: float
    warm_up: float
    momentum: float
    weight_decay: float
    first_weight_decay: float
    largest_gradient: float
    dropout: float
    label_smoothing: float
    shift: int
    brightness: float
    contrast: float
    colour: float
    alpha: float
    epsilon: float
    history: bool
    seed: int

    def __post_init__(self) -> None:
        """Raises InputError that names the setting, its value and what is allowed."""
        for name in ("epochs", "batch"):
            self._check(name, getattr(self, name) >= 1, "at least 1")
        for name in ("weight_decay", "first_weight_decay", "shift", "seed"):
            self._check(name, getattr(self, name) >= 0, "at least 0")
        for name in ("warm_up", "momentum", "dropout", "label_smoothing", "brightness", "contrast", "colour"):
            self._check(name, 0 <= getattr(self, name) < 1, "at least 0 and below 1")
        for name in ("alpha", "epsilon"):
            self._check(name, 0 <= getattr(self, name) <= 1, "in [0, 1]")
        for name in ("learning_rate", "largest_gradient"):
            self._check(name, getattr(self, name) > 0, "above 0")

    def _check(self, name: str, right: bool, allowed: str) -> None:
        if not right:
            raise InputError(f"model.recipe.{name}={getattr(self, name)} must be {allowed}")

    def snapshots(self, steps_per_epoch: int) -> dict[int, float]:
        """The number of epochs after which the weights are kept, by the step that comes nearest.

        Left out are the end, which is the net itself, and of several that fall on one step all but the last.
        """
        steps = self.epochs * steps_per_epoch
        times = [self.epochs * epoch / SNAPSHOTS[-1] for epoch in SNAPSHOTS]
        nearest = {round(time * steps_per_epoch): time for time in times}
        return {step: time for step, time in nearest.items() if 0 < step < steps}
