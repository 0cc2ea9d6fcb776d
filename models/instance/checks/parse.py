"""Plain data to an instance: row by row, so that one answer holds every fault of every table."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from pydantic import ValidationError

from models.faults import FaultyInstance
from models.instance.base import Row
from models.instance.checks.findings import Findings, Place
from models.instance.checks.run import run
from models.instance.checks.view import View
from models.instance.checks.words import explain
from models.instance.market import Horizon
from models.instance.shape import FieldShape, Path, shapes

if TYPE_CHECKING:
    from models.instance import Instance

_ANY_HORIZON = Horizon(start_year=2000, periods=1)


class _Reader:
    """Reads the parts of an instance; remembers which rows and tables were malformed."""

    def __init__(self, findings: Findings) -> None:
        self.findings = findings
        self.numbers: dict[str, list[int]] = {}
        self.loose: dict[str, list[Any]] = {}
        self.lost: set[str] = set()

    def rows(self, shape: FieldShape, value: Any, path: Path) -> tuple[Row, ...] | None:
        """The well-formed rows of a table."""
        name = ".".join(map(str, path))
        if value is None and shape.optional:
            return None
        if not isinstance(value, list | tuple):
            self.findings.add(path, value, "a list of rows")
            self.lost.add(name)
            return ()
        cls, good, numbers = shape.rows[0], [], []
        for number, entry in enumerate(value):
            try:
                good.append(cls.model_validate(entry))
                numbers.append(number)
            except ValidationError as error:
                explain(cls, error, (*path, number), entry, self.findings)
                self.loose.setdefault(name, []).append(entry)
        if len(good) < len(value):
            self.numbers[name] = numbers
        return tuple(good) or (None if shape.optional else ())

    def record(self, shape: FieldShape, value: Any, path: Path) -> Row | None:
        """A record with its tables; None if there is nothing well-formed in it."""
        cls, name = shape.rows[0], ".".join(map(str, path))
        if isinstance(value, cls):
            return value
        if not isinstance(value, dict):
            self.findings.add(path, value, "a record of named fields")
            self.lost.add(name)
            return None
        tables = {n: s for n, s in shapes(cls).items() if s.kind == "table"}
        parts = {n: self.rows(s, value[n], (*path, n)) for n, s in tables.items() if n in value}
        frame = {key: entry for key, entry in value.items() if key not in tables}
        try:
            row = cls.model_validate(frame)
        except ValidationError as error:
            explain(cls, error, path, frame, self.findings)
            self.lost.add(name)
            if not tables:
                return None
            row = cls.model_construct()
        return row.model_copy(update=parts)


def parse(
    cls: type[Instance],
    raw: Any,
    *,
    before: Iterable[tuple[Path, Any, str]] = (),
    place: Place | None = None,
) -> Instance:
    """An instance from plain data (dicts, lists, numbers, strings).

    ``before``: what a reader of files found wrong already, as path, value, what is allowed. ``place`` tells
    the file, line or cell of a path. Raises :class:`models.faults.FaultyInstance` with every fault of every
    table at once (at most :data:`models.instance.checks.findings.LIMIT`, and how many more there are).
    """
    findings = Findings()
    for path, value, allowed in before:
        findings.add(path, value, allowed)
    fields = shapes(cls)
    named = [name for name, shape in fields.items() if shape.kind in ("table", "record")]
    if not isinstance(raw, dict):
        findings.add((), raw, f"a record of tables and fields: {', '.join(fields)}")
        raise FaultyInstance(findings.faults(raw, named, place))
    reader = _Reader(findings)
    parts: dict[str, Any] = {}
    for name in named:
        shape = fields[name]
        if name not in raw or (raw[name] is None and shape.kind == "record" and not shape.required):
            continue
        if shape.kind == "table":
            parts[name] = reader.rows(shape, raw[name], (name,))
        elif (record := reader.record(shape, raw[name], (name,))) is not None:
            parts[name] = record
    frame = {key: value for key, value in raw.items() if key not in named}
    if "horizon" in raw:
        frame["horizon"] = _ANY_HORIZON
    try:
        instance = cls.model_validate(frame)
    except ValidationError as error:
        explain(cls, error, (), frame, findings)
        instance = cls(schema_version="1", name="malformed", horizon=_ANY_HORIZON)
        reader.lost.update({"horizon"} - raw.keys())
    instance = instance.model_copy(update=parts)
    run(View(instance, findings, reader.numbers, reader.loose, frozenset(reader.lost)))
    if findings.listed:
        raise FaultyInstance(findings.faults(raw, named, place))
    return instance
