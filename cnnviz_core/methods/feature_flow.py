"""A smooth flow from one grid of features to another, by belief propagation.

Liu, Yuen and Torralba, SIFT Flow, 2011, on one grid of few cells, so that all displacements can be tried at once: the
smoothness term is the truncated L1 distance of the displacements of neighboring cells. Long, Zhang and Darrell 2014 put
features of a ConvNet in the place of SIFT.
"""

import numpy as np
from jaxtyping import Float, Int

from cnnviz_core.methods.features_at import Grid

Costs = Float[np.ndarray, "rows columns labels labels"]


def unary_costs(
    source: Float[np.ndarray, "c rows columns"], target: Float[np.ndarray, "c rows columns"], reach: int
) -> Costs:
    """The cost of moving each cell of the source by each displacement from -reach to reach, down and to the right.

    Half of the squared distance of the columns at length one, which is one minus their cosine, and 1 where the target
    ends. A column of zeros stays one.
    """
    (a, b), (rows, columns) = (_at_length_one(source), _at_length_one(target)), source.shape[1:]
    costs = np.ones((rows, columns, 2 * reach + 1, 2 * reach + 1))
    for i, down in enumerate(range(-reach, reach + 1)):
        for j, right in enumerate(range(-reach, reach + 1)):
            here = (slice(max(-down, 0), rows - max(down, 0)), slice(max(-right, 0), columns - max(right, 0)))
            there = (slice(max(down, 0), rows - max(-down, 0)), slice(max(right, 0), columns - max(-right, 0)))
            if here[0].start < here[0].stop and here[1].start < here[1].stop:
                costs[(*here, i, j)] = ((a[(slice(None), *here)] - b[(slice(None), *there)]) ** 2).sum(axis=0) / 2
    return costs


def _at_length_one(maps: Float[np.ndarray, "c rows columns"]) -> Float[np.ndarray, "c rows columns"]:
    lengths = np.linalg.norm(maps.astype(float), axis=0)
    return maps / np.where(lengths > 0, lengths, 1)


def flow(
    costs: Costs, *, smoothness: float, truncation: float, small: float, steps: int
) -> Int[np.ndarray, "rows columns 2"]:
    """The displacement of each cell, down and to the right, for which the energy is least, or nearly so.

    The energy is the sum of the costs, of `small` times the L1 length of each displacement, and for all pairs of cells
    side by side of `smoothness` times the L1 distance of their displacements, cut off at `truncation`. Min-sum belief
    propagation, synchronous, with messages by the distance transform (Felzenszwalb and Huttenlocher 2006); exact where
    the cells are in one row.
    """
    rows, columns, labels = costs.shape[:3]
    reach = labels // 2
    away = np.abs(np.arange(-reach, reach + 1))
    own = costs + small * (away[:, None] + away[None, :])
    messages = np.zeros((4, *costs.shape))  # from the cell above, below, left and right
    for _ in range(steps):
        belief = own + messages.sum(axis=0)
        new = np.zeros_like(messages)
        for k, (to, source) in enumerate(_NEIGHBOURS):
            passed = _passed(belief[source] - messages[(k ^ 1, *source)], smoothness, truncation)
            new[(k, *to)] = passed
        messages = new
    best = (own + messages.sum(axis=0)).reshape(rows, columns, -1).argmin(axis=2)
    return np.stack([best // labels - reach, best % labels - reach], axis=-1)


_LATER, _EARLIER, _ALL = slice(1, None), slice(None, -1), slice(None)
_NEIGHBOURS = (
    ((_LATER, _ALL), (_EARLIER, _ALL)), ((_EARLIER, _ALL), (_LATER, _ALL)),
    ((_ALL, _LATER), (_ALL, _EARLIER)), ((_ALL, _EARLIER), (_ALL, _LATER)),
)  # fmt: skip
"""Who is told by whom: the cell below by the one above, above by below, right by left, left by right."""


def _passed(values: np.ndarray, smoothness: float, truncation: float) -> np.ndarray:
    """The least of value + smoothness * min(L1 distance, truncation) over all labels; the least of all then is 0."""
    found = values - values.min(axis=(2, 3), keepdims=True)
    for axis in (2, 3):
        found = np.moveaxis(found, axis, 0).copy()
        for k in range(1, len(found)):
            np.minimum(found[k], found[k - 1] + smoothness, out=found[k])
        for k in range(len(found) - 2, -1, -1):
            np.minimum(found[k], found[k + 1] + smoothness, out=found[k])
        found = np.moveaxis(found, 0, axis)
    return np.asarray(np.minimum(found, smoothness * truncation))


def carried(
    points: Float[np.ndarray, "n 2"], displacements: Int[np.ndarray, "rows columns 2"], grid: Grid
) -> Float[np.ndarray, "n 2"]:
    """Where the flow takes each point (row, column in pixels); linear between the centers of the cells."""
    last = np.array(displacements.shape[:2]) - 1
    place = np.clip((points - np.array(grid.start)) / grid.stride, 0, last)
    low = np.minimum(place.astype(int), np.maximum(last - 1, 0))
    high, share = np.minimum(low + 1, last), place - low
    found = np.zeros(points.shape)
    for row, by_row in ((low[:, 0], 1 - share[:, 0]), (high[:, 0], share[:, 0])):
        for column, by_column in ((low[:, 1], 1 - share[:, 1]), (high[:, 1], share[:, 1])):
            found += (by_row * by_column)[:, None] * displacements[row, column]
    return np.asarray(points + found * grid.stride)


def energy(
    displacements: Int[np.ndarray, "rows columns 2"],
    costs: Costs,
    *,
    smoothness: float,
    truncation: float,
    small: float,
) -> float:
    """The energy of a flow, as `flow` makes it small."""
    reach = costs.shape[2] // 2
    rows, columns = np.indices(costs.shape[:2])
    total = costs[rows, columns, displacements[..., 0] + reach, displacements[..., 1] + reach].sum()
    total += small * np.abs(displacements).sum()
    for axis in (0, 1):
        apart = np.abs(np.diff(displacements, axis=axis)).sum(axis=2)
        total += smoothness * np.minimum(apart, truncation).sum()
    return float(total)
