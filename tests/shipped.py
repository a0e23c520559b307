"""Check that a book of a shipped net measures the accuracy of its card: python tests/shipped.py build/refnet-diorama"""

import json
import sys
from pathlib import Path

from cnnviz_core.models.refnet import SHIPPED

TOLERANCE = 0.002  # a few near ties of 2000 may fall otherwise on another processor

if __name__ == "__main__":
    manifest = json.loads((Path(sys.argv[1]) / "manifest.json").read_text(encoding="utf-8"))
    name, stats = manifest["model"]["name"], manifest["figures"]["data_confusion"]["stats"]
    card = json.loads((SHIPPED / name / "card.json").read_text(encoding="utf-8"))["test"]
    measured = f"{stats['top1']:.2%} of {stats['images']} images here"
    print(f"{name}: {measured}, {card['accuracy']:.2%} of {card['images']} on the card")
    sys.exit(stats["images"] != card["images"] or abs(stats["top1"] - card["accuracy"]) > TOLERANCE)
