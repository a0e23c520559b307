"""Two classes that one feature tells apart: which images are fooled first, and by how much, follows by hand."""

import numpy as np

from cnnviz_core.methods.linear_examples import easiest_examples, errors_by_size
from cnnviz_core.methods.softmax_regression import Linear

LINEAR = Linear(np.array([[1.0, 0.0], [-1.0, 0.0]]), np.array([-0.5, 0.5]))  # class 0 above one half
FEATURES = np.array([[140, 9], [131, 9], [120, 9], [100, 9], [110, 9]]) / 255
LABELS = np.array([0, 0, 1, 1, 0])  # the last is misclassified
SIZES = np.array([0, 2, 5, 20]) / 255


def test_the_easiest_of_each_class_come_first_and_misclassified_ones_never() -> None:
    found = easiest_examples(LINEAR, FEATURES, LABELS, count=5)
    assert [(each.label, each.answer, each.levels) for each in found] == [(0, 1, 4), (1, 0, 8)]
    for each, image in zip(found, ([131, 9], [120, 9]), strict=True):
        np.testing.assert_allclose(each.image * 255, image)
        np.testing.assert_allclose(each.fooled, each.image + each.levels / 255 * each.signs)
        assert abs(each.moved - each.levels) < 1e-9
    assert len(easiest_examples(LINEAR, FEATURES, LABELS, count=1)) == 1


def test_the_signs_of_the_gradient_are_the_worst_for_two_classes_and_the_clean_error_is_at_zero() -> None:
    wrong = errors_by_size(LINEAR, FEATURES, LABELS, SIZES, np.random.default_rng(0))
    expected = np.array([[0, 0, 0, 0, 1], [0, 0, 0, 0, 1], [0, 1, 0, 0, 1], [1, 1, 1, 0, 1]], dtype=bool)
    np.testing.assert_array_equal(wrong["gradient"], expected)
    np.testing.assert_array_equal(wrong["worst"], expected)
    assert (wrong["random"] <= wrong["worst"])[:, :4].all()
    np.testing.assert_array_equal(wrong["random"][0], expected[0])
