"""Weights files, good and bad: the bad ones are named, and none runs code."""

import os
import pickle
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file
from torch import Tensor, nn

from cnnviz_core.errors import InputError
from cnnviz_core.models.weights import load_weights, read_weights


def small_net(classes: int = 5) -> nn.Sequential:
    return nn.Sequential(nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4), nn.Flatten(), nn.Linear(16, classes))


@pytest.fixture
def state() -> dict[str, Tensor]:
    torch.manual_seed(1)
    return {key: torch.rand_like(value) if value.is_floating_point() else value
            for key, value in small_net().state_dict().items()}  # fmt: skip


def test_both_formats_give_the_same_tensors(tmp_path: Path, state: dict[str, Tensor]) -> None:
    torch.save(state, tmp_path / "net.pth")
    save_file(state, tmp_path / "net.safetensors")
    for name in ("net.pth", "net.safetensors"):
        net = small_net()
        load_weights(net, tmp_path / name)
        assert all(torch.equal(value, state[key]) for key, value in net.state_dict().items())


WRAPPED: dict[str, Callable[[dict[str, Tensor]], object]] = {
    "checkpoint": lambda state: {"state_dict": state, "epoch": 3},
    "parallel": lambda state: {f"module.{key}": value for key, value in state.items()},
    "both": lambda state: {"model": {f"module._orig_mod.{key}": value for key, value in state.items()}},
    "old torch": lambda state: {key: value for key, value in state.items() if "num_batches" not in key},
}


@pytest.mark.parametrize("how", WRAPPED)
def test_what_training_scripts_wrap_around_is_taken_off(tmp_path: Path, state: dict[str, Tensor], how: str) -> None:
    torch.save(WRAPPED[how](state), tmp_path / "net.pt")
    net = small_net()
    load_weights(net, tmp_path / "net.pt")
    assert torch.equal(net.get_parameter("3.weight"), state["3.weight"])


def test_missing_file_and_folder(tmp_path: Path, state: dict[str, Tensor]) -> None:
    torch.save(state, tmp_path / "alexnet.pth")
    with pytest.raises(InputError, match=r"model\.weights=.*alexnte\.pth: there is no such file; .* 'alexnet\.pth'"):
        read_weights(tmp_path / "alexnte.pth")
    with pytest.raises(InputError, match="is a folder; name the file in it"):
        read_weights(tmp_path)
    with pytest.raises(InputError, match="no such file"):
        read_weights(tmp_path / "nowhere" / "net.pth")


@pytest.mark.parametrize("suffix", [".pth", ".safetensors"])
@pytest.mark.parametrize("keep", [0.0, 0.3, 0.95])
def test_cut_off_file(tmp_path: Path, state: dict[str, Tensor], suffix: str, keep: float) -> None:
    file = tmp_path / f"net{suffix}"
    (torch.save if suffix == ".pth" else save_file)(state, file)
    file.write_bytes(file.read_bytes()[: int(keep * file.stat().st_size)])
    with pytest.raises(InputError, match=rf"model\.weights=.*net{suffix} is cut off or no"):
        read_weights(file)


def test_other_formats(tmp_path: Path) -> None:
    for name, content in {
        "a.pth": b"\x89PNG\r\n\x1a\n" + b"x" * 99,
        "b.pth": b"just text",
        "c.pt": b"PK\3\4zip",
    }.items():
        (tmp_path / name).write_bytes(content)
        with pytest.raises(InputError, match="is cut off or no weights file"):
            read_weights(tmp_path / name)
    (tmp_path / "net.onnx").write_bytes(b"x")
    with pytest.raises(InputError, match=r"format '\.onnx' is unknown; allowed are \.safetensors, \.pth"):
        read_weights(tmp_path / "net.onnx")


class Attack:
    def __init__(self, marker: Path) -> None:
        self.marker = marker

    def __reduce__(self) -> tuple[object, ...]:
        return os.mkdir, (str(self.marker),)


def test_code_in_a_pickle_is_refused_and_does_not_run(tmp_path: Path, state: dict[str, Tensor]) -> None:
    marker = tmp_path / "ran"
    torch.save(state | {"attack": Attack(marker)}, tmp_path / "zip.pth")
    (tmp_path / "plain.pth").write_bytes(pickle.dumps(Attack(marker), protocol=2))
    for name in ("zip.pth", "plain.pth"):
        with pytest.raises(InputError, match=r"holds more than tensors \((posix|nt)\.mkdir\).*it is refused"):
            read_weights(tmp_path / name)
    assert not marker.exists()
    pickle.loads((tmp_path / "plain.pth").read_bytes())
    assert marker.exists()  # the attack is a real one


def test_a_whole_pickled_network_is_refused(tmp_path: Path) -> None:
    torch.save(nn.Linear(2, 2), tmp_path / "net.pth")
    with pytest.raises(InputError, match=r"holds more than tensors .*state_dict"):
        read_weights(tmp_path / "net.pth")


def test_not_a_state_dict(tmp_path: Path) -> None:
    for content, text in (([1, 2], "holds list, not"), ({}, "not tensors by name"), ({"a": 1}, "'a' is no tensor")):
        torch.save(content, tmp_path / "net.pth")
        with pytest.raises(InputError, match=text):
            read_weights(tmp_path / "net.pth")


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_nan_is_named(tmp_path: Path, state: dict[str, Tensor], value: float) -> None:
    state["3.bias"][2] = value
    save_file(state, tmp_path / "net.safetensors")
    with pytest.raises(InputError, match=r"3\.bias holds NaN or infinity"):
        read_weights(tmp_path / "net.safetensors")


def test_file_for_another_network(tmp_path: Path, state: dict[str, Tensor]) -> None:
    save_file({f"x.{key}": value for key, value in state.items()}, tmp_path / "net.safetensors")
    with pytest.raises(InputError, match=r"another network than Sequential: it lacks 0\.weight, 0\.bias, 1\.weight and "
                       r"5 more; it has the unknown x\.\d"):  # fmt: skip
        load_weights(small_net(), tmp_path / "net.safetensors")


def test_file_for_other_classes(tmp_path: Path, state: dict[str, Tensor]) -> None:
    save_file(state, tmp_path / "net.safetensors")
    with pytest.raises(InputError, match=r"3\.weight is \(5, 16\), not \(7, 16\).*for 5 classes, the network has 7"):
        load_weights(small_net(7), tmp_path / "net.safetensors")
