import numpy as np
import pytest
import torch
from torch import Tensor

from cnnviz_core.methods.survey import sampled, survey


class Given:
    """A network whose maps are its images, and twice their negatives."""

    def activations(self, pixels: Tensor, *names: str) -> tuple[Tensor, ...]:
        return tuple({"same": pixels, "other": -2 * pixels[:, :2]}[name] for name in names)


@pytest.fixture
def batches() -> list[Tensor]:
    images = torch.from_numpy(np.random.default_rng(0).random((5, 3, 4, 6)))
    return [images[:2], images[2:]]


def everywhere(*layers: int) -> list[np.ndarray]:
    return [np.ones((4, 6), dtype=bool) for _ in layers]


def test_finds_the_strongest_place_of_each_map_of_each_image(batches: list[Tensor]) -> None:
    same, other = survey(Given(), batches, ["same", "other"], inside=everywhere(0, 1), positions=100)
    images = torch.cat(batches).numpy()
    for i, c in np.ndindex(5, 3):
        assert same.peaks[i, c] == pytest.approx(images[i, c].max())
        assert images[i, c, same.rows[i, c], same.columns[i, c]] == pytest.approx(images[i, c].max())
    assert other.peaks.shape == (5, 2)
    np.testing.assert_allclose(other.peaks, -2 * images[:, :2].min(axis=(2, 3)), rtol=1e-6)


def test_looks_only_where_it_is_told(batches: list[Tensor]) -> None:
    inside = np.zeros((4, 6), dtype=bool)
    inside[1:3, 2] = True
    (same,) = survey(Given(), batches, ["same"], inside=[inside], positions=100)
    assert set(same.columns.ravel().tolist()) == {2}
    np.testing.assert_allclose(same.peaks, torch.cat(batches).numpy()[:, :, 1:3, 2].max(axis=2), rtol=1e-6)


def test_samples_are_the_same_places_of_all_maps(batches: list[Tensor]) -> None:
    (same,) = survey(Given(), batches, ["same"], inside=everywhere(0), positions=24)
    expected = torch.cat(batches).numpy().transpose(0, 2, 3, 1).reshape(-1, 3)
    np.testing.assert_allclose(same.samples, expected, rtol=1e-6)


@pytest.mark.parametrize(("positions", "kept"), [(24, (4, 6)), (23, (2, 3)), (6, (2, 3)), (5, (1, 2)), (1, (1, 1))])
def test_takes_at_most_so_many_places_evenly(positions: int, kept: tuple[int, int]) -> None:
    maps = torch.arange(24.0).reshape(1, 1, 4, 6)
    assert sampled(maps, positions).shape[2:] == kept
