"""Every figure is made for every kind of network, or says truly why it cannot be."""

from pathlib import Path

import pytest

from cnnviz_core.configure import choices, settings
from cnnviz_core.figure import Result
from cnnviz_core.progress import Reporter
from cnnviz_core.results import Maker, load, save

SMALL = [
    "dataset=digits", "dataset.images=24", "profile=quick",
    "figure.attr_cpl_clutter.images=8",
    "figure.activations_last_conv.images_measured=2", "figure.dead_filters.images=4",
    "figure.attribution_faithfulness.images=1", "figure.attribution_faithfulness.steps=2",
    "figure.attribution_faithfulness.samples=1", "figure.attribution_faithfulness.integration=1",
    "figure.attribution_labels.images=3", "figure.attribution_labels.images_measured=1",
    "figure.attribution_labels.passes=1", "figure.attribution_labels.samples=1",
    "figure.attribution_labels.integration=1",
    "figure.attribution_methods.count=1", "figure.attribution_methods.search=2",
    "figure.attribution_methods.images_measured=1", "figure.attribution_methods.samples=1",
    "figure.attribution_methods.integration=1", "figure.attribution_sanity.image=0",
    "figure.attribution_sanity.images=1", "figure.attribution_sanity.stages=2", "figure.attribution_sanity.samples=1",
    "figure.attribution_sanity.integration=1",
    "figure.class_model.count=1", "figure.class_model.search=2", "figure.class_model.tries=1",
    "figure.class_model.steps=1", "figure.class_model.photographs=1", "figure.saliency_localization.count=1",
    "figure.saliency_localization.search=2", "figure.saliency_localization.images_measured=1",
    "figure.deconvnet_top9.layers_chosen=2", "figure.deconvnet_top9.maps=1", "figure.deconvnet_top9.top=2",
    "figure.deconvnet_top9.images=3", "figure.deconvnet_top9.maps_measured=2", "figure.deconvnet_top9.control_images=2",
    "figure.guided_backprop.images=3", "figure.guided_backprop.top=1", "figure.guided_backprop.maps_measured=2",
    "figure.inversion_decoder.images=4", "figure.inversion_decoder.images_measured=2",
    "figure.inversion_decoder.images_optimised=2", "figure.inversion_decoder.width=4",
    "figure.inversion_decoder.work=1", "figure.inversion_decoder.passes=1",
    "figure.inversion_decoder.steps=1",
    "figure.inversion_errors.layers_chosen=2", "figure.inversion_errors.images=1",
    "figure.inversion_errors.images_normaliser=2", "figure.inversion_errors.steps=1",
    "figure.inversion_receptive_field.layers_chosen=2", "figure.inversion_receptive_field.search=2",
    "figure.inversion_receptive_field.images_measured=1", "figure.inversion_receptive_field.steps=1",
    "figure.inversion_layers.search=2", "figure.inversion_layers.most=2", "figure.inversion_layers.steps=1",
    "figure.inversion_multi.images_measured=1", "figure.inversion_multi.steps=1",
    "figure.inversion_multi.photographs=2", "figure.inversion_tv_effect.images_measured=1",
    "figure.inversion_tv_effect.steps=1", "figure.inversion_tv_effect.photographs=2",
    "figure.occlusion_heatmap.count=1", "figure.occlusion_heatmap.search=4", "figure.occlusion_heatmap.places=4",
    "figure.occlusion_heatmap.images_measured=2", "figure.occlusion_heatmap.places_measured=2",
    "figure.occlusion_zf_panels.count=1", "figure.occlusion_zf_panels.search=4", "figure.occlusion_zf_panels.places=4",
    "figure.occlusion_zf_panels.images_measured=2", "figure.occlusion_zf_panels.places_measured=2",
    "figure.relu_rules.search=2", "figure.relu_rules.images_measured=1", "figure.saliency_maps.search=2",
    "figure.saliency_maps.count=1", "figure.saliency_maps.images_measured=1",
    "figure.human_joint_counts.images=2", "figure.human_tradeoff.images=2", "figure.human_error_taxonomy.images=2",
    "figure.embedding_quality.images=12", "figure.layer_probe.images=40", "figure.layer_probe.folds=2",
    "figure.tsne_warnings.images=24", "figure.labeling_interface.images=2",
    "figure.spatial_nn_average.images=[0]", "figure.spatial_nn_average.layers_chosen=2",
    "figure.spatial_nn_average.neighbors=[1]", "figure.spatial_nn_average.database=4",
    "figure.spatial_nn_average.images_measured=2", "figure.spatial_nn_average.places_measured=4",
    "figure.topk_units.crops=4", "figure.topk_units.depths=2", "figure.unit_selectivity.images=16",
    "figure.unit_selectivity.least=1", "figure.unit_selectivity.side=8",
    "figure.fooling_example.count=1", "figure.fooling_example.search=2", "figure.fooling_example.most=1",
    "figure.fooling_error_vs_eps.images=2", "figure.fooling_error_vs_eps.epsilons=[4]",
    "figure.fooling_error_vs_eps.control_images=1", "figure.fooling_logit_path.search=2",
    "figure.fooling_logit_path.pieces=1", "figure.fooling_logit_path.points=5", "figure.fooling_logit_path.strip=2",
    "figure.fooling_logit_path.images_measured=1", "figure.fooling_logit_path.points_measured=3",
    "figure.fooling_iterated.images_measured=2", "figure.fooling_iterated.sizes_inf=[4]",
    "figure.fooling_iterated.sizes_two=[1]", "figure.fooling_iterated.steps=2", "figure.fooling_iterated.search=2",
    "figure.fooling_iterated.tries=[1]", "figure.fooling_patch_or_noise.images_measured=1",
    "figure.fooling_patch_or_noise.draws=1", "figure.fooling_patch_or_noise.steps=1",
    "figure.fooling_linear_model.images=24", "figure.fooling_linear_model.folds=2",
    "figure.fooling_linear_model.side=4",
    "figure.fooling_rubbish.images=2", "figure.fooling_rubbish.images_real=2", "figure.fooling_rubbish.controls=1",
    "figure.fooling_rubbish.control_images=1", "figure.fooling_rubbish.images_targeted=1",
    "figure.fooling_rubbish.classes_targeted=1", "figure.fooling_rubbish.images_rivals=24",
    "figure.fooling_rubbish.folds=2", "figure.fooling_rubbish.side=4",
    "figure.fooling_targeted.count=1", "figure.fooling_targeted.search=2", "figure.fooling_targeted.steps=1",
    "figure.fooling_targeted.images_measured=1",
    "figure.fooling_transfer.images=24", "figure.fooling_transfer.images_measured=1", "figure.fooling_transfer.folds=2",
    "figure.fooling_transfer.side=4",
    *(f"figure.tsne_{name}.images=12" for name in ("grid", "scatter", "seams")),
]  # fmt: skip
NO_RELU = "no layer of {} ends in a ReLU, whose channels alone can die"
DEPTHWISE = "the second convolution of {} is depthwise: each of its filters reads one channel only"
ONE = "{} has no second convolution with kernels larger than one pixel"
TOKENS = "{} has no maps after its first convolution: its layers give one vector or tokens"
NO_MAPS = "{} has no layer of maps before its classifier"
UNTOLD = "how {} was trained is not known: it has no weights from on the way, as refnet has"
CLASSES = (
    "the classes of digits are not among the outputs of {}; where they mean the same, dataset.classes=FILE "
    "(index,wnid,name) says so"
)
RULES = "the guided rule is defined for ReLUs, and this network uses "
GELU = RULES + "gelu"
HARD = RULES + "hardsigmoid, hardswish"
NO_RULES = {"relu_rules": GELU, "guided_backprop": GELU, "deconvnet_top9": GELU.replace("guided", "deconvnet")}
ALONE = (
    "{} has no sibling that differs from it by adversarial training, as refnet and refnet_adv do; "
    "`cnnviz train refnet_adv` trains one"
)
NOBODY = (
    "nobody has labelled the images of digits yet; dataset.responses=FILE names a CSV file (image,observer,response) "
    "of what people answered"
)
KEYPOINT_FIGURES = ("classification", "offset", "prediction", "transfer")
NO_KEYPOINTS = (
    "the data set digits knows of no keypoints; dataset=diorama does, and a folder of images has those of "
    "dataset.keypoints=FILE.json (COCO)"
)
NO_WORLD = (
    "the images of digits cannot be made again with something changed; those of dataset=diorama can, since they are "
    "rendered"
)
EVERYWHERE = {
    **dict.fromkeys(("attr_class_ranges", "attr_image_level", "attr_property_bars", "attr_scale_scatter"), CLASSES),
    "attr_counterfactual": NO_WORLD,
    **dict.fromkeys((f"keypoint_{name}" for name in KEYPOINT_FIGURES), NO_KEYPOINTS),
    "correspondence_masks": NO_KEYPOINTS,
    "human_confusions": NOBODY,
    "human_error_consistency": NOBODY,
    "fooling_adv_training": ALONE,
    "activation_sparsity_training": UNTOLD,
    "feature_evolution": UNTOLD,
    "data_confusion": CLASSES,
}
NETWORKS: dict[str, dict[str, str]] = {
    "refnet_random": {},
    "densenet121": {},
    "resnet18": {},
    "squeezenet1_0": {},
    "googlenet": {},
    "mobilenet_v3_small": {
        "dead_filters": NO_RELU,
        "filters_second_conv": DEPTHWISE,
        "relu_rules": HARD,
        "guided_backprop": HARD,
        "deconvnet_top9": HARD.replace("guided", "deconvnet"),
    },
    "convnext_tiny": {"dead_filters": NO_RELU, "filters_second_conv": DEPTHWISE, **NO_RULES},
    "vit_b_16": {
        "activations_last_conv": TOKENS,
        "dead_filters": NO_RELU,
        "filters_second_conv": ONE,
        "occlusion_zf_panels": NO_MAPS,
        "spatial_nn_average": NO_MAPS,
        "topk_units": NO_MAPS,
        "unit_selectivity": NO_MAPS,
        **NO_RULES,
    },
    "swin_t": {"dead_filters": NO_RELU, "filters_second_conv": ONE, **NO_RULES},
}


DRAWN = ("refnet_random", "vit_b_16")
"""One that can have every figure, and one that has no maps and no ReLU."""
PLAN = {"refnet_random": ["model=refnet_random"]}  # AlexNet's and VGG's, whose own weights take long to draw
THIN = ("densenet121", "resnet18", "convnext_tiny", "vit_b_16", "swin_t")  # the others cannot be made so


@pytest.mark.parametrize("network", NETWORKS)
def test_every_figure_is_made_or_says_why_not(network: str, tmp_path: Path) -> None:
    kind = ["model=custom", f"model.factory=thin:{network}"] if network in THIN else ["model=torchvision"]
    model = PLAN.get(network, [*kind, f"model.name={network}", "model.weights=none", "model.size=96"])
    chosen = settings([*model, f"build={tmp_path}", *SMALL])
    maker = Maker(chosen, Reporter(quiet=True))
    obstacles = {name: maker.figure(name).obstacle(maker.lab) for name in choices("figure")}
    assert {name: obstacle for name, obstacle in obstacles.items() if obstacle} == {
        name: reason.format(network) for name, reason in {**EVERYWHERE, **NETWORKS[network]}.items()
    }
    for name in [name for name, obstacle in obstacles.items() if obstacle is None]:
        if network in DRAWN:
            made = maker.make(name)
            pictures = [path for path in made.files.values() if path.suffix in (".png", ".svg")]
            assert all(path.stat().st_size > 5000 for path in pictures)
            assert made.alt
            assert made.claims
        else:
            result = computed(maker, name, tmp_path)
            claims = maker.figure(name).claims(result.stats)
            assert claims
            assert not [claim for claim in claims if claim.kind == "identity" and claim.holds is False]
            assert maker.figure(name).alt(result.stats)


def computed(maker: Maker, name: str, folder: Path) -> Result:
    """The result as it comes back from the store."""
    save(maker.figure(name).compute(maker.lab), None, folder)
    result, _ = load(folder)
    assert result is not None
    return result
