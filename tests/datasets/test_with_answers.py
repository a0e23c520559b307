from pathlib import Path

import pytest
from known_world import known_world

from cnnviz_core.answers import distinct
from cnnviz_core.configure import build_dataset, settings
from cnnviz_core.datasets.with_answers import with_answers
from cnnviz_core.errors import InputError
from cnnviz_core.sources import reads_answers


def test_any_data_set_takes_them_and_keeps_its_own_fingerprint(tmp_path: Path) -> None:
    (tmp_path / "r.csv").write_text("image,observer,response\nno. 0,ann,square\nno. 1,ann,na\n")
    (tmp_path / "m.csv").write_text("index,category\n0,angular\n1,angular\n2,round\n3,round\n")
    data = known_world()
    answered = with_answers(data, responses=str(tmp_path / "r.csv"))
    assert answered.fingerprint == data.fingerprint
    assert answered.answered == ("responses",)
    assert answered.left_out == ("r.csv: 1 of 2 responses hold no answer (na or empty); they count as wrong",)
    coarse = with_answers(data, class_map=str(tmp_path / "m.csv"))
    assert coarse.choices is not None
    assert coarse.choices.labels[:4].tolist() == [0, 0, 1, 1]
    assert len({data.answers_fingerprint, answered.answers_fingerprint, coarse.answers_fingerprint}) == 3
    with pytest.raises(InputError, match=r"response 'square' is no class .* allowed are angular, round"):
        with_answers(data, responses=str(tmp_path / "r.csv"), class_map=str(tmp_path / "m.csv"))


def test_the_settings_are_those_of_every_data_set(tmp_path: Path) -> None:
    (tmp_path / "r.csv").write_text('image,observer,response\n"no. 3",ann,8\n')
    chosen = settings(["dataset=digits", "dataset.images=3", f"dataset.responses={tmp_path / 'r.csv'}"])
    with pytest.raises(InputError, match=r"r\.csv, line 2: image 'no\. 3' is not in the data set; .* as 'no\. "):
        build_dataset(chosen.dataset)


def test_names_that_come_twice_are_told_apart() -> None:
    assert distinct(("crane", "tench", "crane", "crane (2)")) == ("crane", "tench", "crane (3)", "crane (2)")


def test_only_figures_of_observers_depend_on_answers() -> None:
    assert not reads_answers("cnnviz_core.figures.occlusion_heatmap")
