"""The three rules in whole networks: an independent rewrite in float64, and Captum, where it is right and where not."""

import gc
import warnings
import weakref
from collections.abc import Callable, Iterator, Sequence

import pytest
import torch
from captum.attr import Deconvolution, GuidedBackprop
from oracle import net, off, oracle, signed
from torch import Tensor, nn
from torch.nn import functional as F

from cnnviz_core.methods.deconvnet import project
from cnnviz_core.methods.relu_rules import RULES, UndefinedRule, relu_rule, sent_back

PEERS = {"deconvnet": Deconvolution, "guided": GuidedBackprop}


@pytest.fixture(autouse=True)
def _quiet() -> Iterator[None]:
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Setting (forward|backward|forward, backward) hooks", UserWarning)
        yield


def captum(function: nn.Module, x: Tensor, rule: str, target: int) -> Tensor:
    found: Tensor = PEERS[rule](function).attribute(x.clone().requires_grad_(), target=target)
    return found.detach()


def one(target: int) -> Callable[[Tensor], Tensor]:
    def seed(logits: Tensor) -> Tensor:
        kept = torch.zeros_like(logits)
        kept[:, target] = 1
        return kept

    return seed


def plain(function: nn.Module, x: Tensor, signal: Tensor) -> Tensor:
    x = x.clone().requires_grad_()
    return torch.autograd.grad(function(x), x, signal)[0]


@pytest.mark.parametrize(
    ("name", "size", "relus", "captum_is"),
    [
        ("googlenet", 64, 57, "plain"),
        ("inception_v3", 75, 94, "plain"),
        ("mobilenet_v2", 64, 35, "plain"),
        ("densenet121", 64, 121, "off"),
        ("resnet18", 64, 17, "right"),
        ("squeezenet1_0", 64, 26, "right"),
    ],
)
def test_all_relus_of_a_network_follow_each_rule(name: str, size: int, relus: int, captum_is: str) -> None:
    """Captum gives the plain gradient where ReLUs are functions or ReLU6, and is off where one of them is."""
    function = net(name)
    x, signal = signed(2, 3, size, size), signed(2, 1000, seed=1)
    found = sent_back(function, x, seed=lambda _: signal, rules=RULES)
    with torch.no_grad(), relu_rule("guided") as backward:
        function(x)
    assert (backward.ran, backward.replaced) == (relus, relus)
    for rule in RULES:
        truth, ran = oracle(function, x, signal, rule)
        assert ran == relus
        assert off(found[rule], truth) < 1e-9
    gradient = plain(function, x, signal)
    assert off(found["gradient"], gradient) < 1e-9
    for rule in ("deconvnet", "guided"):
        assert off(found[rule], gradient) > 0.3
        ours = sent_back(function, x, seed=one(3), rules=[rule])[rule]
        wrong = off(captum(function, x, rule, 3), ours)
        assert wrong < 1e-9 if captum_is == "right" else wrong > 0.01
        if captum_is == "plain":
            assert off(captum(function, x, rule, 3), plain(function, x, one(3)(signal))) < 1e-9


class Toy(nn.Module):
    """A convolution, something with ReLUs, and a second convolution to four logits."""

    def __init__(self, middle: Callable[[Tensor], Tensor], *modules: nn.Module) -> None:
        super().__init__()
        self.modules_of_middle = nn.ModuleList(modules)
        self.first, self.middle, self.last = nn.Conv2d(3, 6, 3, padding=1), middle, nn.Conv2d(6, 4, 3)
        for k, conv in enumerate((self.first, self.last)):
            conv.weight.data = signed(*conv.weight.shape, seed=30 + k)
            assert conv.bias is not None
            conv.bias.data = signed(*conv.bias.shape, seed=40 + k)
        self.double().eval().requires_grad_(False)

    def forward(self, x: Tensor) -> Tensor:
        return self.last(self.middle(self.first(x))).mean(dim=(2, 3))  # type: ignore[no-any-return]


RELU, IN_PLACE = nn.ReLU(), nn.ReLU(inplace=True)
NORM = nn.BatchNorm2d(6).double().eval()
NORM.weight.data, NORM.bias.data = signed(6, seed=50), signed(6, seed=51)
NORM.requires_grad_(False)
TOYS: dict[str, tuple[Callable[[Tensor], Tensor], Sequence[nn.Module], int, bool]] = {
    "relu(h) + h": (lambda h: RELU(h) + h, [RELU], 1, False),
    "in-place relu of a copy, plus h": (lambda h: IN_PLACE(h * 1) + h, [IN_PLACE], 1, True),
    "one module in two branches": (lambda h: RELU(h) - RELU(-h), [RELU], 2, False),
    "one module twice in a row": (lambda h: RELU(RELU(h) - 0.7), [RELU], 2, True),
    "functional": (lambda h: F.relu(h - 0.3), [], 1, False),
    "functional, in place": (lambda h: F.relu(h - 0.3, inplace=True), [], 1, False),
    "batch norm": (lambda h: RELU(NORM(h)), [RELU, NORM], 1, True),
    "residual": (lambda h: RELU(NORM(RELU(h)) + h), [RELU, NORM], 2, False),
    "inception": (lambda h: torch.cat([F.relu(h[:, :3]), F.max_pool2d(F.relu(h[:, 3:]), 3, 1, 1)], 1), [], 2, False),
    "average pooling": (lambda h: RELU(F.avg_pool2d(RELU(h), 2) - 0.5), [RELU], 2, True),
}  # fmt: skip


@pytest.mark.parametrize("name", TOYS)
def test_toys_follow_each_rule_also_where_captum_does_not(name: str) -> None:
    middle, modules, relus, captum_is_right = TOYS[name]
    function = Toy(middle, *modules)
    x, signal = signed(2, 3, 10, 10, seed=2), signed(2, 4, seed=3)
    found = sent_back(function, x, seed=lambda _: signal, rules=RULES)
    for rule in RULES:
        truth, ran = oracle(function, x, signal, rule)
        assert ran == relus
        assert off(found[rule], truth) < 1e-12
    ours = sent_back(function, x, seed=one(1), rules=["guided", "deconvnet"])
    wrong = max(off(captum(function, x, rule, 1), ours[rule]) for rule in PEERS)
    assert wrong < 1e-12 if captum_is_right else wrong > 0.05


@pytest.mark.parametrize("memory_format", [torch.contiguous_format, torch.channels_last])
def test_the_order_of_channels_in_memory_changes_nothing(memory_format: torch.memory_format) -> None:
    function = net("squeezenet1_0").to(memory_format=memory_format)
    x, signal = signed(2, 3, 64, 64), signed(2, 1000, seed=1)
    found = sent_back(function, x.contiguous(memory_format=memory_format), seed=lambda _: signal, rules=["guided"])
    assert off(found["guided"], oracle(net("squeezenet1_0"), x, signal, "guided")[0]) < 1e-9


def test_recomputed_activations_follow_the_rule_too() -> None:
    """Densenet can save memory: what the backward pass needs is then computed again, outside of the rule."""
    x, signal = signed(1, 3, 32, 32), signed(1, 1000, seed=1)
    saving = sent_back(net("densenet121", memory_efficient=True), x, seed=lambda _: signal, rules=["guided"])["guided"]
    assert off(saving, oracle(net("densenet121"), x, signal, "guided")[0]) < 1e-9


def test_the_gradient_is_the_slope_of_the_score() -> None:
    function = net("squeezenet1_0")
    x = signed(1, 3, 64, 64)
    gradient = sent_back(function, x, seed=one(3), rules=["gradient"])["gradient"]
    step = 1e-6
    for k in range(4):
        direction = signed(1, 3, 64, 64, seed=60 + k)
        slope = (function(x + step * direction) - function(x - step * direction))[0, 3] / (2 * step)
        assert float(slope) == pytest.approx(float((gradient * direction).sum()), rel=1e-4)


def state(function: nn.Module) -> list[object]:
    """All that a method might leave on a network."""
    hooks = [
        (len(m._forward_hooks), len(m._forward_pre_hooks), len(m._backward_hooks), m.training, sorted(vars(m)))
        for m in function.modules()
    ]
    parameters = [(p.requires_grad, p.grad is None, p.detach().sum().item()) for p in function.parameters()]
    return [hooks, parameters, [type(m).forward for m in function.modules()], F.relu, torch.relu]


@pytest.mark.parametrize("fails", [False, True])
def test_nothing_is_left_on_the_network(fails: bool) -> None:
    function = net("resnet18", dtype=torch.float32)
    function.get_submodule("layer4").requires_grad_()
    before = state(function)
    x = signed(2, 3, 64, 64).float()

    def seed(logits: Tensor) -> Tensor:
        return 1 / 0 if fails else torch.ones_like(logits)  # type: ignore[return-value]

    if fails:
        with pytest.raises(ZeroDivisionError):
            sent_back(function, x, seed=seed, rules=RULES)
    else:
        sent_back(function, x, seed=seed, rules=RULES)
    assert state(function) == before
    assert x.grad is None
    assert not x.requires_grad
    assert torch.is_grad_enabled()


def test_activations_are_let_go() -> None:
    """No tensor of the forward pass outlives it, also where it was refused."""
    kept: list[weakref.ref[Tensor]] = []

    def function(x: Tensor) -> Tensor:
        h = F.relu(x * 2)
        kept.append(weakref.ref(h))
        return F.gelu(h)

    with pytest.raises(UndefinedRule):
        sent_back(function, signed(5), seed=torch.ones_like, rules=["guided"])
    sent_back(function, signed(5), seed=torch.ones_like, rules=["gradient"])
    gc.collect()
    assert [each() for each in kept] == [None, None]


def test_projections_of_a_layer_start_at_the_layer() -> None:
    class Halves(nn.Sequential):
        def activations(self, pixels: Tensor, *names: str) -> tuple[Tensor, ...]:
            return (self[0:2](pixels),)

    function = Halves(nn.Conv2d(3, 4, 3), nn.ReLU(), nn.Conv2d(4, 2, 3)).double().requires_grad_(False)
    x, signal = signed(1, 3, 8, 8), signed(1, 4, 6, 6, seed=1)
    found = project(function, x, "relu", seed=lambda _: signal, rule="guided")
    assert off(found, oracle(function[0:2], x, signal, "guided")[0]) < 1e-12
