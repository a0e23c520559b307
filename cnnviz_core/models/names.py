"""The papers' names for layers: conv1 relu1 pool1 ... fc8, conv1_1 in a VGG, fire2, inception3a, layer1_0."""

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

_PREFIX = {"softmax": "prob", "relu6": "relu"}  # relu61 would be read as sixty-one
_FILLERS = ("Block", "Layer", "Module", "Unit")


@dataclass(frozen=True)
class Found:
    """A layer that has no name yet."""

    index: int  # of its operation
    kind: str
    path: str  # of its module
    word: str  # of a block: its class, or the operation that joins its branches
    weighted: bool

    def idle(self, first_weighted: int) -> bool:
        """Whether it only prepares the image: no weights, and none before it."""
        return not self.weighted and self.index < first_weighted


def layer_names(found: Sequence[Found]) -> Iterator[str]:
    """One name for each layer, all different: the second `norm2` becomes `norm2_2`."""
    used: Counter[str] = Counter()
    names = _staged(found) if _has_stages(found) else _counted(found)
    for name in names:
        used[name] += 1
        yield name if used[name] == 1 else f"{name}_{used[name]}"


def _has_stages(found: Sequence[Found]) -> bool:
    """Whether it is like a VGG: a plain sequence whose poolings part it into stages of several convolutions."""
    if any(layer.kind in ("block", "attention") for layer in found):
        return False
    stages = [0]
    for layer in found:
        if layer.kind == "pool":
            stages.append(0)
        stages[-1] += layer.kind == "conv"
    stages = [size for size in stages if size]
    return len(stages) > 1 and (stages[0] > 1 or sum(size > 1 for size in stages) > 1)


def _staged(found: Sequence[Found]) -> Iterator[str]:
    stage, place, in_stages = 1, 0, True
    for position, layer in enumerate(found):
        if layer.kind == "fc":
            stage, in_stages = stage + 1, False
        elif layer.kind == "conv":
            place += 1
        if layer.kind == "pool":
            yield _pool_name(found, position, stage)
            if any(later.kind == "conv" for later in found[position:]):
                stage, place = stage + 1, 0
        else:
            yield f"{_PREFIX.get(layer.kind, layer.kind)}{stage}" + (f"_{place}" if in_stages and place else "")


def _counted(found: Sequence[Found]) -> Iterator[str]:
    depth, blocks = 0, any(layer.kind == "block" for layer in found)
    fully_connected = sum(layer.kind == "fc" for layer in found)
    fc = 0
    for position, layer in enumerate(found):
        depth += layer.weighted
        if layer.kind == "fc" and blocks:
            fc += 1
            yield f"fc{fc}" if fully_connected > 1 else "fc"
        elif layer.kind == "block":
            yield _block_name(layer, depth)
        elif layer.kind == "pool":
            yield _pool_name(found, position, depth)
        elif layer.kind == "token":
            yield "class_token"
        else:
            yield f"{_PREFIX.get(layer.kind, layer.kind)}{depth}"


def _pool_name(found: Sequence[Found], position: int, depth: int) -> str:
    """pool1, after the module's own number or else the depth; avgpool for the pooling that feeds the classifier."""
    own = re.search(r"pool_?([1-9]\d*)$", found[position].path)
    if own:
        return f"pool{own[1]}"
    later = [layer.kind for layer in found[position + 1 :]]
    before_classifier = "fc" in later and "conv" not in later and "block" not in later
    repeated = found[position - 1].kind == "pool" if position else False
    convolutions = any(layer.kind == "block" for layer in found)
    return "avgpool" if before_classifier and (convolutions or repeated) else f"pool{depth}"


def _block_name(block: Found, depth: int) -> str:
    """The module's own name where that says more than a number, else its class and depth."""
    *before, last = block.path.split(".")
    if re.search("[a-zA-Z]", last) and not block.word.islower():
        return _word(last)
    if before and re.fullmatch(r"[a-zA-Z_]+\d+", before[-1]) and last.isdigit():
        return f"{_word(before[-1])}_{last}"
    words = re.findall(r"[A-Z]+(?=[A-Z][a-z])|[A-Z]?[a-z0-9]+|[A-Z]+[0-9]*", block.word)
    if len(words) > 2:
        words = [word for word in words if word not in _FILLERS]
    name = "_".join(words).lower()
    return f"{name}_{depth}" if name[-1:].isdigit() else f"{name}{depth}"


def _word(name: str) -> str:
    return re.sub(r"\W", "_", name)
