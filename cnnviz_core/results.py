"""Figures made for a book: computed, drawn and claimed through the store, each only where something changed."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cnnviz_core.claim import Claim
from cnnviz_core.configure import Settings, build_figure, build_lab, target_module
from cnnviz_core.errors import BuildError, InputError
from cnnviz_core.facts import Facts, load_facts, versions
from cnnviz_core.progress import Reporter
from cnnviz_core.sources import code_digest, compute_digest, draw_digest, reads_answers
from cnnviz_core.store import Inputs, Store

if TYPE_CHECKING:
    from cnnviz_core.figure import Figure, Result, Stats
    from cnnviz_core.lab import Lab


@dataclass(frozen=True)
class Made:
    """A figure as the book shows it, or the reason why it cannot be made."""

    name: str
    key: str  # of its result in the store
    settings: Mapping[str, Any]
    folder: Path  # of its picture in the store
    obstacle: str | None = None
    alt: str = ""
    stats: "Stats" = field(default_factory=dict)
    claims: tuple[Claim, ...] = ()
    explorer: tuple[str, ...] = ()  # the endings of the files that let a reader explore it
    labelling: str | None = None  # the ending of the file of which the book makes a page for labelling

    @property
    def files(self) -> dict[str, Path]:
        """Its pictures and what else it shows, by their place in the book."""
        paths = [self.folder / f"{self.name}.{ending}" for ending in ("png", "svg", *self.explorer)]
        return {f"figures/{path.name}": path for path in paths if self.obstacle is None}


@dataclass(frozen=True)
class Maker:
    """Makes the figures of one book. The lab is loaded only when something must be computed."""

    settings: Settings
    reporter: Reporter

    @property
    def store(self) -> Store:
        return self.settings.store

    @cached_property
    def lab(self) -> "Lab":
        chosen = self.settings
        self.reporter.say(f"loading model and images of {chosen.book}")
        return build_lab(chosen, self.reporter)

    @cached_property
    def facts(self) -> Facts:
        return load_facts(self.settings, lambda: self.lab)

    @cached_property
    def device(self) -> str:
        if self.settings.device != "auto":
            return self.settings.device
        from cnnviz_core.lab import chosen_device

        return chosen_device("auto")

    def result_inputs(self, name: str) -> Inputs:
        """Everything that could change the numbers of a figure."""
        config = self.settings.figures[name]
        return {
            **{f"setting {key}": json.dumps(value) for key, value in config.items() if key != "_target_"},
            **{f"version of {package}": number for package, number in self._versions().items()},
            "seed": str(self.settings.seed),
            "device": self.device,
            "model": self.facts["model"]["fingerprint"],
            "dataset": self.facts["dataset"]["fingerprint"],
            **({"answers": self.facts["dataset"]["answers"]} if reads_answers(target_module(config)) else {}),
            "code of compute": compute_digest(target_module(config)),
            "code of model": code_digest(target_module(self.settings.model)),
            "code of dataset": code_digest(target_module(self.settings.dataset)),
        }

    @staticmethod
    def _versions() -> dict[str, str]:
        found = versions("torch", "torchvision", "numpy", "numba", "scipy", "scikit-learn", "pillow")
        return {package: number for package, number in found.items() if package != "python"}

    def picture_inputs(self, name: str) -> Inputs:
        """Everything that could change the picture, the claims and the alternative text of a figure."""
        return {
            "result": self.store.path(f"results/{name}", self.result_inputs(name)).name,
            "code of draw": draw_digest(target_module(self.settings.figures[name])),
            **{f"version of {package}": versions(package)[package] for package in ("matplotlib", "pillow")},
        }

    def check_settings(self, names: list[str]) -> None:
        """Ask every figure that is not in the store whether it can be made, so that wrong settings stop us early."""
        for name in names:
            if not self.store.has(f"results/{name}", self.result_inputs(name)):
                self.figure(name).obstacle(self.lab)

    def figure(self, name: str) -> "Figure":
        try:
            return build_figure(self.settings, name)
        except TypeError as error:
            raise BuildError(f"figure {name}: its yaml file and its fields differ: {error}") from error

    def make(self, name: str) -> Made:
        """The figure of that name. Raises BuildError where it crashes or an identity that it claims is false."""
        result = self.store.fetch(
            f"results/{name}", self.result_inputs(name), lambda folder: self._compute(name, folder)
        )
        picture = self.store.fetch(
            f"pictures/{name}", self.picture_inputs(name), lambda folder: self._draw(name, result, folder)
        )
        shown = json.loads((picture / "shown.json").read_text(encoding="utf-8"))
        settings = {key: value for key, value in self.settings.figures[name].items() if key != "_target_"}
        claims = tuple(Claim(**claim) for claim in shown["claims"])
        if false := [claim for claim in claims if claim.kind == "identity" and claim.holds is False]:
            raise BuildError(f"{false[0].name} must hold for every model, but is false here: {false[0].text} "
                             f"Measured: {json.dumps(dict(false[0].measured))}. This is a bug.")  # fmt: skip
        return Made(name, result.name, settings, picture, shown["obstacle"], shown["alt"], shown["stats"], claims,
                    tuple(shown["explorer"]), shown["labelling"])  # fmt: skip

    def _compute(self, name: str, folder: Path) -> None:
        figure = self.figure(name)
        obstacle = figure.obstacle(self.lab)
        if obstacle is not None:
            self.reporter.say(f"{name}: not made: {obstacle}")
            save(None, obstacle, folder)
            return
        self.reporter.say(f"{name}: computing")
        try:
            result = figure.compute(self.lab)
        except (InputError, OSError):
            raise
        except Exception as error:
            raise BuildError(f"figure {name} crashed: {type(error).__name__}: {error}") from error
        save(result, None, folder)

    def _draw(self, name: str, result_folder: Path, folder: Path) -> None:
        result, obstacle = load(result_folder)
        shown: dict[str, Any] = {"obstacle": obstacle, "alt": "", "stats": {}, "claims": [], "explorer": [],
                                 "labelling": None}  # fmt: skip
        if result is not None:
            from cnnviz_core import explorer, labelling, style

            self.reporter.say(f"{name}: drawing")
            figure = self.figure(name)
            try:
                style.save(figure.draw(result), folder, name)
                if (explored := figure.explorer(result)) is not None:
                    explorer.save(explored, folder, name)
                    shown["explorer"] = explorer.ENDINGS
                if (labelled := figure.labelling(result)) is not None:
                    labelling.save(labelled, folder, name)
                    shown["labelling"] = labelling.ENDING
                claims = [asdict(claim) for claim in figure.claims(result.stats)]
                shown |= {"alt": figure.alt(result.stats), "stats": result.stats, "claims": claims}
            except Exception as error:
                raise BuildError(f"drawing of figure {name} crashed: {type(error).__name__}: {error}") from error
        (folder / "shown.json").write_text(_json(shown, name), encoding="utf-8")


def save(result: "Result | None", obstacle: str | None, folder: Path) -> None:
    """Write a result, or why there is none, into a folder of the store."""
    import numpy as np

    if result is not None:
        np.savez(folder / "arrays.npz", allow_pickle=False, **result.arrays)
    stats = None if result is None else result.stats
    (folder / "result.json").write_text(_json({"obstacle": obstacle, "stats": stats}, folder.name), encoding="utf-8")


def load(folder: Path) -> tuple["Result | None", str | None]:
    """A saved result, or None and why there is none."""
    import numpy as np

    from cnnviz_core.figure import Result

    saved = json.loads((folder / "result.json").read_text(encoding="utf-8"))
    if saved["obstacle"] is not None:
        return None, saved["obstacle"]
    with np.load(folder / "arrays.npz", allow_pickle=False) as arrays:
        return Result(dict(arrays), saved["stats"]), None


def _json(content: Any, name: str) -> str:
    """JSON of stats and claims, numpy's numbers included; NaN and infinity are refused."""
    try:
        return json.dumps(content, default=lambda value: value.item(), indent=1, ensure_ascii=False, allow_nan=False)
    except ValueError as error:
        raise BuildError(f"figure {name}: a number of its stats or claims is NaN or infinite") from error
