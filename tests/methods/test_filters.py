import numpy as np
import pytest

from cnnviz_core.methods.filters import high_frequency_share, total_variation


def sampled_share(kernel: np.ndarray, samples: int = 512) -> float:
    """The share by brute force: the frequency response sampled finely by a zero-padded Fourier transform."""
    high = total = 0.0
    frequency = np.abs(np.fft.fftfreq(samples))
    weight = np.where(np.isclose(frequency, 0.25), 0.5, frequency < 0.25)  # half of a cell that the edge cuts
    low_pass = np.outer(weight, weight)
    for channel in kernel:
        energy = np.abs(np.fft.fft2(channel, (samples, samples))) ** 2
        total += energy.sum()
        high += (energy * (1 - low_pass)).sum()
    return high / total


@pytest.mark.parametrize("shape", [(3, 3, 3), (1, 7, 7), (2, 4, 6)])
def test_high_frequency_share_is_the_integral_of_the_response(shape: tuple[int, ...]) -> None:
    filters = np.random.default_rng(0).normal(size=(4, *shape))
    expected = [sampled_share(kernel) for kernel in filters]
    np.testing.assert_allclose(high_frequency_share(filters), expected, atol=2e-5)


@pytest.mark.parametrize("size", [2, 3, 7, 11])
def test_noise_has_three_quarters_at_every_size(size: int) -> None:
    noise = np.random.default_rng(size).normal(size=(3000, 3, size, size))
    assert high_frequency_share(noise).mean() == pytest.approx(0.75, abs=0.01)


def test_a_checkerboard_is_high_and_a_ramp_is_low() -> None:
    checkers = np.indices((8, 8)).sum(axis=0) % 2 * 2.0 - 1
    ramp = np.linspace(1, 2, 8) * np.ones((8, 1))
    share = high_frequency_share(np.stack([checkers, ramp])[:, None])
    assert share[0] > 0.95
    assert share[1] < 0.15


def test_high_frequency_share_does_not_depend_on_scale_and_is_undefined_for_zeros() -> None:
    filters = np.random.default_rng(2).normal(size=(2, 3, 5, 5))
    filters[1] = 0
    first, second = high_frequency_share(filters), high_frequency_share(filters * -40)
    np.testing.assert_allclose(first, second, rtol=1e-12)
    assert np.isnan(first[1])


def slow_total_variation(kernel: np.ndarray) -> float:
    differences = []
    for channel in kernel:
        for (i, j), value in np.ndenumerate(channel):
            if i + 1 < channel.shape[0]:
                differences.append(abs(channel[i + 1, j] - value))
            if j + 1 < channel.shape[1]:
                differences.append(abs(channel[i, j + 1] - value))
    return float(np.mean(differences) / np.sqrt(np.mean(kernel**2)))


@pytest.mark.parametrize("shape", [(3, 3, 3), (1, 2, 7), (4, 5, 1)])
def test_total_variation_is_the_mean_difference_of_neighbors(shape: tuple[int, ...]) -> None:
    filters = np.random.default_rng(3).normal(size=(5, *shape))
    np.testing.assert_allclose(total_variation(filters), [slow_total_variation(kernel) for kernel in filters])


def test_total_variation_of_noise_constant_and_zeros() -> None:
    noise = np.random.default_rng(4).normal(size=(2000, 1, 7, 7))
    assert total_variation(noise).mean() == pytest.approx(2 / np.sqrt(np.pi), abs=0.02)
    assert total_variation(np.ones((1, 3, 4, 4)))[0] == 0
    assert np.isnan(total_variation(np.zeros((1, 3, 4, 4)))[0])
