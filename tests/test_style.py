import subprocess
import sys
import warnings
from pathlib import Path

import numpy as np
import pytest
from matplotlib.figure import Figure

from cnnviz_core import style


def some_picture(title: str = "a $title$ {{ x }} <script>") -> style.Picture:
    picture = style.picture(height=2.4)
    left, middle, right = picture.subplots(1, 3)
    rng = np.random.default_rng(0)
    style.show_image(left, rng.integers(0, 256, (3, 9, 9), dtype=np.uint8), title)
    style.heat(middle, rng.random((4, 4)), low=0, high=1, label="probability", title="heat")
    style.categories(right, rng.integers(0, 2, (4, 4)), ["dog", r"cat $\frac$"])
    style.box(left, 1, 2, 4, 6)
    return picture


def test_saving_again_and_making_again_gives_the_same_bytes(tmp_path: Path) -> None:
    once, again = some_picture(), some_picture()
    files = [style.save(picture, tmp_path, f"p{k}") for k, picture in enumerate([once, once, again])]
    for kind in (0, 1):
        first, *others = [paths[kind].read_bytes() for paths in files]
        assert all(other == first for other in others)


def test_files_tell_neither_date_nor_program(tmp_path: Path) -> None:
    png, svg = style.save(some_picture(), tmp_path, "p")
    assert (png.name, svg.name) == ("p.png", "p.svg")
    assert b"Software" not in png.read_bytes()
    text = svg.read_text(encoding="utf-8")
    assert "<dc:date>" not in text
    assert "Matplotlib" not in text
    assert "<text" not in text, "letters are paths: no fonts are needed"


def test_no_text_is_cut() -> None:
    picture = some_picture()
    picture._repr_png_()
    width, height = picture.bbox.size
    for axes in picture.axes:
        box = axes.get_tightbbox()
        assert box is not None
        assert box.x0 >= 0
        assert box.y0 >= 0
        assert box.x1 <= width
        assert box.y1 <= height


def test_panels_fill_the_width() -> None:
    picture = some_picture()
    picture._repr_png_()
    sides = [axes.get_tightbbox() for axes in picture.axes]
    assert sides[0] is not None
    assert sides[-1] is not None
    assert sides[-1].x1 - sides[0].x0 > 0.94 * picture.bbox.width


def test_dollars_are_dollars() -> None:
    picture = some_picture("costs $5 and $6")
    assert not picture.axes[0].title.get_parse_math()
    assert picture.axes[0].get_title() == "costs $5 and $6"


def test_a_name_in_another_script_is_no_reason_for_a_warning(tmp_path: Path) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        style.save(some_picture("犬 and 猫"), tmp_path, "p")


def test_letters_are_large_enough() -> None:
    picture = some_picture()
    assert float(picture.axes[0].title.get_fontsize()) >= 8
    ticks = picture.axes[1].child_axes[0].get_yticklabels()
    assert min(float(tick.get_fontsize()) for tick in ticks) >= 7


def test_a_notebook_shows_a_picture_at_the_width_of_the_text() -> None:
    content, size = style.picture(height=2)._repr_png_()
    assert content.startswith(b"\x89PNG")
    assert size == {"width": 650, "height": 200}


def test_ipython_displays_it() -> None:
    program = (
        "from IPython.core.formatters import DisplayFormatter; from cnnviz_core import style\n"
        "data, metadata = DisplayFormatter().format(style.picture(height=1)); print(sorted(data), metadata)"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "['image/png', 'text/plain'] {'image/png': {'width': 650, 'height': 100}}"


@pytest.mark.parametrize(
    ("name", "length", "expected"),
    [
        ("dog", 24, "dog"),
        ("a  name\nover two lines", 24, "a name over two lines"),
        ("Staffordshire bullterrier, Staffordshire", 26, "Staffordshire bullterrier…"),
        ("cat", 3, "cat"),
        ("cats", 3, "ca…"),
    ],
)
def test_short(name: str, length: int, expected: str) -> None:
    assert style.short(name, length) == expected
    assert len(style.short(name, length)) <= length


@pytest.mark.parametrize("shape", [(3, 4, 5), (4, 5, 3)])
def test_shown_takes_channels_first_or_last_and_8_bit_or_unit(shape: tuple[int, ...]) -> None:
    values = np.random.default_rng(1).integers(0, 256, shape, dtype=np.uint8)
    image = style.shown(values)
    assert image.shape == (4, 5, 3)
    np.testing.assert_allclose(style.shown(values / 255), image)
    expected = values if shape[2] == 3 else np.moveaxis(values, 0, 2)
    np.testing.assert_allclose(image, expected / 255)


def test_shown_takes_one_channel_and_cuts_off_what_no_screen_shows() -> None:
    assert style.shown(np.full((1, 4, 5), 2.0)).shape == (4, 5)
    assert style.shown(np.array([[-1.0, 2.0]])).tolist() == [[0, 1]]


def test_span_is_signed_only_where_values_are() -> None:
    assert style.span(np.array([0.0, 3])) == (0, 3, style.GREY)
    assert style.span(np.array([-4.0, 3])) == (-4, 4, style.DIVERGING)
    assert style.span(np.array([-1.0, 3])) == (-3, 3, style.DIVERGING)


def test_coloured_and_its_bar_agree_whatever_the_shape() -> None:
    values = np.linspace(-1, 1, 2 * 5 * 3).reshape(2, 5, 3)  # not to be taken for an image of three channels
    colours = style.coloured(values, low=-1, high=1, map=style.DIVERGING)
    assert colours.shape == (2, 5, 3, 3)
    np.testing.assert_allclose(colours[0, 0, 0], style.scale(-1, 1, style.DIVERGING).to_rgba(np.array([-1.0]))[0, :3])


def test_a_colour_bar_is_as_high_as_its_image() -> None:
    picture = style.picture(height=2)
    axes = picture.subplots()
    style.heat(axes, np.zeros((10, 20)), low=0, high=1)
    picture._repr_png_()
    image, bar = axes.get_window_extent(), axes.child_axes[0].get_window_extent()
    assert (bar.y0, bar.y1) == pytest.approx((image.y0, image.y1))


def test_log_scale_writes_plain_numbers() -> None:
    picture = style.picture()
    axes = picture.subplots()
    axes.plot([1, 1000], [1, 2])
    style.log_scale(axes)
    picture._repr_png_()
    assert {"1", "10", "100"} <= {label.get_text() for label in axes.get_xticklabels()}


def test_pyplot_is_not_needed() -> None:
    program = "import sys; from cnnviz_core import style; print('matplotlib.pyplot' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"
    assert isinstance(style.picture(), Figure)


def test_the_axis_of_training_shows_the_untrained_network_beside_a_logarithm() -> None:
    axes = style.picture().subplots()
    style.training_scale(axes, [0, 0.25, 1, 4, 16])
    assert [label.get_text() for label in axes.get_xticklabels()] == ["0", "0.25", "1", "4", "16"]
    places = axes.transData.transform([(time, 0) for time in (0, 0.25, 1, 4, 16)])[:, 0]
    steps = np.diff(places)
    assert steps[0] > 0
    np.testing.assert_allclose(steps[1:], steps[1])


def test_the_axis_of_a_long_training_has_few_numbers_both_ends_among_them() -> None:
    axes = style.picture().subplots()
    style.training_scale(axes, [2.0**k for k in range(20)])
    labels = [label.get_text() for label in axes.get_xticklabels()]
    assert len(labels) <= 8
    assert (labels[0], labels[-1]) == ("1", "5.24e+05")


def test_deeper_layers_are_lighter() -> None:
    colours = np.array(style.by_depth(4))[:, :3]
    assert (np.diff(colours @ [0.3, 0.6, 0.1]) > 0).all()
    assert len(style.by_depth(1)) == 1


def test_places_have_no_digits_that_depend_on_the_run(tmp_path: Path) -> None:
    drawn = style.picture(height=4.7)
    above, below = np.asarray(drawn.subfigures(2, 1, height_ratios=[1.9, 2.6]))
    panels = [*above.subplots(1, 3), *below.subplots(2, 6).ravel()]
    style.save(drawn, tmp_path, "many")
    for box in (above.bbox_relative, *(axes.get_position(original=True) for axes in panels)):
        np.testing.assert_array_equal(box.get_points(), box.get_points().round(9))
    assert panels[0].get_position().width == pytest.approx(panels[1].get_position().width, rel=1e-6)
