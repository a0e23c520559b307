from collections.abc import Iterator
from concurrent.futures import Executor, ThreadPoolExecutor

import numpy as np
import pytest

from cnnviz_core.methods.map_scan import Ranking, Sums, scan
from cnnviz_core.methods.strongest import Strongest, overlapping

K = 5


@pytest.fixture(scope="module")
def threads() -> Iterator[Executor]:
    with ThreadPoolExecutor(3) as executor:
        yield executor


@pytest.fixture(params=["noise", "rectified", "ties"])
def maps(request: pytest.FixtureRequest) -> np.ndarray:
    """Maps (n, h, w, c), some of whose channels are all zero."""
    noise = np.random.default_rng(0).standard_normal((7, 6, 9, 5)).astype(np.float32)
    noise[..., 4] = 0
    return {"noise": noise, "rectified": np.maximum(noise, 0), "ties": np.round(np.maximum(noise, 0))}[request.param]


def slowly(maps: np.ndarray, overlap: np.ndarray, places: int) -> list[list[tuple[float, int, int, int]]]:
    """Greedy suppression in each image, then all places sorted: the definition, place by place."""
    found = []
    for channel in np.moveaxis(maps, 3, 0):
        kept: list[tuple[float, int, int, int]] = []
        for i, image in enumerate(channel):
            order = sorted(np.ndindex(image.shape), key=lambda place: -image[place])  # stable: in reading order
            mine: list[tuple[int, ...]] = []
            for row, column in order:
                if len(mine) < places and not any(overlap[abs(row - r), abs(column - c)] for r, c in mine):
                    mine.append((row, column))
                    kept.append((float(image[row, column]), i, row, column))
        found.append(sorted(kept, key=lambda place: (-place[0], *place[1:]))[:K])
    return found


def looked_at(
    maps: np.ndarray, overlap: np.ndarray, threads: Executor, *, places: int = 2, batch: int = 3, parts: int = 2
) -> tuple[Strongest, list[Sums]]:
    ranking = Ranking.empty(maps.shape[3], (maps.shape[1], maps.shape[2]), K)
    sums = [
        scan(maps[i : i + batch], i, ranking, overlap=overlap, places=places, threads=threads, parts=parts)
        for i in range(0, len(maps), batch)
    ]
    return ranking.strongest, sums


@pytest.mark.parametrize("places", [1, 2, 3])
@pytest.mark.parametrize("size", [1, 5, 40])
def test_finds_what_the_definition_finds(maps: np.ndarray, threads: Executor, size: int, places: int) -> None:
    overlap = overlapping((size, size), (2, 2), (6, 9), iou=0.1)
    found, _ = looked_at(maps, overlap, threads, places=places)
    for channel, expected in enumerate(slowly(maps, overlap, places)):
        rows = zip(
            found.values[channel], found.images[channel], found.rows[channel], found.columns[channel], strict=True
        )
        assert [tuple(place) for place in rows] == expected


def test_sums_all_places(maps: np.ndarray, threads: Executor) -> None:
    _, parts = looked_at(maps, np.ones((6, 9), dtype=bool), threads)
    values, squares, zeros, peaks = (
        np.concatenate([getattr(part, name) for part in parts]) for name in ("values", "squares", "zeros", "peaks")
    )
    np.testing.assert_allclose(values, maps.sum(axis=(1, 2), dtype=np.float64), rtol=1e-6, atol=1e-5)
    np.testing.assert_allclose(squares, (maps.astype(np.float64) ** 2).sum(axis=(1, 2)), rtol=1e-6)
    np.testing.assert_array_equal(zeros, (maps == 0).sum(axis=(1, 2)))
    np.testing.assert_array_equal(peaks, maps.max(axis=(1, 2)))


def test_sums_of_large_maps_lose_nothing_that_matters(threads: Executor) -> None:
    maps = np.random.default_rng(0).random((1, 200, 150, 2), dtype=np.float32) + 100
    ranking = Ranking.empty(2, (200, 150), K)
    sums = scan(maps, 0, ranking, overlap=np.ones((200, 150), dtype=bool), places=1, threads=threads, parts=1)
    np.testing.assert_allclose(sums.values[0], maps.sum(axis=(0, 1, 2), dtype=np.float64), rtol=1e-7)


def test_threads_and_batches_change_no_bit(maps: np.ndarray, threads: Executor) -> None:
    overlap = overlapping((5, 5), (2, 2), (6, 9), iou=0.1)
    one, one_sums = looked_at(maps, overlap, threads, batch=7, parts=1)
    for batch, parts in ((1, 1), (2, 3), (7, 3)):
        other, other_sums = looked_at(maps, overlap, threads, batch=batch, parts=parts)
        for name in ("values", "images", "rows", "columns"):
            np.testing.assert_array_equal(getattr(other, name), getattr(one, name))
        for name in ("values", "squares", "zeros", "peaks"):
            together = np.concatenate([getattr(part, name) for part in other_sums])
            np.testing.assert_array_equal(together, getattr(one_sums[0], name))


def test_fewer_places_than_wanted_leave_the_end_empty(threads: Executor) -> None:
    found, _ = looked_at(np.ones((2, 3, 3, 1), dtype=np.float32), np.ones((3, 3), dtype=bool), threads)
    assert found.values.tolist() == [[1, 1, *[-np.inf] * 3]]
    assert found.images.tolist() == [[0, 1, -1, -1, -1]]
