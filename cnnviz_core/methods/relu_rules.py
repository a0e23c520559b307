"""Backward passes that treat the ReLU in another way than the gradient does.

The three rules differ only in what a ReLU passes back (Springenberg et al., Striving for Simplicity, 2015, figure 1):

- gradient: where its input was positive
- deconvnet: where the signal that comes back is positive (Zeiler and Fergus 2014)
- guided: where both are

They replace the ReLU *operation* while it runs, so that functional and in-place ReLUs, one module used twice and an
input that also goes elsewhere are all right. What ran is counted one level below, where no ReLU can hide.
"""

import math
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor
from torch.overrides import TorchFunctionMode
from torch.utils._python_dispatch import TorchDispatchMode

from cnnviz_core.operations import operation_name

RULES = ("gradient", "deconvnet", "guided")

OTHER_ACTIVATIONS = frozenset({
    "celu", "elu", "gelu", "glu", "hardsigmoid", "hardswish", "leaky_relu", "log_sigmoid_forward", "mish", "prelu",
    "_prelu_kernel", "rrelu", "rrelu_with_noise", "selu", "sigmoid", "silu", "softplus", "softshrink", "tanh",
})  # fmt: skip


class UndefinedRule(Exception):
    """The network does something for which the rule has no definition, or that cannot be followed."""


@dataclass
class Backward:
    """How the ReLUs of a forward pass are differentiated; may be changed between its backward passes."""

    rule: str
    passed: Callable[[Tensor], None] | None = None  # is told what each ReLU passes back, the last ReLU first
    ran: int = 0  # ReLUs of the forward passes, once these are over
    replaced: int = 0  # those of them that follow the rule: all, or the passes were refused


class _RuledReLU(torch.autograd.Function):
    """min(max(x, 0), ceiling) whose backward pass follows the rule."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, ceiling: float, backward: Backward, inplace: bool) -> Tensor:
        y = x.clamp_(0, ceiling) if inplace else x.clamp(0, ceiling)
        if inplace:
            ctx.mark_dirty(x)
        ctx.backward_pass, ctx.ceiling = backward, ceiling
        ctx.save_for_backward(y)
        return y

    @staticmethod
    def backward(ctx: Any, *signals: Tensor) -> tuple[Tensor | None, ...]:
        (signal,) = signals
        backward = ctx.backward_pass
        if backward.rule != "gradient":
            signal = signal.clamp(min=0)
        if backward.rule != "deconvnet":
            (y,) = ctx.saved_tensors
            signal = torch.ops.aten.hardtanh_backward(signal, y, 0, ctx.ceiling)  # in one step: where 0 < y < ceiling
        if backward.passed is not None:
            backward.passed(signal)
        return signal, None, None, None


def _argument(place: int, name: str, default: Any, args: Sequence[Any], kwargs: dict[str, Any]) -> Any:
    return args[place] if len(args) > place else kwargs.get(name, default)


def _ceiling(name: str, args: Sequence[Any], kwargs: dict[str, Any]) -> float | None:
    """Upper bound of an operation that is a ReLU (infinite) or ReLU6 by another name; None for any other operation."""
    if name in ("relu", "relu6"):
        return math.inf if name == "relu" else 6.0
    if name in ("threshold", "_threshold"):  # the latter is what torch.nn.functional.threshold calls itself
        bounds = _argument(1, "threshold", None, args, kwargs), _argument(2, "value", None, args, kwargs)
        return math.inf if bounds == (0, 0) else None
    if name == "clamp_min":
        low, high = _argument(1, "min", None, args, kwargs), None
    elif name in ("clamp", "clip", "hardtanh"):
        words, defaults = (
            (("min_val", "max_val"), (-1.0, 1.0)) if name == "hardtanh" else (("min", "max"), (None, None))
        )
        low, high = (_argument(1 + i, words[i], defaults[i], args, kwargs) for i in (0, 1))
    else:
        return None
    if isinstance(low, Tensor) or isinstance(high, Tensor) or low != 0:
        return None
    return math.inf if high is None else float(high)


class _Replace(TorchFunctionMode):
    """Runs `_RuledReLU` in the place of every ReLU operation, and counts them."""

    def __init__(self, backward: Backward) -> None:
        super().__init__()
        self.backward, self.count = backward, 0

    def __torch_function__(
        self, func: Callable[..., Any], types: Any, args: Sequence[Any] = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        kwargs = kwargs or {}
        ceiling = _ceiling(operation_name(func), args, kwargs)
        if ceiling is None:
            return func(*args, **kwargs)
        self.count += 1
        inputs = args[0] if args else kwargs["input"]
        inplace = getattr(func, "__name__", "").endswith("_") or _inplace(operation_name(func), args, kwargs)
        return _RuledReLU.apply(inputs, ceiling, self.backward, inplace)


def _inplace(name: str, args: Sequence[Any], kwargs: dict[str, Any]) -> bool:
    """Whether a function of torch.nn.functional, which has the same name for both, is asked to work in place."""
    place = {"relu": 1, "relu6": 1, "hardtanh": 3, "_threshold": 3}.get(name)
    return place is not None and bool(_argument(place, "inplace", False, args, kwargs))


class _Count(TorchDispatchMode):  # type: ignore[no-untyped-call]
    """Counts the ReLUs that run, whoever calls them, and keeps the names of other activation functions."""

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.count = 0
        self.others: set[str] = set()

    def __torch_dispatch__(
        self, func: Any, types: Any, args: Sequence[Any] = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        name = func.overloadpacket.__name__.removesuffix("_")
        self.count += _ceiling(name, args, kwargs or {}) is not None
        if name in OTHER_ACTIVATIONS:
            self.others.add(name)
        return func(*args, **(kwargs or {}))


@contextmanager
def relu_rule(*rules: str) -> Iterator[Backward]:
    """The forward passes inside are differentiated by the first of the rules, wherever the backward pass is then made.

    What is given says which rule that is, and may be set to another before a further backward pass. Raises
    UndefinedRule at the end where a ReLU escaped, or where another activation function ran, for which only the gradient
    is defined. Average pooling, normalisation and addition are passed back as in the gradient by all three.
    """
    for rule in rules:
        if rule not in RULES:
            raise ValueError(f"rule must be one of {', '.join(RULES)}, not {rule!r}")
    backward = Backward(rules[0])
    with _Count() as ran, _Replace(backward) as replaced:
        yield backward
    backward.ran, backward.replaced = ran.count, replaced.count
    other = next((rule for rule in rules if rule != "gradient"), None)
    if other and ran.others:
        raise UndefinedRule(
            f"the {other} rule is defined for ReLUs, and this network uses {', '.join(sorted(ran.others))}"
        )
    if ran.count != replaced.count:
        raise UndefinedRule(
            f"{ran.count} ReLUs ran, of which only {replaced.count} could follow the {other or 'gradient'} rule: "
            "some are called from compiled code"
        )


def undefined(function: Callable[[Tensor], Tensor], inputs: Tensor, rule: str) -> str | None:
    """Why the rule has no definition for a network, or None: one forward pass of any one image tells, also a blank."""
    try:
        with torch.no_grad(), relu_rule(rule):
            function(inputs)
    except UndefinedRule as error:
        return str(error)
    return None


def sent_back(
    function: Callable[[Tensor], Tensor], inputs: Tensor, *, seed: Callable[[Tensor], Tensor], rules: Sequence[str]
) -> dict[str, Tensor]:
    """What `seed` makes of the function's output, sent back to its inputs by each of the rules.

    One forward pass, and one backward pass for each rule. Raises UndefinedRule as `relu_rule` does.
    """
    inputs = inputs.detach().requires_grad_()
    with torch.enable_grad(), relu_rule(*rules) as backward:
        output = function(inputs)
    signal = seed(output.detach())
    found = {}
    for rule in rules:
        backward.rule = rule
        (found[rule],) = torch.autograd.grad(output, inputs, signal, retain_graph=rule != rules[-1])
    return found
