"""The reference net learns, from the seed alone."""

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from cnnviz_core.errors import InputError
from cnnviz_core.models.digitnet import DigitNet, accuracy, digitnet, moved, train
from cnnviz_core.store import Store


def silent(items: Iterable[Any], text: str, total: int) -> Iterator[Any]:
    yield from items


def test_a_shortened_training_learns_and_is_kept(tmp_path: Path) -> None:
    model = digitnet(name="digitnet", epochs=6, seed=0, store=Store(tmp_path), progress=silent)
    assert accuracy(model.net, "test") > 0.8
    assert " ".join(model.layers) == (
        "conv1 relu1 pool1 conv2 relu2 pool2 conv3 relu3 conv4 relu4 conv5 relu5 pool5 fc6 relu6 fc7 relu7 fc8"
    )
    assert model.classes == tuple("0123456789")
    assert "for 6 epochs" in model.weights
    assert list(tmp_path.glob("digitnet/*/model.safetensors"))

    def no_training(items: Iterable[Any], text: str, total: int) -> Iterator[Any]:
        raise AssertionError("trained again")

    again = digitnet(name="digitnet", epochs=6, seed=0, store=Store(tmp_path), progress=no_training)
    assert again.fingerprint == model.fingerprint
    other = digitnet(name="digitnet", epochs=1, seed=1, store=Store(tmp_path), progress=silent)
    longer = digitnet(name="digitnet", epochs=2, seed=1, store=Store(tmp_path), progress=silent)
    assert len({model.fingerprint, other.fingerprint, longer.fingerprint}) == 3
    again = digitnet(name="digitnet", epochs=1, seed=0, store=Store(tmp_path), progress=silent)
    assert again.fingerprint != other.fingerprint


def test_no_epoch_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"model\.epochs=0 must be at least 1"):
        digitnet(name="digitnet", epochs=0, seed=0, store=Store(tmp_path), progress=silent)


def test_the_seed_decides_and_nothing_else() -> None:
    torch.manual_seed(1)
    first, losses = train(epochs=1, seed=3, progress=silent)
    torch.manual_seed(2)
    second, again = train(epochs=1, seed=3, progress=silent)
    other, _ = train(epochs=1, seed=4, progress=silent)
    assert losses == again
    for (key, value), same, different in zip(
        first.state_dict().items(), second.state_dict().values(), other.state_dict().values(), strict=True
    ):
        assert torch.equal(value, same), key
        assert "bias" in key or not torch.equal(value, different), key


def test_only_the_grey_level_is_seen() -> None:
    net = DigitNet()
    images = torch.rand(2, 3, 32, 32)
    torch.testing.assert_close(net(images), net(images[:, [2, 0, 1]]), rtol=1e-4, atol=1e-4)
    assert net.features[0].weight.shape == (16, 1, 7, 7)


def test_moved_digits_stay_in_range_and_keep_their_ink() -> None:
    images = -torch.ones(8, 3, 32, 32)
    images[:, :, 12:20, 12:20] = 1
    result = moved(images, np.random.default_rng(0))
    assert result.shape == images.shape
    assert result.min() >= -1
    assert result.max() <= 1 + 1e-5
    ink = (result + 1).sum((1, 2, 3)) / (images + 1).sum((1, 2, 3))
    assert ((ink > 0.75) & (ink < 1.35)).all()
    assert not torch.equal(result[0], result[1])
