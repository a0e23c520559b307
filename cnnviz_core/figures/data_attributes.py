"""What the images are like: the distribution of each attribute, given by the data set or measured from the pixels."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.patches import Patch

from cnnviz_core import style
from cnnviz_core.claim import identity, tendency
from cnnviz_core.figure import Claim, Figure, Picture, Result, Stats
from cnnviz_core.lab import Dataset, Lab
from cnnviz_core.methods.bootstrap import mean_interval
from cnnviz_core.methods.boxes import area
from cnnviz_core.methods.distributions import Distribution, distribution
from cnnviz_core.methods.image_statistics import colorfulness, luma, rms_contrast, spectral_slope

SOURCES = {"given": ("ground truth of the data set", style.COLOURS[0]),
           "boxes": ("measured from its boxes", style.COLOURS[2]),
           "pixels": ("measured from pixels", style.COLOURS[1])}  # fmt: skip

UNITS = {
    "scale": "share of the image in the box", "occlusion": "share hidden", "clutter": "unlabeled objects",
    "instances": "labeled objects", "luminance": "mean gray, black 0, white 1",
    "contrast": "RMS of gray, white 1", "colorfulness": "Hasler and Süsstrunk's M",
    "spectral slope": "log amplitude by log frequency", "blur": "pixels",
    "sun_height": "degrees above the horizon", "elevation": "of the camera, degrees", "yaw": "of the object, degrees",
}  # fmt: skip

ORDERS = (("none", "low", "medium", "high"), ("XS", "S", "M", "L", "XL"))
"""Words that have an order of their own: those of Russakovsky et al. 2015, section 3.2.2 and appendix."""

NATURE = -1.0
"""Slope of the amplitude spectra of natural images: amplitude falls as 1/f (Field 1987)."""

BETWEEN = 0.5
"""Half of the way from the spectra of nature to those of white noise, whose slope is 0."""


@dataclass(frozen=True)
class DataAttributes(Figure):
    """Histograms of numbers and bars of words about the images."""

    images: int
    panels: int
    batch: int

    def obstacle(self, lab: Lab) -> str | None:
        self.check_at_least(1, "images", "panels", "batch")
        return None

    def compute(self, lab: Lab) -> Result:
        rng, ids = lab.rng(self.name()), lab.spread(self.images)
        given = {name: (np.asarray(values), "given") for name, values in (lab.dataset.attributes or {}).items()}
        pixels = {name: (values, "pixels") for name, values in self._of_pixels(lab, ids).items()}
        known = {**_of_boxes(lab, ids), **pixels, **given}
        order = [*given, *(name for name in known if name not in given)][: self.panels]
        found = {name: distribution(known[name][0], ORDERS) for name in order}
        slopes = pixels["spectral slope"][0]
        slopes = slopes[np.isfinite(slopes)]
        return Result(
            {f"{part}_{k}": array for k, name in enumerate(order) for part, array in _arrays(found[name]).items()},
            {
                "images": len(lab.dataset),
                "measured": len(ids),
                "attributes": [_told(name, found[name], known[name]) for name in order],
                "slope": float(slopes.mean()) if len(slopes) else None,
                "slope_interval": list(mean_interval(slopes, rng)) if len(slopes) else None,
            },
        )

    def _of_pixels(self, lab: Lab, ids: list[int]) -> dict[str, np.ndarray]:
        """Numbers about the images as the model sees them, each (images,)."""
        found: list[np.ndarray] = []
        chunks = [ids[start : start + self.batch] for start in range(0, len(ids), self.batch)]
        for chunk in lab.track(chunks, "measuring the images"):
            images = lab.pixels(chunk).cpu().double().numpy()
            gray = luma(images)
            found.append(
                np.stack([gray.mean(axis=(1, 2)), rms_contrast(gray), colorfulness(images), spectral_slope(gray)])
            )
        names = ("luminance", "contrast", "colorfulness", "spectral slope")
        return dict(zip(names, np.concatenate(found, axis=1), strict=True))

    def draw(self, result: Result) -> Picture:
        shown = result.stats["attributes"]
        columns = 2 if len(shown) in (2, 4) else min(3, len(shown))
        rows = -(-len(shown) // columns)
        picture = style.picture(height=0.3 + 1.38 * rows)
        panels = picture.subplots(rows, columns, squeeze=False)
        for axes in panels.flat[len(shown) :]:
            axes.set_axis_off()
        for k, (axes, entry) in enumerate(zip(panels.flat, shown, strict=False)):
            _panel(axes, entry, result.arrays[f"counts_{k}"], result.arrays.get(f"edges_{k}"))
        used = [source for source in SOURCES if source in {entry["source"] for entry in shown}]
        handles = [Patch(color=SOURCES[source][1], label=SOURCES[source][0]) for source in used]
        picture.legend(handles=handles, loc="outside upper center", ncols=len(used))
        picture.supylabel("share of the images, %", fontsize=8)
        return picture

    def alt(self, stats: Stats) -> str:
        entries = "; ".join(_described(entry) for entry in stats["attributes"])
        return f"{len(stats['attributes'])} panels, one for each attribute of the images. {entries}."

    def claims(self, stats: Stats) -> list[Claim]:
        name = f"{self.name()}.like_nature"
        text = (
            "The amplitude of spatial frequencies falls about as in natural images, as 1/f: the mean slope is nearer "
            "to −1 than to 0, which is white noise, or to −2."
        )
        lost = sum(entry["images"] - entry["missing"] - entry["counted"] for entry in stats["attributes"])
        counted = identity(
            f"{self.name()}.counted_once",
            "The bars of each panel count every image that has a value once.",
            lost == 0,
            {"panels": len(stats["attributes"]), "lost": lost},
        )
        if stats["slope"] is None:
            reason = "no image has contrast and at least 16 pixels on a side"
            return [counted, Claim(name, text, "tendency", None, {}, source="field1987", undecided=reason)]
        low, high = (end - NATURE for end in stats["slope_interval"])
        far, near = max(abs(low), abs(high)), 0.0 if low <= 0 <= high else min(abs(low), abs(high))
        numbers = {"slope": stats["slope"]}
        interval = (BETWEEN - far, BETWEEN - near)
        return [counted, tendency(name, text, numbers, interval, source="field1987", reference={"slope": NATURE})]


def _of_boxes(lab: Lab, ids: list[int]) -> dict[str, tuple[np.ndarray, str]]:
    """Scale (share of the image in the largest box) and number of the boxed objects, where there are boxes."""
    data: Dataset = lab.dataset
    if data.boxes is None:
        return {}
    few = [i for i in ids if len(data.boxes[i])]
    sizes = [float(np.prod(data.images[i].shape[-2:])) for i in few]
    scales = [
        max(area(box) for box in np.asarray(data.boxes[i], dtype=float)) / size
        for i, size in zip(few, sizes, strict=True)
    ]
    counts = [len(data.boxes[i]) for i in ids]
    return {"scale": (np.array(scales), "boxes"), "instances": (np.array(counts), "boxes")}


def _arrays(found: Distribution) -> dict[str, np.ndarray]:
    return {"counts": found.counts} if found.edges is None else {"counts": found.counts, "edges": found.edges}


def _told(name: str, found: Distribution, known: tuple[np.ndarray, str]) -> dict[str, Any]:
    """What the text can say about an attribute: shares of words, or mean and percentiles of numbers."""
    values, source = known
    told: dict[str, Any] = {
        "name": name.replace("_", " "), "source": source, "images": len(values), "missing": found.missing,
        "counted": int(found.counts.sum()), "labels": list(found.labels),
    }  # fmt: skip
    if values.dtype.kind in "USOb":
        shares = found.counts / max(found.counts.sum(), 1)
        return told | {"shares": dict(zip(found.labels, shares.tolist(), strict=True))}
    finite = values[np.isfinite(values.astype(float))].astype(float)
    if not len(finite):
        return told
    low, middle, high = np.percentile(finite, [5, 50, 95]).tolist()
    return told | {"mean": float(finite.mean()), "low": low, "median": middle, "high": high}


def _panel(axes: Axes, entry: Mapping[str, Any], counts: np.ndarray, edges: np.ndarray | None) -> None:
    """Bars of a word or whole number each, or a histogram, in percent of the images that have a value."""
    shares, color = 100 * counts / max(counts.sum(), 1), SOURCES[entry["source"]][1]
    if edges is not None:
        axes.bar(edges[:-1], shares, width=np.diff(edges), align="edge", color=color)
        axes.locator_params(axis="x", nbins=5)
    else:
        long = sum(len(label) for label in entry["labels"]) > 24
        names = [style.short(label, 12) for label in entry["labels"]]
        axes.bar(range(len(shares)), shares, width=0.8, color=color)
        half, middle = max(len(names), 3) / 2, (len(names) - 1) / 2
        axes.set_xlim(middle - half, middle + half)
        axes.set_xticks(range(len(names)), names, rotation=35 if long else 0, ha="right" if long else "center",
                        rotation_mode="anchor")  # fmt: skip
    axes.set_title(style.short(entry["name"], 30), fontweight="bold")
    axes.set_xlabel(UNITS.get(entry["name"], ""), fontsize=7, labelpad=1)
    axes.locator_params(axis="y", nbins=4)


def _described(entry: Mapping[str, Any]) -> str:
    if "shares" in entry:
        return f"{entry['name']}: " + ", ".join(f"{word} {share:.0%}" for word, share in entry["shares"].items())
    if "mean" not in entry:
        return f"{entry['name']}: no values"
    return (
        f"{entry['name']}: median {entry['median']:.3g}, nine tenths between {entry['low']:.3g} and {entry['high']:.3g}"
    )
