"""Whether the first wrong answer on the way from an image lasts.

Goodfellow, Shlens and Szegedy 2015 find wrong answers over wide ranges of epsilon. How wide is wide hangs on how far
one looks; measured by the distance at which the wrong answer takes over, it does not.
"""

import numpy as np
from jaxtyping import Float, Int


def distances(reach: float, doublings: int, *, per_doubling: int = 2) -> Float[np.ndarray, " n"]:
    """From reach / 2^doublings to `reach`, each a little farther than the one before, by the same factor."""
    return np.asarray(reach * 2.0 ** (np.arange(-doublings * per_doubling, 1) / per_doubling))


def lasts(answers: Int[np.ndarray, " n"], label: int, *, per_doubling: int = 2) -> bool | None:
    """Whether the first answer other than the label is the answer up to twice as far, where `distances` are.

    None where that is not seen: the answer is wrong from the first place on, or takes over in the last doubling.
    """
    wrong = np.flatnonzero(answers != label)
    if not len(wrong) or not 0 < wrong[0] < len(answers) - per_doubling:
        return None
    following = answers[wrong[0] : wrong[0] + per_doubling + 1]
    return bool((following == following[0]).all())
