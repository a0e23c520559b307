import numpy as np

from cnnviz_core.methods.pck import correct, errors


def test_errors_are_shares_of_the_longer_side() -> None:
    found = errors(np.array([[3.0, 4.0], [0.0, 1.0]]), np.zeros((2, 2)), np.array([50.0, 10.0]))
    np.testing.assert_allclose(found, [0.1, 0.1])
    assert correct(found, [0.1, 0.05]).tolist() == [[True, True], [False, False]]
    assert correct(np.array([0.0, 0.2]), [0.1]).mean() == 0.5
