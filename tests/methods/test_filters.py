import numpy as np
import pytest

from cnnviz_core.methods.filters import (
    color_share,
    high_frequency_share,
    mixtures,
    orientation_selectivity,
    total_variation,
)


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


def slow_selectivity(kernel: np.ndarray) -> float:
    """One minus the circular variance, from responses to gratings of many directions and frequencies, one by one."""
    total, turned = 0.0, 0j
    for radius in (np.arange(40) + 0.5) / 80:  # cycles per pixel, up to 1/2
        for angle in np.arange(120) * np.pi / 120:
            energy = 0.0
            for channel in kernel:
                response = sum(
                    value * np.exp(-2j * np.pi * radius * (i * np.sin(angle) + j * np.cos(angle)))
                    for (i, j), value in np.ndenumerate(channel)
                )
                energy += abs(response) ** 2
            total += radius * energy  # the area of a step in polar coordinates
            turned += radius * energy * np.exp(2j * angle)
    return float(abs(turned) / total)


@pytest.mark.parametrize("shape", [(3, 3, 3), (1, 5, 4), (2, 1, 6)])
def test_orientation_selectivity_is_that_of_responses_to_gratings(shape: tuple[int, ...]) -> None:
    filters = np.random.default_rng(5).normal(size=(2, *shape))
    expected = [slow_selectivity(kernel) for kernel in filters]
    np.testing.assert_allclose(orientation_selectivity(filters), expected, atol=5e-3)


def grating(angle: float, cycles: float, size: int = 11) -> np.ndarray:
    rows, columns = np.indices((size, size)) - size // 2
    window = np.exp(-(rows**2 + columns**2) / (2 * (size / 4) ** 2))
    return np.asarray(window * np.cos(2 * np.pi * cycles * (rows * np.sin(angle) + columns * np.cos(angle))))


def test_a_grating_is_oriented_whatever_its_direction_and_a_spot_is_not() -> None:
    gratings = np.stack([grating(angle, 0.25) for angle in np.linspace(0, np.pi, 8)])[:, None]
    found = orientation_selectivity(gratings)
    assert found.min() > 0.85
    assert np.ptp(found) < 0.02
    assert orientation_selectivity(grating(0, 0)[None, None])[0] < 1e-6
    plaid = grating(0, 0.25) + grating(np.pi / 2, 0.25)
    assert orientation_selectivity(plaid[None, None])[0] < 1e-6


def test_orientation_selectivity_is_undefined_for_zeros_and_free_of_scale() -> None:
    filters = np.random.default_rng(6).normal(size=(2, 3, 5, 5))
    filters[1] = 0
    found = orientation_selectivity(-7 * filters)
    assert found[0] == pytest.approx(orientation_selectivity(filters)[0])
    assert np.isnan(found[1])


def slow_color_share(kernel: np.ndarray) -> float:
    colored = whole = 0.0
    for i, j in np.ndindex(*kernel.shape[1:]):
        pixel = kernel[:, i, j]
        gray = sum(pixel) / np.sqrt(3)  # along (1, 1, 1) / sqrt(3)
        whole += sum(pixel**2)
        colored += sum(pixel**2) - gray**2
    return float(colored / whole)


def test_color_share_is_what_is_orthogonal_to_gray() -> None:
    filters = np.random.default_rng(7).normal(size=(6, 3, 4, 5))
    np.testing.assert_allclose(color_share(filters), [slow_color_share(kernel) for kernel in filters])


def test_color_share_of_gray_opponent_one_colored_and_zero_filters() -> None:
    pattern = np.random.default_rng(8).normal(size=(5, 5))
    colors = np.array([[1, 1, 1], [1, -1, 0], [1, 0, 0], [0, 0, 0]])
    found = color_share(colors[:, :, None, None] * pattern)
    np.testing.assert_allclose(found[:3], [0, 1, 2 / 3], atol=1e-12)
    assert np.isnan(found[3])
    noise = np.random.default_rng(9).normal(size=(500, 3, 7, 7))
    assert color_share(noise).mean() == pytest.approx(2 / 3, abs=0.01)


def test_mixtures_are_as_smooth_as_the_filters_and_span_the_same() -> None:
    filters = np.stack([grating(angle, 0.1, 7) for angle in np.linspace(0, np.pi, 5)])[:, None]
    mixed = mixtures(filters, np.random.default_rng(10))
    assert mixed.shape == filters.shape
    both = np.concatenate([filters, mixed]).reshape(10, -1)
    assert np.linalg.matrix_rank(both, tol=1e-8) == np.linalg.matrix_rank(both[:5], tol=1e-8)
    assert high_frequency_share(mixed).mean() == pytest.approx(high_frequency_share(filters).mean(), abs=0.1)


def test_filters_enter_mixtures_with_the_same_energy() -> None:
    filters = np.eye(4).reshape(4, 1, 2, 2) * np.array([1, 100, 1, 0]).reshape(4, 1, 1, 1)
    mixed = np.concatenate([mixtures(filters, np.random.default_rng(seed)) for seed in range(300)])
    np.testing.assert_allclose((mixed**2).mean(axis=0).ravel(), [1, 1, 1, 0], atol=0.2)
