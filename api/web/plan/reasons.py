"""Why a plan is what it is: what one more unit would save, and explanations that take a search."""

from __future__ import annotations

import difflib
import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from models.faults import UnknownItem

if TYPE_CHECKING:
    import pandas as pd

    from api.http.derived import Fill
    from api.web.plan.opened import Found, Opened
    from models.instance import Instance
    from optimizer.report.grid import Grid

PAGE = 200
KINDS = {
    "envelope": "budget in all",
    "source": "source of money",
    "commodity": "reserve of a commodity",
    "market": "supply of commerce",
    "release": "what may be released",
    "private_stock": "stock of consumers",
    "cover": "days of cover",
    "spot": "depth of spot",
    "sale": "what may be sold",
    "agreement": "volume on offer",
    "project": "capacity to build",
    "activity": "capacity at work",
    "allocations": "split of the money",
    "substitution": "substitution",
    "depot": "room in a depot",
}
"""What kinds of limits are called; others go by their own name."""


@dataclass(frozen=True)
class Values:
    """What one more unit of each limit would save."""

    asked: bool
    lead: list[str]
    rows: Grid | None
    kinds: list[tuple[str, str, int]]
    found: int
    page: int
    pages: int


def values(opened: Opened, kind: str = "", text: str = "", page: int = 1) -> Values:
    """The sentences of the report, and the table: of a kind, with a text in the item, largest first."""
    from optimizer.report.grid import grid
    from optimizer.report.plan_grids import values as told

    table = opened.tables["marginal_values"]
    counts = table.loc[table["value_usd"] > 0, "kind"].value_counts()
    kinds = [(str(k), KINDS.get(str(k), str(k).replace("_", " ")), int(n)) for k, n in counts.items()]
    mine = table[table["value_usd"] > 0]
    mine = mine[mine["kind"] == kind] if kind else mine
    for word in text.split():
        mine = mine[mine["item"].str.contains(word, case=False, regex=False)]
    mine = mine.sort_values("value_usd", ascending=False, kind="stable")
    pages = max(1, -(-len(mine) // PAGE))
    page = min(max(1, page), pages)
    shown = mine.iloc[PAGE * (page - 1) : PAGE * page]
    columns = pd_columns(shown)
    rows = grid(columns, "One more unit of each limit, the dearest first") if len(shown) else None
    lead = [line for line in told(table) if "tables/marginal_values" not in line] if len(table) else []
    return Values(len(table) > 0, lead, rows, kinds, len(mine), page, pages)


def pd_columns(shown: pd.DataFrame) -> pd.DataFrame:
    """As people read it."""
    return shown.assign(
        kind=shown["kind"].map(lambda k: KINDS.get(k, str(k).replace("_", " "))),
    )[["item", "kind", "year", "value_usd", "unit"]].rename(
        columns={"kind": "limit", "value_usd": "one_more_saves_usd", "unit": "per"}
    )


@dataclass(frozen=True)
class Explained:
    """An explanation that was searched for: as tables, and as text."""

    grids: list[Grid]
    text: str


CAPTIONS = {
    "facts": "What it is",
    "materials": "The limit that counts most, by material",
    "binding": "Rules and limits that cost something",
    "chosen": "What was chosen, and what it would cost to do without",
    "not_chosen": "What was not chosen, and what it would cost to have it",
    "entry": "Bought by the tonne and not used: the price at which it would be",
    "offers": "What one more tonne a year of each offer is worth",
}
"""Tables that are shown, in this order."""


def explained(data: bytes) -> Explained:
    """What :func:`api.http.deriving.why` has written."""
    import pandas as pd

    from optimizer.report.grid import grid

    said = json.loads(data)
    grids = []
    for name, caption in CAPTIONS.items():
        table = said["tables"].get(name)
        if table and table["rows"]:
            frame = pd.DataFrame(table["rows"], columns=table["columns"])
            grids.append(grid(frame, caption, folded=name == "offers"))
    return Explained(grids, said["text"])


def source(found: Found, item: str) -> str:
    """What an explanation is kept under: the same plan and item have the same."""
    return hashlib.sha256(f"{found.key}\n{item}".encode()).hexdigest()


def fill(found: Found, item: str, seconds: float, get: Callable[[str], bytes]) -> Fill:
    """What writes the files it is made from."""
    return partial(_write, found=found, item=item, seconds=seconds, get=get)


def _write(folder: Path, found: Found, item: str, seconds: float, get: Callable[[str], bytes]) -> None:
    (folder / "plan.json").write_bytes(get(found.plan))
    (folder / "instance.json").write_bytes(get(found.instance))
    (folder / "order.json").write_text(json.dumps({"item": item, "seconds": seconds}), encoding="utf-8")


def items(instance: Instance) -> list[str]:
    """Ids that can be asked about, to choose from."""
    tables: list[Any] = [
        instance.agreements, instance.projects, instance.depots, instance.commodities, instance.spot,
        instance.demand, instance.industries, instance.substitutions, instance.countries,
        (instance.budget.sources or ()) if instance.budget else (), instance.choices, instance.allocations,
        instance.scenarios,
    ]  # fmt: skip
    ids = [str(row.id) for table in tables for row in table]
    return list(
        dict.fromkeys(
            [*ids, *(c.material for c in instance.commodities), *(c.group for c in instance.countries)]
        )
    )


def check_item(instance: Instance, item: str) -> None:
    """Raises UnknownItem, with what comes near, before anything is begun."""
    known = items(instance)
    if item not in known:
        near = difflib.get_close_matches(item[:200], known, 5)
        told = f" Near to it: {', '.join(near)}." if near else ""
        raise UnknownItem(f"{item[:80]!r}.{told}")
