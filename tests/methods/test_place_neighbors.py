"""The search against all similarities sorted in double precision."""

import numpy as np
import pytest
import torch

from cnnviz_core.methods import place_neighbors
from cnnviz_core.methods.place_neighbors import NOBODY, Search, columns


def test_columns_are_the_places_row_by_row_of_length_one() -> None:
    maps = torch.from_numpy(np.random.default_rng(0).standard_normal((2, 3, 4, 5)))
    maps[1, :, 2, 3] = 0
    found = columns(maps).numpy()
    np.testing.assert_allclose(
        found[0, 7], maps[0, :, 1, 2].numpy() / np.linalg.norm(maps[0, :, 1, 2].numpy()), rtol=1e-6
    )
    assert not found[1, 13].any()


@pytest.mark.parametrize("cells", [1, 60, 2**20])
def test_the_nearest_places_of_other_images(monkeypatch: pytest.MonkeyPatch, cells: int) -> None:
    monkeypatch.setattr(place_neighbors, "CELLS", cells)
    rng = np.random.default_rng(1)
    features = rng.standard_normal((6, 5, 4))
    features /= np.linalg.norm(features, axis=2, keepdims=True)
    ids, own = [3, 9, 4, 11, 0, 7], [9, NOBODY, 0]
    queries = rng.standard_normal((3, 4))
    queries[1] = features[2, 3]
    search = Search(torch.from_numpy(queries).float(), own, 7)
    for some in (slice(0, 4), slice(4, 6)):
        search.add(ids[some], torch.from_numpy(features[some]).float())
    for q, query in enumerate(queries):
        every = [(-float(query @ features[i, p]), ids[i], p) for i in range(6) for p in range(5) if ids[i] != own[q]]
        expected = sorted(every)[:7]
        found = zip(search.images[q].tolist(), search.places[q].tolist(), strict=True)
        assert list(found) == [(image, place) for _, image, place in expected]
        np.testing.assert_allclose(search.similarities[q], [-value for value, _, _ in expected], atol=1e-6)
    assert (search.images[1, 0].item(), search.places[1, 0].item()) == (4, 3)


def test_too_few_places_are_marked() -> None:
    search = Search(torch.ones(1, 2), [0], 3)
    search.add([1], torch.ones(1, 2, 2))
    assert search.images.tolist()[0].count(NOBODY) == 1
    assert search.similarities[0, 2] == -torch.inf
