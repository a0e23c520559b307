"""The three rules, against rewrites from the papers and against Captum, with signed seeds."""

from collections.abc import Callable

import numpy as np
import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from cnnviz_core.methods.relu_rules import UndefinedRule, relu_rule, undefined
from cnnviz_core.methods.relu_rules import sent_back as by_rules

RULES: tuple[str, ...] = ("gradient", "deconvnet", "guided")


def random(*shape: int, seed: int = 0) -> Tensor:
    return torch.from_numpy(np.random.default_rng(seed).normal(size=shape))


def sent_back(function: Callable[[Tensor], Tensor], inputs: Tensor, signal: Tensor, rule: str) -> Tensor:
    inputs = inputs.detach().requires_grad_()
    with relu_rule(rule):
        output = function(inputs)
    return torch.autograd.grad(output, inputs, signal)[0]


def expected(x: Tensor, signal: Tensor, rule: str, ceiling: float = float("inf")) -> Tensor:
    inside = ((x > 0) & (x < ceiling)).double()
    return {"gradient": inside * signal, "deconvnet": signal.relu(), "guided": inside * signal.relu()}[rule]


@pytest.mark.parametrize("rule", RULES)
@pytest.mark.parametrize(
    ("function", "ceiling"),
    [
        (F.relu, float("inf")),
        (torch.relu, float("inf")),
        (Tensor.relu, float("inf")),
        (nn.ReLU(), float("inf")),
        (lambda x: F.relu(x, inplace=True), float("inf")),
        (lambda x: torch.relu_(x), float("inf")),
        (lambda x: x.relu_(), float("inf")),
        (lambda x: nn.ReLU(inplace=True)(x), float("inf")),
        (lambda x: x.clamp(min=0), float("inf")),
        (lambda x: x.clamp_min(0), float("inf")),
        (lambda x: F.threshold(x, 0, 0), float("inf")),
        (nn.ReLU6(), 6.0),
        (nn.ReLU6(inplace=True), 6.0),
        (F.relu6, 6.0),
        (lambda x: F.hardtanh(x, 0, 6), 6.0),
        (lambda x: x.clamp(0, 6), 6.0),
    ],
)
def test_every_way_to_call_a_relu_follows_the_rule(
    function: Callable[[Tensor], Tensor], ceiling: float, rule: str
) -> None:
    x, signal = 5 * random(4, 50), random(4, 50, seed=1)
    found = sent_back(lambda inputs: function(inputs * 1), x, signal, rule)
    assert torch.equal(found, expected(x, signal, rule, ceiling))
    with relu_rule(rule):
        assert torch.equal(function(x.clone()), x.clamp(0, ceiling))


@pytest.mark.parametrize("rule", RULES)
@pytest.mark.parametrize(
    "relu",
    [
        Tensor.relu_,
        lambda h: F.relu(h, inplace=True),
        lambda h: F.relu(h, True),
        lambda h: F.threshold(h, 0, 0, True),
        nn.ReLU(inplace=True),
        lambda h: F.hardtanh(h, 0, 1e9, inplace=True),
    ],
)
def test_an_in_place_relu_whose_output_is_ignored(relu: Callable[[Tensor], Tensor], rule: str) -> None:
    def network(x: Tensor) -> Tensor:
        h = x * 2
        relu(h)
        return h * 3

    x, signal = random(40), random(40, seed=1)
    assert torch.equal(sent_back(network, x, signal, rule), 2 * expected(x, 3 * signal, rule))


@pytest.mark.parametrize("rule", RULES)
def test_an_input_that_also_goes_elsewhere(rule: str) -> None:
    """Where hooks on modules are wrong: relu(h) + h with h = 2x."""
    relu = nn.ReLU()
    x, signal = random(40), random(40, seed=1)
    found = sent_back(lambda x: relu(2 * x) + 2 * x, x, signal, rule)
    assert torch.equal(found, 2 * (expected(x, signal, rule) + signal))


@pytest.mark.parametrize("rule", RULES)
def test_one_module_used_twice(rule: str) -> None:
    relu = nn.ReLU()
    x, signal = random(40), random(40, seed=1)
    found = sent_back(lambda x: relu(x) - relu(-x), x, signal, rule)
    assert torch.equal(found, expected(x, signal, rule) - expected(-x, -signal, rule))


def test_the_gradient_rule_is_the_gradient() -> None:
    net = nn.Sequential(
        nn.Conv2d(3, 4, 3), nn.ReLU(inplace=True), nn.MaxPool2d(2), nn.Conv2d(4, 2, 3), nn.ReLU6()
    ).double()
    x = random(2, 3, 12, 12)
    signal = random(2, 2, 3, 3, seed=1)
    inputs = x.clone().requires_grad_()
    (plain,) = torch.autograd.grad(net(inputs), inputs, signal)
    assert torch.equal(sent_back(net, x, signal, "gradient"), plain)


def test_without_relu_the_three_rules_agree() -> None:
    net = nn.Sequential(nn.Conv2d(3, 4, 3), nn.MaxPool2d(2), nn.Conv2d(4, 2, 3)).double()
    x, signal = random(2, 3, 12, 12), random(2, 2, 3, 3, seed=1)
    gradient, deconvnet, guided = (sent_back(net, x, signal, rule) for rule in RULES)
    assert torch.equal(gradient, deconvnet)
    assert torch.equal(gradient, guided)


def test_the_rule_may_be_changed_between_backward_passes() -> None:
    x, signal = random(40).requires_grad_(), random(40, seed=1)
    with relu_rule(*RULES) as backward:
        output = F.relu(2 * x)
    assert backward.rule == "gradient"
    for rule in (*RULES, "gradient"):
        backward.rule = rule
        (found,) = torch.autograd.grad(output, x, signal, retain_graph=True)
        assert torch.equal(found, 2 * expected(2 * x.detach(), signal, rule))


def test_two_passes_at_once_keep_their_rules_apart() -> None:
    x, signal = random(40).requires_grad_(), random(40, seed=1)
    with relu_rule("guided"):
        guided = F.relu(x)
    with relu_rule("deconvnet"):
        deconvnet = F.relu(x)
    plain = F.relu(x)
    outputs = {"guided": guided, "deconvnet": deconvnet, "gradient": plain}
    for rule, output in outputs.items():
        assert torch.equal(torch.autograd.grad(output, x, signal)[0], expected(x.detach(), signal, rule))


def test_a_batch_of_rules_gives_what_each_gives_alone() -> None:
    net = nn.Sequential(nn.Conv2d(3, 4, 3), nn.ReLU(), nn.Conv2d(4, 2, 3), nn.ReLU(inplace=True)).double()
    x, signal = random(2, 3, 9, 9), random(2, 2, 5, 5, seed=1)
    found = by_rules(net, x, seed=lambda _: signal, rules=RULES)
    assert list(found) == list(RULES)
    for rule in RULES:
        assert torch.equal(found[rule], sent_back(net, x, signal, rule))


def test_relus_are_counted_and_tell_what_they_pass_back() -> None:
    x, signal = random(40).requires_grad_(), random(40, seed=1)
    heard: list[Tensor] = []
    with relu_rule("guided") as backward:
        output = F.relu(-F.relu(x) + 0.5)
    assert (backward.ran, backward.replaced) == (2, 2)
    backward.passed = heard.append
    torch.autograd.grad(output, x, signal)
    assert len(heard) == 2
    assert torch.equal(heard[0], expected(0.5 - x.detach().relu(), signal, "guided"))
    assert not heard[1].any()  # a negative signal comes back through the minus


@pytest.mark.filterwarnings("ignore::FutureWarning")
def test_a_relu_in_compiled_code_is_refused() -> None:
    hidden = torch.jit.trace(nn.ReLU(), random(3))  # type: ignore[no-untyped-call]
    with (
        pytest.raises(UndefinedRule, match=r"2 ReLUs ran, of which only 1 could follow the guided rule"),
        relu_rule("guided"),
    ):
        hidden(F.relu(random(3)))


@pytest.mark.parametrize(
    ("function", "name"),
    [(F.gelu, "gelu"), (F.hardswish, "hardswish"), (F.silu, "silu"), (torch.sigmoid, "sigmoid"), (F.elu, "elu")],
)
def test_other_activation_functions_have_the_gradient_alone(function: Callable[[Tensor], Tensor], name: str) -> None:
    with pytest.raises(UndefinedRule, match=f"defined for ReLUs, and this network uses {name}"), relu_rule("deconvnet"):
        function(random(3))
    with relu_rule("gradient"):
        function(random(3))


def test_one_pass_of_a_blank_image_tells_why_a_rule_is_undefined() -> None:
    blank = torch.zeros(1, 3, 8, 8)
    assert undefined(nn.Sequential(nn.Conv2d(3, 2, 3), nn.ReLU(inplace=True)), blank, "deconvnet") is None
    gated = nn.Sequential(nn.Conv2d(3, 2, 3), nn.ReLU(), nn.GELU())
    reason = "the guided rule is defined for ReLUs, and this network uses gelu"
    assert undefined(gated, blank, "guided") == reason
    assert undefined(gated, blank, "gradient") is None


def test_nothing_is_left_after_an_exception() -> None:
    with pytest.raises(ZeroDivisionError), relu_rule("deconvnet"):
        _ = 1 / 0
    x = random(20).requires_grad_()
    (gradient,) = torch.autograd.grad(F.relu(x), x, random(20, seed=1))
    assert torch.equal(gradient, expected(x, random(20, seed=1), "gradient"))


def test_an_unknown_rule_is_refused() -> None:
    with pytest.raises(ValueError, match="gradient, deconvnet, guided, not 'deconv'"), relu_rule("deconv"):
        pass
