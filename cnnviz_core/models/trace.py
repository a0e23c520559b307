"""The graph of one forward pass: which operation used the output of which, and in which module it ran."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from typing import Any

import torch
from torch import Tensor, nn

from cnnviz_core.operations import Call, Watch, tensors

ModuleCall = tuple[str, int]
"""A module's path, and how often it was called before."""


@dataclass(frozen=True, eq=False)
class Operation:
    """An operation that works on the image, or on what earlier operations made of it."""

    call: Call
    arguments: tuple[Tensor, ...]  # the tensors among its arguments, as they were: lists in `call` may have grown since
    inputs: tuple[int | None, ...]  # the operation that made each of them; None: a constant
    modules: tuple[ModuleCall, ...]  # the modules around it, outermost first; the network itself is left out

    @property
    def sources(self) -> set[int]:
        """The operations that made its arguments."""
        return {index for index in self.inputs if index is not None}


@dataclass(frozen=True, eq=False)
class Trace:
    """The operations of a forward pass in the order in which they ran; number 0 stands for the image."""

    operations: Sequence[Operation]
    returned: Mapping[ModuleCall, int]  # the operation whose output each module returned
    result: int  # the operation that made the network's output


class _Tracer:
    """Follows tensors by identity; holds them all, so that no identity is used twice."""

    def __init__(self, image: Tensor) -> None:
        self.operations = [Operation(Call(("image", 0), (), {}, image), (), (), ())]
        self.maker: dict[int, int] = {id(image): 0}
        self.version: dict[int, int] = {}
        self.written: dict[int, int] = {}  # the last operation that wrote in place, by storage
        self.calls: Counter[str] = Counter()
        self.stack: list[ModuleCall] = []
        self.returned: dict[ModuleCall, int] = {}

    def origin(self, tensor: Tensor) -> int | None:
        """The operation that made a tensor. One that was written to under another name depends on both."""
        maker = self.maker.get(id(tensor))
        writer = self.written.get(tensor.untyped_storage().data_ptr())
        if writer is None or (maker is not None and writer <= maker):
            return maker
        both = (maker, writer) if maker is not None else (writer,)
        return self._add(Call(("overlap", len(self.operations)), (), {}, tensor), (tensor,) * len(both), both)

    def _add(self, call: Call, arguments: tuple[Tensor, ...], inputs: tuple[int | None, ...]) -> int:
        self.operations.append(Operation(call, arguments, inputs, tuple(self.stack)))
        index = len(self.operations) - 1
        for made in tensors([call.args[0] if call.output is None else call.output]):
            self.maker[id(made)] = index
            self.version[id(made)] = made._version
        return index

    def seen(self, call: Call) -> Any:
        """Note an operation that depends on the image."""
        arguments = tuple(call.tensors())
        inputs = tuple(self.origin(tensor) for tensor in arguments)
        if any(index is not None for index in inputs):
            changed = [call.args[0]] if call.output is None else [a for a in arguments if self._changed(a, call)]
            index = self._add(call, arguments, inputs)
            for tensor in changed:
                self.written[tensor.untyped_storage().data_ptr()] = index
        return call.output

    def _changed(self, tensor: Tensor, call: Call) -> bool:
        """Whether the call wrote into the tensor (dropout, when it does nothing, returns its argument unchanged)."""
        return tensor is call.output and tensor._version != self.version.get(id(tensor), -1)

    def enter(self, path: str, module: nn.Module, arguments: Any) -> None:
        self.stack.append((path, self.calls[path]))
        self.calls[path] += 1

    def leave(self, path: str, module: nn.Module, arguments: Any, output: Any) -> None:
        call = self.stack.pop()
        if isinstance(output, Tensor) and (index := self.maker.get(id(output))) is not None:
            self.returned[call] = index


@contextmanager
def _module_calls(net: nn.Module, tracer: _Tracer) -> Iterator[None]:
    handles = []
    try:
        for path, module in net.named_modules():
            if path:
                handles.append(module.register_forward_pre_hook(partial(tracer.enter, path)))
                handles.append(module.register_forward_hook(partial(tracer.leave, path), always_call=True))
        yield
    finally:
        for handle in handles:
            handle.remove()


def trace(net: nn.Module, image: Tensor) -> Trace:
    """Run the network once without gradients. Raises LookupError where its output does not come from the image."""
    tracer = _Tracer(image)
    with torch.no_grad(), _module_calls(net, tracer), Watch(tracer.seen):
        output = net(image)
    result = tracer.origin(output) if isinstance(output, Tensor) else None
    if result is None:
        raise LookupError("the output is not a tensor that torch operations made of the image")
    return Trace(tracer.operations, tracer.returned, result)
