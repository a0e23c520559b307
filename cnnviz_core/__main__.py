"""The command `cnnviz`: build, look into and check books of lecture notes."""

import argparse
import errno
import sys
import traceback
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from typing import Any

from cnnviz_core.errors import BuildError, InputError
from cnnviz_core.machine import settle
from cnnviz_core.progress import Reporter

DONE, FAILED, WRONG_INPUT, INTERRUPTED = 0, 1, 2, 130
LISTS = ("models", "datasets", "figures", "chapters", "layers")


def parser() -> argparse.ArgumentParser:
    """What can be typed."""
    top = argparse.ArgumentParser(prog="cnnviz", description="Lecture notes on ConvNets, made from a model and images.")
    commands = top.add_subparsers(dest="command", required=True, metavar="COMMAND")

    def command(name: str, text: str, first: str = "", **options: Any) -> None:
        sub = commands.add_parser(name, help=text, description=text)
        sub.add_argument("--debug", action="store_true", help="show where in the code an error arose")
        if first:
            sub.add_argument(first, **options)
        sub.add_argument("overrides", nargs="*", metavar="NAME=VALUE", help="settings, such as model=alexnet seed=1")

    command("notes", "build a book: every figure, HTML, PDF, executed notebooks, manifest")
    command("figure", "make one figure: write the picture, print its stats and claims", "name")
    command(
        "list", "say what there is of models, datasets, figures, chapters, or a model's layers", "what", choices=LISTS
    )
    command("check", "say whether model, weights, classes and images fit together, and which figures will be made")
    command("why", "say what would be made again, and which input changed")
    command("verify", "make everything again without the store and compare with the built book")
    command("train", "train one of the nets that are trained here", "model")
    commands.add_parser("bench", help="measure speed against other libraries").add_argument("names", nargs="*")
    return top


def run(arguments: argparse.Namespace, reporter: Reporter) -> int:
    """Carry out a command; gives the exit status."""
    from cnnviz_core import commands

    if arguments.command == "bench":
        return commands.bench(arguments.names, reporter)
    overrides = list(arguments.overrides)
    if arguments.command == "train":
        overrides = ["device=auto", f"model={arguments.model}", *overrides]
    from cnnviz_core.configure import settings

    if arguments.command == "list" and arguments.what != "layers":
        return commands.list_choices(arguments.what)
    chosen = settings(overrides)
    actions: dict[str, Callable[[], int]] = {
        "notes": lambda: commands.notes(chosen, reporter),
        "figure": lambda: commands.figure(chosen, arguments.name, reporter),
        "list": lambda: commands.list_layers(chosen, reporter),
        "check": lambda: commands.check(chosen, reporter),
        "why": lambda: commands.why(chosen, reporter),
        "verify": lambda: commands.verify(chosen, reporter),
        "train": lambda: commands.train(chosen, reporter),
    }
    return actions[arguments.command]()


def main(argv: Sequence[str] | None = None) -> int:
    """Entry point. Exit status 0: done; 1: the build failed; 2: the input is wrong; 130: interrupted."""
    settle()
    arguments = parser().parse_args(argv)
    debug = getattr(arguments, "debug", False)
    reporter: AbstractContextManager[Reporter] = Reporter()
    try:
        with reporter as active:
            return run(arguments, active)
    except KeyboardInterrupt:
        return _end("interrupted; what was finished is kept, and the same command goes on from there", INTERRUPTED)
    except InputError as error:
        return _end(str(error), WRONG_INPUT, debug=debug)
    except BuildError as error:
        return _end(f"the build failed: {error}", FAILED, debug=debug)
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
            return _end(f"no space left to write {error.filename or 'a file'}: {error.strerror}; what was finished is "
                        "kept, and the same command goes on from there", FAILED, debug=debug)  # fmt: skip
        if error.errno in (errno.EACCES, errno.EPERM, errno.EROFS, errno.ENOTDIR, errno.EEXIST):
            return _end(f"cannot write {error.filename}: {error.strerror}; choose another folder with build=DIR",
                        WRONG_INPUT, debug=debug)  # fmt: skip
        raise


def _end(text: str, status: int, *, debug: bool = False) -> int:
    if debug:
        traceback.print_exc()
    print(f"cnnviz: {text}", file=sys.stderr)
    return status


if __name__ == "__main__":
    sys.exit(main())
