"""Max-pooling, whose places of maxima are the switches of the deconvnet (Zeiler and Fergus 2014, section 2.1)."""

from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode

MAX_POOLING = frozenset({
    "max_pool2d_with_indices", "mkldnn_max_pool2d", "quantized_max_pool2d", "adaptive_max_pool2d",
    "fractional_max_pool2d",
})  # fmt: skip


class _Count(TorchDispatchMode):  # type: ignore[no-untyped-call]
    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.count = 0

    def __torch_dispatch__(
        self, func: Any, types: Any, args: Sequence[Any] = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        self.count += func.overloadpacket.__name__ in MAX_POOLING
        return func(*args, **(kwargs or {}))


@torch.no_grad()
def max_poolings(function: Callable[[Tensor], object], inputs: Tensor) -> int:
    """How many max-pooling operations run, by whatever name they are called."""
    with _Count() as ran:
        function(inputs)
    count: int = ran.count
    return count
