"""The house rules: who may import whom, and that nothing is missing where a figure or a chapter is added."""

import ast
import importlib
import inspect
import re
from dataclasses import fields
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path

import pytest
import yaml

from cnnviz_core.configure import choices, resource, target
from cnnviz_core.figure import Figure
from cnnviz_core.models.recipe import Recipe
from cnnviz_core.text import sources

ROOT = Path(__file__).parent.parent
PACKAGE = ROOT / "cnnviz_core"
TESTS = ROOT / "tests"
FIGURES = choices("figure")

MAY_IMPORT = {
    "answers": (), "errors": (), "machine": (), "claim": (), "style": (), "explorer": (), "labelling": (),
    "operations": (),
    "files": ("errors",), "store": ("files",), "sources": ("files",), "progress": (),
    "network": ("errors", "operations"),
    "lab": ("answers", "errors", "network", "sweep.gathered"),  # for its type alone
    "figure": ("claim", "errors", "explorer", "lab", "labelling"),
    "methods": ("methods", "operations", "errors"),
    "models": ("models", "network", "lab", "operations", "errors", "files", "store",
               "datasets.digits", "datasets.diorama"),
    "world": ("world", "errors", "files"),
    "datasets": ("answers", "datasets", "lab", "errors", "files", "store", "sources", "world"),
    "observers": ("answers", "lab", "methods"),
    "keypoints": ("lab", "methods", "network"),
    "small_images": ("lab", "methods"),
    "figures": ("answers", "attributes", "claim", "figure", "keypoints", "lab", "network", "methods", "observers",
                "small_images", "style", "errors"),
    "sweep": ("sweep", "errors", "files", "lab", "methods", "network", "operations", "sources", "store"),
    "engine": ("engine", "sweep", "configure", "errors", "lab", "machine", "progress", "store"),
    "export": ("export", "errors"),
    "configure": ("errors", "progress", "sources", "store", "lab", "figure", "datasets.with_answers",
                  "datasets.with_attributes"),
    "facts": ("configure", "files", "network", "sources", "store", "lab"),
    "results": ("claim", "configure", "errors", "explorer", "facts", "figure", "lab", "labelling", "progress",
                "sources", "store", "style"),
    "text": ("claim", "errors", "results"),
    "tables": ("facts", "results", "text"),
    "manifest": ("export", "facts", "results"),
    "notebook": ("configure", "errors", "lab", "machine", "progress"),
}  # fmt: skip
ALONE = {
    "hydra": {"configure"}, "omegaconf": {"configure"}, "typst": {"export/pdf"}, "pypandoc": {"export/pandoc"},
    "nbformat": {"export/notebook"}, "nbclient": {"export/notebook"}, "jinja2": {"text", "export/page"},
    "rich": {"progress"}, "captum": {"bench/occlusion_maps", "bench/relu_rules"}, "foolbox": {"bench/attacks"},
    "cv2": {"methods/sift"}, "numba": {"world/compiled", "methods/map_scan"},
    "distributed": {"engine/cluster"}, "dask_jobqueue": {"engine/cluster"},
}  # fmt: skip


def imports(path: Path) -> set[str]:
    """Every module that a file imports, also inside of functions."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative import"
            module = node.module or ""
            inside = module == "cnnviz_core"
            found |= {f"{module}.{alias.name}" for alias in node.names} if inside else {module}
    return found


def modules() -> list[Path]:
    return sorted(PACKAGE.rglob("*.py"))


def room(path: Path) -> str:
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


@pytest.mark.parametrize("path", modules(), ids=lambda path: str(path.relative_to(PACKAGE)))
def test_modules_import_only_what_their_room_may(path: Path) -> None:
    allowed = MAY_IMPORT.get(room(path))
    ours = {name.removeprefix("cnnviz_core.") for name in imports(path) if name.startswith("cnnviz_core.")}
    if allowed is not None:
        wrong = [name for name in ours if not any(name == may or name.startswith(may + ".") for may in allowed)]
        assert not wrong, f"{room(path)} may import {allowed}"
    if room(path) == "figures":
        assert not [name for name in ours if name.startswith("figures")], "figures do not import each other"


@pytest.mark.parametrize("path", modules(), ids=lambda path: str(path.relative_to(PACKAGE)))
def test_tools_stay_in_their_room(path: Path) -> None:
    here = str(path.relative_to(PACKAGE)).removesuffix(".py")
    used = {name.partition(".")[0] for name in imports(path)}
    assert not [tool for tool, rooms in ALONE.items() if tool in used and here not in rooms]


@pytest.mark.parametrize("path", modules(), ids=lambda path: str(path.relative_to(PACKAGE)))
def test_modules_say_what_they_are_for(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert not text or ast.get_docstring(ast.parse(text)), "a module begins with a docstring"


@pytest.mark.parametrize("name", FIGURES)
def test_a_figure_has_one_name_everywhere(name: str) -> None:
    config = yaml.safe_load((resource("configs") / "figure" / f"{name}.yaml").read_text(encoding="utf-8"))
    kind = target(config)
    assert kind.__module__ == f"cnnviz_core.figures.{name}"
    assert issubclass(kind, Figure)
    assert not inspect.isabstract(kind)
    assert {field.name for field in fields(kind)} == set(config) - {"_target_"}
    assert (TESTS / "figures" / f"test_{name}.py").is_file()
    assert [source.name for source in sources(resource("chapters"), None) if name in source.figures]


def test_every_figure_file_has_a_config() -> None:
    files = {path.stem for path in (PACKAGE / "figures").glob("*.py")} - {"__init__"}
    assert files == set(FIGURES)


@pytest.mark.parametrize("path", sorted((PACKAGE / "methods").rglob("[a-z]*.py")), ids=lambda path: path.stem)
def test_every_method_has_a_test(path: Path) -> None:
    folder = TESTS / path.relative_to(PACKAGE).parent
    assert (folder / f"test_{path.stem}.py").is_file()


@pytest.mark.parametrize("group", ["model", "dataset", "engine", "figure"])
def test_every_config_names_something_of_ours_with_these_parameters(group: str) -> None:
    for name in choices(group):
        config = yaml.safe_load((resource("configs") / group / f"{name}.yaml").read_text(encoding="utf-8"))
        assert config["_target_"].startswith("cnnviz_core."), name
        parameters = inspect.signature(target(config)).parameters
        assert set(config) - {"_target_", "recipe"} <= set(parameters), name
        if "recipe" in config:
            assert set(config["recipe"]) == {field.name for field in fields(Recipe)}, name


def test_light_modules_stay_light() -> None:
    """An unchanged book is recognised without torch, which takes seconds to import."""
    for name in ("configure", "store", "sources", "facts", "results", "text", "book", "commands"):
        path = PACKAGE / f"{name}.py"
        body = ast.parse(path.read_text(encoding="utf-8")).body
        top = {alias.name for node in body if isinstance(node, ast.Import) for alias in node.names}
        top |= {node.module or "" for node in body if isinstance(node, ast.ImportFrom)}
        heavy = {"torch", "torchvision", "sklearn", "numpy", "matplotlib", "cnnviz_core.lab", "cnnviz_core.figure"}
        assert not top & heavy, name


def test_figures_import() -> None:
    for name in FIGURES:
        importlib.import_module(f"cnnviz_core.figures.{name}")


@pytest.mark.parametrize("path", sorted((ROOT / "chapters").glob("*.j2")), ids=lambda path: path.name)
def test_a_figure_that_is_not_made_still_says_why(path: Path) -> None:
    """Figures stand outside of conditions: one that cannot be made gives its reason, and can be referred to."""
    depth = 0
    for tag in re.findall(r"{%-?\s*(if|endif|call figure)\b", path.read_text(encoding="utf-8")):
        depth += {"if": 1, "endif": -1}.get(tag, 0)
        assert tag != "call figure" or depth == 0


@pytest.mark.parametrize("path", sorted((ROOT / "chapters").glob("*.j2")), ids=lambda path: path.name)
def test_notebook_cells_import_what_there_is(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    for module, names in re.findall(r"^from (cnnviz_core[\w.]*) import ([\w, ]+)$", text, re.MULTILINE):
        for name in names.split(", "):
            home = import_module(module)
            assert hasattr(home, name) or find_spec(f"{module}.{name}"), f"{module} has no {name}"
