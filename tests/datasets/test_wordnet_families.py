import pytest

from cnnviz_core.datasets.wordnet_families import wordnet_families

KNOWN = {
    "animals": ["n01440764", "n02099601", "n02536864", "n02655020"],  # tench, golden retriever, coho, puffer
    "made things": ["n02666196", "n04398044", "n04606251"],  # abacus, teapot, wreck
    "vehicles": ["n02687172", "n03417042", "n04612504"],  # aircraft carrier, garbage truck, yawl
    "signs and texts": ["n06359193", "n06794110", "n07565083"],  # web site, street sign, menu
    "food": ["n07579787", "n07753592", "n07932039"],  # plate, banana, eggnog
    "places": ["n09193705", "n09472597", "n02699494", "n04613696"],  # alp, volcano, altar, yurt
    "people": ["n09835506", "n10565667"],  # ballplayer, scuba diver
    "plants and fungi": ["n11879895", "n12985857", "n13133613"],  # rapeseed, coral fungus, ear
    "other things": ["n15075141"],  # toilet tissue
}


def test_classes_of_imagenet_are_in_the_family_that_anyone_would_say() -> None:
    ids = [wnid for several in KNOWN.values() for wnid in several]
    expected = [family for family, several in KNOWN.items() for _ in several]
    assert wordnet_families(ids) == tuple(expected)


@pytest.mark.parametrize("ids", [["n01440764", "cat"], ["n01440764", ""], ["n0144076", "n12985857"]])
def test_other_ids_have_no_families(ids: list[str]) -> None:
    assert wordnet_families(ids) is None


def test_one_family_is_none() -> None:
    assert wordnet_families(["n01440764", "n02099601"]) is None
