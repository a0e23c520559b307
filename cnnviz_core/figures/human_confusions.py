"""What people take for what, what the model takes for what, and where the two differ."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from matplotlib.axes import Axes

from cnnviz_core import style
from cnnviz_core.claim import identity, tendency
from cnnviz_core.figure import Claim, Figure, Picture, Result, Stats
from cnnviz_core.lab import Lab
from cnnviz_core.methods.bootstrap import percentiles
from cnnviz_core.methods.confusion import confusion_counts, similar_order
from cnnviz_core.observers import NOBODY, Observer, model_observer, observers, undecidable

MANY = 40  # choices, from which on a matrix cannot be read: only those that people took for another are shown


@dataclass(frozen=True)
class HumanConfusions(Figure):
    """Confusion matrices of all people together and of the model, on the same images, and their difference."""

    pairs: int
    draws: int
    batch: int

    def obstacle(self, lab: Lab) -> str | None:
        self.check_at_least(1, "pairs", "batch")
        self.check_at_least(100, "draws")
        if lab.dataset.responses is None:
            return NOBODY.format(lab.dataset.name)
        if not any(one.kind == "person" for one in observers(lab)):
            return f"no person is among the observers of {lab.dataset.name}, only nets"
        return undecidable(lab)

    def compute(self, lab: Lab) -> Result:
        people = [one for one in observers(lab) if one.kind == "person"]
        images = np.unique(np.concatenate([one.images for one in people]))
        model, _ = model_observer(lab, images.tolist(), batch=self.batch)
        names = lab.choices.names
        theirs = sum(confusion_counts(one.labels, one.chosen[:, 0], classes=len(names)) for one in people)
        its = confusion_counts(model.labels, model.chosen[:, 0], classes=len(names))
        order = _order(np.asarray(theirs) + its)
        shares = [_shares(np.asarray(counts)) for counts in (theirs, its)]
        return Result(
            {"people": shares[0], "model": shares[1], "order": np.array(order)},
            {
                "names": list(names),
                "people": len(people),
                "images": len(images),
                "answers": int(np.asarray(theirs).sum()),
                "missing": int(np.asarray(theirs)[:, -1].sum()),
                "model": model.name,
                "pairs": {who: _most(np.asarray(counts), names, self.pairs)
                          for who, counts in (("people", theirs), ("model", its))},
                "adds_up": bool(np.asarray(theirs).sum() == sum(len(one.images) for one in people)
                                and its.sum() == len(model.images)),
                "favorite": _favorite(its, names),
                "concentration": _concentrations(people, model, len(names), lab.rng(self.name()), self.draws),
            },
        )  # fmt: skip

    def draw(self, result: Result) -> Picture:
        stats, order = result.stats, result.arrays["order"]
        names = [style.short(stats["names"][k], 10) for k in order]
        picture = style.picture(height=2.45)
        panels = picture.subplots(1, 3, sharey=True)
        titles = (f"people ({stats['people']})", style.short(stats["model"], 20), "model minus people")
        columns = [*order, len(stats["names"])]
        people, model = (result.arrays[key][np.ix_(order, columns)] for key in ("people", "model"))
        for axes, values, title, difference in zip(
            panels, (people, model, model - people), titles, (0, 0, 1), strict=True
        ):
            _panel(axes, 100 * values, [*names, "no answer"], title, difference=bool(difference))
        panels[0].set_yticks(range(len(names)), names, fontsize=5.5)
        panels[0].set(ylabel="right")
        return picture

    def alt(self, stats: Stats) -> str:
        told = {
            who: ", ".join(
                f"{pair['true']} as {pair['answer']} ({pair['share']:.0%})" for pair in stats["pairs"][who][:3]
            )
            for who in ("people", "model")
        }
        theirs, its = told["people"] or "none", told["model"] or "none"
        return (
            f"Three matrices of right class (rows) and answer (columns): {stats['people']} people, {stats['model']}, "
            f"and the difference. Most frequent mistakes of people: {theirs}; of the model: {its}."
        )

    def claims(self, stats: Stats) -> list[Claim]:
        found, name = stats["concentration"], f"{self.name()}.few_wrong_answers"
        text = "The model's wrong answers are of fewer kinds than those of people: one answer takes a larger share."
        if found is None:
            told = Claim(name, text, "tendency", None, {}, undecided="people or the model make fewer than 10 mistakes")
        else:
            numbers = {"model_share": found["model"], "people_share": found["people"]}
            told = tendency(name, text, numbers, found["interval"], source="")
        return [
            identity(
                f"{self.name()}.adds_up",
                "The matrices hold every answer once.",
                stats["adds_up"],
                {"answers": stats["answers"], "images": stats["images"]},
            ),
            told,
        ]


def _order(counts: np.ndarray) -> list[int]:
    """Choices that are confused with each other stand together; of many, only the most confused."""
    mistakes = counts[:, :-1] * (1 - np.eye(len(counts), dtype=int))
    if len(counts) <= MANY:
        return similar_order(mistakes)
    busy = np.argsort(-(mistakes.sum(axis=0) + mistakes.sum(axis=1)), kind="stable")[:MANY]
    chosen = np.sort(busy)
    return [int(chosen[k]) for k in similar_order(mistakes[np.ix_(chosen, chosen)])]


def _shares(counts: np.ndarray) -> np.ndarray:
    """Counts as shares of their row."""
    return np.asarray(counts / np.maximum(counts.sum(axis=1, keepdims=True), 1))


def _most(counts: np.ndarray, names: tuple[str, ...], pairs: int) -> list[dict[str, Any]]:
    mistakes = _shares(counts)[:, :-1] * (1 - np.eye(len(counts)))
    ranked = np.argsort(-mistakes.ravel(), kind="stable")[:pairs]
    found = [(int(place // len(names)), int(place % len(names))) for place in ranked]
    return [
        {"true": names[i], "answer": names[j], "share": float(mistakes[i, j])} for i, j in found if mistakes[i, j] > 0
    ]


def _favorite(counts: np.ndarray, names: tuple[str, ...]) -> dict[str, Any]:
    """The model's most frequent answer."""
    given = counts[:, :-1].sum(axis=0)
    return {"name": names[int(given.argmax())], "share": float(given.max() / counts.sum())}


def _concentrations(
    people: list[Observer], model: Observer, choices: int, rng: np.random.Generator, draws: int
) -> dict[str, Any] | None:
    """The share of the most frequent of all wrong answers, of the model and of people; the interval is over images."""
    answers, images = (np.concatenate([getattr(one, key) for one in people]) for key in ("chosen", "images"))
    labels = np.concatenate([one.labels for one in people])
    theirs = (images, answers[:, 0], (answers[:, 0] != labels) & (answers[:, 0] >= 0))
    its = (model.images, model.chosen[:, 0], model.chosen[:, 0] != model.labels)
    if theirs[2].sum() < 10 or its[2].sum() < 10:
        return None
    unique, tables = np.unique(model.images), []
    for seen, chosen, wrong in (theirs, its):
        table = np.zeros((len(unique), choices))
        np.add.at(table, (np.searchsorted(unique, seen[wrong]), chosen[wrong]), 1)
        tables.append(table)
    found = []
    for _ in range(draws):
        drawn = rng.integers(len(unique), size=len(unique))
        shares = [_top(table[drawn].sum(axis=0)) for table in tables]
        found.append(shares[1] - shares[0])
    return {"people": _top(tables[0].sum(axis=0)), "model": _top(tables[1].sum(axis=0)),
            "interval": list(percentiles(np.array(found), 0.95))}  # fmt: skip


def _top(counts: np.ndarray) -> float:
    return float(counts.max() / max(counts.sum(), 1))


def _panel(axes: Axes, values: np.ndarray, columns: list[str], title: str, *, difference: bool) -> None:
    low, map = (-100, style.DIVERGING) if difference else (0, style.SEQUENTIAL)
    style.heat(axes, values, low=low, high=100, map=map, title=title, label="% of the row")
    axes.set_xticks(range(len(columns)), columns, rotation=90, fontsize=5.5)
    axes.set_xlabel("answer")
    axes.tick_params(length=0)
