"""All bits of what a sweep found, to be compared."""

from dataclasses import fields

import numpy as np

from cnnviz_core.sweep.gathered import Swept


def bits(swept: Swept) -> dict[str, bytes]:
    """The bytes of each array, by its name."""
    found = {"logits": np.asarray(swept.logits).tobytes()}
    found |= {f"codes {name}": np.asarray(codes).tobytes() for name, codes in swept.codes.items()}
    for kind, layers in (("strongest", swept.strongest), ("statistics", swept.statistics)):
        for name, of in layers.items():
            found |= {f"{kind} {name} {part.name}": getattr(of, part.name).tobytes() for part in fields(of)}
    return found
