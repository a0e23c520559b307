"""Which of our source code a result depends on, read from the files without importing them."""

import ast
from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path

from cnnviz_core.files import digest

PACKAGE = "cnnviz_core"
ROOT = Path(__file__).parent
DRAWING = frozenset(
    {"draw", "alt", "claims", "explorer", "labelling"}
)  # methods of a figure that work on its finished result
_SHOWING = ("style", "figure", "claim", "explorer", "labelling")
_NEVER_COMPUTES = frozenset(f"{PACKAGE}.{name}" for name in (*_SHOWING, "errors"))

SWEEP = f"{PACKAGE}.sweep.gather"  # what `lab.sweep()` computes with; the lab itself knows it only through its engine


def source_file(module: str) -> Path | None:
    """The file of one of our modules, or None where there is no such module. Nothing is imported."""
    path = ROOT.joinpath(*module.split(".")[1:])
    candidates = (path.with_suffix(".py"), path / "__init__.py")
    return next((file for file in candidates if file.is_file()), None)


def _text(module: str) -> str:
    path = source_file(module)
    assert path is not None, module
    return path.read_text(encoding="utf-8")


def _tree(module: str) -> ast.Module:
    return ast.parse(_text(module))


@cache
def _dumped(text: str) -> str:
    """The code of a module without its docstrings; most modules are asked for by many figures."""
    return ast.dump(_without_docstrings(ast.parse(text)))


@cache
def _imported(text: str, root: Path) -> frozenset[str]:
    return frozenset(_imports(ast.parse(text)))


def _imports(tree: ast.AST) -> set[str]:
    """Our modules that the code imports, anywhere in it but for the checking of types alone."""
    found: set[str] = set()
    for node in _running(tree):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            found |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
    return {name for name in found if name.startswith(PACKAGE + ".") and source_file(name)}


def _running(tree: ast.AST) -> Iterator[ast.AST]:
    """All nodes but those below ``if TYPE_CHECKING``."""
    yield tree
    if not (isinstance(tree, ast.If) and "TYPE_CHECKING" in _names(tree.test)):
        for node in ast.iter_child_nodes(tree):
            yield from _running(node)


def _without_docstrings(tree: ast.AST) -> ast.AST:
    for node in ast.walk(tree):
        body = getattr(node, "body", None)
        if isinstance(body, list):
            node.body = [line for line in body if not _is_text(line)]  # type: ignore[attr-defined]
    return tree


def _is_text(node: ast.AST) -> bool:
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str)


def _computing(tree: ast.Module) -> ast.Module:
    """What of a figure's module its `compute` can reach: its class without the drawing methods, and what that names."""
    definitions = {node.name: node for node in tree.body if isinstance(node, (ast.FunctionDef, ast.ClassDef))}
    for node in definitions.values():
        if isinstance(node, ast.ClassDef):
            node.body = [line for line in node.body if getattr(line, "name", None) not in DRAWING]
    classes = [name for name, node in definitions.items() if isinstance(node, ast.ClassDef)]
    wanted = set(classes)
    other = [node for node in tree.body if getattr(node, "name", None) not in definitions]
    waiting: list[ast.AST] = [definitions[name] for name in classes]
    while waiting:
        for name in _names(waiting.pop()) & set(definitions) - wanted:
            wanted.add(name)
            waiting.append(definitions[name])
    kept = [definitions[name] for name in sorted(wanted)]
    used = set().union(*(_names(node) for node in kept)) if kept else set()
    imports = [node for node in other if not _is_import(node) or _binds(node) & used]
    return ast.Module(body=[*imports, *kept], type_ignores=[])


def _is_import(node: ast.AST) -> bool:
    return isinstance(node, (ast.Import, ast.ImportFrom))


def _binds(node: ast.AST) -> set[str]:
    assert isinstance(node, (ast.Import, ast.ImportFrom))
    return {(alias.asname or alias.name).partition(".")[0] for alias in node.names}


def _names(tree: ast.AST) -> set[str]:
    return {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}


def _closure(start: Iterable[str]) -> list[str]:
    found: set[str] = set()
    waiting = list(start)
    while waiting:
        module = waiting.pop()
        if module not in found | _NEVER_COMPUTES:
            found.add(module)
            waiting.extend(_imported(_text(module), ROOT))
    return sorted(found)


@cache
def code_digest(*modules: str) -> str:
    """Hash of the code of modules and of all of ours that they import; comments and docstrings do not count."""
    return digest(*(_dumped(_text(module)) for module in _closure(modules)))


@cache
def compute_digest(module: str) -> str:
    """Hash of the code that a figure's `compute` can reach, in its own module and in ours that it imports."""
    tree = _computing(_tree(module))
    sweeps = any(isinstance(node, ast.Attribute) and node.attr == "sweep" for node in ast.walk(tree))
    imported = code_digest(*sorted(_imports(tree) - _NEVER_COMPUTES), *[SWEEP] * sweeps)
    return digest(ast.dump(_without_docstrings(tree)), imported)


@cache
def reads_answers(module: str) -> bool:
    """Whether a figure's module looks at what observers chose, or at what they could choose among."""
    tree = _tree(module)
    read = {node.attr for node in ast.walk(tree) if isinstance(node, ast.Attribute)}
    return bool(read & {"responses", "choices"}) or f"{PACKAGE}.observers" in _imports(tree)


@cache
def draw_digest(module: str) -> str:
    """Hash of the code that a figure's picture, claims and words can come from, with the look and all methods."""
    return digest(file_digest(module, *(f"{PACKAGE}.{name}" for name in _SHOWING)), code_digest(module))


@cache
def file_digest(*modules: str) -> str:
    """Hash of the files of modules as they are."""
    files = [source_file(module) for module in modules]
    return digest(*(path.read_bytes() for path in files if path))
