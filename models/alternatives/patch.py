"""Changes laid over the plain data of an instance, each remembered with the place it came from."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from models.instance import Instance
from models.instance.shape import Path

Report = Callable[[Path, Any, str], None]
"""Path in the document, value, what is allowed."""


class Patch:
    """The data of an instance, changed bit by bit."""

    def __init__(self, instance: Instance, at: Path, report: Report) -> None:
        self.raw: dict[str, Any] = instance.as_dict()
        self.at, self.report = at, report
        self.origins: dict[Path, Path] = {}

    def origin(self, path: Path) -> Path:
        """Where in the document the value at a path of the instance came from; else the alternative."""
        for length in range(len(path), 0, -1):
            if path[:length] in self.origins:
                return (*self.origins[path[:length]], *path[length:])
        return self.at

    def put(self, path: Path, value: Any, origin: Path) -> None:
        """One value; records on the way are made, and None takes a field with a default away."""
        holder = self.raw
        for part in path[:-1]:
            if not isinstance(holder.get(str(part)), dict):
                holder[str(part)] = {}
            holder = holder[str(part)]
        holder[str(path[-1])] = value
        self.origins[path] = origin

    def lay(self, entry: dict[str, Any], *, skip_scenarios: bool) -> None:
        """All of an alternative but what it forces, forbids and fixes."""
        for field in ("envelope", "opening_cash"):
            if field in entry:
                self.put(("budget", field), entry[field], (*self.at, field))
        if "sources" in entry:
            self.rows(("budget", "sources"), entry["sources"], (*self.at, "sources"))
        if "allocations" in entry:
            self.rows(("allocations",), entry["allocations"], (*self.at, "allocations"))
        for field in ("risk", "objective"):
            if field in entry:
                self.record(field, entry[field], (*self.at, field))
        if "scenarios" in entry and not skip_scenarios and not isinstance(entry["scenarios"], str):
            self.put(("scenarios",), entry["scenarios"], (*self.at, "scenarios"))

    def record(self, field: str, value: Any, origin: Path) -> None:
        """Fields of a record, one by one; null gives a field its default."""
        if not isinstance(value, dict):
            self.report(origin, value, "a record of the fields to change")
            return
        for key, entry in value.items():
            if entry is None:
                if isinstance(self.raw.get(field), dict):
                    self.raw[field].pop(key, None)
            else:
                self.put((field, str(key)), entry, (*origin, str(key)))

    def rows(self, path: Path, value: Any, origin: Path) -> None:
        """Rows by id: fields of one that is there change, another one is added, ``remove`` takes one away."""
        if not isinstance(value, list):
            self.report(origin, value, "a list of rows, each with an id")
            return
        table: Any = self.raw
        for part in path:
            table = table.get(str(part)) if isinstance(table, dict) else None
        rows: list[dict[str, Any]] = [dict(row) for row in table or ()]
        from_row: dict[int, tuple[Path, dict[str, Any]]] = {}
        seen: set[str] = set()
        for number, entry in enumerate(value):
            here = (*origin, number)
            name = entry.get("id") if isinstance(entry, dict) else None
            if not isinstance(entry, dict) or not isinstance(name, str):
                self.report(here, entry, "a row with an id")
                continue
            if name in seen:
                self.report((*here, "id"), name, "each id once")
                continue
            seen.add(name)
            there = next((row for row in rows if row.get("id") == name), None)
            if "remove" in entry:
                if entry["remove"] is not True or len(entry) > 2:
                    self.report((*here, "remove"), entry["remove"], "true, and no other field than the id")
                elif there is None:
                    known = ", ".join(str(row.get("id")) for row in rows) or "none"
                    self.report((*here, "id"), name, f"the id of a row that is there: {known}")
                else:
                    rows = [row for row in rows if row is not there]
                continue
            if there is None:
                there = {}
                rows.append(there)
            for key, field in entry.items():
                if field is None:
                    there.pop(key, None)
                else:
                    there[key] = field
            from_row[id(there)] = (here, entry)
        self.put(path, rows, origin)
        for position, row in enumerate(rows):
            if id(row) in from_row:
                here, entry = from_row[id(row)]
                self.origins[(*path, position)] = here
                self.origins |= {(*path, position, key): (*here, key) for key in entry}
