"""Other scenarios in an instance."""

from __future__ import annotations

from collections.abc import Iterable

from pydantic import ValidationError

from models.faults import FaultyInstance
from models.instance import Instance, Scenario
from models.instance.base import Row
from models.instance.checks import parse
from models.instance.checks.findings import Findings
from models.instance.checks.market import ids
from models.instance.checks.risk import scenarios as check_scenarios
from models.instance.checks.view import View


def with_scenarios(instance: Instance, scenarios: Iterable[Scenario]) -> Instance:
    """The instance with these scenarios in place of its own.

    Checks all that scenarios can break and nothing else: 10,000 sampled ones, which share their events, take
    well under a second. Raises :class:`models.faults.FaultyInstance` with every fault.
    """
    rows = tuple(scenarios)
    changed = instance.model_copy(update={"scenarios": rows})
    findings = Findings()
    if _well_formed(rows):
        view = View(changed, findings)
        ids(view)
        check_scenarios(view)
        if not findings.listed:
            return changed
        raise FaultyInstance(findings.faults(changed, ["scenarios"]))
    # Rows that were put together without a check are read again as plain data, for the words of the faults.
    plain = {**dict(instance), "scenarios": [_plain(row) for row in rows]}
    return parse(Instance, plain)


def _plain(row: object) -> object:
    return row.model_dump(warnings=False) if isinstance(row, Row) else row


def _well_formed(rows: tuple[object, ...]) -> bool:
    """Whether each row, and each event once, would be read as it stands."""
    known: set[int] = set()
    try:
        for row in rows:
            if not isinstance(row, Scenario):
                return False
            Scenario.model_validate({"id": row.id, "probability": row.probability, "events": ()})
            for event in row.events:
                if id(event) not in known:
                    type(event).model_validate(_plain(event))
                    known.add(id(event))
    except (ValidationError, AttributeError, TypeError):
        return False
    return True
