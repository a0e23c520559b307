"""Everyone who answered for images of a data set, held against what is right: people, other nets, and the model."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from cnnviz_core.answers import MOST
from cnnviz_core.lab import Lab
from cnnviz_core.methods.decisions import category_means, decisions

Kind = Literal["person", "net", "model"]

NOBODY = (
    "nobody has labelled the images of {} yet; dataset.responses=FILE names a CSV file (image,observer,response) of "
    "what people answered"
)


@dataclass(frozen=True, eq=False)
class Observer:
    """What one observer chose for some images, in the order of the data set."""

    name: str
    kind: Kind
    images: np.ndarray  # (n,) into the data set
    labels: np.ndarray  # (n,) what is right, into the names of the choices
    chosen: np.ndarray  # (n, MOST) ranked, -1 where no more
    seconds: np.ndarray  # (n,) NaN where not known

    def right(self, within: int = 1) -> np.ndarray:
        """(n,) whether the right choice is among the first `within`."""
        return np.asarray((self.chosen[:, :within] == self.labels[:, None]).any(axis=1))

    def of(self, images: Sequence[int] | np.ndarray) -> "Observer":
        """The same for those of the images that are asked for."""
        kept = np.isin(self.images, images)
        parts = (part[kept] for part in (self.images, self.labels, self.chosen, self.seconds))
        return Observer(self.name, self.kind, *parts)


def observers(lab: Lab) -> list[Observer]:
    """Those of the responses, people first, each for the images of which it is known what is right."""
    given, labels = lab.dataset.responses, lab.choices.labels
    if given is None:
        return []
    found = []
    for k, (name, is_net) in enumerate(zip(given.observers, given.nets, strict=True)):
        rows = np.flatnonzero((given.observer == k) & (labels[given.image] >= 0))
        rows = rows[np.argsort(given.image[rows], kind="stable")]
        images = given.image[rows]
        found.append(
            Observer(
                name, "net" if is_net else "person", images, labels[images], given.chosen[rows], given.seconds[rows]
            )
        )
    return sorted((one for one in found if len(one.images)), key=lambda one: one.kind == "net")


def model_observer(lab: Lab, ids: Sequence[int], *, batch: int = 32) -> tuple[Observer, np.ndarray]:
    """The model as one more observer, and (n, choices) how much it holds of each choice.

    Its decision is the choice with the highest mean probability over the outputs that make it up; a class is one
    output. Other outputs than those of the choices are left aside, as they are for people. Images of which it is not
    known what is right are left out.
    """
    choices = lab.choices
    assert choices.outputs is not None
    images = np.array([i for i in sorted(ids) if choices.labels[i] >= 0])
    means = category_means(lab.logits(images.tolist(), batch), choices.outputs)
    name = lab.model.name
    return (
        Observer(
            name, "model", images, choices.labels[images], decisions(means, most=MOST), np.full(len(images), np.nan)
        ),
        means,
    )


def shown_images(lab: Lab, count: int) -> list[int]:
    """The images that somebody answered for; where nobody did, so many, spread over the data set."""
    given = lab.dataset.responses
    return lab.spread(count) if given is None else sorted(set(given.image.tolist()))


def within(lab: Lab) -> int:
    """How many choices count: five where somebody ranked several of more than ten, else the first alone."""
    given = lab.dataset.responses
    return MOST if given is not None and given.ranked and len(lab.choices.names) > 10 else 1


def undecidable(lab: Lab) -> str | None:
    """Why it cannot be said what the model decides, or None."""
    if lab.choices.outputs is not None:
        return None
    return (
        f"the classes of {lab.dataset.name} are not among the outputs of {lab.model.name}; dataset.classes=FILE "
        "(index,wnid,name) or dataset.class_map=FILE (index,category) says which outputs they are"
    )
