"""A user's own network, and what can be wrong with it."""

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import torch

from cnnviz_core.errors import InputError
from cnnviz_core.models.custom import custom_classifier
from cnnviz_core.network import Model

SOURCE = """
import torch
from torch import nn

def small(classes=3):
    return nn.Sequential(nn.Conv2d(3, 4, 3), nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(4, classes))

def needs(size): return small()
def number(): return 7
def no_weights(): return nn.Flatten()
def maps(): return nn.Sequential(nn.Conv2d(3, 4, 3), nn.ReLU(), nn.Conv2d(4, 2, 1))
def pair():
    class Pair(nn.Module):
        def __init__(self):
            super().__init__()
            self.net = small()
        def forward(self, x): return self.net(x), x
    return Pair()
def broken():
    net = small()
    nn.init.constant_(net[4].bias, float("nan"))
    return net
value = 3
"""
DEFAULTS: dict[str, Any] = {
    "name": "mine", "weights": None, "mean": [0.5, 0.5, 0.5], "std": [0.25, 0.25, 0.25], "size": 16, "resize": None,
    "classes": None, "seed": 0,
}  # fmt: skip


@pytest.fixture
def module(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    (tmp_path / "my_networks.py").write_text(SOURCE)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", [path for path in sys.path if path])
    yield "my_networks"
    sys.modules.pop("my_networks", None)


def custom(factory: str, **changed: Any) -> Model:
    return custom_classifier(factory=factory, **DEFAULTS | changed)


def test_own_network_from_the_working_folder(module: str) -> None:
    model = custom(f"{module}:small", size=[16, 20], classes=["x", "y", "z"])
    assert (model.size, model.resize, model.classes) == ((16, 20), 16, ("x", "y", "z"))
    assert list(model.layers) == ["conv1", "relu1", "pool1", "fc2"]
    pixels = torch.rand(2, 3, 16, 20)
    torch.testing.assert_close(model(pixels), model.net((pixels - 0.5) / 0.25))
    assert custom(f"{module}:small", seed=3, weights="none").weights == "random, seed 3"
    assert custom(f"{module}:small").classes == ("output 0", "output 1", "output 2")


def test_weights_from_a_file(module: str, tmp_path: Path) -> None:
    torch.save(custom(f"{module}:small").net.state_dict(), tmp_path / "w.pth")
    first, second = (custom(f"{module}:small", weights=str(tmp_path / "w.pth")) for _ in range(2))
    assert first.fingerprint == second.fingerprint
    assert first.fingerprint != custom(f"{module}:small", weights=str(tmp_path / "w.pth"), size=17).fingerprint
    assert (
        first.fingerprint != custom(f"{module}:small", weights=str(tmp_path / "w.pth"), classes=list("abc")).fingerprint
    )


@pytest.mark.parametrize(
    ("factory", "text"),
    [
        ("my_networks", "must be package.module:function"),
        (
            "my_network:small",
            "there is no module 'my_network', neither installed nor in .*; did you mean 'my_networks'",
        ),
        ("my_networks:smal", "my_networks has no function 'smal'; did you mean 'small'"),
        ("my_networks:value", "has no function 'value'"),
        ("my_networks:needs", "must be callable without arguments .*missing a required argument: 'size'"),
        ("my_networks:number", "must return a torch.nn.Module, but returns int"),
        ("my_networks:no_weights", "Flatten has no parameters"),
        ("my_networks:maps", r"must give logits \(n, classes\); for 1 image it gives \(1, 2, 14, 14\)"),
        ("my_networks:pair", "not a tensor that torch operations made of the image"),
        ("my_networks:broken", "gives nan for an image of noise"),
    ],
)
def test_bad_networks(module: str, factory: str, text: str) -> None:
    with pytest.raises(InputError, match=text):
        custom(factory)


def test_a_module_that_needs_another(module: str, tmp_path: Path) -> None:
    (tmp_path / "needy.py").write_text("import surely_not_installed")
    with pytest.raises(InputError, match="needy needs 'surely_not_installed', which is not installed"):
        custom("needy:small")


@pytest.mark.parametrize(
    ("changed", "text"),
    [
        ({"classes": ["a", "b"]}, "has 3 outputs, but model.classes names 2 classes"),
        ({"mean": [0.5]}, r"model\.mean=\[0\.5\] must be three numbers"),
        ({"std": [1, 1, 0]}, r"model\.std=\[1\.0, 1\.0, 0\.0\] must be above 0"),
        ({"size": 2}, r"model\.size=\[2, 2\]: model mine cannot take an image of 2 x 2 pixels"),
        ({"size": [1, 2, 3]}, r"model\.size=\[1, 2, 3\] must be"),
    ],
)
def test_bad_settings(module: str, changed: dict[str, Any], text: str) -> None:
    with pytest.raises(InputError, match=text):
        custom("my_networks:small", **changed)
