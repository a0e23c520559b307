"""A training learns, goes on after an interruption to the same bits, and attacks its images as it is told to."""

import math
from collections import OrderedDict
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from bars import StopAfter, bars, recipe
from torch import Tensor, nn
from torch.nn import functional as F

from cnnviz_core.errors import InputError
from cnnviz_core.lab import Progress, no_progress
from cnnviz_core.models import checkpoint
from cnnviz_core.models.folding import folded, with_batch_norm
from cnnviz_core.models.history import halved
from cnnviz_core.models.recipe import Recipe
from cnnviz_core.models.starting import smooth_start
from cnnviz_core.models.training import (
    Split,
    Training,
    logits,
    loss_gradients,
    perturbed,
    schedule,
    started,
    train,
)  # fmt: skip

IMAGES, VALIDATION = bars(200, 20, 0), bars(60, 20, 1)
STEPS = 13  # in an epoch: 200 images, 16 in a batch


def net(dropout: float = 0.2) -> nn.Module:
    """A net of one sequence, `body`, with batch normalisation."""
    body = nn.Sequential(
        nn.Conv2d(3, 8, 5, stride=2, padding=2), nn.ReLU(), nn.MaxPool2d(2), nn.Conv2d(8, 8, 3, padding=1), nn.ReLU(),
        nn.Flatten(), nn.Linear(200, 16), nn.ReLU(), nn.Dropout(dropout), nn.Linear(16, 4),
    )  # fmt: skip
    return with_batch_norm(nn.Sequential(OrderedDict(body=body)))


def normalise(pixels: Tensor) -> Tensor:
    return (pixels - 0.5) * 4


def nothing(training: Training) -> None:
    """Keeps nothing."""


def new(chosen: Recipe) -> Training:
    return started(net(), chosen, device="cpu")


def trained(
    chosen: Recipe, *, keep: Callable[[Training], None] = nothing, progress: Progress = no_progress,
    file: Path | None = None,
) -> Training:  # fmt: skip
    training = new(chosen)
    if file is not None:
        checkpoint.resume(file, training)
    train(training, chosen, IMAGES, VALIDATION, normalise=normalise, text="net", keep=keep, progress=progress)
    return training


def assert_same(one: Training, other: Training) -> None:
    for (key, value), same in zip(one.net.state_dict().items(), other.net.state_dict().values(), strict=True):
        assert torch.equal(value, same), key
    assert one.curves == other.curves
    assert one.snapshots.keys() == other.snapshots.keys()
    for epochs, state in one.snapshots.items():
        assert all(torch.equal(value, other.snapshots[epochs][key]) for key, value in state.items()), epochs


@pytest.mark.parametrize("alpha", [1.0, 0.5])
def test_a_short_training_learns(alpha: float) -> None:
    done = trained(recipe(epochs=10, alpha=alpha))
    assert not done.net.training
    assert all(len(values) == 10 for values in done.curves.values())
    assert done.curves["loss"][-1] < 0.75 * done.curves["loss"][0]
    assert done.curves["validation accuracy"][-1] > 0.8
    assert done.curves["training accuracy"][-1] > 0.8
    last = schedule(10 * STEPS - 1, 10 * STEPS, 0.2)
    assert [group["lr"] for group in done.optimiser.param_groups] == pytest.approx([0.02 * last] * 2)
    assert [group["weight_decay"] for group in done.optimiser.param_groups] == [0.01, 1e-3]
    right = logits(done.net, VALIDATION, normalise, "cpu").argmax(1) == VALIDATION.labels
    assert done.curves["validation accuracy"][-1] == right.mean()


@pytest.mark.parametrize("alpha", [1.0, 0.5])
@pytest.mark.parametrize("stop", [5, STEPS, STEPS + 11])
def test_an_interrupted_training_goes_on_to_the_same_bits(tmp_path: Path, alpha: float, stop: int) -> None:
    chosen, file = recipe(alpha=alpha, epochs=2), tmp_path / "unfinished.safetensors"
    with pytest.raises(KeyboardInterrupt):
        trained(chosen, keep=partial(checkpoint.keep, file), progress=StopAfter(stop))
    again = new(chosen)
    checkpoint.resume(file, again)
    assert stop - STEPS / 4 - 1 < again.step <= stop
    assert_same(trained(chosen), trained(chosen, file=file))
    assert [path.name for path in tmp_path.iterdir()] == [file.name]


def test_what_is_kept_is_kept_each_quarter_of_an_epoch() -> None:
    kept: list[int] = []
    trained(recipe(epochs=2), keep=lambda training: kept.append(training.step))
    assert kept == [4, 7, 10, 13, 17, 20, 23, 26]


def test_a_kept_training_that_is_cut_off_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "unfinished.safetensors"
    training = trained(recipe(epochs=1))
    checkpoint.keep(file, training)
    file.write_bytes(file.read_bytes()[:1000])
    with pytest.raises(InputError, match=r"unfinished.safetensors cannot be read .* remove it to begin anew"):
        checkpoint.resume(file, new(recipe()))


def test_the_seed_decides_and_nothing_else() -> None:
    first = trained(recipe(epochs=1))
    torch.manual_seed(2)
    again = new(recipe(epochs=1))
    before = torch.get_rng_state()
    train(again, recipe(epochs=1), IMAGES, VALIDATION, normalise=normalise, text="", keep=nothing, progress=no_progress)
    assert torch.equal(before, torch.get_rng_state())
    assert_same(first, again)
    other = trained(recipe(epochs=1, seed=4))
    assert not torch.equal(first.net.get_parameter("body.0.weight"), other.net.get_parameter("body.0.weight"))


def test_without_its_share_or_its_size_an_attack_changes_no_bit() -> None:
    plain = trained(recipe(alpha=1.0))
    assert_same(plain, trained(recipe(alpha=1.0, epsilon=0.5)))
    assert_same(plain, trained(recipe(alpha=0.5, epsilon=0.0)))
    attacked = trained(recipe(alpha=0.5))
    assert not torch.equal(plain.net.get_parameter("body.0.weight"), attacked.net.get_parameter("body.0.weight"))


def test_an_attack_moves_each_pixel_by_epsilon_within_the_range() -> None:
    pixels, slope = torch.rand(4, 3, 8, 8, dtype=torch.float64), torch.randn(4, 3, 8, 8, dtype=torch.float64)
    result = perturbed(pixels, slope, 8 / 255)
    change = (result - pixels) * 255
    inside = (result > 0) & (result < 1)
    torch.testing.assert_close(change[inside], 8 * slope.sign()[inside])
    assert change.abs().max() <= 8 + 1e-9
    assert 0 <= result.min() <= result.max() <= 1


def test_the_adversarial_loss_is_that_of_the_paper() -> None:
    """Rewritten with finite differences for the attack: J~ = alpha J(x) + (1 - alpha) J(x + epsilon sign dJ/dx)."""
    torch.manual_seed(0)
    small = nn.Sequential(nn.Flatten(), nn.Linear(12, 5), nn.Tanh(), nn.Linear(5, 3)).double()
    pixels, labels = 0.2 + 0.6 * torch.rand(2, 3, 2, 2, dtype=torch.float64), torch.tensor([0, 2])
    chosen = recipe(alpha=0.3, epsilon=0.05, label_smoothing=0.1)

    def loss_of(images: Tensor) -> Tensor:
        smooth = F.one_hot(labels, 3).double() * 0.9 + 0.1 / 3
        return torch.as_tensor(-(smooth * small(normalise(images)).log_softmax(1)).sum(1).mean())

    attacked = pixels.clone()
    for place in range(pixels.numel()):
        step = torch.zeros_like(pixels)
        step.view(-1)[place] = 1e-5
        attacked.view(-1)[place] += 0.05 * torch.sign(loss_of(pixels + step) - loss_of(pixels - step)).item()
    expected = 0.3 * loss_of(pixels) + 0.7 * loss_of(attacked)
    gradients = torch.autograd.grad(expected, list(small.parameters()))
    loss, found = loss_gradients(small, chosen, pixels.clone(), labels, normalise=normalise, seed=0)
    assert loss == pytest.approx(expected.item(), rel=1e-12)
    for one, other in zip(found, gradients, strict=True):
        torch.testing.assert_close(one, other)


def test_an_attack_on_a_trained_net_finds_more_errors() -> None:
    done = trained(recipe(epochs=6))
    found = [(logits(done.net, VALIDATION, normalise, "cpu", eps).argmax(1) == VALIDATION.labels).mean()
             for eps in (0.0, 0.1)]  # fmt: skip
    assert found[1] < found[0] - 0.2


def test_weights_are_kept_after_the_epochs_of_zeiler_and_fergus() -> None:
    assert recipe(epochs=64).snapshots(100) == {100: 1, 200: 2, 500: 5, 1000: 10, 2000: 20, 3000: 30, 4000: 40}
    scaled = recipe(epochs=16).snapshots(313)
    assert list(scaled.values()) == [0.25, 0.5, 1.25, 2.5, 5, 7.5, 10]
    assert list(scaled) == [78, 156, 391, 782, 1565, 2348, 3130]
    assert list(recipe(epochs=1).snapshots(4)) == [1, 2]


def test_a_snapshot_is_what_the_net_was_after_that_step() -> None:
    chosen, seen = recipe(epochs=2), {}
    start = new(chosen)

    def watching(items: Any, text: str, total: int) -> Any:
        for step in items:
            seen[step] = halved(folded(start.net))
            assert start.net.training, "units drop out in every step"
            yield step

    train(start, chosen, IMAGES, VALIDATION, normalise=normalise, text="", keep=nothing, progress=watching)
    expected = {0: 0.0, **chosen.snapshots(STEPS)}
    assert set(start.snapshots) == set(expected.values())
    for step, epochs in expected.items():
        for key, value in start.snapshots[epochs].items():
            assert value.dtype == torch.float16
            assert torch.equal(value, seen[step][key]), (epochs, key)


@pytest.mark.parametrize("warm_up", [0.0, 0.2])
def test_the_rate_rises_in_a_line_and_falls_as_a_half_cosine(warm_up: float) -> None:
    rates = np.array([schedule(step, 100, warm_up) for step in range(100)])
    top = int(rates.argmax())
    assert top == max(round(100 * warm_up) - 1, 0)
    assert rates[top] == pytest.approx(1, abs=1e-3)
    assert np.allclose(np.diff(rates[: top + 1]), 0.05)
    assert np.all(np.diff(rates[top:]) < 0)
    assert 0 < rates[-1] < 0.01
    middle = (99 + top) // 2
    assert rates[middle] == pytest.approx(0.5, abs=0.03)


def test_first_filters_start_smooth_and_coloured_but_deaf_to_even_grey() -> None:
    drawn = torch.from_numpy(np.random.default_rng(0).standard_normal((40, 3, 9, 9), dtype=np.float32))
    filters = drawn.clone()
    smooth_start(filters)
    assert filters.sum((1, 2, 3)).abs().max() < 1e-3
    assert (filters.sum((2, 3)).abs().amax(1) > 0.05).all()
    high = np.abs(np.fft.fftfreq(9)) > 0.25
    for values, most in ((drawn, 1.0), (filters, 0.1)):
        energy = np.abs(np.fft.fft2(values.numpy())) ** 2
        share = energy[..., high[:, None] | high[None]].sum() / energy.sum()
        assert share < most
    assert share > 0


def test_a_large_gradient_is_cut() -> None:
    still = recipe(epochs=1, largest_gradient=1e-9, first_weight_decay=0)
    before, after = (training.net.get_parameter("body.0.weight") for training in (new(still), trained(still)))
    torch.testing.assert_close(after, before, rtol=0, atol=1e-7)


def test_a_loss_that_is_no_number_stops_the_training() -> None:
    with pytest.raises(InputError, match=r"learning_rate=1e\+20 is too large: the loss is nan in step"):
        trained(recipe(learning_rate=1e20))


@pytest.mark.parametrize(
    ("name", "value", "allowed"),
    [
        ("epochs", 0, "at least 1"),
        ("batch", 0, "at least 1"),
        ("learning_rate", 0, "above 0"),
        ("largest_gradient", 0, "above 0"),
        ("weight_decay", -1, "at least 0"),
        ("shift", -1, "at least 0"),
        ("seed", -1, "at least 0"),
        ("dropout", 1.0, "at least 0 and below 1"),
        ("warm_up", 1.5, "at least 0 and below 1"),
        ("epsilon", 4, "in [0, 1]"),
        ("alpha", -0.5, "in [0, 1]"),
        ("alpha", math.nan, "in [0, 1]"),
    ],
)
def test_wrong_settings_are_refused(name: str, value: float, allowed: str) -> None:
    with pytest.raises(InputError) as raised:
        recipe(**{name: value})
    assert str(raised.value) == f"model.recipe.{name}={value} must be {allowed}"


def test_a_split_gives_pixels_between_0_and_1() -> None:
    split = Split(np.array([[[[0, 51, 255]]]], dtype=np.uint8), np.array([2]))
    pixels, labels = split.batch(slice(0, 1), "cpu")
    torch.testing.assert_close(pixels, torch.tensor([[[[0.0]], [[0.2]], [[1.0]]]]))
    assert labels.tolist() == [2]
