from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image
from torch import Tensor, nn
from torchvision import transforms

from cnnviz_core.errors import InputError
from cnnviz_core.lab import Dataset, Lab, resized
from cnnviz_core.network import Model


class Brightness(nn.Module):
    """Logits of three classes: ten times the mean of red, of green and of blue."""

    def __init__(self) -> None:
        super().__init__()
        self.factor = nn.Parameter(torch.tensor(10.0), requires_grad=False)

    def forward(self, pixels: Tensor) -> Tensor:
        return self.factor * pixels.mean(dim=(2, 3))


def model(
    *, size: tuple[int, int] = (8, 8), resize: int = 8, classes: Sequence[str] = ("red", "green", "blue")
) -> Model:
    return Model(
        name="brightness",
        fingerprint="",
        net=Brightness(),
        size=size,
        resize=resize,
        mean=(0, 0, 0),
        std=(1, 1, 1),
        classes=tuple(classes),
        layers={},
        codes_layer="",
        weights="made by hand",
    )


def colours(
    *images: tuple[int, int, int], labels: Sequence[int] = (), names: Sequence[str] = ("red", "green")
) -> Dataset:
    return Dataset(
        name="colours",
        fingerprint="",
        images=[torch.tensor(image, dtype=torch.uint8)[:, None, None].expand(3, 8, 8) for image in images],
        ids=tuple(str(number) for number in range(len(images))),
        labels=np.array(labels or [0] * len(images)),
        class_names=tuple(names),
    )


def lab(data: Dataset, **settings: Any) -> Lab:
    return Lab(model(**settings), data, seed=0)


def noise(height: int, width: int) -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (height, width, 3), dtype=np.uint8)


@pytest.mark.parametrize("shape", [(300, 400), (401, 299), (57, 57), (224, 31), (256, 256), (700, 90), (33, 250)])
@pytest.mark.parametrize(("resize", "size"), [(256, 224), (64, 64), (73, 60)])
def test_pixels_are_those_of_the_published_transforms(shape: tuple[int, int], resize: int, size: int) -> None:
    pixels = noise(*shape)
    published = transforms.Compose([transforms.Resize(resize), transforms.CenterCrop(size), transforms.ToTensor()])
    data = replace(colours((0, 0, 0)), images=[torch.from_numpy(pixels).movedim(2, 0)])
    ours = lab(data, size=(size, size), resize=resize).pixels([0])[0]
    difference = (ours - published(Image.fromarray(pixels))).abs()
    assert difference.max() <= 1.01 / 255  # both round to 8 bits after each direction, not always the same one first
    assert difference.mean() < 0.3 / 255


def test_pixels_are_whole_levels_between_0_and_1() -> None:
    data = replace(colours((0, 0, 0)), images=[torch.from_numpy(noise(50, 40)).movedim(2, 0)])
    levels = lab(data, size=(16, 16), resize=20).pixels([0]) * 255
    assert (levels - levels.round()).abs().max() < 1e-4
    assert levels.min() >= 0
    assert levels.max() <= 255


@pytest.mark.parametrize("shape", [(1, 1), (1, 2000), (2000, 1), (3, 2), (8, 8), (5, 300)])
@pytest.mark.parametrize("size", [(8, 8), (12, 40), (40, 12), (224, 224)])
def test_every_image_fills_the_frame(shape: tuple[int, int], size: tuple[int, int]) -> None:
    image = torch.full((3, *shape), 77, dtype=torch.uint8)
    assert (resized(image, 10, size) == 77).all()
    assert resized(image, 10, size).shape == (3, *size)


def test_a_very_long_image_does_not_fill_the_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    enlarged: list[tuple[int, int]] = []

    def interpolate(image: Tensor, size: tuple[int, int], **options: Any) -> Tensor:
        enlarged.append(size)
        return image.new_zeros(1, 3, 64, 64)

    monkeypatch.setattr("cnnviz_core.lab.F.interpolate", interpolate)
    resized(torch.zeros(3, 20_000, 2), 64, (64, 64))
    assert enlarged == [(64 * 16, 64)]


def test_image_too_small_for_the_cut_is_not_distorted() -> None:
    disc = torch.zeros(1, 40, 40)
    rows, columns = torch.meshgrid(torch.arange(40), torch.arange(40), indexing="ij")
    disc[0] = ((rows - 19.5) ** 2 + (columns - 19.5) ** 2 < 10**2).float()
    wide = resized(disc, 40, (40, 80))[0] > 0.5
    assert wide.any(dim=0).sum() == wide.any(dim=1).sum() == 40


def test_centre_of_a_very_long_image_stays_in_the_centre() -> None:
    image = torch.zeros(1, 1, 2001)
    image[..., 1000] = 1
    columns = torch.nonzero(resized(image, 64, (64, 64))[0, 32] > 0.5)
    assert abs(columns.float().mean() - 31.5) <= 1


@pytest.mark.parametrize("shape", [(60, 90), (90, 60), (16, 21)])
def test_masks_and_boxes_have_the_geometry_of_the_pixels(shape: tuple[int, int]) -> None:
    top, left, bottom, right = shape[0] // 4, shape[1] // 3, shape[0] // 2, shape[1] // 2 + 4
    mask = np.zeros(shape, dtype=bool)
    mask[top:bottom, left:right] = True
    image = torch.from_numpy(mask * np.uint8(255)).expand(3, -1, -1)
    painted = replace(colours((0, 0, 0)), images=[image])
    frame = {"size": (24, 24), "resize": 28}
    seen = lab(painted, **frame).pixels([0])[0, 0].numpy() > 0.5
    assert 0 < seen.sum() < seen.size
    for truth in ({"masks": [mask]}, {"boxes": [np.array([[top, left, bottom, right]], dtype=float)]}):
        found = lab(replace(painted, **truth), **frame).masks([0])
        assert found is not None
        assert (found[0] == seen).mean() > 0.99


def test_masks_come_before_boxes_and_boxes_may_be_several() -> None:
    boxes = [np.array([[0, 0, 2, 2], [6.2, 5.7, 8, 8]])]
    data = replace(colours((0, 0, 0)), boxes=boxes)
    found = lab(data).masks([0])
    assert found is not None
    expected = np.zeros((8, 8), dtype=bool)
    expected[:2, :2] = expected[6:, 6:] = True
    assert (found[0] == expected).all()
    masked = lab(replace(data, masks=[np.ones((8, 8), dtype=bool)])).masks([0])
    assert masked is not None
    assert masked.all()


def test_no_masks_without_ground_truth_of_every_image() -> None:
    data = colours((0, 0, 0), (1, 1, 1))
    assert lab(data).masks([0]) is None
    partly = replace(data, boxes=[np.array([[0, 0, 4, 4.0]]), np.empty((0, 4))])
    assert lab(partly).masks([0]) is not None
    assert lab(partly).masks([0, 1]) is None


def test_what_there_is_of_ground_truth() -> None:
    data = colours((0, 0, 0))
    assert data.has == ()
    assert replace(data, boxes=[], masks=[]).has == ("boxes", "masks")


@pytest.mark.parametrize(
    ("names", "classes", "outputs"),
    [
        (("green", "RED"), ("red", "green", "blue"), (1, 0)),
        (("green", "pink"), ("red", "green", "blue"), None),
        (("Cardigan", "cardigan"), ("cardigan", "Cardigan", "crane"), (1, 0)),
        (("CARDIGAN",), ("cardigan", "Cardigan", "crane"), None),
        (("crane",), ("crane", "tench", "crane"), None),
    ],
)
def test_classes_are_the_models_by_unique_name(names: Sequence[str], classes: Sequence[str], outputs: Any) -> None:
    found = lab(colours((0, 0, 0), names=names), classes=classes)
    assert found.outputs == outputs
    assert (found.targets is None) == (outputs is None)


def test_targets_follow_the_table() -> None:
    data = replace(colours((0, 0, 0), (0, 0, 0), (0, 0, 0), labels=[1, 0, 1]), outputs=(2, 0))
    targets = lab(data).targets
    assert targets is not None
    assert targets.tolist() == [0, 2, 0]
    with pytest.raises(InputError, match=r"dataset\.classes gives model output 3, but .* has the outputs 0 to 2"):
        lab(replace(data, outputs=(2, 3)))


def test_logits_do_not_depend_on_batches() -> None:
    found = lab(colours((255, 0, 51), (0, 255, 0), (51, 51, 51)))
    expected = [[10, 0, 2], [0, 10, 0], [2, 2, 2]]
    assert np.allclose(found.logits([0, 1, 2]), expected)
    assert np.allclose(found.logits([0, 1, 2], batch=2), expected)
    assert np.allclose(found.logits([2]), expected[2:])


REDS_AND_GREENS = colours(
    (200, 0, 0), (0, 100, 0), (255, 0, 0), (0, 255, 0), (0, 250, 0), (0, 0, 255), labels=[0, 1, 0, 1, 0, 1]
)  # the last two are not what their labels say


def test_examples_are_sure_right_and_of_different_classes() -> None:
    found = lab(REDS_AND_GREENS)
    assert found.examples(2, search=6) == [2, 3]
    assert found.examples(1, search=6) == [2]


def test_examples_fill_up_with_second_ones_and_end_with_wrong_ones() -> None:
    found = lab(REDS_AND_GREENS)
    assert found.examples(3, search=6) == [2, 3, 5]
    assert found.examples(99, search=99) == [2, 3, 5, 0, 1, 4]


def test_examples_without_known_answers_go_by_the_prediction() -> None:
    assert lab(replace(REDS_AND_GREENS, class_names=("a", "b"))).examples(3, search=6) == [2, 3, 5]


def test_examples_search_evenly() -> None:
    assert sorted(lab(REDS_AND_GREENS).examples(9, search=2)) == [0, 5]


def test_rng_depends_on_seed_and_name_alone() -> None:
    data = colours((0, 0, 0))
    draws = [Lab(model(), data, seed=seed).rng(name).integers(2**60) for seed in (0, 1) for name in ("a", "b")]
    assert len(set(draws)) == 4
    first = Lab(model(), data, seed=0)
    first.rng("b").normal(size=100)
    assert first.rng("a").integers(2**60) == draws[0]


def test_track_shows_progress_and_gives_the_items() -> None:
    shown: list[tuple[str, int]] = []

    def progress(items: Iterable[Any], text: str, total: int) -> Iterator[Any]:
        shown.append((text, total))
        yield from items

    found = Lab(model(), colours((0, 0, 0)), seed=0, progress=progress)
    assert list(found.track("abc", "letters")) == ["a", "b", "c"]
    assert shown == [("letters", 3)]
    assert list(lab(colours((0, 0, 0))).track("abc", "letters")) == ["a", "b", "c"]
