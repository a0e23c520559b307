"""The look of every picture: sizes, fonts, colours, image panels, colour bars and the files they are saved to.

Importing it sets matplotlib's options for the whole process, since most of them act when a text or an axis is made.
"""

import io
import re
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Literal

import matplotlib.style
import numpy as np
from cycler import cycler
from matplotlib import colormaps
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.cm import ScalarMappable
from matplotlib.colors import LinearSegmentedColormap, ListedColormap, Normalize
from matplotlib.figure import Figure, SubFigure
from matplotlib.image import AxesImage
from matplotlib.layout_engine import ConstrainedLayoutEngine
from matplotlib.patches import Patch, Rectangle
from matplotlib.transforms import Bbox

WIDTH = 6.5
"""Width of a picture in inches: the text width of the book."""

SEQUENTIAL = "viridis"
"""For what goes from little to much, such as a probability: equal steps look equal, also in gray."""

DIVERGING = "RdBu_r"
"""For signed values, with white in the middle."""

GREY = "gray"

BLACK_TO_RED = "black_to_red"
"""For seams: what is close is black and what is far apart is bright red."""

COLOURS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#595959", "#f0e442")
"""For lines and categories: Okabe and Ito's, told apart also by colour-blind readers."""

MARK = "#ff2a2a"
"""For boxes and crosses drawn over an image."""

_OPTIONS: dict[str, Any] = {
    "figure.dpi": 200,
    "savefig.dpi": "figure",
    "font.family": "DejaVu Sans",  # comes with matplotlib
    "font.size": 8,
    "axes.titlesize": 8,
    "axes.labelsize": 8,
    "xtick.labelsize": 7,
    "ytick.labelsize": 7,
    "legend.fontsize": 7,
    "figure.titlesize": 9,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.linewidth": 0.6,
    "lines.linewidth": 1.3,
    "xtick.major.width": 0.6,
    "ytick.major.width": 0.6,
    "grid.linewidth": 0.4,
    "grid.color": "#d0d0d0",
    "axes.axisbelow": True,
    "legend.frameon": False,
    "axes.prop_cycle": cycler(color=COLOURS),
    "text.parse_math": False,  # names of classes may contain $
    "svg.fonttype": "path",
    "svg.hashsalt": "cnnviz",
}
matplotlib.style.use(["default", _OPTIONS])
colormaps.register(LinearSegmentedColormap.from_list(BLACK_TO_RED, ["#000000", "#ff2020"]), force=True)


class Picture(Figure):
    """A matplotlib figure outside pyplot, that displays itself as the last expression of a notebook cell."""

    def _repr_png_(self) -> tuple[bytes, dict[str, int]]:
        buffer = io.BytesIO()
        with _settled(self):
            self.savefig(buffer, format="png", metadata={"Software": None})
        width, height = self.get_size_inches()
        return buffer.getvalue(), {"width": round(100 * width), "height": round(100 * height)}


def picture(width: float = WIDTH, height: float = 3.0, *, dpi: int = 200) -> Picture:
    """An empty picture of that size in inches, whose panels are arranged so that no text is cut."""
    empty = Picture(figsize=(width, height), dpi=dpi, layout=ConstrainedLayoutEngine(w_pad=0.03, h_pad=0.03))
    FigureCanvasAgg(empty)
    return empty


def save(drawn: Figure, folder: Path, name: str) -> tuple[Path, Path]:
    """Writes name.png and name.svg, the same bytes for the same picture, and returns their paths."""
    png, svg = folder / f"{name}.png", folder / f"{name}.svg"
    with _settled(drawn):
        drawn.savefig(png, metadata={"Software": None})
        drawn.savefig(svg, metadata={"Date": None, "Creator": None})
    return png, svg


@contextmanager
def _settled(drawn: Figure) -> Iterator[None]:
    """Arranges the panels once and for all, in a few rounds: each drawing moves them less than the one before.

    A class may be named in a script that our font lacks: it is drawn as boxes, which is no reason for a warning.
    """
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Glyph .* missing from font", UserWarning)
        if drawn.get_layout_engine() is not None:
            for _ in range(5):
                drawn.draw_without_rendering()
            drawn.set_layout_engine("none")
            _round_places(drawn)
        yield


def _round_places(drawn: Figure | SubFigure) -> None:
    """Rounds where parts and panels are: the last digits that the arranging solver gives differ from run to run.

    They would come into the names of clip paths in SVG files.
    """
    for part in drawn.subfigs:
        part.bbox_relative.set_points(part.bbox_relative.get_points().round(9))
        _round_places(part)
    for axes in drawn.axes:
        axes.set_position(Bbox(axes.get_position(original=True).get_points().round(9)))


def short(name: str, length: int = 24) -> str:
    """A name of a class or layer on one line, with an ellipsis where it is longer than `length` characters."""
    name = re.sub(r"\s+", " ", name).strip()
    return name if len(name) <= length else name[: length - 1].rstrip(" ,") + "…"


def shown(image: np.ndarray) -> np.ndarray:
    """(3, h, w), (h, w, 3), (1, h, w) or (h, w), in 8 bit or in [0, 1], as (h, w, 3) or (h, w) in [0, 1]."""
    values = np.asarray(image)
    values = values / 255 if values.dtype == np.uint8 else values.astype(float)
    if values.ndim == 3 and values.shape[2] not in (3, 1):
        values = values.transpose(1, 2, 0)
    return np.clip(values[..., 0] if values.shape[2:] == (1,) else values, 0, 1)


def show_image(axes: Axes, image: np.ndarray, title: str = "") -> AxesImage:
    """Draws an image (see `shown`; gray where it has one channel) without ticks."""
    return _bare(axes, title).imshow(shown(image), cmap=GREY, vmin=0, vmax=1)


def heat(
    axes: Axes,
    values: np.ndarray,
    *,
    low: float,
    high: float,
    map: str = SEQUENTIAL,
    label: str = "",
    title: str = "",
    bar: bool = True,
) -> AxesImage:
    """Draws an array (h, w) in colours from `low` to `high`, with a colour bar of its height that says `label`."""
    drawn = _bare(axes, title).imshow(values, cmap=map, vmin=low, vmax=high, interpolation="nearest")
    if bar:
        colour_bar(drawn, axes, label)
    return drawn


def colour_bar(drawn: ScalarMappable, axes: Axes, label: str = "") -> None:
    """A thin colour bar right of an image, exactly as high as the image."""
    place = axes.inset_axes((1.02, 0, 0.04, 1))
    bar = axes.figure.colorbar(drawn, cax=place, label=label)
    bar.outline.set_linewidth(0.4)


def coloured(values: np.ndarray, *, low: float, high: float, map: str = GREY) -> np.ndarray:
    """The colours (..., 3) in [0, 1] of an array's values from `low` to `high`, such as tiles to be put in a grid."""
    colours: np.ndarray = colormaps[map](Normalize(low, high)(values))
    return colours[..., :3]


def span(values: np.ndarray) -> tuple[float, float, str]:
    """Low, high and map for activations: black at zero to white, or, where some are negative, white at zero."""
    low, high = float(values.min()), float(values.max())
    if low >= 0:
        return 0.0, high, GREY
    most = max(-low, high)
    return -most, most, DIVERGING


def scale(low: float, high: float, map: str = GREY) -> ScalarMappable:
    """The scale of `coloured`, for a colour bar."""
    return ScalarMappable(Normalize(low, high), map)


def categories(axes: Axes, labels: np.ndarray, names: Sequence[str], *, title: str = "", columns: int = 1) -> AxesImage:
    """Draws an array (h, w) of indices into `names`, one colour each, with a legend below."""
    colours = [COLOURS[i % len(COLOURS)] for i in range(len(names))]
    drawn = _bare(axes, title).imshow(
        labels, cmap=ListedColormap(colours), vmin=-0.5, vmax=len(names) - 0.5, interpolation="nearest"
    )
    handles = [Patch(color=colour, label=short(name)) for colour, name in zip(colours, names, strict=True)]
    axes.legend(handles=handles, loc="upper center", bbox_to_anchor=(0.5, -0.02), ncols=columns, handlelength=1)
    return drawn


def log_scale(axes: Axes, which: Literal["x", "y"] = "x") -> None:
    """Makes an axis logarithmic with plain numbers, since matplotlib writes its own as formulas."""
    axes.set(**{f"{which}scale": "log"})
    axis = axes.xaxis if which == "x" else axes.yaxis
    axis.set_major_formatter("{x:g}")
    axis.set_minor_formatter("")


def training_scale(axes: Axes, times: Sequence[float], most: int = 7) -> None:
    """Makes the x axis that of epochs of training: logarithmic from the first time above 0 on, and 0 beside it."""
    positive = [time for time in times if time > 0]
    axes.set_xscale("symlog", linthresh=positive[0], linscale=0.5)
    step = -(-len(times) // most)
    ticks = sorted({*times[::-step], times[0]})
    axes.set_xticks(ticks, [format(time, ".3g") for time in ticks])
    axes.set_xticks([], minor=True)
    axes.set_xlim(times[0], times[-1] * 1.1)
    axes.set_xlabel("epochs of training")


def by_depth(count: int) -> list[tuple[float, ...]]:
    """A colour for each of so many layers, from the first (dark) to the last (light)."""
    return [tuple(colour) for colour in colormaps[SEQUENTIAL](np.linspace(0, 0.88, count))]


def box(axes: Axes, top: float, left: float, bottom: float, right: float, *, colour: str = MARK) -> None:
    """Outlines the pixels of a box, with bottom and right exclusive, over an image drawn before."""
    corner = (left - 0.5, top - 0.5)
    axes.add_patch(Rectangle(corner, right - left, bottom - top, fill=False, edgecolor=colour, linewidth=1.2))


def _bare(axes: Axes, title: str) -> Axes:
    """Axes without ticks and frame, for images."""
    axes.set_xticks([])
    axes.set_yticks([])
    axes.spines[:].set_visible(False)
    if title:
        axes.set_title(title)
    return axes
