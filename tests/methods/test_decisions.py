import numpy as np

from cnnviz_core.methods.decisions import category_means, decisions


def test_means_of_probabilities_not_sums_and_not_of_logits() -> None:
    """A category of many outputs wins by their mean: the sum would favor it, the strongest output alone too."""
    logits = np.log(np.array([[0.3, 0.05, 0.25, 0.25, 0.15], [0.1, 0.7, 0.05, 0.05, 0.1]]))
    means = category_means(logits.astype(np.float32), [[0, 1], [2], [4, 3]])
    np.testing.assert_allclose(means, [[0.175, 0.25, 0.2], [0.4, 0.05, 0.075]], rtol=1e-5)
    assert decisions(means, most=5).tolist() == [[1, 2, 0, -1, -1], [0, 2, 1, -1, -1]]


def test_slowly_and_by_hand() -> None:
    logits = np.random.default_rng(0).normal(size=(7, 6))
    members = [[5, 0], [1, 2, 3], [4]]
    for row, found in zip(logits, category_means(logits, members), strict=True):
        total = sum(np.exp(value) for value in row)
        expected = [sum(np.exp(row[k]) / total for k in outputs) / len(outputs) for outputs in members]
        np.testing.assert_allclose(found, expected)


def test_the_earlier_of_equal_ones() -> None:
    assert decisions(np.array([[0.2, 0.4, 0.4]]), most=2).tolist() == [[1, 2]]
