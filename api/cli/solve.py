"""``stockpile solve``."""

from __future__ import annotations

import re
import signal
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from api.cli.output import Json, emit, say, show_faults
from api.cli.progress import Ticker, live
from api.cli.remote.where import Detach, Insecure, Key, Server, where

if TYPE_CHECKING:
    import pandas as pd

    from models.instance import Instance
    from models.options import Options
    from models.plan import Plan

NAME = "solve"
JOB = re.compile(r"[0-9a-f]{32}")
"""Id of a job at a server."""
"""Phases of a solve that HiGHS spends."""

Gap = Annotated[
    float | None,
    typer.Option(
        "--gap", help="Stop within this share of the optimum, e.g. --gap 0.001 for 0.1 %.", min=0.0, max=1.0
    ),
]
TimeLimit = Annotated[
    float | None,
    typer.Option(
        "--time-limit", help="Stop after this many seconds with the best plan found, e.g. --time-limit 600."
    ),
]
Threads = Annotated[
    int | None,
    typer.Option("--threads", help="Threads of the solver, e.g. --threads 4; 0 is all cores.", min=0),
]
Seed = Annotated[int | None, typer.Option("--seed", help="Random seed of the solver, e.g. --seed 7.", min=0)]
Method = Annotated[
    str | None,
    typer.Option(
        "--method",
        help="How to search: auto (by the size of the tree), extensive (the whole tree at once), highs (the "
        "same by HiGHS's own search) or decompose (the tree in pieces), e.g. --method decompose.",
    ),
]
Pool = Annotated[
    str,
    typer.Option(
        "--pool",
        help="Where decompose solves its small programmes: threads, processes, ray, ray:HOST:PORT or "
        "ray://HOST:PORT (actors of a Ray cluster), e.g. --pool processes.",
    ),
]
Tables = Annotated[
    str,
    typer.Option("--tables", help="What tables are written as, e.g. --tables csv,parquet or --tables none."),
]


def command(
    path: Annotated[Path, typer.Argument(help="Folder of CSV tables, or a .yaml, .json or .xlsx file.")],
    *,
    out: Annotated[
        Path | None,
        typer.Option("--out", help="Folder for plan.json, summary and tables, e.g. --out out/base."),
    ] = None,
    gap: Gap = None,
    time_limit: TimeLimit = None,
    threads: Threads = None,
    seed: Seed = None,
    method: Method = None,
    pool: Pool = "auto",
    warm: Annotated[
        str | None,
        typer.Option(
            "--warm",
            help="Start from an earlier plan: its folder or plan.json, e.g. --warm out/base; with --server"
            " also the id of a job there.",
        ),
    ] = None,
    tables: Tables = "csv,parquet,xlsx",
    marginals: Annotated[
        bool,
        typer.Option("--marginals/--no-marginals", help="What one more dollar, tonne or day would save."),
    ] = True,
    profile: Annotated[bool, typer.Option("--profile", help="Print seconds by phase.")] = False,
    as_json: Json = False,
    server: Server = None,
    key: Key = None,
    insecure: Insecure = False,
    detach: Detach = False,
) -> int:
    """Find the best plan for an instance, audit it, write it and print its summary.

    Ctrl-C once stops the search and keeps the best plan found; twice aborts.

    With --server a server does the work; the first Ctrl-C stops it there, the second leaves it running.

    With --json the plan is printed, with --out without its operations and tree, which are in plan.json.

    Example: stockpile solve instances/us-vault-2026 --out out/base --gap 0.005 --time-limit 600
    """
    chosen = options(
        gap=gap, time_limit=time_limit, threads=threads, seed=seed, method=method, marginals=marginals
    )
    formats = table_formats(tables)
    there = where(server, key, insecure, detach)
    if there is not None and pool != "auto":
        raise typer.BadParameter("--pool: a server decides itself where it solves.")
    if pool != "auto":
        from optimizer.decompose.pools import check

        check(pool)
    begun = time.perf_counter()
    with live("reading the instance"):
        from models import files
        from optimizer.results import read_plan, write_results

        job = warm if there is not None and warm is not None and JOB.fullmatch(warm) else None
        earlier = read_plan(warm) if warm is not None and job is None else None
        instance = files.read(path)
        read = time.perf_counter() - begun
    if sys.stderr.isatty() and (warnings := instance.warnings()):
        show_faults(warnings, "warning")
    if there is not None:
        from api.cli.remote.solve import solve

        return solve(
            there,
            instance,
            chosen,
            warm=job or earlier,
            out=out,
            formats=formats,
            read=read if profile else None,
            as_json=as_json,
        )
    with live("loading the solver") as line:
        plan = search(instance, chosen, earlier, Ticker(line) if line.shown else None, pool)
        begun = time.perf_counter()
        line("writing")
        written = write_results(instance, plan, out, formats) if out is not None else None
        seconds = {"read": read, **plan.effort.seconds, "write": time.perf_counter() - begun}
    return show(instance, plan, out, written, seconds if profile else None, as_json=as_json)


def show(
    instance: Instance,
    plan: Plan,
    out: Path | None,
    written: dict[str, pd.DataFrame] | None,
    seconds: dict[str, float] | None,
    *,
    as_json: bool,
) -> int:
    """Print a plan that is in ``out`` (its tables in ``written``, if they are there already) and return the
    exit code; ``seconds`` by phase as well, if there are any."""
    from optimizer.exits import exit_code
    from optimizer.summary import summary

    if as_json:
        emit(document(plan, out, seconds))
        return exit_code(plan)
    say(summary(instance, plan, written))
    if out is not None:
        say(f"\nWritten to {out}")
    if seconds is not None:
        say("\n" + in_words(plan, seconds))
    return exit_code(plan)


def options(**given: Any) -> Options:
    """Options of a solve; what was not given keeps its default. Raises BadParameter."""
    from pydantic import ValidationError

    from models.options import Options

    names = {"gap": "relative_gap"}
    try:
        return Options(**{names.get(name, name): value for name, value in given.items() if value is not None})
    except ValidationError as error:
        first = error.errors()[0]
        raise typer.BadParameter(f"{first['loc'][0]}: {first['msg']}.") from error


def table_formats(text: str) -> tuple[str, ...]:
    """``csv,parquet`` as a tuple; ``none`` is none. Raises UnknownFormat."""
    from optimizer.results import check_formats

    return check_formats(word.strip() for word in text.split(",") if word.strip() not in ("", "none"))


def search(
    instance: Instance, chosen: Options, earlier: Plan | None, ticker: Ticker | None, pool: str = "auto"
) -> Plan:
    """Solve; the first Ctrl-C (or SIGTERM) keeps the incumbent, the second ends the process."""
    from optimizer.interrupt import stoppable
    from optimizer.solve import solve

    def note(text: str) -> None:
        print(text, file=sys.stderr, flush=True)

    return stoppable(
        lambda stop: solve(instance, chosen, progress=ticker, stop=stop, warm=earlier, pool=pool),
        signal.SIGINT,
        signal.SIGTERM,
        on_stop=lambda: note("stockpile: stopping with the best plan found; Ctrl-C again aborts."),
        on_abort=lambda: note("stockpile: aborted."),
    )


def document(plan: Plan, out: Path | None, seconds: dict[str, float] | None) -> dict[str, Any]:
    """What --json prints: the plan; with a folder, without what is long and in the folder anyway."""
    whole = plan.model_dump(mode="json", exclude={"operations", "tree"} if out is not None else None)
    whole |= {"folder": str(out)} if out is not None else {}
    return whole | (
        {"profile": {"seconds": seconds, "share_outside_highs": outside(plan, seconds)}} if seconds else {}
    )


def outside(plan: Plan, seconds: dict[str, float]) -> float:
    """The share of the time that was not spent in HiGHS."""
    total = sum(seconds.values())
    return 1 - plan.effort.highs_seconds / total if total else 0.0


def in_words(plan: Plan, seconds: dict[str, float]) -> str:
    """Seconds by phase as text."""
    from optimizer.summary.words import columns, percent

    total = sum(seconds.values())
    rows = [[phase, f"{value:.2f} s", percent(value / total)] for phase, value in seconds.items()]
    rows += [
        ["in all", f"{total:.2f} s", ""],
        ["outside HiGHS", f"{total * outside(plan, seconds):.2f} s", percent(outside(plan, seconds))],
    ]
    return "\n".join(["Profile", "-------", *columns(rows, "lrr")]) + "\n"
