"""A user's own network on a folder of two odd images whose classes have dangerous names: shown literally, run never."""

import json
import re
import shutil
import subprocess
from pathlib import Path

import nbformat
import numpy as np
import pytest
from PIL import Image
from products import faults

from cnnviz_core.__main__ import main

NAMES = ["<script>alert(1)<", "{{ 7*7 }} $x$ #tag \"q\" 'q' & naïve Ωμέγα * _a_ `b`"]
NETWORK = """
import torch
from torch import nn

def tiny():
    torch.manual_seed(0)
    net = nn.Sequential(
        nn.Conv2d(3, 8, 5, padding=2), nn.ReLU(), nn.MaxPool2d(2), nn.Conv2d(8, 8, 3, padding=1), nn.ReLU(),
        nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(8, 2),
    )
    return net
"""


@pytest.fixture(scope="module")
def book(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("hostile")
    (folder / "their_network.py").write_text(NETWORK)
    (folder / "classes.txt").write_text("\n".join(NAMES), encoding="utf-8")
    rng = np.random.default_rng(0)
    for name in NAMES:
        (folder / "images" / name).mkdir(parents=True)
        pixels = rng.integers(0, 256, (40, 60, 3), dtype=np.uint8)
        Image.fromarray(pixels).save(folder / "images" / name / "only.png")
    (folder / "images" / NAMES[0] / "broken <b>$y$.png").write_bytes(b"")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        overrides = ["model=custom", "model.factory=their_network:tiny", "model.size=32", "model.classes=classes.txt",
                     "dataset=imagefolder", "dataset.root=images", "profile=quick", "book=odd"]  # fmt: skip
        assert main(["notes", *overrides]) == 0
    return folder / "build" / "odd"


def test_every_product_is_there(book: Path) -> None:
    assert faults(book) == []
    manifest = json.loads((book / "manifest.json").read_text(encoding="utf-8"))
    missing = {name for name, figure in manifest["figures"].items() if figure["status"] != "made"}
    assert missing == {
        "activation_sparsity_training",
        "attr_class_ranges",
        "attr_counterfactual",
        "attr_cpl_clutter",
        "attr_property_bars",
        "attr_scale_scatter",
        "feature_evolution",
        "data_ground_truth",
        "embedding_quality",
        "human_confusions",
        "human_error_consistency",
        "inversion_decoder",
        "fooling_adv_training",
        "fooling_linear_model",
        "fooling_transfer",
        "keypoint_classification",
        "keypoint_offset",
        "keypoint_prediction",
        "keypoint_transfer",
        "correspondence_masks",
        "layer_probe",
        "tsne_grid",
        "tsne_scatter",
        "tsne_seams",
        "unit_selectivity",
        "tsne_warnings",
    }
    assert len(manifest["dataset"]["left_out"]) == 1


def test_pages_show_the_names_and_run_nothing(book: Path) -> None:
    pages = [path.read_text(encoding="utf-8") for path in book.glob("*.html")]
    assert not [page for page in pages if "<script>alert" in page or "<b>$y" in page]
    assert any("&lt;script&gt;alert(1)&lt;" in page for page in pages)
    assert any("broken &lt;b&gt;$y$.png" in page for page in pages)


def test_notebooks_show_the_names_literally(book: Path) -> None:
    text = ""
    for path in (book / "notebooks").glob("*.ipynb"):
        cells = nbformat.read(path, as_version=4).cells
        text += "\n".join(cell.source for cell in cells if cell.cell_type == "markdown")
    assert "<script>" not in text
    assert "{{ 7*7 }} &#36;x&#36; #tag" in text
    assert not re.search(r"\$x\$\s+\\?#tag", text)


@pytest.mark.skipif(shutil.which("pdftotext") is None, reason="pdftotext (poppler) is not installed")
def test_the_pdf_shows_the_names(book: Path) -> None:
    done = subprocess.run(["pdftotext", "-raw", book / "notes.pdf", "-"], capture_output=True, text=True, check=True)
    words = " ".join(done.stdout.split())
    assert "<script>alert(1)<" in words
    assert "broken <b>$y$.png" in words
