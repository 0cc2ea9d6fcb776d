"""Alternatives in a YAML file or a document: what each changes, every fault with its line or pointer.

What an alternative changes is laid over the plain data of the instance, and the whole is checked as any
instance is; a fault found there is placed on the line of the change that caused it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path as File
from typing import Any

from pydantic import ValidationError

from models.alternatives.alternative import NAMING, Alternative, well_named
from models.alternatives.impose import Fixed, faults
from models.alternatives.patch import Patch
from models.alternatives.sources import read_commitments, read_scenarios
from models.faults import Fault, FaultyAlternatives, FaultyInstance, StockpileError
from models.files.source import load
from models.files.yaml_format import document
from models.instance import Instance
from models.instance.checks import parse
from models.instance.checks.findings import Findings, shown
from models.instance.checks.words import explain
from models.instance.hints import Hints
from models.instance.shape import Path

TOP = ("baseline", "alternatives")
FIELDS = (
    "name", "description", "envelope", "opening_cash", "sources", "allocations", "risk", "objective",
    "scenarios", "force", "forbid", "fix",
)  # fmt: skip
NO_FILES = "a document cannot refer to files"


@dataclass(frozen=True)
class Alternatives:
    """The rows of a file."""

    rows: tuple[Alternative, ...]
    baseline: str
    """Name of the one that differences are taken to."""


def read_alternatives(path: str | File, instance: Instance) -> Alternatives:
    """The alternatives in a YAML file, as changes to ``instance``; docs/compare.md says what may stand there.

    Raises UnreadableFile, TooLarge (the limits of :mod:`models.files` hold), or FaultyAlternatives with every
    fault of every alternative and its line.
    """
    path = File(path)
    raw, line = document(load(path), path.name)
    return _Reader(instance, path.resolve().parent, line).read(raw)


def parse_alternatives(raw: Any, instance: Instance) -> Alternatives:
    """The alternatives in a document, as plain data of the same form, but without references to files.

    Raises FaultyAlternatives with every fault of every alternative, its place as a JSON Pointer.
    """
    return _Reader(instance, None, _pointer).read(raw)


def _pointer(path: Path) -> str:
    return "".join("/" + str(part).replace("~", "~0").replace("/", "~1") for part in path)


class _Reader:
    def __init__(self, instance: Instance, folder: File | None, line: Callable[[Path], str]) -> None:
        """``folder``: what names of files are relative to; None where there are no files."""
        self.instance, self.folder, self.line = instance, folder, line
        self.faults: list[Fault] = []
        self.hints = Hints()

    def add(self, row: str, path: Path, value: Any, allowed: str) -> None:
        """One more fault; ``path`` within the document."""
        field = ""
        for part in path[2:] if path[:1] == ("alternatives",) else path:
            field += f"[{part + 1}]" if isinstance(part, int) else f".{part}" if field else part
        place = self.line(path)
        self.faults.append(Fault("alternatives", row, field, shown(value), allowed, place, path))

    def unknown(self, row: str, path: Path, known: tuple[str, ...]) -> None:
        """A field that does not exist."""
        hint = self.hints.near(path[-1], known) or f"; fields: {', '.join(known)}"
        self.add(row, path, path[-1], f"no field of this name{hint}")

    def read(self, raw: Any) -> Alternatives:
        """Everything; raises what was found."""
        rows: list[Alternative] = []
        names: list[str] = []
        if not isinstance(raw, dict):
            self.add("", (), raw, f"a record of {' and '.join(TOP)}")
            raise FaultyAlternatives(self.faults)
        for key in raw:
            if key not in TOP:
                self.unknown("", (str(key),), TOP)
        listed = raw.get("alternatives")
        if not isinstance(listed, list) or not listed:
            self.add("", ("alternatives",), listed, "a list of alternatives, each with a name")
            listed = []
        for number, entry in enumerate(listed):
            name = self.name(number, entry, names)
            names.append(name)
            if isinstance(entry, dict):
                row = self.alternative(number, name, entry)
                rows += [row] if row is not None else []
            else:
                self.add(name, ("alternatives", number), entry, f"a record with {', '.join(FIELDS)}")
        baseline = raw.get("baseline")
        if baseline is not None and baseline not in names:
            hint = self.hints.near_or_all(baseline, names) if names else ""
            self.add("", ("baseline",), baseline, f"the name of an alternative{hint}")
        if self.faults:
            raise FaultyAlternatives(self.faults)
        return Alternatives(tuple(rows), baseline if isinstance(baseline, str) else names[0])

    def name(self, number: int, entry: Any, names: list[str]) -> str:
        """The name of an alternative, or its number where it has none that can be used."""
        name = entry.get("name") if isinstance(entry, dict) else None
        path: Path = ("alternatives", number, "name")
        row = name if isinstance(name, str) and name else str(number + 1)
        if not isinstance(name, str) or not well_named(name):
            allowed = NAMING if isinstance(name, str) else "a name, as text (in quotes if it is a number)"
            self.add(row, path if name is not None else path[:2], name, allowed)
        elif name.casefold() in {other.casefold() for other in names}:
            self.add(row, path, name, "each name once, upper and lower case alike")
        return row

    def alternative(self, number: int, name: str, entry: dict[Any, Any]) -> Alternative | None:
        """One alternative; None if it has faults."""
        at: Path = ("alternatives", number)
        before = len(self.faults)
        for key in entry:
            if key not in FIELDS:
                self.unknown(name, (*at, str(key)), FIELDS)
        description = entry.get("description", "")
        if not isinstance(description, str):
            self.add(name, (*at, "description"), description, "text")
            description = ""
        rules = self.rules(name, entry, at)
        force, forbid = (self.ids(name, entry, (*at, field)) for field in ("force", "forbid"))
        fix = self.fixed(name, entry.get("fix"), (*at, "fix"))
        for path, value, allowed in faults(rules or self.instance, force, forbid, fix):
            self.add(name, (*at, *path), value, allowed)
        if len(self.faults) > before or rules is None:
            return None
        made = Alternative(name, rules, force, forbid, fix, description)
        try:
            made.instance  # noqa: B018 (what is forced may break a rule of the instance)
        except FaultyInstance as error:
            for fault in error.faults:
                self.add(name, at, fault.value, f"{fault.table} {fault.row} {fault.field}: {fault.allowed}")
            return None
        return made

    def rules(self, name: str, entry: dict[Any, Any], at: Path) -> Instance | None:
        """The patched instance before anything is forced; None if it has faults."""
        patch = Patch(self.instance, at, lambda path, value, allowed: self.add(name, path, value, allowed))
        before = len(self.faults)
        foreign: Callable[[Path], str] | None = None
        if isinstance(entry.get("scenarios"), str) and self.folder is None:
            self.add(name, (*at, "scenarios"), entry["scenarios"], f"a list of scenarios; {NO_FILES}")
            entry = {key: value for key, value in entry.items() if key != "scenarios"}
        elif isinstance(entry.get("scenarios"), str) and self.folder is not None:
            try:
                found, foreign = read_scenarios(self.folder / entry["scenarios"])
                patch.put(("scenarios",), found, (*at, "scenarios"))
            except (StockpileError, OSError) as error:
                reason = f"a file with scenarios: {' '.join(str(error).split())[:300]}"
                self.add(name, (*at, "scenarios"), entry["scenarios"], reason)
        patch.lay(
            {key: value for key, value in entry.items() if key in FIELDS}, skip_scenarios=foreign is not None
        )

        def place(path: Path) -> str:
            if foreign is not None and path[:1] == ("scenarios",):
                return f"{self.line((*at, 'scenarios'))}; {foreign(path)}"
            return f"{self.line(patch.origin(path))}, alternative {name!r}"

        try:
            rules = parse(Instance, patch.raw, place=place)
        except FaultyInstance as error:
            self.faults += [replace(fault, path=patch.origin(fault.path)) for fault in error.faults]
            return None
        return rules if len(self.faults) == before else None

    def ids(self, name: str, entry: dict[Any, Any], path: Path) -> tuple[str, ...]:
        """A list of ids; what is not text is a fault."""
        value = entry.get(path[-1])
        if value is None:
            return ()
        if not isinstance(value, list):
            self.add(name, path, value, "a list of ids, like [one, two]")
            return ()
        for number, member in enumerate(value):
            if not isinstance(member, str):
                self.add(name, (*path, number), member, "an id, as text (in quotes if it is a number)")
        return tuple(member for member in value if isinstance(member, str))

    def fixed(self, name: str, value: Any, path: Path) -> Fixed | None:
        """Commitments made beforehand: written out, or those of a plan."""
        if value is None:
            return None
        if isinstance(value, str) and self.folder is not None:
            try:
                return Fixed.of(read_commitments(self.folder / value))
            except (StockpileError, OSError) as error:
                reason = f"a folder that solve wrote, or its plan.json: {' '.join(str(error).split())[:300]}"
                self.add(name, path, value, reason)
                return None
        if not isinstance(value, dict):
            allowed = "a record of agreements, projects and depots"
            if self.folder is not None:
                allowed = f"a folder that solve wrote, or {allowed}"
            elif isinstance(value, str):
                allowed = f"{allowed}; {NO_FILES}"
            self.add(name, path, value, allowed)
            return None
        try:
            return Fixed.model_validate(value)
        except ValidationError as error:
            findings = Findings()
            explain(Fixed, error, path, value, findings)
            for where, found, allowed in findings.listed:
                self.add(name, where, found, allowed)
            return self._well_formed(value, [where[len(path) :] for where, _, _ in findings.listed])

    @staticmethod
    def _well_formed(value: dict[Any, Any], wrong: list[Path]) -> Fixed | None:
        """The rows without a fault of their own: the others are checked against the instance all the same."""
        lost = {(where[0], where[1]) for where in wrong if len(where) > 1}
        whole = {where[0] for where in wrong if len(where) == 1}
        rest = {
            table: [row for number, row in enumerate(rows) if (table, number) not in lost]
            for table, rows in value.items()
            if table not in whole and isinstance(rows, list)
        }
        try:
            return Fixed.model_validate(rest)
        except ValidationError:
            return None
