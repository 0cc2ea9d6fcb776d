"""The commands, put together, and what becomes of every error."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import Annotated, NoReturn

import typer

from api.cli import (
    batch,
    compare,
    convert,
    errors,
    evaluate,
    explain,
    export,
    jobs,
    keys,
    prune,
    report,
    sample,
    schema,
    serve,
    show,
    solve,
    validate,
    worker,
)

EPILOG = (
    "Exit codes: 0 there is a plan, 2 the instance has faults, 3 infeasible or unbounded,"
    " 4 stopped without a plan, 1 anything else."
    " Output is plain when piped; --json prints one JSON document."
)

_INTERRUPTED = 130
"""What Typer makes of Ctrl-C that no command has handled."""

app = typer.Typer(
    name="stockpile",
    help="Which purchase agreements to sign, which projects to co-fund and how much of each critical mineral"
    " to hold, so that export bans hurt least.",
    epilog=EPILOG,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
for command in (
    validate,
    solve,
    show,
    explain,
    batch,
    compare,
    evaluate,
    convert,
    sample,
    export,
    schema,
    report,
    serve,
    worker,
    prune,
):
    app.command(command.NAME)(command.command)
app.add_typer(jobs.app)
app.add_typer(keys.app)


def _version(wanted: bool) -> None:
    if wanted:
        from importlib.metadata import version

        print(f"stockpile {version('stockpile')}")
        raise typer.Exit


@app.callback()
def root(
    _: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version and leave.")
    ] = False,
) -> None:
    """Options before the command."""


root.__doc__ = app.info.help


def run(arguments: Sequence[str] | None = None) -> int:
    """Run one command line and return its exit code; nothing is raised."""
    words = list(sys.argv[1:] if arguments is None else arguments)
    try:
        try:
            code = app(words, standalone_mode=False, prog_name="stockpile")
            if code == _INTERRUPTED:
                raise KeyboardInterrupt
        except BaseException as error:  # the last place that can say what happened
            code = errors.report(error, as_json="--json" in words)
        sys.stdout.flush()
    except BrokenPipeError:
        return errors.reader_gone()
    return code if isinstance(code, int) else 0


def main() -> NoReturn:
    """Entry point of the command ``stockpile``."""
    sys.exit(run())
