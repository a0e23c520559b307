"""SmoothGrad, against a loop over single noisy images."""

import numpy as np
import torch
from slow_net import ANSWERS, FAST, IMAGES, SLOW, each_image

from cnnviz_core.methods.saliency import class_gradients
from cnnviz_core.methods.smoothgrad import smoothgrad


def test_is_the_mean_of_the_gradients_at_noisy_copies() -> None:
    found = smoothgrad(FAST, IMAGES, ANSWERS, noise=0.2, samples=4, rng=np.random.default_rng(1)).numpy()
    drawn = np.random.default_rng(1).standard_normal((4, *IMAGES.shape), dtype=np.float32)
    for k, (image, output) in enumerate(each_image()):
        sigma = 0.2 * (image.max() - image.min())
        copies = [SLOW.back(image + sigma * noise[k], output)[0] for noise in drawn]
        np.testing.assert_allclose(found[k], np.mean(copies, axis=0), atol=1e-12)


def test_without_noise_it_is_the_gradient() -> None:
    found = smoothgrad(FAST, IMAGES, ANSWERS, noise=0, samples=3, rng=np.random.default_rng(1))
    torch.testing.assert_close(found, class_gradients(FAST, IMAGES, ANSWERS)["gradient"])


def test_more_samples_change_less_from_draw_to_draw() -> None:
    def spread(samples: int) -> float:
        draws = [smoothgrad(FAST, IMAGES, ANSWERS, noise=0.2, samples=samples, rng=np.random.default_rng(seed))
                 for seed in range(5)]  # fmt: skip
        return float(torch.stack(draws).var(dim=0).sum())

    assert 6 < spread(1) / spread(16) < 40  # 16 on average


def test_same_generator_same_bits() -> None:
    first, second = (
        smoothgrad(FAST, IMAGES, ANSWERS, noise=0.2, samples=2, rng=np.random.default_rng(3)) for _ in range(2)
    )
    assert torch.equal(first, second)
