"""Whether two observers fail on the same images: beyond what their accuracies alone would bring about."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any

import numpy as np
from matplotlib.axes import Axes

from cnnviz_core import style
from cnnviz_core.claim import identity, tendency
from cnnviz_core.figure import Claim, Figure, Picture, Result, Stats
from cnnviz_core.lab import Lab
from cnnviz_core.methods.bootstrap import percentiles
from cnnviz_core.methods.kappa import error_consistency
from cnnviz_core.observers import NOBODY, Observer, model_observer, observers, shown_images, undecidable, within

LEAST = 10  # images that both have answered for
GROUPS = {"people": ("person", "person"), "people and nets": ("net", "person"), "nets": ("net", "net")}
COLORS = {"people": style.COLOURS[0], "people and nets": style.COLOURS[1], "nets": style.COLOURS[6]}


@dataclass(frozen=True)
class HumanErrorConsistency(Figure):
    """Cohen's kappa of which images are right, for every pair of observers, with the band of independent errors."""

    draws: int
    batch: int

    def obstacle(self, lab: Lab) -> str | None:
        self.check_at_least(100, "draws")
        self.check_at_least(1, "batch")
        if lab.dataset.responses is None:
            return NOBODY.format(lab.dataset.name)
        if not _pairs([*observers(lab), *_model_to_come(lab)]):
            return f"no two observers of {lab.dataset.name} have answered for the same {LEAST} images"
        return None

    def compute(self, lab: Lab) -> Result:
        known = undecidable(lab) is None
        model = model_observer(lab, shown_images(lab, 1), batch=self.batch)[0] if known else None
        everyone, first = [*observers(lab), *([] if model is None else [model])], within(lab)
        pairs = []
        for i, j in _pairs(everyone):
            shared = np.intersect1d(everyone[i].images, everyone[j].images)
            right = [everyone[k].of(shared).right(first) for k in (i, j)]
            found = error_consistency(*right)
            pairs.append({
                "first": i, "second": j, "group": _group(everyone[i], everyone[j]), "images": len(shared),
                "observed": found.observed, "expected": found.expected, "kappa": found.kappa,
                "band": None if found.band is None else list(found.band),
                "both_wrong": int((~right[0] & ~right[1]).sum()),
            })  # fmt: skip
        rng = lab.rng(self.name())
        return Result(
            {},
            {
                "observers": [
                    {"name": one.name, "kind": one.kind, "images": len(one.images),
                     "accuracy": float(one.right(first).mean())}
                    for one in everyone
                ],
                "pairs": pairs,
                "groups": {name: _mean(pairs, name) for name in GROUPS},
                "difference": _difference(everyone, first, pairs, rng, self.draws),
                "model": None if model is None else model.name,
                "with_model": _with_model(everyone, pairs),
            },
        )  # fmt: skip

    def draw(self, result: Result) -> Picture:
        stats = result.stats
        picture = style.picture(height=3.4)
        left, right = picture.subplots(1, 2, width_ratios=[1.2, 1])
        _matrix(left, stats)
        _scatter(right, stats["pairs"])
        return picture

    def alt(self, stats: Stats) -> str:
        told = "; ".join(
            f"{name} {group['kappa']:.2f} over {group['pairs']} pairs"
            for name, group in stats["groups"].items()
            if group["pairs"]
        )
        return (
            f"A matrix of Cohen's kappa between {len(stats['observers'])} observers, and observed against expected "
            f"agreement of each pair. Mean kappa: {told}."
        )

    def claims(self, stats: Stats) -> list[Claim]:
        pairs = stats["pairs"]
        groups, difference = stats["groups"], stats["difference"]
        name = f"{self.name()}.people_agree_more"
        text = "People fail on the same images as other people more than on the same images as nets, beyond accuracy."
        source = "geirhos2020 sec. 3"
        if difference is None:
            reason = "two people and a net that have answered for the same images are needed"
            more = Claim(name, text, "tendency", None, {}, source=source, undecided=reason)
        else:
            numbers = {
                "kappa_people": groups["people"]["kappa"],
                "kappa_people_nets": groups["people and nets"]["kappa"],
            }
            more = tendency(name, text, numbers, difference, source=source)
        return [
            identity(
                f"{self.name()}.kappa",
                "Kappa is the observed agreement above the expected one, as a share of what is possible above it.",
                all(
                    pair["kappa"] is None
                    or abs(pair["kappa"] * (1 - pair["expected"]) - (pair["observed"] - pair["expected"])) < 1e-9
                    for pair in pairs
                ),
                {"pairs": len(pairs)},
            ),
            more,
        ]


def _model_to_come(lab: Lab) -> list[Observer]:
    """The model, which can answer for all images, before it has."""
    if undecidable(lab) is not None:
        return []
    images = np.flatnonzero(lab.choices.labels >= 0)
    return [Observer(lab.model.name, "model", images, images, images[:, None], images)]


def _pairs(everyone: Sequence[Observer]) -> list[tuple[int, int]]:
    """Those who have answered for enough of the same images."""
    shared = ((i, j) for i, j in combinations(range(len(everyone)), 2))
    return [(i, j) for i, j in shared if len(np.intersect1d(everyone[i].images, everyone[j].images)) >= LEAST]


def _kind(one: Observer) -> str:
    return "person" if one.kind == "person" else "net"


def _group(one: Observer, other: Observer) -> str:
    kinds = tuple(sorted((_kind(one), _kind(other))))
    return next(name for name, wanted in GROUPS.items() if kinds == wanted)


def _mean(pairs: Sequence[Mapping[str, Any]], group: str) -> dict[str, Any]:
    kappas = [pair["kappa"] for pair in pairs if pair["group"] == group and pair["kappa"] is not None]
    above = [pair["kappa"] > pair["band"][1] for pair in pairs if pair["group"] == group and pair["kappa"] is not None]
    return {"pairs": len(kappas), "kappa": float(np.mean(kappas)) if kappas else None,
            "above_band": int(sum(above))}  # fmt: skip


def _with_model(everyone: Sequence[Observer], pairs: Sequence[Mapping[str, Any]]) -> float | None:
    """Mean kappa of the model and the people."""
    found = [
        pair["kappa"] for pair in pairs
        if {everyone[pair["first"]].kind, everyone[pair["second"]].kind} == {"model", "person"}
        and pair["kappa"] is not None
    ]  # fmt: skip
    return float(np.mean(found)) if found else None


def _difference(
    everyone: Sequence[Observer], first: int, pairs: Sequence[Mapping[str, Any]], rng: np.random.Generator, draws: int
) -> list[float] | None:
    """Interval of mean kappa among people minus that of people and nets, over images that all have answered for."""
    groups = {pair["group"] for pair in pairs if pair["kappa"] is not None}
    if not {"people", "people and nets"} <= groups:
        return None
    shared = set(everyone[0].images.tolist()).intersection(*(one.images.tolist() for one in everyone))
    if len(shared) < LEAST:
        return None
    right = np.stack([one.of(sorted(shared)).right(first) for one in everyone]).astype(float)
    person = np.array([one.kind == "person" for one in everyone])
    found = []
    for _ in range(draws):
        kappas = _all_kappas(right[:, rng.integers(right.shape[1], size=right.shape[1])])
        among = kappas[np.ix_(person, person)][np.triu_indices(person.sum(), 1)]
        found.append(np.nanmean(among) - np.nanmean(kappas[np.ix_(person, ~person)]))
    kept = np.array([value for value in found if np.isfinite(value)])
    return list(percentiles(kept, 0.95)) if len(kept) > draws / 2 else None


def _all_kappas(right: np.ndarray) -> np.ndarray:
    """(observers, observers) kappa of every two rows; not a number where the expected agreement is full."""
    share, n = right.mean(axis=1), right.shape[1]
    observed = (right @ right.T + (1 - right) @ (1 - right).T) / n
    expected = np.outer(share, share) + np.outer(1 - share, 1 - share)
    kappas: np.ndarray = np.full_like(expected, np.nan)
    np.divide(observed - expected, 1 - expected, out=kappas, where=expected < 1)
    return kappas


def _matrix(axes: Axes, stats: Stats) -> None:
    entries = stats["observers"]
    values = np.full((len(entries), len(entries)), np.nan)
    for pair in stats["pairs"]:
        if pair["kappa"] is not None:
            values[pair["first"], pair["second"]] = values[pair["second"], pair["first"]] = pair["kappa"]
    style.heat(axes, values, low=-1, high=1, map=style.DIVERGING, label="Cohen's κ")
    names = [style.short(entry["name"], 14) for entry in entries]
    axes.set_xticks(range(len(names)), names, rotation=90, fontsize=6)
    axes.set_yticks(range(len(names)), names, fontsize=6)
    axes.tick_params(length=0)
    people = sum(entry["kind"] == "person" for entry in entries)
    if 0 < people < len(entries):
        axes.axhline(people - 0.5, color="black", linewidth=0.8)
        axes.axvline(people - 0.5, color="black", linewidth=0.8)
    for i, j in zip(*np.nonzero(np.isfinite(values)), strict=True) if len(entries) <= 15 else ():
        axes.text(j, i, f"{values[i, j]:.1f}".replace("-0.0", "0.0"), ha="center", va="center", fontsize=4.5,
                  color="white" if abs(values[i, j]) > 0.6 else "black")  # fmt: skip


def _scatter(axes: Axes, pairs: Sequence[Mapping[str, Any]]) -> None:
    """Each pair, with a vertical bar for the band in which independent observers of its accuracies lie."""
    for name, colour in COLORS.items():
        some = [pair for pair in pairs if pair["group"] == name]
        if not some:
            continue
        expected, observed = (np.array([pair[key] for pair in some]) for key in ("expected", "observed"))
        axes.plot(100 * expected, 100 * observed, "o", markersize=2.8, color=colour, label=f"{name} ({len(some)})",
                  markeredgewidth=0)  # fmt: skip
        for pair in some:
            if pair["band"] is not None:
                ends = [100 * (pair["expected"] + kappa * (1 - pair["expected"])) for kappa in pair["band"]]
                axes.plot([100 * pair["expected"]] * 2, ends, color="#c8c8c8", linewidth=1.6, zorder=0)
    axes.plot([0, 100], [0, 100], color="#888888", linewidth=0.7, linestyle="--")
    values = [100 * pair[key] for pair in pairs for key in ("expected", "observed")]
    low, high = max(min(values) - 8, 0), min(max(values) + 6, 101)
    axes.set(
        xlim=(low, high), ylim=(low, high), xlabel="agreement expected from accuracy, %", ylabel="agreement found, %"
    )
    axes.set_aspect("equal")
    axes.legend(loc="lower center", bbox_to_anchor=(0.5, 1.0), ncols=1, handlelength=0.8, borderpad=0.1)
