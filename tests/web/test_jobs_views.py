"""What the pages of jobs say, from jobs and events written by hand."""

from __future__ import annotations

from typing import Any

import pytest

from api.http.problems import Listed
from api.jobs.memory import MemoryJobs
from api.jobs.port import Submission
from api.web.jobs import asking, fields, phrases
from api.web.jobs.facts import facts
from api.web.jobs.history import LINES, MOST, Histories, History, Past
from api.web.jobs.listing import Filter, told
from api.web.jobs.standing import cards, sentence, wait, way_on
from models.faults import BadRequest, NoSuchJob
from models.jobs import Event, Job, Problem, request_adapter

NOTHING: Past = History().past()


def job(**values: Any) -> Job:
    work = {"kind": "solve", "options": {"relative_gap": 0.01}}
    return Job.model_validate(
        {"id": "a" * 32, "kind": "solve", "state": "queued", "work": work, "created": 0.0} | values
    )


def past(*events: tuple[str, float, dict[str, Any]]) -> Past:
    history = History()
    for number, (kind, at, data) in enumerate(events, 1):
        history.add(Event.model_validate({"id": number, "at": at, "type": kind, "data": data}))
    return history.past()


def test_a_search_by_hand() -> None:
    found = past(
        ("state", 100.0, {"state": "queued"}),
        ("state", 110.0, {"state": "running", "attempt": 1}),
        ("log", 110.5, {"line": "tree"}),
        ("progress", 112.0, {"phase": "search", "incumbent": None, "bound": 5.0}),
        ("progress", 113.0, {"phase": "search", "incumbent": 9.0, "bound": 5.0, "nodes": 1}),
        ("progress", 114.0, {"phase": "search", "incumbent": 9.0, "bound": 5.0, "nodes": 2}),
        ("progress", 115.0, {"phase": "search", "incumbent": 9.0, "bound": 5.0, "nodes": 3}),
        ("progress", 120.0, {"phase": "polish", "incumbent": 8.0, "bound": 7.0, "nodes": 4}),
        ("state", 130.0, {"state": "running", "attempt": 2}),
        ("progress", 140.0, {"phase": "search", "incumbent": 8.5, "bound": 7.0}),
    )
    # Times are since the job began at 110; a plan worse than one before is not found anew.
    assert [(p.seconds, p.objective, p.bound, p.phase) for p in found.plans] == [
        (3.0, 9.0, 5.0, "search"), (10.0, 8.0, 7.0, "polish"),
    ]  # fmt: skip
    assert [(run.number, run.at) for run in found.runs] == [(1, 110.0), (2, 130.0)]
    assert found.lines == ((0.5, "tree"),)
    # Of the stretch from 113 to 115 in which nothing changes, the ends.
    assert list(found.progress["seconds"]) == [2.0, 3.0, 5.0, 10.0, 30.0]
    assert found.nodes == 4


def test_a_comparison_by_hand() -> None:
    running = [{"alternative": "2 bn", "seconds": 2.0, "incumbent": 3.0, "bound": None, "gap": None}]
    found = past(
        ("state", 0.0, {"state": "running", "attempt": 1}),
        ("progress", 1.0, {"phase": "solve", "done": 1, "total": 2, "solved": ["1 bn"], "running": running}),
        ("progress", 2.0, {"phase": "write", "done": 2, "total": 2}),
    )
    assert found.solved == ("1 bn",)
    assert [(row.name, row.incumbent, row.bound) for row in found.running] == [("2 bn", 3.0, None)]


def memory() -> tuple[MemoryJobs, str]:
    jobs = MemoryJobs()
    request = request_adapter.validate_python({"kind": "solve", "instance": "a" * 64})
    return jobs, jobs.submit(Submission("one", request))[0].id


def test_events_are_read_once(monkeypatch: pytest.MonkeyPatch) -> None:
    jobs, id = memory()
    asked: list[int] = []
    real = jobs.events

    def events(tenant: str, job: str, after: int = 0, limit: int = 1000) -> Any:
        asked.append(after)
        return real(tenant, job, after, limit)

    monkeypatch.setattr(jobs, "events", events)
    histories = Histories()
    jobs.begin(id)
    assert histories.read(jobs, "one", id).last == 2
    jobs.tell(id, ("log", {"line": "more"}))
    assert histories.read(jobs, "one", id).lines[-1][1] == "more"
    assert asked == [0, 2]
    for tenant, unknown in (("two", id), ("one", "b" * 32)):
        with pytest.raises(NoSuchJob):
            histories.read(jobs, tenant, unknown)
    assert histories.read(jobs, "one", id).last == 3, "what somebody else asked changes nothing"


def test_of_a_very_long_job_the_first_and_the_last_is_read() -> None:
    jobs, id = memory()
    jobs.begin(id)
    for number in range(MOST + 1000):
        jobs.tell(id, ("log", {"line": str(number)}))
    found = Histories().read(jobs, "one", id)
    assert found.last == MOST + 1002  # two of the state
    assert found.left_out == 1002  # as many as there are too many
    assert len(found.lines) == LINES
    assert found.lines[-1][1] == str(MOST + 999)
    assert found.earlier_lines == MOST - 2 - LINES  # those read, without the two of the state


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"position": 3}, "It is 3rd in the queue."),
        ({}, "It is waiting for its turn."),
        ({"state": "running", "phase": "audit"}, "It is running: auditing the plan."),
        ({"state": "running", "phase": "odd"}, "It is running: odd."),
        ({"state": "succeeded", "solver_status": "optimal"}, "It is proved as good as was asked for."),
        ({"state": "succeeded", "solver_status": "time_limit"}, phrases.TOO_SOON),
        ({"state": "succeeded", "kind": "sample"}, "It is done."),
        ({"state": "cancelled"}, "It is cancelled; what it had found is discarded."),
        ({"state": "expired"}, "Its results have been removed."),
    ],
)  # fmt: skip
def test_states_in_a_sentence(values: dict[str, Any], words: str) -> None:
    assert sentence(job(**values)) == words


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"position": 21}, "21st in the queue"),
        ({"state": "running", "phase": "search", "objective": 1.2e9, "relative_gap": 0.034},
         "searching for better plans, best plan 1.2\u00a0bn\u00a0USD, gap 3.4\u00a0%"),
        ({"state": "running", "kind": "compare", "done": 2, "total": 9}, "2 of 9 done"),
        ({"state": "succeeded", "objective": 1.2e9, "relative_gap": 0.0, "seconds": 61.0},
         "objective 1.2\u00a0bn\u00a0USD, gap 0\u00a0%, in 1\u00a0min\u00a01\u00a0s"),
        ({"state": "succeeded", "cached_from": "b" * 32}, "known from an earlier job"),
        ({"state": "failed"}, "failed"),
    ],
)  # fmt: skip
def test_jobs_in_a_line(values: dict[str, Any], words: str) -> None:
    assert told(job(**values)) == words


@pytest.mark.parametrize(
    ("number", "words"), [(1, "1st"), (2, "2nd"), (3, "3rd"), (11, "11th"), (112, "112th"), (1023, "1,023rd")]
)
def test_ordinals(number: int, words: str) -> None:
    assert phrases.ordinal(number) == words


def test_cards_of_a_search() -> None:
    found = past(("progress", 0.0, {"phase": "search", "incumbent": 2e9, "bound": 1e9}))
    running = job(state="running", started=100.0, objective=2e9, bound=1e9, relative_gap=0.5)
    told_ = {card.label: (card.figure, card.note) for card in cards(running, found, now=160.0)}
    assert told_["Best plan"] == ("2\u00a0bn\u00a0USD", "1 plan found so far")
    assert told_["Gap"] == ("50\u00a0%", "asked for: 1\u00a0%")
    assert told_["Time"] == ("1\u00a0min", "no time limit was set")


def test_how_long_a_job_will_wait() -> None:
    done = [job(seconds=s, state="succeeded") for s in (10.0, 30.0, 500.0)]
    # 5th with two side by side: three rounds of the median, 30 s.
    assert "within 1\u00a0min\u00a030\u00a0s" in wait(job(position=5), done, 2)
    assert wait(job(position=5), [], 2) == wait(job(position=5), done, 0)
    assert wait(job(state="running"), done, 2) == ""
    assert wait(job(position=1), [job(seconds=0.1, state="succeeded")], 1) == "It begins in a moment."


def test_every_failure_has_a_way_on() -> None:
    def failed(fault: str) -> Job:
        return job(state="failed", problem=Problem(type=f"urn:stockpile:{fault}", title="", status=500))

    assert "more memory" in way_on(failed("MemoryExceeded"))
    assert way_on(failed("Unheard")) == way_on(job(state="failed"))
    assert way_on(job()) == ""


def test_filters_are_addresses() -> None:
    found = Filter.read({"q": " a&b ", "state": "active", "other": "x"})
    assert found.address() == "/jobs?q=a%26b&state=active"
    assert found.address(q="", state="") == "/jobs"
    assert set(found.query().states) == {"queued", "running", "stopping"}
    for wrong in ({"kind": "dance"}, {"state": "odd"}, {"q": "a\x00b"}):
        with pytest.raises(BadRequest):
            Filter.read(wrong)


@pytest.mark.parametrize(
    ("text", "value"),
    [("4", 4), ("0.5", 0.5), ("1e-4", 1e-4), ("0.5 %", 0.005), ("50%", 0.5), ("x", "x"), ("1 000", 1000),
     ("9" * 20, 1e20), ("-3", -3)],
)  # fmt: skip
def test_numbers_as_people_write_them(text: str, value: Any) -> None:
    assert fields.number(text) == value
    assert type(fields.number(text)) is type(value)


def test_what_a_form_asks_for_is_what_it_was_made_from() -> None:
    work = {"kind": "evaluate", "plan": "b" * 32, "n": 7, "ways": ["tree", "rolling"], "rate": "high",
            "bounds": True, "options": {"relative_gap": 0.25, "seed": 3}}  # fmt: skip
    made = asking.like(job(kind="evaluate", work=work, tags=["x y", "z"], priority=2, title="T"))
    back = request_adapter.validate_json(asking.request(made))
    told_ = back.model_dump(mode="json")
    assert {name: told_[name] for name in ("plan", "n", "ways", "rate", "bounds")} == {
        name: work[name] for name in ("plan", "n", "ways", "rate", "bounds")
    }
    assert (told_["options"]["relative_gap"], told_["options"]["seed"]) == (0.25, 3)
    assert (back.tags, back.priority, back.title) == (("x y", "z"), 2, "T")
    assert made.changes == []


def test_faults_go_to_their_fields() -> None:
    form = asking.empty("solve", "a" * 64)
    errors = [
        {"pointer": "/options/relative_gap", "value": "x", "allowed": "a number"},
        {"pointer": "/tags/0", "value": ";", "allowed": "a word"},
        {"pointer": "/elsewhere", "value": 1, "allowed": "nothing"},
    ]
    found = asking.faulty(form, Listed(BadRequest, errors))
    assert {f.name: f.wrong for f in found.wrong} == {
        "options.relative_gap": "Not 'x'; it must be a number.", "tags": "Not ';'; it must be a word.",
    }  # fmt: skip
    assert [entry["pointer"] for entry in found.errors] == ["/elsewhere"]


def test_facts_tell_what_is_not_as_it_normally_is() -> None:
    work = {
        "kind": "compare",
        "budgets": [1e9, 2e9],
        "regret": False,
        "options": {"relative_gap": 0.0001, "seed": 5},
    }
    found = {label: (value, note) for label, value, note in facts(job(kind="compare", work=work))}
    assert found["Budgets"] == ("1\u00a0bn\u00a0USD, 2\u00a0bn\u00a0USD", "")
    assert found["Regret"] == ("no", "")
    assert found["Gap"] == ("0.0001", "")
    assert found["Seed"] == ("5", "normally 0")
    assert "Threads" not in found
