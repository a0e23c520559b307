"""torchvision's classifiers by name: preprocessing, random weights, files, and what is said without a network."""

import csv
import urllib.error
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image
from torchvision import models as zoo

from cnnviz_core.errors import InputError
from cnnviz_core.lab import resized
from cnnviz_core.models.torchvision_net import build, expected_download, torchvision_classifier
from cnnviz_core.network import Model, ReceptiveField

DEFAULTS: dict[str, Any] = {"weights": "none", "size": None, "resize": None, "classes": None, "seed": 0}
IMAGENET = (0.485, 0.456, 0.406)


def classifier(name: str, **changed: Any) -> Model:
    return torchvision_classifier(name=name, **DEFAULTS | changed)


def test_unknown_name() -> None:
    with pytest.raises(InputError, match=r"model\.name='resnet19' is no classifier .* mean 'resnet1[0-9]'"):
        classifier("resnet19")
    with pytest.raises(InputError, match="no classifier of torchvision"):
        classifier("fcn_resnet50")


def test_preprocessing_and_classes_are_those_of_the_weights() -> None:
    model = classifier("squeezenet1_1")
    assert (model.size, model.resize, model.mean) == ((224, 224), 256, IMAGENET)
    assert model.classes[:2] == ("tench", "goldfish")
    assert len(model.classes) == 1000
    assert classifier("resnet18", size=64, classes=["a", "b"]).resize == 73
    assert classifier("resnet18", size=[64, 96], classes=["a", "b"], resize=99).resize == 99


def test_random_weights_follow_from_the_seed_and_leave_torch_alone() -> None:
    torch.manual_seed(5)
    before = torch.get_rng_state()
    first, same, other = (classifier("squeezenet1_1", size=64, seed=seed) for seed in (0, 0, 1))
    assert torch.equal(torch.get_rng_state(), before)
    assert first.fingerprint == same.fingerprint != other.fingerprint
    assert first.weights == "random, seed 0"


@pytest.mark.parametrize("name", ["resnet18", "mobilenet_v3_small", "squeezenet1_1", "shufflenet_v2_x0_5", "googlenet"])
def test_random_nets_give_finite_logits(name: str) -> None:
    model = classifier(name, size=96)
    logits = model(torch.rand(2, 3, 96, 96, generator=torch.Generator().manual_seed(0)))
    assert logits.isfinite().all()
    assert (logits[0] != logits[1]).any()
    assert logits.std() > 1e-3


def test_input_transform_of_googlenet_is_kept() -> None:
    """Its weights need the transform inside the network, which is no layer."""
    model = classifier("googlenet", size=64)
    original = zoo.googlenet(weights=None, aux_logits=False, init_weights=False, transform_input=True).eval()
    original.load_state_dict(model.net.state_dict())
    pixels = torch.rand(2, 3, 64, 64)
    mean, std = (torch.tensor(v).view(1, 3, 1, 1) for v in (IMAGENET, (0.229, 0.224, 0.225)))
    with torch.no_grad():
        torch.testing.assert_close(model(pixels), original((pixels - mean) / std), rtol=1e-3, atol=1e-4)
    assert next(iter(model.layers)) == "conv1"
    assert model.layers["conv1"].receptive_field == ReceptiveField((7, 7), (2, 2), (-3, -3))


def test_auxiliary_classifiers_in_a_file_are_left_out(tmp_path: Path) -> None:
    state = build("googlenet", 3).state_dict()
    torch.save(state | {"aux1.fc2.weight": torch.zeros(3, 4), "aux2.fc2.weight": torch.zeros(3, 4)}, tmp_path / "g.pth")
    model = classifier("googlenet", size=64, weights=str(tmp_path / "g.pth"), classes=list("abc"))
    assert model.weights == "g.pth"


def test_old_names_of_densenet(tmp_path: Path) -> None:
    state = build("densenet121", 1000).state_dict()
    old = {key.replace("norm1.", "norm.1.").replace("conv2.", "conv.2."): value for key, value in state.items()}
    assert old.keys() != state.keys()
    torch.save(old, tmp_path / "densenet121-a639ec97.pth")
    model = classifier("densenet121", size=64, weights=str(tmp_path / "densenet121-a639ec97.pth"))
    assert torch.equal(model.net.get_parameter("classifier.weight"), state["classifier.weight"])


def test_a_file_under_torchvisions_name_brings_its_own_preprocessing(tmp_path: Path) -> None:
    state = build("resnet50", 1000).state_dict()
    for name, resize in (("resnet50-0676ba61.pth", 256), ("resnet50-11ad3fa6.pth", 232)):
        torch.save(state, tmp_path / name)
        assert classifier("resnet50", weights=str(tmp_path / name)).resize == resize


def test_without_a_network_one_message_says_what_to_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def offline(*arguments: Any, **options: Any) -> None:
        raise urllib.error.URLError("Name or service not known")

    monkeypatch.setattr(torch.hub, "get_dir", lambda: str(tmp_path))
    monkeypatch.setattr(torch.hub, "download_url_to_file", offline)
    with pytest.raises(InputError) as caught:
        classifier("alexnet", weights="default")
    text = str(caught.value)
    assert "alexnet-owt-7be5be79.pth could not be fetched from https://download.pytorch.org/models/" in text
    assert "Name or service not known" in text
    assert f"Put that file at {tmp_path}/checkpoints/alexnet-owt-7be5be79.pth" in text
    assert "model.weights=PATH or model.weights=none" in text


def test_default_weights_are_read_from_torchs_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.hub, "get_dir", lambda: str(tmp_path))
    file = expected_download(name="squeezenet1_1", weights="default")
    assert file is not None
    assert not file.path.exists()
    file.path.parent.mkdir()
    net = build("squeezenet1_1", 1000)
    torch.save(net.state_dict(), file.path)
    assert file.here
    model = classifier("squeezenet1_1", weights="default", size=64)
    assert torch.equal(model.net.get_parameter("features.0.weight"), net.get_parameter("features.0.weight"))
    assert expected_download(name="squeezenet1_1", weights="none") is None


def test_sizes_that_do_not_fit() -> None:
    with pytest.raises(InputError, match=r"model\.size=\[8, 8\]: model alexnet cannot take an image of 8 x 8 pixels"):
        classifier("alexnet", size=8)
    with pytest.raises(InputError, match=r"model\.size='big' must be a number of pixels"):
        classifier("squeezenet1_1", size="big", resize=3)


def test_classes_from_a_file(tmp_path: Path) -> None:
    (tmp_path / "names.txt").write_text("ein Hund\n<b>cat</b>\n\n")
    model = classifier("squeezenet1_1", size=64, classes=str(tmp_path / "names.txt"))
    assert model.classes == ("ein Hund", "<b>cat</b>")
    assert model(torch.rand(1, 3, 64, 64)).shape == (1, 2)


def test_the_real_squeezenet_knows_what_it_sees(real: Path) -> None:
    """59 % and 82 % of the 400 photographs; its authors' 62 % and 84 % are of 1000, at 227 pixels."""
    models = [
        classifier("squeezenet1_0", weights=str(real / f"squeezenet1_0-imagenet{suffix}"))
        for suffix in (".pth", ".safetensors")
    ]
    assert models[0].fingerprint == models[1].fingerprint
    with (real / "imagenet-classes.csv").open() as file:
        index = {row["wnid"]: int(row["index"]) for row in csv.DictReader(file)}
    photographs = sorted((real / "imagenet-samples").glob("*/*.jpg"))[::4]
    right = torch.tensor([index[path.parent.name] for path in photographs])
    logits = torch.cat([models[0](pixels(path, models[0])) for path in photographs])
    assert (logits.argmax(1) == right).float().mean() > 0.5
    assert (logits.topk(5).indices == right[:, None]).any(1).float().mean() > 0.74


def pixels(photograph: Path, model: Model) -> torch.Tensor:
    image = torch.from_numpy(np.array(Image.open(photograph).convert("RGB"))).movedim(-1, 0) / 255
    return resized(image, model.resize, model.size).clamp(0, 1)[None]
