import numpy as np
import pytest
from threadpoolctl import threadpool_limits

from cnnviz_core.methods.perplexity import divergence
from cnnviz_core.methods.tsne import Map, perplexity_problem, principal, tsne, usual_perplexity


def clusters(count: int = 60, width: int = 12) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(0)
    labels = np.arange(count) % 3
    middles = 4 * rng.normal(size=(3, width))
    return np.maximum(middles[labels] + rng.normal(size=(count, width)), 0), labels


def mapped(codes: np.ndarray, perplexity: float = 8) -> Map:
    return tsne(codes, perplexity=perplexity, components=5, iterations=300, rng=np.random.default_rng(1))


def test_clusters_are_kept_apart_and_the_divergence_falls() -> None:
    codes, labels = clusters()
    found = mapped(codes)
    assert found.divergence < 0.5 * found.divergence_at_start
    middles = np.array([found.place[labels == k].mean(axis=0) for k in range(3)])
    nearest = ((found.place[:, None] - middles) ** 2).sum(axis=2).argmin(axis=1)
    assert (nearest == labels).mean() == 1
    np.testing.assert_allclose(found.near.perplexities, 8, atol=1e-6)


def test_the_same_seed_gives_the_same_map_whatever_the_threads() -> None:
    codes, _ = clusters()
    with threadpool_limits(2):
        first = mapped(codes).place
    with threadpool_limits(1):
        np.testing.assert_array_equal(first, mapped(codes).place)


def test_principal_components_are_those_of_the_singular_values() -> None:
    codes, _ = clusters()
    found, kept = principal(codes, 4, seed=0)
    centred = codes - codes.mean(axis=0)
    values = np.linalg.svd(centred, compute_uv=False)
    np.testing.assert_allclose(np.linalg.norm(found, axis=0), values[:4], rtol=1e-6)
    assert kept == pytest.approx((values[:4] ** 2).sum() / (values**2).sum())
    assert principal(codes, 50, seed=0)[0].shape == (60, 12)


def test_codes_that_are_all_equal_or_on_a_line_have_a_map_in_the_plane() -> None:
    for codes in (np.ones((20, 3)), np.arange(20.0)[:, None]):
        found = mapped(codes, perplexity=4)
        assert np.isfinite(found.place).all()
        assert np.linalg.matrix_rank(found.place - found.place.mean(axis=0)) == 2
        assert found.divergence == divergence(found.near, found.place) <= found.divergence_at_start


def test_the_perplexity_is_at_most_a_third_of_the_other_points() -> None:
    assert [usual_perplexity(n) for n in (2000, 91, 31, 4)] == [30, 30, 10, 1.5]
    assert perplexity_problem(10, 31) is None
    assert perplexity_problem(11, 31) == "must be above 1 and at most 10, a third of the other 30 images"
    assert perplexity_problem(1, 31) is not None
