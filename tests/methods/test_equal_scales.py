import numpy as np

from cnnviz_core.methods.equal_scales import equal_scales


def test_the_largest_classes_are_left_out_until_means_agree() -> None:
    scales, groups = np.array([0.1, 0.2, 0.3, 0.1, 0.2, 0.9]), np.array([0, 0, 0, 1, 1, 1])
    kept, reached = equal_scales(scales, groups, tolerance=0.06, least=1)
    assert reached
    assert kept.tolist() == [True, True, True, True, True, False]


def test_means_agree_within_the_tolerance_on_random_classes() -> None:
    rng = np.random.default_rng(0)
    scales, groups = rng.random(60), rng.integers(3, size=60)
    kept, reached = equal_scales(scales, groups, tolerance=0.02, least=2)
    means = [scales[kept & (groups == k)].mean() for k in range(3)]
    assert reached
    assert max(means) - min(means) <= 0.02
    for k in range(3):  # those left out are the largest of their group
        inside = groups == k
        assert scales[inside & kept].max() <= scales[inside & ~kept].min(initial=2)


def test_it_ends_in_vain_where_scales_do_not_meet() -> None:
    kept, reached = equal_scales(np.array([0.1, 0.1, 0.8, 0.9]), np.array([0, 0, 1, 1]), tolerance=0.1, least=1)
    assert not reached
    assert kept.tolist() == [True, True, True, False]
