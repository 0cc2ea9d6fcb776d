"""``stockpile sample``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from api.cli.output import Json, emit, say
from api.cli.progress import live
from api.cli.remote.where import Detach, Insecure, Key, Server, where

if TYPE_CHECKING:
    from models.instance import Instance

NAME = "sample"


def command(
    path: Annotated[
        Path, typer.Argument(help="Instance with hazards: folder of CSV tables, .yaml, .json or .xlsx.")
    ],
    *,
    n: Annotated[int, typer.Option("--n", help="Paths to simulate, e.g. --n 1000.", min=1)] = 1000,
    seed: Annotated[int, typer.Option("--seed", help="Seed of the draws, e.g. --seed 7.", min=0)] = 0,
    branching: Annotated[
        str | None,
        typer.Option(
            "--branching",
            help="Ways to go on after the first change, the second ..., e.g. --branching 6,3,2:"
            " paths then share their beginnings in bunches of 36.",
        ),
    ] = None,
    rate: Annotated[
        str | None,
        typer.Option(
            "--rate", help="Other rates of hazards: a row of hazard_rates or a factor, e.g. --rate high."
        ),
    ] = None,
    reduce: Annotated[
        int | None,
        typer.Option(
            "--reduce", help="Keep so many that keep the distribution of loss best, e.g. --reduce 30.", min=1
        ),
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option(
            "--out",
            help="Folder or file for the instance with these scenarios in place of its own,"
            " e.g. --out sampled.json.",
        ),
    ] = None,
    only_scenarios: Annotated[
        bool,
        typer.Option(
            "--only-scenarios", help="Write only the scenario tables, as CSV into the folder --out."
        ),
    ] = False,
    as_json: Json = False,
    server: Server = None,
    key: Key = None,
    insecure: Insecure = False,
    detach: Detach = False,
) -> int:
    """Sample scenarios from the hazards of an instance.

    Without --out nothing is written. One seed gives the same scenarios every time; path 17 is the same in a
    sample of 100 and of 1000. With --server a server does the work.

    Example: stockpile sample instances/us-vault-2026 --n 1000 --seed 7 --branching 6,3,2 --out sampled
    """
    ways = _ways(branching)
    if only_scenarios and (out is None or out.suffix):
        raise typer.BadParameter("--only-scenarios: name a folder with --out.")
    if out is not None and out.resolve() == path.resolve():
        raise typer.BadParameter(f"--out: {out} is the instance itself, whose scenarios would be lost.")
    there = where(server, key, insecure, detach)
    with live("reading the instance"):
        from models import files

        instance = files.read(path)
    if there is not None:
        from api.cli.remote.sample import sample_there

        asked = {"n": n, "seed": seed, "branching": ways or (), "rate": rate, "reduce": reduce}
        return sample_there(there, instance, asked, out=out, only_scenarios=only_scenarios, as_json=as_json)
    with live("sampling"):
        from optimizer.scenarios.study import study

        found = study(instance, n, seed, branching=ways, rate=rate, reduce_to=reduce)
    told = found.document() | {"seed": seed, "branching": list(ways or ()), "rate": rate}
    return show(told, found.instance, out, only_scenarios=only_scenarios, as_json=as_json)


def show(
    told: dict[str, Any], instance: Instance, out: Path | None, *, only_scenarios: bool, as_json: bool
) -> int:
    """Write the instance that was sampled, print what is told of it, and return the exit code."""
    if out is not None:
        with live("writing"):
            if only_scenarios:
                _write_scenarios(instance, out)
            else:
                _write(instance, out)
    if as_json:
        emit(told | {"written": str(out) if out is not None else None})
    else:
        say(in_words(told))
        if out is not None:
            say(f"\nWritten to {out}")
    return 0


def _ways(text: str | None) -> tuple[int, ...] | None:
    """``6,3,2`` as numbers."""
    if text is None:
        return None
    words = [word.strip() for word in text.split(",")]
    if not all(word.isascii() and word.isdigit() and 1 <= int(word) <= 1000 for word in words):
        raise typer.BadParameter(f"--branching: whole numbers from 1 to 1000, such as 6,3,2; got {text!r}.")
    return tuple(map(int, words))


def _write(instance: Instance, out: Path) -> None:
    """Write an instance that can be read again. Raises TooLarge where it could not."""
    from models import files
    from models.faults import TooLarge
    from models.files import limits
    from models.tables import grids

    cells = max(len(grid.rows) * len(grid.columns) for grid in grids(instance))
    if cells > limits.VALUES:
        raise TooLarge(f"{cells:,} cells in one table, at most {limits.VALUES:,}: sample fewer, or --reduce.")
    files.write(instance, out)
    if out.is_file():  # workbooks and YAML have limits of their own
        try:
            files.read(out)
        except TooLarge as error:
            out.unlink()
            raise TooLarge(f"{error.detail} Write a folder instead, sample fewer, or --reduce.") from error


def _write_scenarios(instance: Instance, folder: Path) -> None:
    """The tables scenarios, scenarios.events and scenarios.events.effects."""
    from models.files import csv_format
    from models.files.atomic import write_file
    from models.tables import grids

    for grid in grids(instance):
        if grid.name.partition(".")[0] == "scenarios":
            write_file(folder / f"{grid.name}.csv", csv_format.write_grid(grid))


def in_words(told: dict[str, Any]) -> str:
    """The figures of :meth:`optimizer.scenarios.study.Study.document` as text."""
    from optimizer.summary.words import columns, count, figures, percent, usd

    scenarios = told["scenarios"]
    lines = [
        told["instance"],
        "-" * len(told["instance"]),
        *columns(
            [
                ["paths simulated", f"{told['paths']:,}"],
                ["distinct paths", f"{told['distinct']:,}"],
                ["scenarios", f"{scenarios:,}"],
                ["nodes of their tree", f"{told['nodes']:,}"],
                ["announcements per path", figures(told["starts_per_path"])],
                ["undisturbed to the end", percent(told["undisturbed"])],
                ["known for certain", f"{percent(told['known_for_certain'])} of what is to come"],
            ],
            "ll",
        ),
    ]
    hazards = [
        [str(name), f"{starts:.3f}", f"{periods:.2f}"]
        for name, starts, periods in (row.values() for row in told["announcements"])
    ]
    lines += ["", "Hazards, per path", "-----------------"]
    lines += columns(hazards, "lrr", head=["hazard", "starts", "periods in force"])
    years_hit = (row.values() for row in told["years_hit"])
    hit = [[str(name), f"{years:.2f}"] for name, years in years_hit if years > 0]
    lines += ["", "Years hit", "---------", *columns(hit, "lr", head=["material", "expected years"])]
    r = told["reduction"]
    if r is not None:
        before = r["known_for_certain_before"] or 0.0
        lines += ["", "Reduction", "---------"]
        lines += [f"  {count(told['distinct'], 'path')} to {scenarios:,}; proxy loss in USD, discounted"]
        lines += columns(
            [
                ["mean", usd(r["mean_before"]), usd(r["mean_after"])],
                [f"CVaR at {r['alpha']:g}", usd(r["cvar_before"]), usd(r["cvar_after"])],
                ["known for certain", percent(before), percent(told["known_for_certain"])],
            ],
            "lrr",
            head=["", "before", "after"],
        )
        lines += columns(
            [
                ["distance between the distributions (Wasserstein)", usd(r["wasserstein"])],
                ["distance between the sets (Kantorovich)", usd(r["distance"])],
                ["differences of the means, summed over commodities", usd(r["mean_by_commodity"])],
            ],
            "lr",
        )
    return "\n".join(lines) + "\n"
