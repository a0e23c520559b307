"""The text of chapters: Jinja templates that name their figures, rendered to pandoc Markdown."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from jinja2 import Environment, StrictUndefined, TemplateError, nodes

from cnnviz_core.claim import Claim
from cnnviz_core.errors import BuildError, InputError, nearest
from cnnviz_core.results import Made


class Markdown(str):
    """Text that is Markdown already. Whatever else a template prints is escaped."""

    __slots__ = ()


def escaped(value: object) -> Markdown:
    """A value as Markdown that shows it literally, whatever signs are in it."""
    if isinstance(value, Markdown):
        return value
    if isinstance(value, float):
        value = format(value, ".3g")
    if value is None:
        return Markdown("none")
    words = " ".join(str(value).split())
    if re.fullmatch(r"-?\d+(\.\d+)?(e[+-]\d+)?", words):
        return Markdown(words)
    return Markdown(re.sub(r"([!-/:-@\[-`{-~])", r"\\\1", words))


def literal(value: object) -> Markdown:
    """A value as Python source, for code cells."""
    return Markdown(repr(value))


@dataclass(frozen=True)
class Source:
    """The template of a chapter."""

    path: Path

    @property
    def name(self) -> str:
        return self.path.name.removesuffix(".md.j2")

    @property
    def template(self) -> str:
        return self.path.read_text(encoding="utf-8")

    @property
    def figures(self) -> list[str]:
        """The figures that it shows, in order, read from its syntax tree."""
        try:
            tree = _environment().parse(self.template)
        except TemplateError as error:
            raise BuildError(f"chapter {self.name}: {error}") from error
        calls = [call for call in tree.find_all(nodes.Call) if isinstance(call.node, nodes.Name)]
        names = [call.args[0] for call in calls if call.node.name == "figure" and call.args]  # type: ignore[attr-defined]
        return list(dict.fromkeys(name.value for name in names if isinstance(name, nodes.Const)))


def sources(folder: Path, chosen: Sequence[str] | None) -> list[Source]:
    """The chapters of a folder in order, or the chosen ones of them. Raises BuildError on a name that is not there."""
    found = {source.name: source for source in map(Source, sorted(folder.glob("*.md.j2")))}
    for name in chosen or ():
        if name not in found:
            raise InputError(f"chapters: there is no chapter {name!r}{nearest(name, found)} "
                             f"There are: {', '.join(found)}")  # fmt: skip
    return [source for name, source in found.items() if chosen is None or name in chosen]


def _environment() -> Environment:
    return Environment(
        comment_start_string="{##",  # since {#name} is an id in Markdown
        comment_end_string="##}",
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        finalize=escaped,
    )


@dataclass(frozen=True)
class Teller:
    """What a template can call: numbers, claims and figures of one book."""

    chapter: str
    made: Mapping[str, Made]

    def names(self) -> dict[str, Callable[..., Any]]:
        return {
            "figure": self.figure, "stat": self.stat, "setting": self.setting, "claim": self.claim,
            "made": self.is_made, "code": literal,
        }  # fmt: skip

    def is_made(self, *names: str) -> bool:
        """Whether all these figures could be made."""
        return all(self._figure(name).obstacle is None for name in names)

    def figure(self, name: str, caller: Callable[[], str]) -> Markdown:
        """The numbered picture with its caption, or the reason why there is none."""
        made = self._figure(name)
        if made.obstacle is not None:
            return Markdown(f"\n::: {{.unmade #fig:{name}}}\nNot made for this model and data: "
                            f"{escaped(made.obstacle)}\n:::\n")  # fmt: skip
        caption = " ".join(caller().split())
        alt = made.alt.replace("&", "&amp;").replace("\\", "\\\\").replace('"', '\\"').replace("\n", " ")
        explored = f' explorer="{name}"' if made.explorer else ""
        return Markdown(f'\n![{caption}](figures/{name}.png){{#fig:{name} alt="{alt}"{explored}}}\n')

    def stat(self, path: str, spec: str | None = None) -> Any:
        """A number or name that a figure computed: `figure.stat`, deeper with more points."""
        name, *keys = path.split(".")
        value: Any = self._applicable(name, f"stat {path!r}").stats
        for key in keys:
            try:
                value = value[int(key) if isinstance(value, (list, tuple)) else key]
            except (KeyError, IndexError, TypeError, ValueError):
                known = list(value) if isinstance(value, Mapping) else []
                raise self._wrong(f"stat {path!r} is unknown: {name} has no {key!r}{nearest(key, known)}") from None
        return value if spec is None else Markdown(format(value, spec))

    def setting(self, path: str, spec: str | None = None) -> Any:
        """A setting of a figure: `figure.setting`."""
        name, _, key = path.partition(".")
        settings = self._figure(name).settings
        if key not in settings:
            raise self._wrong(f"setting {path!r} is unknown{nearest(key, settings)}")
        return settings[key] if spec is None else Markdown(format(settings[key], spec))

    def claim(self, path: str) -> Markdown:
        """A box with a claim, its verdict, its numbers and those of the paper."""
        claims = {claim.name: claim for claim in self._applicable(path.partition(".")[0], f"claim {path!r}").claims}
        if path not in claims:
            raise self._wrong(f"claim {path!r} is unknown{nearest(path, claims)}")
        return claim_box(claims[path])

    def _figure(self, name: str) -> Made:
        if name not in self.made:
            raise self._wrong(f"figure {name!r} is unknown{nearest(name, self.made)}")
        return self.made[name]

    def _applicable(self, name: str, what: str) -> Made:
        made = self._figure(name)
        if made.obstacle is not None:
            raise self._wrong(f"{what}: the figure was not made ({made.obstacle}); ask made({name!r}) first")
        return made

    def _wrong(self, text: str) -> BuildError:
        return BuildError(f"chapter {self.chapter}: {text}")


def numbers(values: Mapping[str, float]) -> Markdown:
    """`name 0.12, other name 3` for people."""
    return Markdown(", ".join(f"{escaped(key.replace('_', ' '))} {escaped(value)}" for key, value in values.items()))


def cited(source: str) -> Markdown:
    """`zeiler2014 sec. 4.2` as a citation."""
    key, _, place = source.partition(" ")
    return Markdown(f"[@{key}, {escaped(place)}]" if place else f"[@{key}]")


def claim_box(claim: Claim) -> Markdown:
    """A claim with its verdict and numbers as a box of Markdown."""
    kind = {True: "holds", False: "fails", None: "undecided"}[claim.holds]
    lines = [f"**{claim.kind.capitalize()}: {claim.verdict}.** {claim.text}"]
    if claim.undecided:
        lines.append(f"Undecided because {escaped(claim.undecided)}.")
    if claim.measured:
        lines.append(f"Measured here: {numbers(claim.measured)}.")
    if claim.reference:
        lines.append(f"In the paper: {numbers(claim.reference)}.")
    if claim.source:
        lines.append(f"Source: {cited(claim.source)}.")
    return Markdown(f"\n::: {{.claim .{kind}}}\n" + "\n\n".join(lines) + "\n:::\n")


def rendered(source: Source, made: Mapping[str, Made], book: Mapping[str, Any]) -> str:
    """A chapter as pandoc Markdown. Raises BuildError that names the chapter and what is wrong in it."""
    names = {**Teller(source.name, made).names(), **book}
    try:
        return _environment().from_string(source.template).render(names)
    except TemplateError as error:
        raise BuildError(f"chapter {source.name}: {error}") from error


def title(markdown: str, chapter: str) -> str:
    """The words of the first heading."""
    match = re.search(r"^# +(.+?)(?: *\{[^}]*\})? *$", markdown, flags=re.MULTILINE)
    if match is None:
        raise BuildError(f"chapter {chapter}: it has no first heading `# Title`")
    return match.group(1)


def imported(markdown: str) -> list[str]:
    """Our modules that the code cells of a chapter import."""
    return sorted(set(re.findall(r"^from (cnnviz_core[\w.]*) import", markdown, flags=re.MULTILINE)))


def counts(claims: Sequence[Claim]) -> dict[str, int]:
    """How many claims there are of each kind and verdict."""
    tendencies = [claim.holds for claim in claims if claim.kind == "tendency"]
    return {
        "claims": len(claims), "identities": len(claims) - len(tendencies), "tendencies": len(tendencies),
        "holds": tendencies.count(True), "fails": tendencies.count(False), "undecided": tendencies.count(None),
    }  # fmt: skip
