"""Kinds of mistakes: as counted by people for ILSVRC, and those of this model that ground truth can sort by itself."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from matplotlib.axes import Axes

from cnnviz_core import style
from cnnviz_core.attributes import Attribute, attributes_of
from cnnviz_core.claim import identity, tendency
from cnnviz_core.figure import Claim, Figure, Picture, Result, Stats
from cnnviz_core.lab import Lab
from cnnviz_core.methods.bootstrap import difference_interval
from cnnviz_core.observers import Observer, model_observer, shown_images, undecidable

TOTALS = {"GoogLeNet": 102, "person A1": 76}
PUBLISHED = {
    "multiple objects": (24, 12), "small or thin object": (22, 0), "image filters": (13, 1),
    "abstract representation": (6, 0), "fine-grained": (7, 28), "class unawareness": (0, 18),
    "too few training examples": (0, 4),
}  # fmt: skip
"""Mistakes of GoogLeNet and of the first person by kind (Karpathy 2014); what is left was not counted by kind."""
PERCENT = {"multiple objects": (24, 16), "fine-grained": (7, 37), "class unawareness": (None, 24)}
"""Some of the shares as they were published."""
KINDS = {
    "small object": "the object is smaller than in nine of ten images",
    "several objects": "there is more than one object, of whatever class",
    "low contrast": "the gray of the image varies less than in nine of ten images",
    "occluded": "the object is hidden more than in nine of ten images",
    "odd context": "the surroundings are rarer for the class than in nine of ten images",
    "fine-grained": "the answer is of the family of what is right",
}


@dataclass(frozen=True)
class HumanErrorTaxonomy(Figure):
    """Published kinds beside the kinds of this model's mistakes and of its right answers; the surest of each kind."""

    images: int
    share: float
    worst: int
    batch: int

    def obstacle(self, lab: Lab) -> str | None:
        self.check_at_least(1, "images", "worst", "batch")
        self.check_share("share")
        return None

    def compute(self, lab: Lab) -> Result:
        stats: dict[str, Any] = {"totals": TOTALS, "published": _published(), "kinds": [], "unknown": undecidable(lab),
                                 "share": self.share, "mistakes": 0, "images": 0, "unsorted": 0}  # fmt: skip
        if stats["unknown"] is not None:
            return Result({"shown": np.zeros((0, 3, 1, 1), dtype=np.uint8)}, stats)
        model, means = model_observer(lab, shown_images(lab, self.images), batch=self.batch)
        right = model.right()
        marks = self._marks(lab, model)
        kinds: list[dict[str, Any]] = []
        shown: list[int] = []
        for name, (marked, source) in marks.items():
            fresh = ~np.isin(model.images, shown)
            worst = _surest(~right & marked & fresh, means)[: self.worst]
            kinds.append({**_shares(name, source, marked, right, lab.rng(f"{self.name()} {name}")),
                          "worst": [_told(lab, model, means, k) for k in worst]})  # fmt: skip
            shown += [int(model.images[k]) for k in worst]
        any_mark = (
            np.any([marked for marked, _ in marks.values()], axis=0) if marks else np.zeros(len(right), dtype=bool)
        )
        stats |= {"kinds": kinds, "images": len(right), "mistakes": int((~right).sum()),
                  "unsorted": int((~right & ~any_mark).sum()), "model": model.name}  # fmt: skip
        pixels = (
            (lab.pixels(shown) * 255).round().byte().cpu().numpy() if shown else np.zeros((0, 3, 1, 1), dtype=np.uint8)
        )
        return Result({"shown": pixels}, stats)

    def _marks(self, lab: Lab, model: Observer) -> dict[str, tuple[np.ndarray, str]]:
        """For each kind that can be known here, which images are of it, and from what that is known."""
        known = attributes_of(lab, model.images.tolist(), batch=self.batch)
        found: dict[str, tuple[np.ndarray, str]] = {}

        def extreme(kind: str, name: str, *, low: bool) -> None:
            attribute = known.get(name)
            if attribute is not None and not attribute.is_words and attribute.known.all():
                values = attribute.values.astype(float) * (1 if low else -1)
                limit = np.quantile(values, self.share)
                if limit < values.max():
                    found[kind] = (values <= limit if low else values < min(limit + 1e-12, 0), attribute.source)

        extreme("small object", "scale", low=True)
        if (count := known.get("instances")) is not None and count.known.all():
            several = count.values.astype(float) > 1
            if (clutter := known.get("clutter")) is not None and not clutter.is_words and clutter.known.all():
                several |= clutter.values.astype(float) > 0
            found["several objects"] = (several, count.source)
        extreme("low contrast", "contrast", low=True)
        extreme("occluded", "occlusion", low=False)
        if (places := known.get("surroundings")) is not None and places.is_words:
            found["odd context"] = (_rare(model.labels, places, self.share), places.source)
        if (alike := _alike(lab, model)) is not None:
            found["fine-grained"] = (alike, "given")
        return {kind: mark for kind, mark in found.items() if mark[0].any()}

    def draw(self, result: Result) -> Picture:
        stats = result.stats
        strip = [(kind, worst) for kind in stats["kinds"] for worst in kind["worst"]]
        across = 6
        rows = -(-len(strip) // across)
        heights = [2.9, *([1.45 * rows] if rows else [])]
        picture = style.picture(height=sum(heights))
        upper, *lower = picture.subfigures(len(heights), 1, height_ratios=heights, squeeze=False)[:, 0]
        if stats["kinds"]:
            left, right = upper.subplots(1, 2)
            _published_bars(left, stats)
            _own_bars(right, stats)
        else:
            _published_bars(upper.subplots(), stats)
        for part in lower:
            panels = part.subplots(rows, across, squeeze=False).ravel()
            for axes in panels:
                axes.set_axis_off()
            for axes, image, (kind, worst) in zip(panels, result.arrays["shown"], strip, strict=False):
                style.show_image(axes, image, f"{kind['name']}\n{style.short(worst['answer'], 17)}?")
                axes.title.set_fontsize(6)
        return picture

    def alt(self, stats: Stats) -> str:
        paper = "; ".join(f"{row['name']} {row['net']} and {row['person']}" for row in stats["published"])
        here = "; ".join(f"{kind['name']} {kind['among_mistakes']:.0%}" for kind in stats["kinds"]) or "not measured"
        return (
            f"Mistakes by kind, of GoogLeNet ({TOTALS['GoogLeNet']}) and a person ({TOTALS['person A1']}) on ILSVRC: "
            f"{paper}. "
            f"Shares of the {stats['mistakes']} mistakes of this model: {here}."
        )

    def claims(self, stats: Stats) -> list[Claim]:
        sums = [sum(row[who] for row in stats["published"]) for who in ("net", "person")]
        kinds = {kind["name"]: kind for kind in stats["kinds"]}
        return [
            identity(
                f"{self.name()}.published",
                "The published counts by kind stay below all mistakes, and give the published shares.",
                sums[0] <= 102 and sums[1] <= 76 and all(
                    share is None or round(100 * count / total) == share
                    for name, shares in PERCENT.items()
                    for share, count, total in zip(shares, PUBLISHED[name], TOTALS.values(), strict=True)
                ),
                {"googlenet": sums[0], "person": sums[1]},
            ),
            identity(
                f"{self.name()}.within_mistakes",
                "No kind has more mistakes than there are.",
                all(kind["mistakes"] <= stats["mistakes"] for kind in stats["kinds"]),
                {"mistakes": stats["mistakes"], "of_no_kind": stats["unsorted"]},
            ),
            self._more(kinds.get("small object"), "small", "Small objects are more frequent among the model's mistakes "
                       "than among its right answers."),
            self._more(kinds.get("several objects"), "several", "Images with several objects are more frequent among "
                       "the model's mistakes than among its right answers."),
        ]  # fmt: skip

    def _more(self, kind: Stats | None, short: str, text: str) -> Claim:
        name, source = f"{self.name()}.{short}", "karpathy2014"
        if kind is None or kind["interval"] is None:
            reason = (
                "the data set does not tell" if kind is None else "there are fewer than 5 mistakes or right answers"
            )
            return Claim(name, text, "tendency", None, {}, source=source, undecided=reason)
        numbers = {"among_mistakes": kind["among_mistakes"], "among_right": kind["among_right"]}
        return tendency(name, text, numbers, kind["interval"], source=source)


def _published() -> list[dict[str, Any]]:
    return [{"name": name, "net": net, "person": person, "net_share": net / TOTALS["GoogLeNet"],
             "person_share": person / TOTALS["person A1"]} for name, (net, person) in PUBLISHED.items()]  # fmt: skip


def _rare(labels: np.ndarray, places: Attribute, share: float) -> np.ndarray:
    """Images whose surroundings are among the rarest `share` for their class, and rarer than if all were alike."""
    words = places.values.astype(str)
    frequency = np.array([(words[labels == label] == word).mean() for label, word in zip(labels, words, strict=True)])
    even = 1 / len(set(words.tolist()))
    return np.asarray((frequency <= np.quantile(frequency, share)) & (frequency < even))


def _alike(lab: Lab, model: Observer) -> np.ndarray | None:
    """Whether each answer is wrong, but of the family of what is right; None where no families are known."""
    families = lab.dataset.families
    if families is None or lab.dataset.choices is not None or len(set(families)) < 2:
        return None
    answers = zip(model.labels.tolist(), model.chosen[:, 0].tolist(), strict=True)
    return np.array([right != answer and families[right] == families[answer] for right, answer in answers], dtype=bool)


def _shares(
    name: str, source: str, marked: np.ndarray, right: np.ndarray, rng: np.random.Generator
) -> dict[str, Any]:  # fmt: skip
    """How frequent a kind is among mistakes and among right answers, and the interval of the difference."""
    wrong = marked[~right].astype(float)
    among = marked[right].astype(float)
    enough = name != "fine-grained" and min(len(wrong), len(among)) >= 5
    return {
        "name": name, "told": KINDS[name], "source": source, "marked": int(marked.sum()), "mistakes": int(wrong.sum()),
        "among_mistakes": float(wrong.mean()) if len(wrong) else 0.0,
        "among_right": None if name == "fine-grained" or not len(among) else float(among.mean()),
        "interval": list(difference_interval(wrong, among, rng)) if enough else None,
    }  # fmt: skip


def _surest(wrong: np.ndarray, means: np.ndarray) -> list[int]:
    """The mistakes among these, from that with the largest part of the answers on its side."""
    sure = means.max(axis=1) / means.sum(axis=1)
    found = np.flatnonzero(wrong)
    return [int(k) for k in found[np.argsort(-sure[found], kind="stable")]]


def _told(lab: Lab, model: Observer, means: np.ndarray, k: int) -> dict[str, Any]:
    names = lab.choices.names
    return {"index": int(model.images[k]), "true": names[model.labels[k]], "answer": names[model.chosen[k, 0]],
            "sureness": float(means[k].max() / means[k].sum())}  # fmt: skip


def _published_bars(axes: Axes, stats: Stats) -> None:
    rows = stats["published"]
    for key, shift, colour, who in (("net_share", -0.2, style.COLOURS[1], "GoogLeNet"),
                                    ("person_share", 0.2, style.COLOURS[0], "person A1")):  # fmt: skip
        places = np.arange(len(rows)) + shift
        axes.barh(places, [100 * row[key] for row in rows], height=0.38, color=colour,
                  label=f"{who}, {TOTALS[who]} mistakes")  # fmt: skip
        for place, row in zip(places, rows, strict=True):
            axes.annotate(str(row[key.removesuffix("_share")]), (100 * row[key], place), (2, 0), fontsize=5.5,
                          textcoords="offset points", va="center")  # fmt: skip
    axes.set_yticks(range(len(rows)), [row["name"] for row in rows], fontsize=6.5)
    axes.set_ylim(len(rows) - 0.5, -0.5)
    axes.set(xlabel="share of the mistakes, % (numbers: mistakes)")
    axes.legend(loc="lower left", bbox_to_anchor=(0, 1.0), title="ILSVRC, sorted by hand")


def _own_bars(axes: Axes, stats: Stats) -> None:
    kinds: Sequence[Mapping[str, Any]] = stats["kinds"]
    axes.barh(range(len(kinds)), [100 * kind["among_mistakes"] for kind in kinds], height=0.62, color=style.COLOURS[4],
              label=f"of {stats['mistakes']} mistakes")  # fmt: skip
    base = [(k, 100 * kind["among_right"]) for k, kind in enumerate(kinds) if kind["among_right"] is not None]
    if base:
        axes.plot([value for _, value in base], [k for k, _ in base], "|", color="black", markersize=13,
                  markeredgewidth=1.4, label="of right answers")  # fmt: skip
    for k, kind in enumerate(kinds):
        axes.annotate(str(kind["mistakes"]), (0, k), (3, 0), textcoords="offset points", va="center", fontsize=6)
    axes.set_yticks(range(len(kinds)), [kind["name"] for kind in kinds], fontsize=6.5)
    axes.set_ylim(max(len(kinds), 4) - 0.4, -0.6)
    axes.set(xlabel="share, % (an image can be of several kinds)")
    axes.legend(loc="lower left", bbox_to_anchor=(0, 1.0), title="here, sorted by what is known of each image")
