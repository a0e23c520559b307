"""What each command does, from checked settings to lines on the screen."""

import dataclasses
import inspect
import json
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from cnnviz_core import files, manifest
from cnnviz_core.configure import Settings, build_lab, choices, resource, target, target_module
from cnnviz_core.errors import InputError, nearest
from cnnviz_core.facts import facts_inputs
from cnnviz_core.progress import Reporter
from cnnviz_core.results import Maker
from cnnviz_core.store import Inputs, Store, changes


def notes(settings: Settings, reporter: Reporter) -> int:
    """Build the book and say where it is."""
    from cnnviz_core.book import Builder

    start = time.monotonic()
    folder = settings.folder
    with files.lock(settings.build / ".locks" / settings.book, f"the book {folder}"):
        files.sweep(settings.build)
        made = Builder(settings, reporter).build()
    figures = made["figures"].values()
    missing = sum(figure["status"] != "made" for figure in figures)
    claims = [claim for figure in figures for claim in figure["claims"] if claim["kind"] == "tendency"]
    holding = sum(claim["holds"] is True for claim in claims)
    reporter.say(
        f"{len(figures) - missing} figures made" + (f", {missing} not applicable" if missing else "")
        + f"; {holding} of {len(claims)} tendencies hold; {time.monotonic() - start:.1f} s"
    )  # fmt: skip
    reporter.say(f"The book: {folder / 'index.html'}   PDF: {folder / 'notes.pdf'}   notebooks: {folder / 'notebooks'}")
    return 0


def figure(settings: Settings, name: str, reporter: Reporter) -> int:
    """Make one figure, and print its stats and claims."""
    _known(name, settings)
    made = Maker(settings, reporter).make(name)
    if made.obstacle is not None:
        print(f"{name} is not made for this model and data: {made.obstacle}")
        return 0
    for place, path in made.files.items():
        files.write_if_changed(settings.folder / place, path.read_bytes())
        print(settings.folder / place)
    print(json.dumps(made.stats, indent=1, ensure_ascii=False))
    for claim in made.claims:
        print(f"{claim.kind} {claim.name}: {claim.verdict}: {claim.text} {json.dumps(dict(claim.measured))}")
    return 0


def _known(name: str, settings: Settings) -> None:
    if name not in settings.figures:
        raise InputError(f"figure {name!r} is unknown{nearest(name, settings.figures)} "
                         f"There are: {', '.join(settings.figures)}")  # fmt: skip


def list_choices(what: str) -> int:
    """One line for each model, data set, figure or chapter."""
    if what == "chapters":
        from cnnviz_core import text

        for source in text.sources(resource("chapters"), None):
            print(f"{source.name:30}{', '.join(source.figures)}")
        return 0
    group = what.removesuffix("s")
    for name in choices(group):
        first = (resource("configs") / group / f"{name}.yaml").read_text(encoding="utf-8").partition("\n")[0]
        print(f"{name:30}{first.removeprefix('#').strip() if first.startswith('#') else ''}")
    return 0


def list_layers(settings: Settings, reporter: Reporter) -> int:
    """One line for each layer of the chosen model, with shape and receptive field."""
    print(f"{'layer':24}{'module':36}{'output':18}receptive field / stride")
    for name, layer in Maker(settings, reporter).facts["model"]["layers"].items():
        field, stride = layer["receptive_field"], layer["stride"]
        seen = "whole image" if field is None else f"{_pair(field)} / {_pair(stride)}"
        print(f"{name:24}{layer['path']:36}{' x '.join(map(str, layer['shape'])):18}{seen}")
    return 0


def _pair(values: Sequence[int]) -> str:
    return str(values[0]) if values[0] == values[1] else f"{values[0]} x {values[1]}"


def check(settings: Settings, reporter: Reporter) -> int:
    """Load model and data, measure accuracy on some images, and ask each figure whether it can be made."""
    from cnnviz_core.book import Builder
    from cnnviz_core.methods.accuracy import top_k_accuracy

    _say_download(settings)
    builder = Builder(settings, reporter)
    lab = builder.maker.lab
    model, data = lab.model, lab.dataset
    print(f"model    {model.name}, weights: {model.weights}; input {model.size[0]} x {model.size[1]}, "
          f"{len(model.classes)} outputs, {len(model.layers)} layers, codes from {model.codes_layer}")  # fmt: skip
    print(f"dataset  {data.name}: {len(data)} images, {len(data.class_names)} classes; "
          f"ground truth: {', '.join(('labels', *data.has, *data.answered))}")  # fmt: skip
    for line in data.left_out:
        print(f"         left out: {line}")
    if lab.targets is None:
        print("classes  the classes of the images are not among the model's outputs: figures use the predicted class. "
              "Where they mean the same, say so with dataset.classes=FILE (index,wnid,name)")  # fmt: skip
    else:
        ids = lab.spread(500)
        logits = lab.logits(ids)
        top1, top5 = (top_k_accuracy(logits, lab.targets[ids], k) for k in (1, 5))
        print(f"accuracy top-1 {top1:.1%}, top-5 {top5:.1%} on {len(ids)} images")
    for name, chapter in builder.figures.items():
        obstacle = builder.maker.figure(name).obstacle(lab)
        print(f"figure   {name}: " + (f"will be made ({chapter})" if obstacle is None else f"not made: {obstacle}"))
    return 0


def _say_download(settings: Settings) -> None:
    """Say which file of weights is needed from the network, before it is fetched."""
    from cnnviz_core.models import torchvision_net

    if target_module(settings.model) == torchvision_net.__name__:
        config = settings.model
        file = torchvision_net.expected_download(name=config["name"], weights=config["weights"])
        if file is not None:
            print(f"weights  {file.path}" + ("" if file.here else f" will be fetched from {file.url}"))


def why(settings: Settings, reporter: Reporter) -> int:
    """Say which figures would be made again, and which of their inputs changed since the book was last built."""
    from cnnviz_core.book import Builder, record

    builder = Builder(settings, reporter)
    path = record(settings)
    before = json.loads(path.read_text()) if path.is_file() else {}
    if not before:
        print(f"the book {settings.folder} has not been built yet")
    elif not settings.store.has("labs", facts_inputs(settings)):
        print("model and data are read again, since a file, a setting or a version of theirs changed")
    lines = []
    for name, chapter in builder.figures.items():
        for step, inputs in (("results", builder.maker.result_inputs(name)),
                             ("pictures", builder.maker.picture_inputs(name))):  # fmt: skip
            reason = _reason(settings.store, f"{step}/{name}", inputs, before)
            if reason:
                verb = "computed" if step == "results" else "drawn"
                lines.append(f"{name} ({chapter}) is {verb}: {reason}")
                break
    print("\n".join(lines) if lines else "no figure would be made again")
    return 0


def _reason(store: Store, step: str, inputs: Inputs, before: dict[str, str]) -> str:
    key = store.path(step, inputs).name
    if store.has(step, inputs):
        return "" if before.get(step) == key or step not in before else "taken from the store, made before"
    old = store.inputs(step, before[step]) if step in before else {}
    return "; ".join(changes(old, inputs)) if old else "never made before"


def verify(settings: Settings, reporter: Reporter) -> int:
    """Build the book in an empty folder and list every file that differs from the one that is there."""
    from cnnviz_core.book import Builder

    folder = settings.folder.resolve()
    built = manifest.read(folder)
    if not built:
        raise InputError(f"there is no book {folder} to verify; build it first with: cnnviz notes")
    with tempfile.TemporaryDirectory(prefix=".verify-", dir=settings.build) as temporary:
        again = dataclasses.replace(settings, build=Path(temporary))
        Builder(again, reporter).build()
        differing = different_files(folder, again.folder, built["files"])
    for line in differing:
        print(line)
    print(f"{len(differing)} of {len(built['files']) + 1} files differ" if differing
          else f"all {len(built['files']) + 1} files are the same")  # fmt: skip
    return 1 if differing else 0


def different_files(built: Path, again: Path, names: Sequence[str]) -> list[str]:
    """Lines about files that are not the same in two folders of the same book."""
    lines = []
    for name in sorted({*names, *manifest.read(again).get("files", {}), "manifest.json"}):
        old, new = built / name, again / name
        if not old.is_file() or not new.is_file():
            lines.append(f"{name}: only {'made again' if new.is_file() else 'in the built book'}")
        elif old.read_bytes() != new.read_bytes():
            lines.append(f"{name}: differs")
    return lines


def train(settings: Settings, reporter: Reporter) -> int:
    """Train the chosen net if it is one that is trained here, and say where its weights are."""
    if settings.recipe is not None:
        return _train_by_recipe(settings, settings.recipe, reporter)
    function = target(settings.model)
    if "store" not in inspect.signature(function).parameters:
        raise InputError(f"model {settings.model.get('name')} is not trained here; its weights come ready made")
    lab = build_lab(settings, reporter)
    print(f"{lab.model.name}: {lab.model.weights}; in {settings.store.root}")
    return 0


def _train_by_recipe(settings: Settings, recipe: Mapping[str, Any], reporter: Reporter) -> int:
    from cnnviz_core.lab import chosen_device
    from cnnviz_core.models.recipe import Recipe
    from cnnviz_core.models.refnet_training import trained_refnet

    name, root = settings.model["name"], settings.build / "trained"
    with files.lock(settings.build / ".locks" / f"train-{name}", f"the net {root / name}"):
        folder, card = trained_refnet(
            Recipe(**recipe), name=name, root=root, store=settings.store, progress=reporter.track,
            device=chosen_device(settings.device),
        )  # fmt: skip
    test = card["test"]
    print(f"{name}: {test['accuracy']:.1%} of {test['images']} test images right, {test['adversarial accuracy']:.1%} "
          f"under attack; more in {folder / 'card.md'}")  # fmt: skip
    print(f"a book of it: cnnviz notes model={name} model.weights={folder / name}.safetensors")
    return 0


def bench(names: Sequence[str], reporter: Reporter) -> int:
    """Measure, print one table and write build/bench.json."""
    from cnnviz_core import bench as measured

    rows = measured.rows(names, reporter)
    files.write(Path("build") / "bench.json", manifest.encoded({"rows": rows}))
    print(measured.table(rows))
    return 0
