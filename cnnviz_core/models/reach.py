"""What each operation on maps does to where its positions look: windows, reordered and cut dimensions."""

from collections.abc import Callable
from dataclasses import dataclass
from math import prod
from typing import Any

from torch import Tensor

from cnnviz_core.network import ReceptiveField
from cnnviz_core.operations import Call

Pair = tuple[int, int]


@dataclass(frozen=True)
class Reach:
    """How a tensor lies over the image. Dimensions count from the end: (-2, -1) in maps, (-3, -2) in channels last."""

    axes: Pair | None  # the dimensions of its rows and columns, where it has them
    field: ReceptiveField | None  # what one position along them can see; None: the whole image


NOWHERE = Reach(None, None)


def from_end(dim: int, ndim: int) -> int:
    """A dimension as counted from the end, below 0."""
    return dim if dim < 0 else dim - ndim


def _pair(value: Any) -> Pair:
    return (value, value) if isinstance(value, int) else (int(value[0]), int(value[-1]))


def _window(reach: Reach, kernel: Pair, step: Pair, padding: Pair, dilation: Pair = (1, 1)) -> Reach:
    """A window of `kernel` positions, moved by `step`, over padded maps."""
    if reach.axes != (-2, -1):
        return NOWHERE
    old = reach.field
    if old is None:
        return reach
    size = [old.size[i] + (kernel[i] - 1) * dilation[i] * old.stride[i] for i in (0, 1)]
    start = [old.start[i] - padding[i] * old.stride[i] for i in (0, 1)]
    stride = [old.stride[i] * step[i] for i in (0, 1)]
    return Reach(reach.axes, ReceptiveField((size[0], size[1]), (stride[0], stride[1]), (start[0], start[1])))


def _conv(call: Call, tensor: Tensor, reach: Reach, axes: Pair) -> Reach:
    kernel = _pair(call.argument(1, "weight").shape[2:])
    step, dilation = _pair(call.argument(3, "stride", 1)), _pair(call.argument(5, "dilation", 1))
    padding = call.argument(4, "padding", 0)
    if padding == "valid":
        padding = 0
    if padding == "same":
        padding = [(kernel[i] - 1) * dilation[i] // 2 for i in (0, 1)]
    return _window(reach, kernel, step, _pair(padding), dilation)


def _pool(call: Call, tensor: Tensor, reach: Reach, axes: Pair) -> Reach:
    kernel = _pair(call.argument(1, "kernel_size"))
    dilation = call.argument(4, "dilation", 1) if call.name == "max_pool2d" else 1
    step = call.argument(2, "stride") or kernel
    return _window(reach, kernel, _pair(step), _pair(call.argument(3, "padding", 0)), _pair(dilation))


def _adaptive_pool(call: Call, tensor: Tensor, reach: Reach, axes: Pair) -> Reach:
    size, new = tensor.shape[-2:], call.output.shape[-2:]
    if axes != (-2, -1) or any(size[i] % new[i] for i in (0, 1)) or prod(new) == 1 < prod(size):
        return Reach(axes, None)
    step = size[0] // new[0], size[1] // new[1]
    return _window(reach, step, step, (0, 0))


def _batch_norm(call: Call, tensor: Tensor, reach: Reach, axes: Pair) -> Reach:
    return Reach(axes, None) if call.argument(5, "training", False) else reach


def _layer_norm(call: Call, tensor: Tensor, reach: Reach, axes: Pair) -> Reach:
    return reach if max(axes) < -len(call.argument(1, "normalized_shape")) else Reach(axes, None)


def _local_response_norm(call: Call, tensor: Tensor, reach: Reach, axes: Pair) -> Reach:
    return reach if axes == (-2, -1) else Reach(axes, None)


def _softmax(call: Call, tensor: Tensor, reach: Reach, axes: Pair) -> Reach:
    dim = call.argument(1, "dim")
    return reach if dim is not None and from_end(dim, tensor.ndim) not in axes else Reach(axes, None)


def _linear(call: Call, tensor: Tensor, reach: Reach, axes: Pair) -> Reach:
    return reach if -1 not in axes else NOWHERE


def _mean(call: Call, tensor: Tensor, reach: Reach, axes: Pair) -> Reach:
    dims, kept = call.argument(1, "dim"), call.argument(2, "keepdim", False)
    if dims is None:
        return NOWHERE
    over = {from_end(dim, tensor.ndim) for dim in ([dims] if isinstance(dims, int) else dims)}
    if over & set(axes):
        return Reach(axes, None) if kept else NOWHERE
    if kept:
        return reach
    rows, columns = (axis + sum(axis < dim for dim in over) for axis in axes)
    return Reach((rows, columns), reach.field)


def _permute(call: Call, tensor: Tensor, reach: Reach, axes: Pair) -> Reach:
    given = call.argument(1, "dims")
    dims = list(call.args[1:]) if isinstance(given, int) else list(given)
    return _reordered([from_end(dim, tensor.ndim) for dim in dims], reach, axes)


def _transpose(call: Call, tensor: Tensor, reach: Reach, axes: Pair) -> Reach:
    order = list(range(-tensor.ndim, 0))
    first, second = (from_end(call.argument(k, f"dim{k - 1}"), tensor.ndim) for k in (1, 2))
    order[first], order[second] = order[second], order[first]
    return _reordered(order, reach, axes)


def _reordered(order: list[int], reach: Reach, axes: Pair) -> Reach:
    rows, columns = (order.index(axis) - len(order) for axis in axes)
    return Reach((rows, columns), reach.field)


def _view(call: Call, tensor: Tensor, reach: Reach, axes: Pair) -> Reach:
    """Rows and columns stay what they are where only the dimensions before them are split or merged."""
    last = -min(axes)
    same = call.output.shape == tensor.shape or call.output.shape[-last:] == tensor.shape[-last:]
    return reach if same else NOWHERE


def _unsqueeze(call: Call, tensor: Tensor, reach: Reach, axes: Pair) -> Reach:
    new = from_end(call.argument(1, "dim"), tensor.ndim + 1)
    rows, columns = (axis if axis > new else axis - 1 for axis in axes)
    return Reach((rows, columns), reach.field)


def _parts(call: Call, tensor: Tensor, reach: Reach, axes: Pair) -> Reach:
    place = 1 if call.name == "unbind" else 2
    dim = from_end(call.argument(place, "dim", 0), tensor.ndim)
    return NOWHERE if dim in axes or call.name == "unbind" else reach


def _item(call: Call, tensor: Tensor, reach: Reach, axes: Pair) -> Reach:
    """Indexing: slices move and widen the steps, a number takes its dimension away; all else is not followed."""
    given = call.args[1] if isinstance(call.args[1], tuple) else (call.args[1],)
    if any(item is not Ellipsis and not isinstance(item, (slice, int)) for item in given):
        return NOWHERE
    missing = tensor.ndim - sum(item is not Ellipsis for item in given)
    spot = given.index(Ellipsis) if Ellipsis in given else len(given)
    items = [*given[:spot], *[slice(None)] * missing, *given[spot + 1 :]]
    if any(isinstance(items[axis], int) for axis in axes):
        return NOWHERE
    rows, columns = (axis + sum(isinstance(item, int) for item in items[axis:]) for axis in axes)
    cuts = [items[axis].indices(tensor.shape[axis]) for axis in axes]
    field = reach.field
    if field is not None:
        start = [field.start[i] + cuts[i][0] * field.stride[i] for i in (0, 1)]
        stride = [field.stride[i] * cuts[i][2] for i in (0, 1)]
        field = ReceptiveField(field.size, (stride[0], stride[1]), (start[0], start[1]))
    return Reach((rows, columns), field)


def _pad(call: Call, tensor: Tensor, reach: Reach, axes: Pair) -> Reach:
    """Zeros around the maps move the start; mirrored or repeated pixels are not followed."""
    if call.argument(2, "mode", "constant") != "constant":
        return Reach(axes, None)
    widths, field = call.argument(1, "pad"), reach.field
    if field is None:
        return reach
    before = [widths[2 * (-1 - axis)] if 2 * (-1 - axis) < len(widths) else 0 for axis in axes]
    start = [field.start[i] - before[i] * field.stride[i] for i in (0, 1)]
    return Reach(axes, ReceptiveField(field.size, field.stride, (start[0], start[1])))


Rule = Callable[[Call, Tensor, Reach, Pair], Reach]
RULES: dict[str, Rule] = {
    "conv2d": _conv, "max_pool2d": _pool, "avg_pool2d": _pool,
    "adaptive_avg_pool2d": _adaptive_pool, "adaptive_max_pool2d": _adaptive_pool,
    "batch_norm": _batch_norm, "layer_norm": _layer_norm, "local_response_norm": _local_response_norm,
    "softmax": _softmax, "log_softmax": _softmax, "linear": _linear, "mean": _mean,
    "permute": _permute, "transpose": _transpose, "swapaxes": _transpose,
    "view": _view, "reshape": _view, "flatten": _view, "unsqueeze": _unsqueeze,
    "chunk": _parts, "split": _parts, "unbind": _parts, "__getitem__": _item, "pad": _pad,
}  # fmt: skip
