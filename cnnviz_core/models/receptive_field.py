"""Receptive fields by exact arithmetic along the graph of a forward pass, whatever branches it has.

The recurrence of a chain is size += (kernel - 1) * stride; stride *= step. Branches that meet see the union of what
each sees. Whatever is not known to be local sees the whole image: never a wrong number.
"""

from collections.abc import Sequence

from torch import Tensor

from cnnviz_core.models.reach import NOWHERE, RULES, Reach, from_end
from cnnviz_core.models.trace import Operation, Trace
from cnnviz_core.network import ReceptiveField
from cnnviz_core.operations import Call

ACTIVATIONS = frozenset((
    "relu", "relu6", "hardtanh", "leaky_relu", "elu", "selu", "celu", "gelu", "silu", "hardswish", "hardsigmoid",
    "sigmoid", "tanh", "mish", "softplus", "prelu", "threshold", "logsigmoid", "softsign",
))  # fmt: skip
_POINTWISE = ACTIVATIONS | {
    "add", "sub", "mul", "div", "__rdiv__", "pow", "__rpow__",
    "neg", "abs", "exp", "log", "sqrt", "square", "clamp", "maximum", "minimum",
    "where", "masked_fill", "addcmul", "dropout", "alpha_dropout", "feature_dropout",
    "contiguous", "clone", "detach", "to", "type", "float", "double", "half", "bfloat16",
}  # fmt: skip
_SAME_LAYOUT = frozenset(("group_norm", "instance_norm", "roll", "flip", "interpolate", "conv_transpose2d"))


def reaches(trace: Trace) -> list[Reach]:
    """The reach of the output of each operation."""
    found = [Reach((-2, -1), ReceptiveField((1, 1), (1, 1), (0, 0)))]
    for operation in trace.operations[1:]:
        found.append(_reach(operation, found))
    return found


def _reach(operation: Operation, found: Sequence[Reach]) -> Reach:
    call = operation.call
    if not isinstance(call.output, Tensor) and call.name not in ("chunk", "split", "unbind"):
        return NOWHERE
    arguments = list(zip(operation.arguments, operation.inputs, strict=True))
    known = [(tensor, found[index]) for tensor, index in arguments if index is not None]
    if call.name in _POINTWISE:
        return _meet(call.output, known)
    if call.name == "cat":
        return _cat(call, known)
    if not arguments or arguments[0][1] is None or len(known) != 1:
        return NOWHERE
    tensor, reach = known[0]
    if reach.axes is None:
        return NOWHERE
    rule = RULES.get(call.name)
    if rule is not None:
        return rule(call, tensor, reach, reach.axes)
    return Reach(reach.axes, None) if call.name in _SAME_LAYOUT else NOWHERE


def _meet(output: Tensor, parts: Sequence[tuple[Tensor, Reach]]) -> Reach:
    """Where tensors are combined element by element, each position sees what any of them sees there."""
    axes = {reach.axes for _, reach in parts if reach.axes}
    if len(axes) != 1:
        return NOWHERE
    (common,) = axes
    if -min(common) > output.ndim:
        return NOWHERE
    size = [output.shape[axis] for axis in common]
    if any(reach.axes is None or [t.shape[axis] for axis in common] != size for t, reach in parts):
        return Reach(common, None)
    return Reach(common, _union([reach.field for _, reach in parts]))


def _union(fields: Sequence[ReceptiveField | None]) -> ReceptiveField | None:
    known = [field for field in fields if field is not None]
    if len(known) < len(fields) or len({field.stride for field in known}) != 1:
        return None
    start = [min(field.start[i] for field in known) for i in (0, 1)]
    end = [max(field.start[i] + field.size[i] for field in known) for i in (0, 1)]
    return ReceptiveField((end[0] - start[0], end[1] - start[1]), known[0].stride, (start[0], start[1]))


def _cat(call: Call, parts: Sequence[tuple[Tensor, Reach]]) -> Reach:
    reach = _meet(call.output, parts)
    along = from_end(call.argument(1, "dim", 0), call.output.ndim)
    return NOWHERE if reach.axes is None or along in reach.axes else reach
