"""What a notebook needs to open the lab of its book."""

import json
from pathlib import Path

from cnnviz_core.configure import settings
from cnnviz_core.notebook import lab_description


def test_paths_become_absolute_and_words_stay_words(tmp_path: Path) -> None:
    told = json.loads(lab_description(settings([f"build={tmp_path}"])))
    assert told["model"]["weights"] == "shipped"
    assert told["dataset"]["split"] == "test"
    weights = tmp_path / "net.safetensors"
    weights.touch()
    told = json.loads(lab_description(settings([f"model.weights={weights}"])))
    assert told["model"]["weights"] == str(weights)
