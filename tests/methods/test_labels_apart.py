import numpy as np

from cnnviz_core.methods.labels_apart import labels_apart

POINTS = np.random.default_rng(0).normal(48, 9, size=(10, 2))


def nearest(places: np.ndarray) -> float:
    distances = [np.linalg.norm(a - b) for i, a in enumerate(places) for b in places[:i]]
    return float(min(distances))


def test_labels_come_apart_and_stay_in_the_image() -> None:
    places = labels_apart(POINTS, least=10, size=(96, 96))
    assert nearest(POINTS) < 4
    assert nearest(places) > 8
    assert places.min() >= 5
    assert places.max() <= 90


def test_labels_stay_near_their_points_and_off_all_of_them() -> None:
    places = labels_apart(POINTS, least=8, size=(96, 96))
    assert np.linalg.norm(places - POINTS, axis=1).max() < 40
    assert min(np.linalg.norm(place - point) for place in places for point in POINTS) > 3


def test_a_label_moves_off_a_point_that_lies_where_it_would_be() -> None:
    points = np.array([[50.0, 30], [50, 38], [50, 60]])  # the label of the second would lie on the first
    places = labels_apart(points, least=8, size=(96, 96))
    assert np.linalg.norm(places[1] - points[0]) > 5


def test_a_lone_point_has_its_label_beside_it() -> None:
    place = labels_apart(np.array([[20.0, 30]]), least=6, size=(60, 60))
    assert abs(np.linalg.norm(place - [20, 30]) - 6) < 1e-9


def test_equal_points_get_different_places_and_the_border_holds() -> None:
    places = labels_apart(np.full((4, 2), 2.0), least=6, size=(40, 40))
    assert nearest(places) > 3
    assert places.min() >= 3
