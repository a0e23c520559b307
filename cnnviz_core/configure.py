"""From command line overrides to settings, and from settings to a lab and figures. The only module that knows Hydra."""

import importlib
import inspect
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hydra import compose, initialize_config_dir
from hydra.core.global_hydra import GlobalHydra
from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.errors import HydraException
from omegaconf import DictConfig, OmegaConf
from omegaconf.errors import OmegaConfBaseException

from cnnviz_core.errors import InputError, nearest
from cnnviz_core.progress import Reporter
from cnnviz_core.sources import PACKAGE, code_digest
from cnnviz_core.store import Store

if TYPE_CHECKING:
    from cnnviz_core.figure import Figure
    from cnnviz_core.lab import Dataset, Lab

GROUPS = ("model", "dataset", "engine", "profile")
SHIPPED = Path(__file__).parent / "models" / "shipped"
ANSWERS = ("responses", "class_map", "nets")  # what is asked of any data set: two files, and names of observers
DEVICES = ("cpu", "cuda", "mps", "auto")


def resource(name: str) -> Path:
    """The folder `configs` or `chapters`: inside an installed package, beside it in a working copy."""
    package = Path(__file__).parent
    return package / name if (package / name).is_dir() else package.parent / name


@dataclass(frozen=True)
class Settings:
    """All that the user chose, checked and resolved; nothing of it is loaded yet."""

    model: Mapping[str, Any]
    dataset: Mapping[str, Any]
    figures: Mapping[str, Mapping[str, Any]]  # by name
    seed: int
    device: str
    book: str
    build: Path
    chapters: tuple[str, ...] | None
    engine: Mapping[str, Any] = field(default_factory=lambda: {"_target_": f"{PACKAGE}.engine.local.Local"})
    recipe: Mapping[str, Any] | None = None  # how the model is trained, where that is done here

    @property
    def store(self) -> Store:
        return Store(self.build / "store")

    @property
    def folder(self) -> Path:
        """Where the book lies."""
        return self.build / self.book


def choices(group: str) -> list[str]:
    """The names of one config group: its files."""
    return sorted(path.stem for path in (resource("configs") / group).glob("*.yaml"))


def settings(overrides: Sequence[str] = ()) -> Settings:
    """Hydra overrides such as ``model=alexnet figure.occlusion_heatmap.stride=8`` as checked settings.

    Raises InputError that names the override and the nearest right name.
    """
    chosen, values = _split(overrides)
    config = _compose(chosen, [])
    for override in values:
        _check_value(override, config)
    config = _compose(chosen, values)
    if missing := sorted(OmegaConf.missing_keys(config)):
        raise InputError(f"{missing[0]} must be given for {_group_of(missing[0], chosen)}: add {missing[0]}=VALUE")
    plain = OmegaConf.to_container(config, resolve=True)
    assert isinstance(plain, dict)
    return _settings({str(key): value for key, value in plain.items()}, chosen)


def _settings(plain: dict[str, Any], chosen: Mapping[str, str]) -> Settings:
    names = [plain[group].get("name") or chosen[group] for group in ("model", "dataset")]
    book = plain["book"] or "-".join(names)
    if not re.fullmatch(r"[\w.+-]+", book) or book.startswith(".") or book == "store":
        raise InputError(f"book={book!r} cannot be a folder name: use letters, digits and . _ + - only")
    if plain["device"] not in DEVICES:
        raise InputError(f"device={plain['device']!r} is unknown; allowed are {', '.join(DEVICES)}")
    chapters = plain["chapters"]
    if isinstance(chapters, str):
        chapters = [chapters]
    recipe = plain["model"].pop("recipe", None)
    for target in [plain["model"], plain["dataset"], plain["engine"], *plain["figure"].values()]:
        _check_target(target)
    return Settings(
        model=plain["model"], dataset=plain["dataset"], figures=plain["figure"], seed=plain["seed"],
        engine=plain["engine"], device=plain["device"], book=book, build=Path(plain["build"]).expanduser(),
        chapters=None if chapters is None else tuple(chapters), recipe=recipe,
    )  # fmt: skip


def _split(overrides: Sequence[str]) -> tuple[dict[str, str], list[str]]:
    """Choices of a group (model=alexnet) apart from values (seed=1); refuses what is neither."""
    chosen, values = {**_default_choices(), "profile": "notes"}, []
    for override in overrides:
        key, equals, value = override.partition("=")
        if not equals or not re.fullmatch(r"[\w.]+", key):
            raise InputError(f"{override!r} is not an override; write name=value, such as model=alexnet or seed=1")
        if key not in GROUPS:
            values.append(f"{key}={_quoted(value)}")
        elif value in choices(key):
            chosen[key] = value
        else:
            raise InputError(
                f"{key}={value} is unknown{nearest(value, choices(key))} There are: {', '.join(choices(key))}"
            )
    return chosen, values


def _default_choices() -> dict[str, str]:
    """The model and the data set that configs/config.yaml chooses."""
    entries = OmegaConf.load(resource("configs") / "config.yaml").defaults
    return {
        str(group): str(name) for entry in entries if isinstance(entry, DictConfig) for group, name in entry.items()
    }


def _compose(chosen: Mapping[str, str], values: Sequence[str]) -> DictConfig:
    """Figures are appended, so that the folder configs/figure is their list, and the profile after them."""
    figures = [f"+figure@figure.{name}={name}" for name in choices("figure")]
    groups = [
        *(f"{group}={chosen[group]}" for group in ("model", "dataset", "engine")),
        *figures,
        f"+profile={chosen['profile']}",
    ]
    GlobalHydra.instance().clear()
    try:
        with initialize_config_dir(str(resource("configs").resolve()), version_base="1.3"):
            return compose("config", overrides=[*groups, *values])
    except (HydraException, OmegaConfBaseException) as error:
        cause = error.__cause__ or error
        raise InputError(f"{' '.join(values)}: {str(cause).splitlines()[0]}") from None


def _check_value(override: str, config: DictConfig) -> None:
    key = override.partition("=")[0]
    known = _flat(config)
    if key not in known:
        family = [name for name in known if name.count(".") == key.count(".")]
        raise InputError(f"{key} is no setting{nearest(key, family or known)} (given as {override!r})")
    before = None if OmegaConf.is_missing(*_holder(config, key)) else OmegaConf.select(config, key)
    try:
        after = OverridesParser.create().parse_override(override).value()
    except HydraException as error:
        raise InputError(f"{override}: {str(error).splitlines()[0]}") from None
    if before is None or isinstance(before, DictConfig):
        return
    allowed = {int: (int,), float: (int, float), bool: (bool,), str: (str, int, float)}.get(type(before))
    if allowed and (not isinstance(after, allowed) or (isinstance(after, bool) and type(before) is not bool)):
        raise InputError(f"{key}={after!s} must be {_KINDS[type(before)]}, such as {before!s}")


_KINDS = {int: "a whole number", float: "a number", bool: "true or false", str: "a text"}


def _quoted(value: str) -> str:
    """Paths and names are meant as they stand, also with spaces and signs that Hydra's grammar reserves."""
    if re.fullmatch(r"[\w./:+-]*", value) or value[:1] in "[{'\"":
        return value
    return "'" + value.replace("'", "\\'") + "'"


def _holder(config: DictConfig, key: str) -> tuple[Any, str]:
    parent, _, last = key.rpartition(".")
    return (OmegaConf.select(config, parent) if parent else config), last


def _flat(config: DictConfig, prefix: str = "") -> list[str]:
    names = []
    for key in config:
        name = f"{prefix}{key!s}"
        names.append(name)
        if not OmegaConf.is_missing(config, key) and isinstance(value := config[key], DictConfig):
            names.extend(_flat(value, f"{name}."))
    return [name for name in names if not name.endswith("_target_")]


def _group_of(key: str, chosen: Mapping[str, str]) -> str:
    group = key.partition(".")[0]
    return f"{group}={chosen[group]}" if group in chosen else key


def _check_target(config: Mapping[str, Any]) -> None:
    """A `_target_` runs code: only ours, whatever a config file says."""
    target = str(config.get("_target_", ""))
    if not target.startswith(f"{PACKAGE}."):
        raise InputError(f"_target_={target!r} is not allowed: it must name a function or class of {PACKAGE}")


def named_path(key: str, value: Any) -> Path | None:
    """The file or folder that a setting of a model or data set names, or None where it names none that is there."""
    if (
        key not in ("weights", "root", "classes", "boxes", "keypoints", "attributes", *ANSWERS)
        or not isinstance(value, str)
        or value in ("", "none", "default", "shipped")
    ):
        return None
    path = Path(value).expanduser()
    try:
        return path if path.exists() else None
    except OSError:  # such as a name that is too long
        return None


def with_whole_paths(config: Mapping[str, Any]) -> dict[str, Any]:
    """A config that means the same in whatever folder it is read."""
    return {key: str(named.absolute()) if (named := named_path(key, value)) else value for key, value in config.items()}


def target_module(config: Mapping[str, Any]) -> str:
    """The module of a config's `_target_`."""
    return str(config["_target_"]).rpartition(".")[0]


def target(config: Mapping[str, Any]) -> Any:
    """The function or class that a config's `_target_` names."""
    return getattr(importlib.import_module(target_module(config)), str(config["_target_"]).rpartition(".")[2])


def build_object(config: Mapping[str, Any], **injected: Any) -> Any:
    """Call a config's `_target_` with its settings, and with those of `injected` that it has parameters for."""
    _check_target(config)
    function = target(config)
    wanted = inspect.signature(function).parameters
    arguments = {key: value for key, value in config.items() if key != "_target_"}
    return function(**arguments, **{key: value for key, value in injected.items() if key in wanted})


def build_figure(chosen: Settings, name: str) -> "Figure":
    """The figure of that name with its settings."""
    figure: Figure = build_object(chosen.figures[name])
    return figure


def build_dataset(config: Mapping[str, Any], **injected: Any) -> "Dataset":
    """The data set of a config, with the attributes and the answers of observers where files of them are named."""
    from cnnviz_core.datasets.with_answers import with_answers
    from cnnviz_core.datasets.with_attributes import with_attributes

    own = {key: value for key, value in config.items() if key not in ("attributes", *ANSWERS)}
    data = with_attributes(build_object(own, **injected), config.get("attributes"))
    return with_answers(data, **{key: config.get(key) for key in ANSWERS})


def build_lab(chosen: Settings, reporter: Reporter) -> "Lab":
    """Load the model and the data set."""
    from cnnviz_core.lab import Lab, chosen_device

    device = chosen_device(chosen.device)
    injected = {"store": chosen.store, "progress": reporter.track}
    dataset = build_dataset(chosen.dataset, **injected)
    model = build_object(chosen.model, **injected).to(device)
    code = {f"code of {part}": code_digest(target_module(getattr(chosen, part))) for part in ("model", "dataset")}
    engine = build_object(chosen.engine, store=chosen.store, code=code, settings=chosen)
    return Lab(model, dataset, seed=chosen.seed, device=device, progress=reporter.track, engine=engine)
