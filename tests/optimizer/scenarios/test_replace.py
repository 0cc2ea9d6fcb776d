"""Other scenarios in an instance: the same faults as when it is read."""

from __future__ import annotations

from typing import Any

import pytest

from models.faults import FaultyInstance
from models.instance import Effect, Event, Instance, Scenario
from optimizer.scenarios import sample, with_scenarios
from tests.optimizer.scenarios.support import cut, hazard, world

CASE = world(hazard("ban", rate=0.3, ending_rate=0.5))


def event(**change: Any) -> Event:
    row = {"id": "e", "start": 1, "duration": 2, "effects": [cut("AAA", 0.5)]}
    return Event.model_validate(row | change)


def scenario(**change: Any) -> Scenario:
    return Scenario.model_validate({"id": "s", "probability": 0.4, "events": [event()]} | change)


def test_it_is_the_instance_with_these_scenarios() -> None:
    rows = sample(CASE, 50, 1)
    changed = with_scenarios(CASE, rows)
    assert changed == Instance.parse(CASE.as_dict() | {"scenarios": [row.model_dump() for row in rows]})
    assert changed.fingerprint() != CASE.fingerprint()
    assert CASE.scenarios == ()
    assert with_scenarios(changed, ()) == CASE


@pytest.mark.parametrize(
    ("rows", "field"),
    [
        ([scenario(), scenario()], "id"),
        ([scenario(id="AAA")], "id"),
        ([scenario(), scenario(id="t", probability=0.7)], "probability"),
        ([scenario(events=[event(), event()])], "events[e].id"),
        ([scenario(events=[event(start=6)])], "events[e].start"),
        ([scenario(events=[event(effects=[cut("XXX", 0.5)])])], "events[e].effects[1].countries[1]"),
        ([Scenario.model_construct(id="s", probability=1.5, events=())], "probability"),
        ([Scenario.model_construct(id="s", probability=float("nan"), events=())], "probability"),
        (
            [scenario().model_copy(update={"events": (event().model_copy(update={"duration": 0}),)})],
            "events[e].duration",
        ),
        ([scenario().model_copy(update={"events": ({"id": "e"},)})], "events[e].start"),
        (["s"], ""),
    ],
)
def test_faulty_ones_are_refused_with_the_words_of_a_reader(rows: list[Any], field: str) -> None:
    with pytest.raises(FaultyInstance) as caught:
        with_scenarios(CASE, rows)
    assert field in [fault.field for fault in caught.value.faults]
    assert {fault.table for fault in caught.value.faults} == {"scenarios"}
    plain = [row.model_dump(warnings=False) if isinstance(row, Scenario) else row for row in rows]
    with pytest.raises(FaultyInstance) as read:
        Instance.parse(CASE.as_dict() | {"scenarios": plain})
    said = [
        (f.field, f.allowed.replace("Input should be a valid dictionary", "")) for f in caught.value.faults
    ]
    assert said == [(f.field, f.allowed) for f in read.value.faults]


def test_all_faults_at_once() -> None:
    wrong = Effect.model_validate(cut("XXX", 0.5))
    events = (event(effects=[]).model_copy(update={"effects": (wrong,)}), event(id="late", start=9))
    with pytest.raises(FaultyInstance) as caught:
        with_scenarios(CASE, [scenario(events=events), scenario(probability=0.9, events=events)])
    # The id twice, Σp = 1.3, and in each of the two: the country, the start.
    assert len(caught.value.faults) == 6
