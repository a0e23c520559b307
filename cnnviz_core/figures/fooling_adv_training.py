"""A network and the same one trained on adversarial images too: errors, transfer, noise, filters and gradients."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from matplotlib.axes import Axes
from torch import Tensor

from cnnviz_core import style
from cnnviz_core.claim import identity, tendency
from cnnviz_core.errors import InputError
from cnnviz_core.figure import Claim, Figure, Picture, Result, Stats
from cnnviz_core.lab import Lab
from cnnviz_core.methods.attacks.fast_gradient_sign import loss_direction
from cnnviz_core.methods.attacks.two_networks import PAIR, errors_of_both
from cnnviz_core.methods.bootstrap import difference_interval, mean_interval
from cnnviz_core.methods.concentration import brightest_share
from cnnviz_core.methods.grid import enlarged, scaled, square_columns, tiled
from cnnviz_core.methods.wilson import wilson_interval
from cnnviz_core.network import Model

INPUTS = {
    "clean": "clean", "signs": "±ε\nat random", "uniform": "uniform\nnoise", "one": "one step,\nown gradient",
    "many": "many steps,\nown gradient", "other": "one step,\nthe other's",
}  # fmt: skip
"""What the networks are shown, in this order."""
LEVELS = 255
SLACK = 1e-4  # levels, of floating point
BRIGHTEST = 0.99  # quantile of a gradient's own pixels that is white
FEW_PIXELS = 0.1  # share of a filter's pixels whose energy is compared with that of all


@dataclass(frozen=True)
class FoolingAdvTraining(Figure):
    """Errors of both on clean, noisy and attacked images; below, gradients of both on the same images."""

    images_measured: int
    epsilon: float | None
    sizes: list[float]
    steps: int
    shown: int
    batch: int

    def obstacle(self, lab: Lab) -> str | None:
        self.check_at_least(1, "images_measured", "steps", "shown", "batch")
        for setting, values in (("epsilon", [self.epsilon]), ("sizes", self.sizes)):
            if not all(value is None or 0 < value <= LEVELS for value in values) or not values:
                raise InputError(
                    f"figure.{self.name()}.{setting}={getattr(self, setting)} must be above 0 and at most 255 levels"
                )
        name = lab.model.name
        if _pair(lab.model) is None:
            return (
                f"{name} has no sibling that differs from it by adversarial training, as refnet and refnet_adv do; "
                "`cnnviz train refnet_adv` trains one"
            )
        if lab.targets is None:
            return f"the classes of {lab.dataset.name} are not among the outputs of {name}: no answer is an error"
        return None

    def compute(self, lab: Lab) -> Result:
        rng, ids, pair = lab.rng(self.name()), lab.spread(self.images_measured), _pair(lab.model)
        assert pair is not None
        assert lab.targets is not None
        epsilon, sizes = self.epsilon or pair[1].hardened * LEVELS, [float(size) for size in self.sizes]
        epsilon, sizes = epsilon / LEVELS, [size / LEVELS for size in sizes]
        parts = [ids[start : start + self.batch] for start in range(0, len(ids), self.batch)]
        rows: dict[str, list[np.ndarray]] = {}
        for part in lab.track(parts, "attacks on two networks"):
            labels = torch.from_numpy(lab.targets[part])
            found = errors_of_both(
                pair, lab.pixels(part), labels, epsilon=epsilon, sizes=sizes, steps=self.steps, rng=rng
            )
            for key, row in found.items():
                rows.setdefault(key, []).append(row)
        found = {key: np.concatenate(row, axis=-1) for key, row in rows.items()}
        few = ids[: self.shown]
        labels, pixels = torch.from_numpy(lab.targets[few]), lab.pixels(few)
        maps = np.stack([_gradient(model, pixels, labels) for model in pair])
        arrays = {"images": (pixels * LEVELS).round().byte().cpu().numpy(), "maps": maps.astype(np.float32)}
        filters = {f"filters {name}": first for name, model in zip(PAIR, pair, strict=True)
                   if (first := _filters(model)) is not None}  # fmt: skip
        stats = self._stats(found, pair, epsilon, lab, ids, rng)
        return Result({**arrays, **filters}, {**stats, "localized": _localized(list(filters.values()), rng)})

    def _stats(
        self, found: dict[str, np.ndarray], pair: tuple[Model, Model], epsilon: float, lab: Lab, ids: list[int],
        rng: np.random.Generator,
    ) -> dict[str, Any]:  # fmt: skip
        differences = {
            "one": found["plain one"] - found["hardened one"],
            "many": found["plain many"] - found["hardened many"],
            "noise": found["plain one"] - found["plain signs"],
            "transfer": found["plain other"] - found["hardened other"],
            "clean": found["hardened clean"] - found["plain clean"],
        }
        return {
            "images": len(ids),
            "epsilon": epsilon * LEVELS,
            "networks": {name: model.name for name, model in zip(PAIR, pair, strict=True)},
            "errors": {name: {key: _errors(found, f"{name} {key}") for key in INPUTS} for name in PAIR},
            "sizes": [float(size) for size in self.sizes],
            "by_size": {name: found[f"{name} by size"].mean(-1).tolist() for name in PAIR},
            "differences": {
                key: {"mean": float(values.mean()), "interval": list(mean_interval(values, rng))}
                for key, values in differences.items()
            },
            "excess_levels": float(max(found[f"{n} {key} excess"].max() for n in PAIR for key in INPUTS)) * LEVELS,
            "on_object": _on_object(lab, ids, pair, self.batch, rng),
        }

    def draw(self, result: Result) -> Picture:
        stats, count = result.stats, len(result.arrays["images"])
        picture = style.picture(height=4.6)
        top, bottom = np.asarray(picture.subfigures(2, 1, height_ratios=[2.3, 2.3]))
        left, right = top.subplots(1, 2, width_ratios=[1.7, 1])
        _bars(left, stats)
        _by_size(right, stats)
        if stats["localized"] is not None:
            bottom, beside = np.asarray(bottom.subfigures(1, 2, width_ratios=[count, 1.7]))
            _draw_filters(beside, result)
        panels = bottom.subplots(3, count, squeeze=False, gridspec_kw={"wspace": 0.02, "hspace": 0.02})
        for k in range(count):
            style.show_image(panels[0, k], result.arrays["images"][k])
            for row in (0, 1):
                values = result.arrays["maps"][row, k]
                high = max(float(np.quantile(values, BRIGHTEST)), 1e-30)
                style.heat(panels[row + 1, k], values, low=0, high=high, map=style.GREY, bar=False)
        for row, label in enumerate(("image", *(style.short(stats["networks"][name], 14) for name in PAIR))):
            panels[row, 0].set_ylabel(label, fontsize=7)
        return picture

    def alt(self, stats: Stats) -> str:
        parts = [
            f"{words.replace(chr(10), ' ')}: {stats['errors']['plain'][key]['mean']:.2f} and "
            f"{stats['errors']['hardened'][key]['mean']:.2f}"
            for key, words in INPUTS.items()
        ]
        return (
            f"Errors of {stats['networks']['plain']} and of {stats['networks']['hardened']} on {stats['images']} "
            f"images changed by {stats['epsilon']:.3g} levels of 255: {'; '.join(parts)}. Beside them errors by the "
            "size of the attack; below, the magnitude of both networks' gradients on the same images."
        )

    def claims(self, stats: Stats) -> list[Claim]:
        said: tuple[tuple[str, str, str, dict[str, float]], ...] = (
            ("one", "Training on adversarial images lowers the error on those of one step along the own gradient.",
             "one", {"error_before": 0.894, "error_after": 0.179}),
            ("many", "It lowers the error under attacks of many steps too: it does not only hide the gradient.",
             "many", {}),
            ("noise", "Random noise of the same size does far less to the plain network than its gradient does.",
             "noise", {}),
            ("transfer", "Images made against the hardened network fool the plain one more often than the reverse.",
             "transfer", {"plain_errs": 0.409, "hardened_errs": 0.196}),
        )  # fmt: skip
        few = "" if stats["images"] >= 6 else f"{stats['images']} images are too few to tell"
        return [
            identity(
                f"{self.name()}.size",
                "No saved image of 8 bits differs from the original by more than the size of the attack.",
                stats["excess_levels"] <= SLACK,
                {"farthest_beyond_in_levels": stats["excess_levels"]},
            ),
            *(
                tendency(
                    f"{self.name()}.{name}", text, {"difference": stats["differences"][key]["mean"]},
                    stats["differences"][key]["interval"], source="goodfellow2015 sec. 6", reference=reference,
                    undecided=few,
                )
                for name, text, key, reference in said
            ),
            self._gradients(stats["on_object"]),
            self._localized(stats["localized"]),
        ]  # fmt: skip

    def _gradients(self, measured: Stats) -> Claim:
        text = "The gradient of the hardened network lies more on the object than that of the plain one."
        name, source = f"{self.name()}.on_object", "tsipras2019"
        if not measured["images"]:
            why = "the data set says of no image where its object is (masks or boxes)"
            return Claim(name, text, "tendency", None, {}, source=source, undecided=why)
        numbers = {"share_plain": measured["plain"], "share_hardened": measured["hardened"], "area": measured["area"]}
        return tendency(name, text, numbers, measured["interval"], source=source)

    def _localized(self, measured: Stats | None) -> Claim:
        text = (
            f"The first filters of the hardened network have more of their energy in {FEW_PIXELS:.0%} of their pixels."
        )
        name, source = f"{self.name()}.localized", "goodfellow2015 fig. 3"
        if measured is None:
            why = "the networks do not begin with a convolution of colors that is wider than two pixels"
            return Claim(name, text, "tendency", None, {}, source=source, undecided=why)
        return tendency(name, text, {name: measured[name] for name in PAIR}, measured["interval"], source=source)


def _pair(model: Model) -> tuple[Model, Model] | None:
    """The network without adversarial training and the one with it, one of which the model is."""
    other = next((one for one in model.siblings if bool(one.hardened) != bool(model.hardened)), None)
    if other is None:
        return None
    return (other, model) if model.hardened else (model, other)


def _errors(found: dict[str, np.ndarray], key: str) -> dict[str, Any]:
    wrong = found[key] > 0
    sure = float(found[f"{key} sure"][wrong].mean()) if f"{key} sure" in found and wrong.any() else None
    interval = wilson_interval(int(wrong.sum()), len(wrong))
    return {"mean": float(wrong.mean()), "interval": list(interval), "sure": sure}


def _gradient(model: Model, pixels: Tensor, labels: Tensor) -> np.ndarray:
    """(n, h, w) the largest magnitude over the channels of the derivative of the loss, but for a factor."""
    return np.asarray(loss_direction(model, pixels, labels).abs().amax(dim=1).double().cpu().numpy())


def _filters(model: Model) -> np.ndarray | None:
    """(n, 3, h, w) of the first convolution, as pictures are shown to it; None where there is no pattern to see."""
    if model.first_conv is None:
        return None
    weights = model.weights_of(model.first_conv).detach().cpu().numpy()
    return weights if weights.shape[1] == 3 and min(weights.shape[2:]) > 2 else None


def _localized(filters: list[np.ndarray], rng: np.random.Generator) -> dict[str, Any] | None:
    """The share of the energy of the filters in a few of their pixels, of both networks."""
    if len(filters) < 2:
        return None
    shares = [brightest_share(weights, FEW_PIXELS) for weights in filters]
    plain, hardened = (share[~np.isnan(share)] for share in shares)
    interval = list(difference_interval(hardened, plain, rng))
    return {"plain": float(plain.mean()), "hardened": float(hardened.mean()), "interval": interval}


def _on_object(
    lab: Lab, ids: list[int], pair: tuple[Model, Model], batch: int, rng: np.random.Generator
) -> dict[str, Any]:
    """The share of the gradient that lies on the object, of both networks, where the data set says what it is."""
    assert lab.targets is not None
    told = [i for i in ids if (mask := lab.masks([i])) is not None and 0 < mask.mean() < 1]
    if not told:
        return {"images": 0}
    shares = []
    for start in range(0, len(told), batch):
        part = told[start : start + batch]
        masks, labels = lab.masks(part), torch.from_numpy(lab.targets[part])
        assert masks is not None
        maps = np.stack([_gradient(model, lab.pixels(part), labels) for model in pair])
        total = np.maximum(maps.sum(axis=(2, 3)), 1e-300)
        shares.append(np.concatenate([(maps * masks).sum(axis=(2, 3)) / total, [masks.mean(axis=(1, 2))]]))
    plain, hardened, area = np.concatenate(shares, axis=1)
    interval = list(mean_interval(hardened - plain, rng))
    return {"images": len(told), "plain": float(plain.mean()), "hardened": float(hardened.mean()),
            "area": float(area.mean()), "interval": interval}  # fmt: skip


def _bars(axes: Axes, stats: Stats) -> None:
    for k, name in enumerate(PAIR):
        numbers = list(stats["errors"][name].values())
        means = np.array([number["mean"] for number in numbers])
        low, high = np.array([number["interval"] for number in numbers]).T
        errors = [np.maximum(means - low, 0), np.maximum(high - means, 0)]
        places = np.arange(len(numbers)) + 0.38 * (k - 0.5)
        axes.bar(places, means, 0.36, yerr=errors, color=style.COLOURS[(1, 0)[k]], error_kw={"elinewidth": 0.8},
                 label=style.short(stats["networks"][name], 20))  # fmt: skip
    axes.set_xticks(range(len(INPUTS)), list(INPUTS.values()), fontsize=5.8)
    axes.set(ylabel="error", ylim=(0, 1.02), title=f"changes of {stats['epsilon']:.3g} of 255 levels")
    axes.legend(loc="upper left")


def _draw_filters(part: Any, result: Result) -> None:
    """The first filters of both networks, one scale for each network."""
    for axes, name in zip(part.subplots(2, 1), PAIR, strict=True):
        pictures = enlarged(scaled(result.arrays[f"filters {name}"]).transpose(0, 2, 3, 1))
        whole = tiled(pictures, columns=square_columns(len(pictures)), pad=2)
        style.show_image(axes, whole, f"filters, {style.short(result.stats['networks'][name], 12)}")


def _by_size(axes: Axes, stats: Stats) -> None:
    for k, name in enumerate(PAIR):
        one, many = stats["by_size"][name]
        for row, line, label in ((one, "--", "one step"), (many, "-", "many steps")):
            axes.plot(stats["sizes"], row, line, marker=".", color=style.COLOURS[(1, 0)[k]],
                      label=label if k == 0 else None)  # fmt: skip
    style.log_scale(axes)
    axes.set_xticks(stats["sizes"], [f"{size:g}" for size in stats["sizes"]])
    axes.set_xticks([], minor=True)
    axes.set(ylim=(0, 1.02), xlabel="size of the attack (levels)", title="by size")
    axes.legend(loc="lower right", handlelength=2.4)
    axes.grid(axis="y")
