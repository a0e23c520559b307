import pytest
from scipy.stats import binomtest

from cnnviz_core.methods.mcnemar import mcnemar


@pytest.mark.parametrize(("first", "second"), [(72, 46), (46, 72), (8, 24), (5, 4), (0, 3), (700, 650)])
def test_agrees_with_the_binomial_test(first: int, second: int) -> None:
    one, two = mcnemar(first, second)
    more = max(first, second)
    assert one == pytest.approx(binomtest(more, first + second, alternative="greater").pvalue, rel=1e-10)
    assert two == pytest.approx(binomtest(more, first + second).pvalue, rel=1e-10)


def test_observers_of_one_mind() -> None:
    assert mcnemar(0, 0) == (1.0, 1.0)
    assert mcnemar(4, 4)[1] == 1.0


def test_the_published_counts() -> None:
    one, two = mcnemar(72, 46)
    assert round(one, 4) == 0.0105
    assert round(two, 4) == 0.0210
    assert round(mcnemar(8, 24)[0], 4) == 0.0035
