from dataclasses import dataclass

import numpy as np
import pytest

from cnnviz_core.methods.windows import cut, mostly_inside, window


@dataclass(frozen=True)
class Square:
    """The field of a unit, the same in both directions."""

    side: int
    step: int
    first: int

    @property
    def size(self) -> tuple[int, int]:
        return self.side, self.side

    @property
    def stride(self) -> tuple[int, int]:
        return self.step, self.step

    @property
    def start(self) -> tuple[int, int]:
        return self.first, self.first


def slow_share(field: Square, row: int, column: int, image: tuple[int, int]) -> float:
    """Pixel by pixel."""
    seen = 0
    for y in range(field.side):
        for x in range(field.side):
            top, left = field.first + field.step * row + y, field.first + field.step * column + x
            seen += 0 <= top < image[0] and 0 <= left < image[1]
    return seen / field.side**2


@pytest.mark.parametrize("field", [Square(3, 1, -1), Square(5, 2, -2), Square(20, 3, -9)])
def test_units_at_the_border_that_see_mostly_padding_are_left_out(field: Square) -> None:
    image, places = (10, 12), (4, 5)
    shares = np.array([[slow_share(field, i, j, image) for j in range(5)] for i in range(4)])
    np.testing.assert_array_equal(
        mostly_inside(field, places, image, least=0.75), shares >= 0.75 * shares.max() - 1e-12
    )
    assert mostly_inside(field, places, image).any()


def test_where_the_field_is_the_whole_image_all_places_are_inside() -> None:
    assert mostly_inside(None, (2, 3), (8, 8)).all()
    assert window(None, 1, 1, (8, 9)) == ((0, 0), (8, 9))


def test_windows_of_a_map_have_one_size_and_move_with_the_unit() -> None:
    field = Square(5, 2, -2)
    assert window(field, 0, 3, (10, 12)) == ((-2, 4), (5, 5))
    assert window(field, 1, 0, (10, 12)) == ((0, -2), (5, 5))
    assert window(Square(11, 2, -5), 0, 2, (10, 12)) == ((0, -1), (10, 11))


def test_cut_shows_zeros_beyond_the_picture() -> None:
    picture = np.arange(1.0, 25).reshape(2, 3, 4)
    padded = np.pad(picture, ((0, 0), (5, 5), (5, 5)))
    for top in range(-5, 6):
        for left in range(-5, 6):
            found = cut(picture, (top, left), (2, 3))
            np.testing.assert_array_equal(found, padded[:, top + 5 : top + 7, left + 5 : left + 8])
