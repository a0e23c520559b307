"""What one pass over a data set gathers: the same for every figure, so that all figures of a book share one pass."""

from dataclasses import dataclass

from cnnviz_core.network import Model


@dataclass(frozen=True)
class Request:
    """What is gathered. Every value is part of the key of the result."""

    ranked: tuple[str, ...]  # layers of maps whose strongest places, averages and statistics are wanted
    codes: str  # the layer whose values are the codes of images
    k: int = 64  # places kept of each channel
    places: int = 2  # of one image at most
    iou: float = 0.1  # of two receptive fields; where it is larger, the weaker place of an image is not counted
    batch: int = 32  # images that go through the network together, always the same ones: another number changes bits


def request(model: Model) -> Request:
    """The one request: every layer worth ranking, and the codes layer."""
    return Request(ranked=tuple(layer.name for layer in model.ranked_layers), codes=model.codes_layer)
