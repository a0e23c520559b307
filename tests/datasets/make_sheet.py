"""Make the reference sheet of the embedded world anew: python tests/datasets/make_sheet.py"""

from pathlib import Path

import numpy as np
from PIL import Image

from cnnviz_core.datasets.diorama import SIZE
from cnnviz_core.world.photograph import photograph
from cnnviz_core.world.scene import drawn

if __name__ == "__main__":
    tiles = [photograph(drawn("train", index), SIZE).pixels for index in range(32)]
    rows = [np.concatenate(tiles[8 * row : 8 * row + 8], axis=1) for row in range(4)]
    Image.fromarray(np.concatenate(rows)).save(Path(__file__).parent / "diorama-sheet.png", optimize=True)
