"""The process that makes a report or a model file: ``python -m api.http.deriving FOLDER KIND PARENT BYTES``.

It reads ``FOLDER/in`` and writes ``FOLDER/out``. What goes wrong stands in ``FOLDER/problem.json``; without
that file and with an exit code other than 0 it has died.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable
from pathlib import Path

from models.faults import NotMade

PROGRESS = "progress.json"
"""Beside ``in`` and ``out``: how far it is, where that takes long enough to be told."""


def report(source: Path, out: Path) -> None:
    """The report of a result."""
    from optimizer.report import read_parts, write_html

    write_html(read_parts(source), out / "report")


def _model(format: str) -> Callable[[Path, Path], None]:
    def make(source: Path, out: Path) -> None:
        from models import files
        from optimizer.export import export

        model, columns = export(files.read(source / "instance.json"), out / f"model.{format}")
        model.rename(out / format)
        columns.rename(out / "columns")

    return make


def why(source: Path, out: Path) -> None:
    """Why a plan is what it is, or everything about one item of it: tables and text as JSON."""
    from optimizer.results import read_results
    from optimizer.why import explain, explain_item

    order = json.loads((source / "order.json").read_bytes())
    instance, plan = read_results(source)

    def tell(doing: str, done: int, of: int) -> None:
        beside = source.parent / f"{PROGRESS}.new"
        beside.write_text(json.dumps({"doing": doing, "done": done, "of": of}), encoding="utf-8")
        beside.replace(source.parent / PROGRESS)

    item, seconds = str(order["item"]), float(order["seconds"])
    found = (
        explain_item(instance, plan, item, seconds=seconds, progress=tell)
        if item
        else explain(instance, plan, seconds=seconds, progress=tell)
    )
    tables = {
        name: {"columns": list(table.columns), "rows": json.loads(table.to_json(orient="values"))}
        for name, table in found.tables.items()
    }
    said = json.dumps({"text": found.text, "tables": tables}, allow_nan=False)
    (out / "why").write_text(said, encoding="utf-8")


MAKERS: dict[str, Callable[[Path, Path], None]] = {
    "report": report,
    "mps": _model("mps"),
    "lp": _model("lp"),
    "why": why,
}
"""By kind; each leaves one file per kind that it made, named after it."""


def main(folder: Path, kind: str) -> int:
    """Make it; 0 if it was made, 1 if ``problem.json`` says why not."""
    from api.child.problem import problem

    out = folder / "out"
    out.mkdir()
    try:
        MAKERS[kind](folder / "in", out)
    except Exception as error:
        if isinstance(error, MemoryError):
            error = NotMade("It needs more memory than is allowed.")
        (folder / "problem.json").write_text(problem(error).model_dump_json(), encoding="utf-8")
        return 1
    return 0


if __name__ == "__main__":
    from optimizer.batch.child import limit_memory
    from optimizer.machine import die_with

    _folder, _kind, _parent, _memory = sys.argv[1:]
    die_with(int(_parent))
    os.nice(5)  # answers to other requests come first
    limit_memory(int(_memory))
    sys.exit(main(Path(_folder), _kind))
