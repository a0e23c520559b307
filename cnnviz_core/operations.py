"""The operations of a forward pass, seen one by one as they run.

Modules are not enough: a network may call ``F.relu`` instead of holding an ``nn.ReLU``, hold one ``nn.ReLU`` and use
it twice, or work in place. A torch function mode sees every operation of all of them, above autograd, so that what is
captured can be differentiated.
"""

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from torch import Tensor, nn
from torch.overrides import TorchFunctionMode

Site = tuple[str, int]
"""An operation of a forward pass: its name (``conv2d``, ``relu``) and how often that name ran before it."""


def operation_name(function: Callable[..., Any]) -> str:
    """The name of a torch function, the same for its in-place form: ``relu`` for ``relu_``, ``add`` for ``+=``."""
    name = getattr(function, "__name__", str(function))
    return name if name.startswith("__") else name.removesuffix("_")


@dataclass(frozen=True, eq=False)
class Call:
    """An operation that has just run."""

    site: Site
    args: Sequence[Any]
    kwargs: Mapping[str, Any]
    output: Any  # a tensor, or a tuple or list with tensors; None for an assignment to a part of a tensor

    @property
    def name(self) -> str:
        return self.site[0]

    def argument(self, place: int, name: str, default: Any = None) -> Any:
        """An argument, given by place or by name."""
        return self.args[place] if place < len(self.args) else self.kwargs.get(name, default)

    def tensors(self) -> list[Tensor]:
        """All tensors in its arguments."""
        return tensors([*self.args, *self.kwargs.values()])


class Watch(TorchFunctionMode):
    """Calls `seen` after each operation that gives tensors; what it returns takes the output's place in the network."""

    def __init__(self, seen: Callable[[Call], Any]) -> None:
        super().__init__()
        self.seen = seen
        self.count: Counter[str] = Counter()

    def __torch_function__(
        self, func: Callable[..., Any], types: Any, args: Sequence[Any] = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        kwargs = kwargs or {}
        output = func(*args, **kwargs)
        name = operation_name(func)
        if name != "__setitem__" and not tensors([output]):
            return output
        site = (name, self.count[name])
        self.count[name] += 1
        return self.seen(Call(site, args, kwargs, output))


class _Captured(Exception):
    """All that was wanted has run: the rest of the forward pass is not needed."""


def capture(
    net: nn.Module | Callable[[Tensor], Tensor], inputs: Tensor, sites: Collection[Site], last: Collection[Site] = ()
) -> dict[Site, Tensor]:
    """Outputs of the operations `sites` in one forward pass, which ends at the last of them.

    The tensors are those of the pass itself: with gradients enabled they can be differentiated, and a later in-place
    operation does not change them. Those of the sites in `last` have their channels last, and are given with them
    second. Raises LookupError where the pass never runs one of them.
    """
    wanted = _Wanted(sites, last, stop=True)
    try:
        if sites:
            with Watch(wanted):
                net(inputs)
    except _Captured:
        return wanted.found
    return wanted.all()


def capture_all(
    net: nn.Module | Callable[[Tensor], Tensor], inputs: Tensor, sites: Collection[Site], last: Collection[Site] = ()
) -> tuple[dict[Site, Tensor], Tensor]:
    """The same from a whole forward pass, and what the network gives: it can be differentiated by the others."""
    wanted = _Wanted(sites, last, stop=False)
    with Watch(wanted):
        output: Tensor = net(inputs)
    return wanted.all(), output


class _Wanted:
    """Keeps the outputs of some operations, and lets the network go on with copies of them."""

    def __init__(self, sites: Collection[Site], last: Collection[Site], *, stop: bool) -> None:
        self.sites, self.last, self.stop = set(sites), set(last), stop
        self.found: dict[Site, Tensor] = {}

    def __call__(self, call: Call) -> Any:
        if call.site not in self.sites:
            return call.output
        moved = call.site in self.last
        self.found[call.site] = call.output.movedim(-1, 1) if moved else call.output
        if self.stop and len(self.found) == len(self.sites):
            raise _Captured
        kept = self.found[call.site]
        return (kept.movedim(1, -1) if moved else kept).clone()

    def all(self) -> dict[Site, Tensor]:
        if missing := sorted(self.sites - set(self.found)):
            raise LookupError(f"the forward pass never ran {missing}")
        return self.found


def tensors(arguments: Iterable[Any]) -> list[Tensor]:
    """All tensors in the arguments of an operation, also those in lists and tuples."""
    found: list[Tensor] = []
    for argument in arguments:
        if isinstance(argument, Tensor):
            found.append(argument)
        elif isinstance(argument, (list, tuple)):
            found.extend(tensors(argument))
    return found
