import pytest
from scipy.stats import chi2_contingency, norm

from cnnviz_core.methods.two_proportions import two_proportions


@pytest.mark.parametrize("counts", [(102, 1500, 76, 1500), (3, 40, 9, 70), (31, 258, 15, 258)])
def test_its_square_is_the_chi_square_of_the_table(counts: tuple[int, int, int, int]) -> None:
    a, n, b, m = counts
    z, p = two_proportions(a, n, b, m)
    assert z**2 == pytest.approx(chi2_contingency([[a, n - a], [b, m - b]], correction=False).statistic)
    assert (z > 0) == (a / n > b / m)
    assert p == pytest.approx(norm.sf(abs(z)))


def test_shares_without_variance() -> None:
    assert two_proportions(0, 9, 0, 5) == (0.0, 0.5)
    assert two_proportions(9, 9, 5, 5) == (0.0, 0.5)


def test_the_published_counts() -> None:
    z, p = two_proportions(102, 1500, 76, 1500)
    assert (round(z, 3), round(p, 4)) == (2.009, 0.0223)
    assert round(two_proportions(15, 258, 31, 258)[1], 4) == 0.0067
