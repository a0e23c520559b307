"""Distances to parts, and rays that meet them, against formulas and slow searches."""

import math
from typing import Any

import numpy as np
import pytest

from cnnviz_core.world.distance import BLEND, FIRST, LAST, Solids, lit, normal, open_sky, trace
from cnnviz_core.world.shape import Paint, Shape, turned

PAINT = Paint((0.5, 0.5, 0.5))


def solids(*placed: tuple[Shape, tuple[float, float, float], float]) -> Solids:
    parts: list[list[float]] = []
    objects = []
    for shape, at, scale in placed:
        *middle, radius = shape.ball
        middle = [at[k] + scale * middle[k] for k in range(3)]
        first = len(parts)
        parts += shape.rows
        joint = max(row[BLEND] for row in shape.rows)
        objects.append([*at, *np.eye(3).ravel(), scale, *middle, scale * radius, first, len(parts), 1, joint])
    return Solids(np.array(objects), np.array(parts), np.zeros(len(parts), np.int64))


def ball(radius: float = 0.5, at: tuple[float, float, float] = (0, 0, 0)) -> Shape:
    shape = Shape()
    shape.ellipsoid(at, (radius,) * 3, PAINT)
    return shape


def box() -> Shape:
    shape = Shape()
    shape.box((0.1, 0.2, 0.3), (0.4, 0.3, 0.2), PAINT, turn=turned(yaw=30))
    return shape


def tube() -> Shape:
    shape = Shape()
    shape.cone((0, 0, 0), 0.5, 0.4, 0.4, PAINT)
    return shape


def ring() -> Shape:
    shape = Shape()
    shape.ring((0, 0, 0), 0.5, 0.1, PAINT)
    return shape


def bone() -> Shape:
    shape = Shape()
    shape.limb((-0.4, 0, 0), (0.4, 0.2, 0), 0.2, 0.2, PAINT)
    return shape


def inside(name: str, p: np.ndarray) -> np.ndarray:
    """Whether points (n, 3) lie in the shapes above, by their definitions."""
    found: Any
    if name == "ball":
        found = (p**2).sum(axis=1) < 0.25
    elif name == "box":
        cosine, sine = math.cos(math.radians(30)), math.sin(math.radians(30))
        x, y, z = (p - (0.1, 0.2, 0.3)).T
        local = np.stack([x * cosine - z * sine, y, x * sine + z * cosine], axis=1)
        found = (abs(local) < (0.4, 0.3, 0.2)).all(axis=1)
    elif name == "tube":
        found = (np.hypot(p[:, 0], p[:, 2]) < 0.4) & (abs(p[:, 1]) < 0.5)
    elif name == "ring":
        found = np.hypot(np.hypot(p[:, 0], p[:, 2]) - 0.5, p[:, 1]) < 0.1
    else:
        a, b = np.array([-0.4, 0, 0]), np.array([0.4, 0.2, 0])
        h = np.clip((p - a) @ (b - a) / ((b - a) @ (b - a)), 0, 1)[:, None]
        found = np.linalg.norm(p - a - h * (b - a), axis=1) < 0.2
    return np.asarray(found)


SHAPES = {"ball": ball, "box": box, "tube": tube, "ring": ring, "bone": bone}


@pytest.mark.parametrize("name", SHAPES)
def test_a_ray_stops_where_the_shape_begins(name: str) -> None:
    """Against walking along the ray in tiny steps."""
    world = solids((SHAPES[name](), (0, 0, 0), 1.0))
    rng = np.random.default_rng(1)
    hits = 0
    for _ in range(60):
        start = rng.standard_normal(3)
        start *= 2 / np.linalg.norm(start)
        way = rng.uniform(-0.5, 0.5, 3) - start
        way /= np.linalg.norm(way)
        (x, y, z), (u, v, w) = start.tolist(), way.tolist()
        t, part = trace(world, 0, x, y, z, u, v, w, 1e-4)
        steps = np.arange(0, 4, 5e-4)
        within = inside(name, start + steps[:, None] * way)
        if within.sum() > 10:
            hits += 1
            assert part == 0
            assert t == pytest.approx(steps[within.argmax()], abs=3e-3)
        elif not within.any():
            assert part == -1 or not inside(name, start + (t + steps[:1, None]) * way)
    assert hits > 15


def test_size_and_place_of_an_object_move_where_rays_meet_it() -> None:
    world = solids((ball(), (1, 0, 0), 2.0))
    t, _ = trace(world, 0, -3.0, 0.0, 0.0, 1.0, 0.0, 0.0, 1e-4)
    assert t == pytest.approx(3.0, abs=1e-3)
    assert trace(world, 0, -3.0, 1.1, 0.0, 1.0, 0.0, 0.0, 1e-4)[1] == -1


def test_the_normal_of_a_ball_points_away_from_its_middle() -> None:
    world = solids((ball(), (1, 2, 3), 2.0))
    way = np.array([1.0, 2.0, -2.0]) / 3
    x, y, z = (np.array([1.0, 2.0, 3.0]) + way).tolist()
    assert normal(world, 0, x, y, z) == pytest.approx(tuple(way), abs=5e-3)


def test_shadow_is_where_the_ball_hides_the_light() -> None:
    world = solids((ball(), (0, 1, 0), 1.0))
    assert lit(world, 0.0, 0.0, 0.0, 0.0, 1.0, 0.0, 9.0) == 0
    assert lit(world, 2.0, 0.0, 0.0, 0.0, 1.0, 0.0, 9.0) == 1
    assert 0 < lit(world, 0.52, 0.0, 0.0, 0.0, 1.0, 0.0, 9.0) < 1, "a soft edge"


def test_a_point_under_a_ball_is_closed_in() -> None:
    world = solids((ball(), (0, 0.5, 0), 1.0))
    beside, far = open_sky(world, 0.3, 0.0, 0.0, 0.0, 1.0, 0.0), open_sky(world, 5.0, 0.0, 0.0, 0.0, 1.0, 0.0)
    assert far == 1
    assert beside < 0.6


def test_a_hollow_part_that_is_cut_open_can_be_looked_into() -> None:
    shape = Shape()
    shape.cone((0, 0, 0), 0.5, 0.4, 0.4, PAINT, shell=0.05, cut=0.4)
    t, part = trace(solids((shape, (0, 0, 0), 1.0)), 0, 0.0, 2.0, 0.0, 0.0, -1.0, 0.0, 1e-4)
    assert part == 0
    assert t == pytest.approx(2.45, abs=2e-3), "the ray goes down to the floor of the cup"


def test_blended_parts_flow_into_each_other() -> None:
    """Between two balls there is matter only where they are blended."""
    found = []
    for blend in (0.0, 0.4):
        shape = ball(0.3, (-0.35, 0, 0))
        shape.ellipsoid((0.35, 0, 0), (0.3,) * 3, PAINT, blend=blend)
        found.append(trace(solids((shape, (0, 0, 0), 1.0)), 0, 0.0, 0.0, -2.0, 0.0, 0.0, 1.0, 1e-4)[1] >= 0)
    assert found == [False, True]


def test_rows_of_objects_do_not_mix() -> None:
    world = solids((ball(), (0, 0, 0), 1.0), (box(), (3, 0, 0), 1.0))
    assert world.objects[:, [FIRST, LAST]].tolist() == [[0, 1], [1, 2]]
    assert trace(world, 1, 0.0, 0.0, -3.0, 0.0, 0.0, 1.0, 1e-4)[1] == -1
    assert trace(world, 1, 3.1, 0.2, -3.0, 0.0, 0.0, 1.0, 1e-4)[1] == 1
