"""The layers of any network, found in one traced forward pass.

An operation is a *cut* when everything later depends on what came before only through its output: cuts are the main
line. Between two cuts the network branches. The smallest module around the branches whose output is again a cut is a
*block*, one layer; so is every module of the same class, and what happens inside blocks is no layer. Branches that no
module encloses end in a layer at the operation that joins them.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise

from torch import Tensor, nn

from cnnviz_core.models.names import Found, layer_names
from cnnviz_core.models.reach import NOWHERE, Reach
from cnnviz_core.models.receptive_field import ACTIVATIONS, reaches
from cnnviz_core.models.trace import ModuleCall, Operation, Trace, trace
from cnnviz_core.network import Layer

_KINDS = {
    "conv2d": "conv", "linear": "fc", "multi_head_attention_forward": "attention",
    "batch_norm": "norm", "layer_norm": "norm", "group_norm": "norm", "instance_norm": "norm",
    "local_response_norm": "norm", "max_pool2d": "pool", "avg_pool2d": "pool", "adaptive_avg_pool2d": "pool",
    "adaptive_max_pool2d": "pool", "lp_pool2d": "pool", "mean": "pool", "softmax": "softmax",
    "log_softmax": "softmax",
}  # fmt: skip
_WEIGHTED = frozenset(("conv", "fc", "attention"))
_KEEPS_RECTIFIED = frozenset((
    "dropout", "flatten", "view", "reshape", "permute", "transpose", "contiguous", "chunk", "split",
    "max_pool2d", "cat",
))  # fmt: skip


def operation_kind(operation: Operation) -> str | None:
    """What kind of layer an operation would be, None for those that are none: dropout, flatten, an idle pooling."""
    call = operation.call
    kind = _KINDS.get(call.name, call.name if call.name in ACTIVATIONS else None)
    if call.name == "hardtanh" and (call.argument(1, "min_val"), call.argument(2, "max_val")) == (0, 6):
        return "relu6"
    if not isinstance(call.output, Tensor) or not operation.arguments:
        return kind
    before, after = operation.arguments[0].shape, call.output.shape
    if call.name == "__getitem__":
        return "token" if (len(before), len(after)) == (3, 2) else None
    if call.name == "mean":
        over_maps = len(before) == 4 and after.numel() in (before[0] * before[1], before[0] * before[3])
        return kind if over_maps else None
    return None if kind == "pool" and before == after else kind


@dataclass(frozen=True, eq=False)
class Graph:
    """A trace with what follows from it."""

    net: nn.Module
    trace: Trace

    @cached_property
    def live(self) -> list[int]:
        """The operations that the output depends on, in order."""
        found, waiting = set[int](), [self.trace.result]
        while waiting:
            index = waiting.pop()
            if index not in found:
                found.add(index)
                waiting.extend(self.trace.operations[index].sources)
        return sorted(found)

    @cached_property
    def cuts(self) -> list[int]:
        """The operations on the main line: no value passes them by."""
        last_use = {index: index for index in self.live}
        for index in self.live:
            for source in self.trace.operations[index].sources:
                last_use[source] = index
        found, furthest = [], 0
        for index in self.live:
            if furthest <= index:
                found.append(index)
            furthest = max(furthest, last_use[index])
        return found

    @cached_property
    def kinds(self) -> dict[int, str]:
        """The kind of each live operation that could be a layer."""
        found = {index: operation_kind(self.trace.operations[index]) for index in self.live if index}
        return {index: kind for index, kind in found.items() if kind is not None}

    @cached_property
    def weighted(self) -> set[int]:
        """The live operations with weights."""
        return {index for index, kind in self.kinds.items() if kind in _WEIGHTED}

    def gives_tensor(self, index: int) -> bool:
        """Whether an operation has one output, as a layer must (attention has two)."""
        return isinstance(self.trace.operations[index].call.output, Tensor)

    def inside(self, call: ModuleCall) -> set[int]:
        """The live operations that run in a module."""
        return {index for index in self.live if call in self.trace.operations[index].modules}

    def module_class(self, call: ModuleCall) -> type[nn.Module]:
        return type(self.net.get_submodule(call[0]))

    @cached_property
    def branches(self) -> list[tuple[int, ...]]:
        """The operations between two cuts, the one that joins them again included."""
        starts = [self.live.index(cut) for cut in self.cuts]
        return [tuple(self.live[a + 1 : b + 1]) for a, b in pairwise(starts) if b > a + 1]

    def can_be_block(self, call: ModuleCall) -> bool:
        """Whether a module gives a cut, and is a part: with all weights or the classifier in it, it is the network."""
        result, inside = self.trace.returned.get(call), self.inside(call)
        if result not in self.cuts or result not in inside or not self.gives_tensor(result):
            return False
        return not self.weighted or not (max(self.weighted) in inside or self.weighted - {max(self.weighted)} <= inside)

    def enclosing(self, operations: Iterable[int]) -> ModuleCall | None:
        """The smallest module around all of the operations that can be a block."""
        stacks = [self.trace.operations[index].modules for index in operations]
        common = [calls[0] for calls in zip(*stacks, strict=False) if len(set(calls)) == 1]
        return next((call for call in reversed(common) if self.can_be_block(call)), None)

    @cached_property
    def blocks(self) -> dict[int, ModuleCall]:
        """The block that gives each cut that is the output of one."""
        found = {call for branch in self.branches if (call := self.enclosing(branch)) is not None}
        classes = {self.module_class(call) for call in found} - {nn.Sequential}
        alike = {call for call in self.trace.returned if self.module_class(call) in classes and self.can_be_block(call)}
        every = found | alike
        outermost = [call for call in every if not any(self._within(call, other) for other in every)]
        return {self.trace.returned[call]: call for call in outermost}

    def _within(self, call: ModuleCall, other: ModuleCall) -> bool:
        return call != other and self.inside(call) < self.inside(other)

    def found(self) -> Iterator[Found]:
        """The layers in order, still without names."""
        hidden = {index for call in self.blocks.values() for index in self.inside(call)}
        joins = {branch[-1]: branch for branch in self.branches}
        for index in self.cuts[1:]:
            path = self._path(index)
            if index in self.blocks:
                call = self.blocks[index]
                weights = bool(self.inside(call) & self.weighted)
                yield Found(index, "block", call[0], self.module_class(call).__name__, weights)
            elif index in hidden or not self.gives_tensor(index):
                continue
            elif index in joins and index not in self.kinds:
                weights = bool(set(joins[index]) & self.weighted)
                yield Found(index, "block", path, self.trace.operations[index].call.name, weights)
            elif index in self.kinds:
                yield Found(index, self.kinds[index], path, "", index in self.weighted)

    def _path(self, index: int) -> str:
        modules = self.trace.operations[index].modules
        return modules[-1][0] if modules else ""

    @cached_property
    def rectified(self) -> set[int]:
        """The operations whose outputs are outputs of ReLUs, maybe moved, pooled or put together."""
        found: set[int] = set()
        for index, operation in enumerate(self.trace.operations):
            kept = operation.call.name in _KEEPS_RECTIFIED and set(operation.inputs) <= found
            if self.kinds.get(index) in ("relu", "relu6") or kept:
                found.add(index)
        return found


def find_layers(net: nn.Module, image: Tensor) -> tuple[dict[str, Layer], dict[str, Layer]]:
    """The layers by name, in order, and the output of each module by its path.

    `image` (1, 3, h, w) is what the network is fed. Raises LookupError where the output does not come from it.
    """
    graph = Graph(net, trace(net, image))
    reach = reaches(graph.trace)
    weights = {id(value): name for name, value in net.named_parameters()}
    found = [layer for layer in graph.found() if not layer.idle(min(graph.weighted, default=0))]
    layers = {
        name: _layer(name, each.path, each.kind, graph, each.index, reach[each.index], weights)
        for name, each in zip(layer_names(found), found, strict=True)
    }
    parts = {
        path: _layer(path, path, graph.kinds.get(index, "block"), graph, index, reach[index], weights)
        for (path, _), index in graph.trace.returned.items()
        if index and graph.gives_tensor(index)
    }
    return layers, parts


def _layer(
    name: str, path: str, kind: str, graph: Graph, index: int, reach: Reach, weights: Mapping[int, str]
) -> Layer:
    call = graph.trace.operations[index].call
    shape = tuple(call.output.shape[1:])
    last = len(shape) == 3 and reach is not NOWHERE and reach.axes == (-3, -2)
    weight = call.argument(1, "weight") if kind in ("conv", "fc") else None
    return Layer(
        name, path, kind, call.site, (shape[2], *shape[:2]) if last else shape, reach.field,
        channels_last=last, weight=weights.get(id(weight)),
        rectified=kind in ("relu", "relu6", "block") and index in graph.rectified,
    )  # fmt: skip


def codes_layer(layers: Mapping[str, Layer]) -> str:
    """The layer whose output, only flattened or thinned out by dropout, goes into the classifier.

    The classifier is the last weighted layer: fc8 of AlexNet (codes: relu7), conv10 of SqueezeNet (fire9), fc of a
    ResNet (avgpool). Raises LookupError where no layer comes before it.
    """
    names = list(layers)
    last = max((k for k, layer in enumerate(layers.values()) if layer.weighted), default=0)
    if last == 0:
        raise LookupError("there is no layer before the classifier")
    return names[last - 1]
