"""Tables of the book as pandoc Markdown: claims, figures, layers, and how the book was made."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from cnnviz_core.facts import Facts
from cnnviz_core.results import Made
from cnnviz_core.text import Markdown, cited, escaped, numbers


def table(header: Sequence[str], rows: Iterable[Sequence[object]], widths: Sequence[int]) -> Markdown:
    """A pipe table; `widths` are the columns' shares of the page."""
    lines = [
        "| " + " | ".join(map(escaped, header)) + " |",
        "|" + "|".join(":" + "-" * width for width in widths) + "|",
    ]
    lines += ["| " + " | ".join(map(escaped, row)) + " |" for row in rows]
    return Markdown("\n".join(lines))


def claims_table(made: Iterable[Made]) -> Markdown:
    """Every claim: where, what, the verdict, our numbers, the paper's."""
    rows = [
        (
            Markdown(f"@fig:{figure.name}"),
            Markdown(claim.text),
            Markdown(f"**{claim.verdict}**" if claim.kind == "tendency" else "identity"),
            numbers(claim.measured) if not claim.undecided else Markdown(f"{escaped(claim.undecided)}"),
            Markdown("; ".join(filter(None, [numbers(claim.reference), claim.source and cited(claim.source)]))),
        )
        for figure in made
        for claim in figure.claims
    ]
    return table(("Figure", "Claim", "Verdict", "Measured here", "In the paper"), rows, (12, 38, 14, 25, 19))


def figures_table(made: Iterable[Made], chapters: Mapping[str, str]) -> Markdown:
    """Every figure: its chapter, its code and its key, or why it was not made."""
    rows = [
        (
            Markdown(f"@fig:{figure.name}"),
            Markdown(f"`{chapters[figure.name]}`"),
            Markdown(f"`cnnviz_core/figures/{figure.name}.py`"),
            Markdown(f"`{figure.key[:12]}`") if figure.obstacle is None else f"not made: {figure.obstacle}",
        )
        for figure in made
    ]
    return table(("Figure", "Chapter", "Code", "Key"), rows, (14, 26, 40, 20))


def layer_table(facts: Facts) -> Markdown:
    """The layers of the model: name, where in the network, shape, receptive field."""
    rows = [
        (
            Markdown(f"`{name}`"),
            Markdown(f"`{layer['path'] or 'top level'}`"),
            " × ".join(map(str, layer["shape"])),
            _pixels(layer["receptive_field"]),
            "–" if layer["stride"] is None else _pixels(layer["stride"]),
        )
        for name, layer in facts["model"]["layers"].items()
    ]
    return table(("Layer", "Module", "Output", "Receptive field", "Stride"), rows, (16, 26, 18, 18, 10))


def _pixels(pair: Sequence[int] | None) -> str:
    if pair is None:
        return "whole image"
    return f"{pair[0]}" if pair[0] == pair[1] else f"{pair[0]} × {pair[1]}"


def provenance_table(facts: Facts, seed: int, device: str, versions: Mapping[str, str]) -> Markdown:
    """Model, data, seed, device and versions."""
    model, data = facts["model"], facts["dataset"]
    truth = ", ".join(data["has"]) or "none"
    rows: list[tuple[str, Any]] = [
        ("Model", f"{model['name']}, weights: {model['weights']}"),
        ("Fingerprint of the model", Markdown(f"`{model['fingerprint'][:20]}`")),
        ("Input", f"{model['size'][0]} × {model['size'][1]} pixels, {model['outputs']} outputs"),
        ("Codes", Markdown(f"`{model['codes_layer']}`")),
        ("Data set", f"{data['name']}: {data['images']} images, {data['classes']} classes"),
        ("Fingerprint of the data", Markdown(f"`{data['fingerprint'][:20]}`")),
        ("Ground truth besides labels", truth),
        ("Seed", seed),
        ("Device", device),
        *((f"{name} version", number) for name, number in versions.items()),
    ]
    return table(("What", "Value"), rows, (30, 60))
