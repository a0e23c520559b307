"""What one pass over a data set gathers: the same for every figure, so that all figures of a book share one pass."""

from dataclasses import dataclass

from cnnviz_core.network import Layer, Model


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
    """The one request: every activation, block and pooling that gives maps, and the codes layer."""
    ranked = (layer.name for layer in model.layers.values() if worth_ranking(layer))
    return Request(ranked=tuple(ranked), codes=model.codes_layer)


def worth_ranking(layer: Layer) -> bool:
    """Whether the strongest places of a layer are gathered: it has maps, which no activation follows at once."""
    return layer.spatial and (layer.activation or layer.kind in ("block", "pool"))
