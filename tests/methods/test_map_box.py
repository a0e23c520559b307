import numpy as np

from cnnviz_core.methods.map_box import map_box


def test_the_box_is_around_the_largest_strong_part() -> None:
    values = np.zeros((40, 50))
    values[10:20, 5:25] = 1.0
    values[30:32, 40:42] = 1.0
    assert map_box(values, blur=1e-3, share=0.5).tolist() == [10, 5, 20, 25]


def test_a_map_that_says_nothing_gives_the_whole_image() -> None:
    assert map_box(np.zeros((4, 6)), blur=0.1, share=0.2).tolist() == [0, 0, 4, 6]
