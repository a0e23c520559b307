"""Watching and capturing operations: functional, in place, reused."""

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from cnnviz_core.operations import Call, Watch, capture, capture_all


def test_forms_of_one_operation_have_one_name() -> None:
    calls: list[Call] = []

    def seen(call: Call) -> object:
        calls.append(call)
        return call.output

    x = torch.randn(3)
    with Watch(seen):
        y = F.relu(x)
        y = torch.relu_(y)
        y = nn.ReLU()(y)
        y = 1 + y
        y += x
        y = y.add(x)
        _ = y.shape, y.dim()
        _ = y.chunk(3)
        y[0] = 5.0
    assert [call.site for call in calls] == [
        ("relu", 0), ("relu", 1), ("relu", 2), ("add", 0), ("add", 1), ("add", 2), ("chunk", 0), ("__setitem__", 0)
    ]  # fmt: skip


def test_argument_by_place_and_by_name() -> None:
    calls: list[Call] = []

    def seen(call: Call) -> object:
        calls.append(call)
        return call.output

    x = torch.randn(1, 1, 8, 8)
    with Watch(seen):
        F.avg_pool2d(x, 2, 3)
        F.avg_pool2d(x, 2, stride=3)
    assert [call.argument(2, "stride") for call in calls] == [3, 3]
    assert calls[0].argument(3, "padding", 0) == 0


def in_place(x: Tensor) -> Tensor:
    x = x * 2
    x = F.relu_(x)
    x += 1
    return x.mul_(3)


def test_capture_is_not_changed_by_later_in_place_operations() -> None:
    x = torch.randn(5, 7)
    found = capture(in_place, x, [("mul", 0), ("relu", 0), ("add", 0), ("mul", 1)])
    torch.testing.assert_close(found["mul", 0], 2 * x)
    torch.testing.assert_close(found["relu", 0], (2 * x).clamp(min=0))
    torch.testing.assert_close(found["add", 0], (2 * x).clamp(min=0) + 1)
    torch.testing.assert_close(found["mul", 1], 3 * ((2 * x).clamp(min=0) + 1))


def test_captured_tensors_are_on_the_path_of_gradients() -> None:
    x = torch.randn(4, requires_grad=True)
    found = capture(lambda x: F.relu_(x * 2) * 3, x, [("mul", 0), ("mul", 1)])
    (gradient,) = torch.autograd.grad(found["mul", 1].sum(), found["mul", 0])
    torch.testing.assert_close(gradient, 3.0 * (x > 0))


def test_capture_stops_at_the_last_wanted_operation() -> None:
    def net(x: Tensor) -> Tensor:
        torch.exp(x)
        raise AssertionError("went on")

    assert list(capture(net, torch.zeros(2), [("exp", 0)])) == [("exp", 0)]
    assert capture(net, torch.zeros(2), []) == {}


def test_what_never_runs_is_named() -> None:
    with pytest.raises(LookupError, match=r"never ran \[\('exp', 1\)\]"):
        capture(torch.exp, torch.zeros(2), [("exp", 0), ("exp", 1)])


def test_capture_all_gives_the_output_too_and_lets_the_pass_end() -> None:
    x = torch.randn(5, 7)
    found, output = capture_all(in_place, x, [("mul", 0), ("relu", 0), ("mul", 1)])
    torch.testing.assert_close(found["mul", 0], 2 * x)
    torch.testing.assert_close(found["relu", 0], (2 * x).clamp(min=0))
    torch.testing.assert_close(found["mul", 1], output)
    torch.testing.assert_close(output, in_place(x))
    assert capture_all(in_place, x, [])[0] == {}


def test_the_output_can_be_differentiated_by_what_is_captured_on_the_way() -> None:
    x = torch.randn(5, 7, requires_grad=True)
    found, output = capture_all(in_place, x, [("mul", 0), ("relu", 0)])
    by_relu, by_mul, by_x = torch.autograd.grad(output.sum(), [found["relu", 0], found["mul", 0], x])
    torch.testing.assert_close(by_relu, torch.full((5, 7), 3.0))
    torch.testing.assert_close(by_mul, 3.0 * (x > 0))
    torch.testing.assert_close(by_x, 6.0 * (x > 0))


def test_channels_that_are_last_are_given_second_and_put_back() -> None:
    def net(x: Tensor) -> Tensor:
        h = torch.exp(x.permute(0, 2, 3, 1))
        return h @ torch.arange(h.shape[-1], dtype=h.dtype)

    x = torch.randn(2, 3, 4, 5, requires_grad=True)
    found, output = capture_all(net, x, [("exp", 0)], [("exp", 0)])
    torch.testing.assert_close(found["exp", 0], x.exp())
    torch.testing.assert_close(output, net(x))
    (by_maps,) = torch.autograd.grad(output.sum(), found["exp", 0])
    torch.testing.assert_close(by_maps, torch.arange(3.0)[None, :, None, None].expand(2, 3, 4, 5))


def test_capture_all_names_what_never_runs_and_passes_errors_on() -> None:
    with pytest.raises(LookupError, match=r"never ran \[\('exp', 1\)\]"):
        capture_all(torch.exp, torch.zeros(2), [("exp", 0), ("exp", 1)])

    def broken(x: Tensor) -> Tensor:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        capture_all(broken, torch.zeros(2), [("exp", 0)])
