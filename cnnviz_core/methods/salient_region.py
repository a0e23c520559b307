"""Where an image differs from itself at large, without a network and without labels."""

import numpy as np
from jaxtyping import Bool, Float


def salient_region(images: Float[np.ndarray, "n 3 h w"]) -> Bool[np.ndarray, "n h w"]:
    """The pixels whose color is more than twice as far from the image's mean color as it is on average.

    Achanta, Hemami, Estrada and Suesstrunk, Frequency-tuned salient region detection (2009), with the colors as they
    are in the place of Lab, and with means over 3 x 3 pixels for their small blur. Empty where all pixels are equal.
    """
    padded = np.pad(images, ((0, 0), (0, 0), (1, 1), (1, 1)), mode="edge")
    height, width = images.shape[2:]
    near = sum(padded[:, :, i : i + height, j : j + width] for i in range(3) for j in range(3)) / 9
    far = np.sqrt(((near - images.mean(axis=(2, 3), keepdims=True)) ** 2).sum(axis=1))
    return np.asarray(far > np.maximum(2 * far.mean(axis=(1, 2), keepdims=True), 1e-6))
