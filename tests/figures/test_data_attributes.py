from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch
from known_world import known_lab, known_world
from tiny import MakeLab

from cnnviz_core.errors import InputError
from cnnviz_core.figures.data_attributes import DataAttributes
from cnnviz_core.lab import Dataset

FIGURE = DataAttributes(images=24, panels=18, batch=5)


def pictures(values: np.ndarray) -> Dataset:
    """Gray images (n, h, w), brought to 8 bits."""
    scaled = np.round(255 * (values - values.min()) / np.ptp(values)).astype(np.uint8)
    images = [torch.from_numpy(np.repeat(image[None], 3, axis=0)) for image in scaled]
    ids = tuple(map(str, range(len(images))))
    return Dataset("pictures", "pictures", images, ids, np.zeros(len(images), dtype=int), ("picture",))


def noise(slope: float) -> np.ndarray:
    """Gray noise (12, 24, 24) whose amplitude goes as the frequency to the power of `slope`."""
    white = np.fft.fft2(np.random.default_rng(1).standard_normal((12, 24, 24)))
    frequency = np.hypot(np.fft.fftfreq(24)[:, None], np.fft.fftfreq(24))
    frequency[0, 0] = 1
    return np.fft.ifft2(white * frequency**slope).real


def test_given_attributes_come_first_and_others_are_measured(make_lab: MakeLab) -> None:
    stats = FIGURE.compute(known_lab(make_lab)).stats
    found = {entry["name"]: entry for entry in stats["attributes"]}
    assert list(found) == ["instances", "scale", "texture", "surroundings", "luminance", "contrast", "colorfulness",
                           "spectral slope"]  # fmt: skip
    assert {entry["source"] for entry in list(found.values())[:4]} == {"given"}
    assert {entry["source"] for entry in list(found.values())[4:]} == {"pixels"}
    assert found["texture"]["labels"] == ["none", "low", "medium", "high"]
    assert found["texture"]["shares"] == dict.fromkeys(found["texture"]["labels"], 0.25)
    assert found["instances"]["mean"] == pytest.approx(4 / 3)


def test_boxes_give_scale_and_number_where_the_data_set_does_not(make_lab: MakeLab) -> None:
    lab = known_lab(make_lab, replace(known_world(), attributes=None))
    found = {entry["name"]: entry for entry in FIGURE.compute(lab).stats["attributes"]}
    assert (found["scale"]["source"], found["instances"]["source"]) == ("boxes", "boxes")
    assert found["scale"]["median"] == pytest.approx(100 / 24**2)
    assert found["instances"]["mean"] == pytest.approx(4 / 3)


def test_pixels_are_measured_in_the_models_frame(make_lab: MakeLab) -> None:
    lab = known_lab(make_lab, pictures(noise(-1)))
    found = {entry["name"]: entry for entry in FIGURE.compute(lab).stats["attributes"]}
    pixels = np.stack([image.numpy() for image in lab.dataset.images]) / 255
    assert found["luminance"]["mean"] == pytest.approx(pixels.mean())
    assert found["contrast"]["mean"] == pytest.approx(pixels[:, 0].std(axis=(1, 2)).mean())
    assert found["colorfulness"]["mean"] == pytest.approx(0, abs=1e-9)
    assert list(found) == ["luminance", "contrast", "colorfulness", "spectral slope"]


def test_batches_do_not_change_the_numbers(make_lab: MakeLab) -> None:
    one, many = (replace(FIGURE, batch=batch).compute(known_lab(make_lab)).stats for batch in (1, 24))
    for first, second in zip(one["attributes"], many["attributes"], strict=True):
        numbers = [[value for value in entry.values() if isinstance(value, float)] for entry in (first, second)]
        assert numbers[0] == pytest.approx(numbers[1])
    assert one["slope"] == pytest.approx(many["slope"])


@pytest.mark.parametrize(("slope", "holds"), [(-1, True), (0, False), (-2.2, False)])
def test_images_are_like_nature_where_amplitude_falls_as_one_by_frequency(
    make_lab: MakeLab, slope: float, holds: bool
) -> None:
    stats = FIGURE.compute(known_lab(make_lab, pictures(noise(slope)))).stats
    counted, nature = FIGURE.claims(stats)
    assert stats["slope"] == pytest.approx(slope, abs=0.35)
    assert (counted.holds, nature.holds) == (True, holds)
    assert (nature.source, nature.reference) == ("field1987", {"slope": -1})


@pytest.mark.parametrize(
    ("interval", "ends", "holds"),
    [((-1.2, -0.9), (0.3, 0.5), True), ((-0.4, -0.3), (-0.2, -0.1), False), ((-0.6, -0.4), (-0.1, 0.1), None),
     ((-1.9, -1.6), (-0.4, -0.1), False)],
)  # fmt: skip
def test_the_interval_of_the_slope_decides(
    make_lab: MakeLab, interval: tuple[float, float], ends: tuple[float, float], holds: bool | None
) -> None:
    stats = {**FIGURE.compute(known_lab(make_lab)).stats, "slope_interval": interval}
    claim = FIGURE.claims(stats)[1]
    assert claim.holds is holds
    assert (claim.measured["difference_from"], claim.measured["difference_to"]) == pytest.approx(ends)


def test_images_without_contrast_decide_nothing(make_lab: MakeLab) -> None:
    flat = replace(pictures(noise(-1)), images=[torch.full((3, 24, 24), 90, dtype=torch.uint8)] * 12)
    result = FIGURE.compute(known_lab(make_lab, flat))
    assert FIGURE.claims(result.stats)[1].undecided == "no image has contrast and at least 16 pixels on a side"
    slope = result.stats["attributes"][-1]
    assert (slope["missing"], slope["counted"]) == (12, 0)
    assert "spectral slope: no values" in FIGURE.alt(result.stats)
    assert len(FIGURE.draw(result).axes) == 4


def test_a_panel_that_loses_images_would_be_a_bug(make_lab: MakeLab) -> None:
    stats = FIGURE.compute(known_lab(make_lab)).stats
    first, *rest = stats["attributes"]
    lost = {**stats, "attributes": [{**first, "counted": first["counted"] - 1}, *rest]}
    claim = FIGURE.claims(lost)[0]
    assert (claim.kind, claim.holds, claim.measured["lost"]) == ("identity", False, 1)


def test_draws_a_panel_for_each_attribute_in_percent(make_lab: MakeLab) -> None:
    figure = replace(FIGURE, panels=5)
    picture = figure.draw(figure.compute(known_lab(make_lab)))
    instances, scale, texture, surroundings, luminance, empty = picture.axes
    assert [bar.get_height() for bar in instances.patches] == pytest.approx([200 / 3, 100 / 3])  # type: ignore[attr-defined]
    assert [label.get_text() for label in texture.get_xticklabels()] == ["none", "low", "medium", "high"]
    assert surroundings.get_title() == "surroundings"
    for axes in (scale, luminance):
        assert sum(bar.get_height() for bar in axes.patches) == pytest.approx(100)  # type: ignore[attr-defined]
    assert not empty.axison
    assert [text.get_text() for text in picture.legends[0].get_texts()] == [
        "ground truth of the data set", "measured from pixels"
    ]  # fmt: skip


def test_alternative_text_tells_shares_and_percentiles(make_lab: MakeLab) -> None:
    text = FIGURE.alt(FIGURE.compute(known_lab(make_lab)).stats)
    assert "texture: none 25%, low 25%, medium 25%, high 25%" in text
    assert "scale: median 0.174, nine tenths between 0.0694 and 0.174" in text


@pytest.mark.parametrize("setting", ["images", "panels", "batch"])
def test_wrong_settings_are_refused(make_lab: MakeLab, setting: str) -> None:
    changed: dict[str, Any] = {setting: 0}
    with pytest.raises(InputError, match=rf"figure\.data_attributes\.{setting}=0 must be at least 1"):
        replace(FIGURE, **changed).obstacle(known_lab(make_lab))
    assert FIGURE.obstacle(known_lab(make_lab)) is None
