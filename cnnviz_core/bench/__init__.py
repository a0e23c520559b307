"""Measured ratios: our methods beside those of a peer, on the same inputs and in the same process, outputs compared.

The peers are development dependencies and are imported only here.
"""

from collections.abc import Callable, Mapping, Sequence
from importlib.util import find_spec

from cnnviz_core.bench.attacks import many_steps, one_step
from cnnviz_core.bench.inversions import inversion
from cnnviz_core.bench.measure import Row
from cnnviz_core.bench.occlusion_maps import occlusion
from cnnviz_core.bench.relu_rules import backward
from cnnviz_core.bench.sweeps import sweep
from cnnviz_core.errors import InputError, nearest
from cnnviz_core.methods.relu_rules import RULES
from cnnviz_core.progress import Reporter

BENCHMARKS: Mapping[str, Callable[[str], Row]] = {
    "occlusion": occlusion,
    "saliency": lambda name: backward(name, ["gradient"], "saliency"),
    "deconvnet": lambda name: backward(name, ["deconvnet"], "deconvnet"),
    "guided": lambda name: backward(name, ["guided"], "guided"),
    "rules": lambda name: backward(name, RULES, "three rules"),
    "fooling": one_step,
    "attacks": many_steps,
    "inversion": inversion,
    "sweep": sweep,
}
NETWORKS = ("alexnet", "squeezenet1_0")
PEERS = {"occlusion": "captum", "saliency": "captum", "deconvnet": "captum", "guided": "captum", "rules": "captum",
         "fooling": "foolbox", "attacks": "foolbox"}  # fmt: skip


def rows(names: Sequence[str], reporter: Reporter) -> list[Row]:
    """The rows of the benchmarks of these names, or of all. Raises InputError for an unknown name."""
    for name in names:
        if name not in BENCHMARKS:
            raise InputError(
                f"no benchmark is called {name!r}{nearest(name, BENCHMARKS)} There are: {', '.join(BENCHMARKS)}"
            )
    for name in names or BENCHMARKS:
        if name in PEERS and find_spec(PEERS[name]) is None:
            raise InputError(
                f"cnnviz bench compares with {PEERS[name]}, which is not installed: pip install 'cnnviz[dev]'"
            )
    found = []
    for name in names or BENCHMARKS:
        for network_name in NETWORKS:
            reporter.say(f"measuring {name} on {network_name}")
            found.append(BENCHMARKS[name](network_name))
    return found


def table(rows: Sequence[Row]) -> str:
    """The rows as aligned text: seconds, how many times faster than the peer, and the share of the bound."""
    lines = [f"{'':36}{'ours':>9}{'theirs':>9}{'ratio':>7}{'of bound':>10}  peer"]
    for row in rows:
        times = f"{row['ours']:8.3f}s{row['theirs']:8.3f}s{row['ratio']:7.2f}{row['of_bound']:10.0%}"
        lines.append(f"{row['name']:36}{times}  {row['peer']}")
    return "\n".join(lines)
