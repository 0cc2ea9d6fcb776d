"""``stockpile compare``."""

from __future__ import annotations

import math
import signal
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from api.cli.output import Json, emit, records, say, show_faults
from api.cli.progress import elapsed, live, solve_line
from api.cli.remote.where import Detach, Insecure, Key, Server, where
from api.cli.solve import Gap, Seed, Threads, options

if TYPE_CHECKING:
    from models.alternatives import Alternative
    from models.instance import Instance
    from optimizer.compare import Comparison, Progress

NAME = "compare"


def command(
    path: Annotated[Path, typer.Argument(help="Folder of CSV tables, or a .yaml, .json or .xlsx file.")],
    *,
    budgets: Annotated[
        str | None,
        typer.Option(
            "--budgets",
            help="Envelopes in USD: first:last:how many, e.g. --budgets 4e9:20e9:9, or a list: 4e9,8e9,12e9.",
        ),
    ] = None,
    alternatives: Annotated[
        Path | None,
        typer.Option(
            "--alternatives",
            help="YAML file of named changes to the instance, e.g. --alternatives splits.yaml.",
        ),
    ] = None,
    baseline: Annotated[
        str | None,
        typer.Option(
            "--baseline",
            help="The alternative that differences are taken to, e.g. --baseline '12 bn'; the first.",
        ),
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option(
            "--out", help="Folder for tables and plans, e.g. --out out/budgets; also goes on there."
        ),
    ] = None,
    gap: Gap = None,
    time_limit: Annotated[
        float | None,
        typer.Option("--time-limit", help="Seconds for each alternative at most, e.g. --time-limit 600."),
    ] = None,
    threads: Threads = None,
    seed: Seed = None,
    processes: Annotated[
        int | None,
        typer.Option(
            "--processes", help="Alternatives solved side by side at most, e.g. --processes 4.", min=1
        ),
    ] = None,
    regret: Annotated[
        bool,
        typer.Option("--regret/--no-regret", help="What each plan is worth under the rules of the others."),
    ] = True,
    as_json: Json = False,
    server: Server = None,
    key: Key = None,
    insecure: Insecure = False,
    detach: Detach = False,
) -> int:
    """Solve an instance under several budgets or other alternatives and lay the plans side by side.

    What one solve finds serves the others. Ctrl-C once keeps what is done and, with --out, the same command
    goes on from there; twice aborts. With --server a server does the work: once stops it there, twice leaves
    it running.

    The exit code is 0 if all have a plan, otherwise the code all others share, or 1.

    Example: stockpile compare instances/us-vault-2026 --budgets 4e9:20e9:9 --gap 0.005 --out out/budgets
    """
    if budgets is None and alternatives is None:
        raise typer.BadParameter("give --budgets, --alternatives, or both.")
    values = envelopes(budgets) if budgets is not None else []
    chosen = options(gap=gap, time_limit=time_limit, threads=threads, seed=seed)
    there = where(server, key, insecure, detach)
    with live("reading the instance"):
        from models import files

        instance = files.read(path)
        rows, base = gather(instance, values, alternatives)
    if sys.stderr.isatty() and (warnings := instance.warnings()):
        show_faults(warnings, "warning")
    if there is not None:
        from api.cli.remote.compare import Asked, compare_there

        asked = Asked(tuple(values), alternatives, baseline or base, regret, chosen, processes)
        return compare_there(there, instance, asked, len(rows), out=out, as_json=as_json)
    with live("loading the solver") as line:
        from optimizer.compare import compare
        from optimizer.interrupt import stoppable

        def tell(progress: Progress) -> None:
            line(compare_line(progress))

        comparison = stoppable(
            lambda stop: compare(
                instance,
                rows,
                chosen,
                baseline=baseline or base,
                regret=regret,
                folder=out,
                processes=processes,
                progress=tell if line.shown else None,
                stop=stop,
            ),
            signal.SIGINT,
            signal.SIGTERM,
            on_stop=lambda: note("stopping with what is done; Ctrl-C again aborts."),
            on_abort=lambda: note("aborted."),
        )
    return show(comparison, len(rows), out, as_json=as_json)


def show(comparison: Comparison, total: int, out: Path | None, *, as_json: bool, goes_on: bool = True) -> int:
    """Print what came of so many alternatives, and return the exit code.

    ``goes_on``: whether the same command would take what is in the folder and solve the rest.
    """
    code = exit_code(comparison, total)
    if as_json:
        emit(document(comparison, out, code))
        return code
    from optimizer.compare.words import summary

    say(summary(comparison))
    if comparison.missing:
        done = total - len(comparison.missing)
        kept = f"kept in {out}" if out else "not kept: give --out for that"
        kept += "; the same command goes on from there" if out and goes_on else ""
        note(f"{done} of {total} alternatives done, {kept}.")
    elif out is not None:
        say(f"\nWritten to {out}")
    return code


def note(text: str) -> None:
    """A line on stderr."""
    print(f"stockpile: {text}", file=sys.stderr, flush=True)


def envelopes(text: str) -> list[float]:
    """``a:b:n`` (n values from a to b, both included) or a comma list. Raises BadParameter."""
    wanted = "envelopes in USD as first:last:how many (4e9:20e9:9) or a list (4e9,8e9), not"
    parts = text.split(":")
    try:
        if len(parts) == 1:
            values = [float(word) for word in text.split(",")]
        else:
            first, last, number = float(parts[0]), float(parts[1]), int(parts[2])
            if len(parts) != 3 or not 1 <= number <= 1000 or (number == 1 and first != last):
                raise ValueError
            step = (last - first) / max(1, number - 1)
            values = [first + i * step for i in range(number - 1)] + [last]
    except (ValueError, IndexError) as error:
        raise typer.BadParameter(f"--budgets takes {wanted} {text!r}.") from error
    if not all(math.isfinite(value) and value >= 0 for value in values):
        raise typer.BadParameter(f"--budgets takes {wanted} {text!r}: no negative number, nothing endless.")
    return values


def gather(
    instance: Instance, values: list[float], path: Path | None
) -> tuple[tuple[Alternative, ...], str | None]:
    """All alternatives, those of the file first, and the baseline that the file names."""
    from models.alternatives import budgets, read_alternatives

    rows: tuple[Alternative, ...] = ()
    base = None
    if path is not None:
        read = read_alternatives(path, instance)
        rows, base = read.rows, read.baseline
    return rows + (budgets(instance, values) if values else ()), base


def exit_code(comparison: Comparison, total: int) -> int:
    """0 if every alternative has a plan; else the code that all others share, or 1."""
    from optimizer.exits import FAILED, STOPPED
    from optimizer.exits import exit_code as of_plan

    codes = {of_plan(plan) for plan in comparison.plans.values()}
    codes |= {STOPPED} if len(comparison.plans) < total else set()
    codes -= {0}
    return codes.pop() if len(codes) == 1 else FAILED if codes else 0


def document(comparison: Comparison, out: Path | None, code: int) -> dict[str, Any]:
    """What --json prints."""
    return {
        "instance": {"name": comparison.name, "fingerprint": comparison.fingerprint},
        "baseline": comparison.baseline,
        "missing": list(comparison.missing),
        "options": comparison.options.model_dump(mode="json"),
        "tables": {name: records(table) for name, table in comparison.tables.items()},
        "exit_code": code,
    } | ({"folder": str(out)} if out is not None else {})


def compare_line(progress: Progress) -> str:
    """How many are done, and where each running one stands."""
    parts = [f"{len(progress.done):,} of {progress.total:,} done"]
    if progress.judging:
        parts.append("judging plans under each other's rules")
    for name, stands, seconds in progress.running[:4]:
        where = solve_line(stands, seconds) if stands is not None else f"starting · {elapsed(seconds)}"
        parts.append(f"{name}: {where}")
    return " | ".join(parts)
