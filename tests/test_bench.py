"""The benchmarks' arithmetic and refusals; the measuring itself takes too long for a test."""

import re

import numpy as np
import pytest

from cnnviz_core import bench
from cnnviz_core.bench import measure, sweeps
from cnnviz_core.bench.occlusion_maps import averaged
from cnnviz_core.errors import InputError
from cnnviz_core.progress import Reporter


def test_a_row_has_medians_and_ratios(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = iter(range(1000))
    monkeypatch.setattr("time.perf_counter", lambda: float(next(clock)))
    bounds = iter([0.5, 9.0, 0.25, 0.5, 0.75])
    row = measure.row("a thing", lambda: None, lambda: next(clock), lambda: next(bounds))
    assert row == {
        "name": "a thing", "ours": 1, "theirs": 2, "peer": "captum", "ratio": 2, "bound": 0.5, "of_bound": 0.5,
        "unit": "s",
    }  # fmt: skip
    assert "a thing                                1.000s   2.000s   2.00       50%  captum" in bench.table([row])


def test_different_outputs_are_no_row() -> None:
    measure.same(np.ones(4), np.ones(4) + 1e-6)
    with pytest.raises(ArithmeticError, match=r"differ by 5.0e-01 of the largest value: their times say nothing"):
        measure.same(np.ones(4), np.full(4, 2.0))


def test_the_peer_averages_over_the_squares_that_cover_a_pixel() -> None:
    drops = np.random.default_rng(0).random((9, 9))
    found = averaged(drops)
    assert found[0, 0] == drops[0, 0]
    assert found[24, 24] == pytest.approx(drops[:2, :2].mean())
    assert found[-1, 40] == drops[8, 1]


def test_an_unknown_benchmark_is_named() -> None:
    with pytest.raises(InputError, match=r"no benchmark is called 'oclusion'; did you mean 'occlusion'\?"):
        bench.rows(["oclusion"], Reporter(quiet=True))


def test_without_the_peer_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bench, "find_spec", lambda name: None)
    for names in ([], ["sweep", "occlusion"]):
        with pytest.raises(InputError, match="captum, which is not installed: pip install"):
            bench.rows(names, Reporter(quiet=True))


def test_a_sweep_is_measured_without_the_peer(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bench, "find_spec", lambda name: None)
    monkeypatch.setattr(bench, "NETWORKS", ("alexnet",))
    monkeypatch.setattr(sweeps, "SWEPT", 32)
    monkeypatch.setattr(measure, "REPEATS", 1)
    (row,) = bench.rows(["sweep"], Reporter(quiet=True))
    assert row["name"] == "sweep alexnet, 32 images"
    assert re.fullmatch(r"forward pass; \d+ MB at most", str(row["peer"]))
    assert row["ratio"] == row["theirs"] / row["ours"]  # type: ignore[operator]
