"""Alternatives from envelopes and from files: what they become, and every fault with its line."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from models import files
from models.alternatives import Alternative, Fixed, budgets, read_alternatives
from models.alternatives.alternative import well_named
from models.faults import FaultyAlternatives, FaultyInstance, TooLarge, UnreadableFile
from models.instance import Instance
from models.plan import Commitments, SignedAgreement
from tests.optimizer import handmade


def written(folder: Path, text: str) -> Path:
    path = folder / "alternatives.yaml"
    path.write_text(text, encoding="utf-8")
    return path


def read(folder: Path, text: str) -> tuple[Alternative, ...]:
    return read_alternatives(written(folder, text), handmade.instance()).rows


def faults(folder: Path, text: str) -> list[str]:
    with pytest.raises(FaultyAlternatives) as caught:
        read(folder, text)
    return [str(fault) for fault in caught.value.faults]


def test_envelopes_have_short_names_that_differ() -> None:
    rows = budgets(handmade.instance(), [0.0, 0.325e9, 1e9 / 3, 4e9, 1.2e9, 4e9])
    assert [a.name for a in rows] == ["0", "325 m", "333.3 m", "4 bn", "1.2 bn"]
    assert [a.envelope for a in rows] == [0.0, 0.325e9, 1e9 / 3, 4e9, 1.2e9]
    assert rows[1].instance.budget == rows[1].rules.budget
    first, whole = rows[0].rules.budget, handmade.instance().budget
    assert first is not None
    assert whole is not None
    assert first.sources == whole.sources
    close = budgets(handmade.instance(), [1e9, 1e9 + 1])
    assert [a.name for a in close] == ["1 bn", "1.000000001 bn"]


@pytest.mark.parametrize("value", [-1.0, float("nan"), float("inf")])
def test_an_envelope_is_a_number_of_at_least_0(value: float) -> None:
    with pytest.raises(FaultyAlternatives, match="a number of at least 0"):
        budgets(handmade.instance(), [1.0, value])
    with pytest.raises(FaultyAlternatives, match="at least one envelope"):
        budgets(handmade.instance(), [])


def test_what_may_be_changed(tmp_path: Path) -> None:
    free, other = read(
        tmp_path,
        """
        baseline: other
        alternatives:
          - name: free
          - name: other
            description: everything at once
            envelope: 1.5e3
            opening_cash: 50
            sources:
              - {id: approp, amount: 700, available: [300, 400]}
              - {id: vault-loan, remove: true}
              - {id: partner, kind: private, fee: 0.1}
            allocations:
              - {id: half, where: {categories: [spot]}, max_share: 0.5}
            risk:
              cover: null
              cvar_limit: 9e5
            objective: {cvar_weight: 0.25}
            scenarios: []
            force: [ga-aus]
            forbid: [smelter]
        """,
    )
    assert free.instance == handmade.instance()
    rules = other.rules
    assert rules.budget is not None
    assert (rules.budget.envelope, rules.budget.opening_cash) == (1500.0, 50.0)
    assert [s.id for s in rules.budget.sources or ()] == ["approp", "partner"]
    assert (rules.budget.sources or ())[0].available == (300.0, 400.0)
    assert rules.allocations[0].max_share == 0.5
    assert (rules.risk.cover, rules.risk.cvar_limit) == ((), 900_000.0)
    assert (rules.objective.cvar_weight, rules.scenarios) == (0.25, ())
    assert (other.force, other.forbid, other.description) == (("ga-aus",), ("smelter",), "everything at once")
    assert [(c.id, c.min, c.max) for c in other.instance.choices] == [
        ("force ga-aus", 1, None),
        ("forbid smelter", None, 0),
    ]


def test_the_first_is_the_baseline_unless_one_is_named(tmp_path: Path) -> None:
    text = "alternatives: [{name: one}, {name: two}]"
    assert read_alternatives(written(tmp_path, text), handmade.instance()).baseline == "one"
    text = "baseline: two\n" + text
    assert read_alternatives(written(tmp_path, text), handmade.instance()).baseline == "two"


def test_what_is_fixed_can_only_be_taken_so(tmp_path: Path) -> None:
    (row,) = read(
        tmp_path,
        """
        alternatives:
          - name: split
            fix:
              agreements: [{id: ga-aus, volume: 3}]
              projects: []
        """,
    )
    whole = row.instance
    assert (whole.agreements[0].volume.min, whole.agreements[0].volume.max) == (3.0, 3.0)
    assert {(c.id, c.members, c.min, c.max) for c in whole.choices} == {
        ("fix agreements", ("ga-aus",), 1, None),
        ("fix no other projects", ("smelter",), None, 0),
    }
    assert row.rules == handmade.instance(), "depots are free: fix does not name them"


def test_commitments_of_a_plan_are_fixed(tmp_path: Path) -> None:
    plan = handmade.plan()
    (tmp_path / "earlier").mkdir()
    (tmp_path / "earlier" / "plan.json").write_text(plan.model_dump_json())
    (row,) = read(tmp_path, "alternatives: [{name: as before, fix: earlier}]")
    assert plan.commitments is not None
    assert row.fix == Fixed.of(plan.commitments)


def test_sizes_off_by_rounding_are_taken() -> None:
    made = Commitments(agreements=(SignedAgreement(id="ga-aus", start=0, year=2027, volume=5.0 + 1e-9),))
    row = Alternative("x", handmade.instance(), fix=Fixed.of(made))
    assert row.instance.agreements[0].volume.max == 5.0


def test_scenarios_of_another_file(tmp_path: Path) -> None:
    whole = handmade.instance()
    files.write(whole.model_copy(update={"scenarios": ()}), tmp_path / "calm.json")
    (tmp_path / "late.yaml").write_text(
        "scenarios:\n- id: late\n  probability: 0.5\n  events:\n"
        "  - {id: e, start: 1, duration: 1, effects: [{kind: supply, factor: 0.5, countries: [CHN]}]}\n"
    )
    calm, late = read(
        tmp_path, "alternatives: [{name: calm, scenarios: calm.json}, {name: late, scenarios: late.yaml}]"
    )
    assert calm.rules.scenarios == ()
    assert [s.id for s in late.rules.scenarios] == ["late"]


FAULTY = """\
baseline: nix
altertives: 3
alternatives:
  - name: a
    envelope: -5
    sources:
      - id: approp
        amont: 5
      - {id: nobody, remove: true}
    force: [ga-au]
    forbid: [vault, smelter, smelter, 7]
  - name: A
    envelop: 4
    risk:
      cvarlimit: 3
      cover:
        - {commodity: gaa, days: 3}
    fix:
      agreements:
        - {id: ga-aus, volume: 9}
        - {id: nope, volme: 3}
  - name: c/d
    scenarios: nofile.yaml
    objective: {cvar_weight: 2}
    allocations: [{id: x, min: 5}]
    fix: nowhere
    description: [1]
  - envelope: 3
  - 5
"""


def test_every_fault_at_once_with_its_line(tmp_path: Path) -> None:
    found = faults(tmp_path, FAULTY)
    told = "\n".join(found)
    for line, words in (
        (1, "got nix; the name of an alternative"),
        (2, "did you mean 'alternatives'?"),
        (5, "budget · envelope"),
        (8, "did you mean 'amount'?"),
        (9, "got nobody; the id of a row that is there: approp, vault-loan"),
        (10, "got ga-au; the id of an agreement or a project with a capacity or an optional depot; did you"),
        (11, "got smelter; each id once"),
        (11, "got 7; an id, as text"),
        (12, "each name once, upper and lower case alike"),
        (13, "did you mean 'envelope'?"),
        (15, "did you mean 'cvar_limit'?"),
        (17, "an id that stands in commodities; did you mean 'ga'?"),
        (20, "a number between 1 and 5"),
        (21, "did you mean 'volume'?"),
        (22, "without / \\ :"),
        (23, "nofile.yaml"),
        (24, "cvar_weight"),
        (25, "allocations · x · where"),
        (26, "got nowhere; a folder that solve wrote"),
        (27, "description"),
        (28, "a name, as text"),
        (29, "a record with name"),
    ):
        assert any(f"alternatives.yaml, line {line}" in f and words in f for f in found), (
            f"{line}: {words}\n{told}"
        )


def test_an_alternative_named_in_each_fault_of_its_instance(tmp_path: Path) -> None:
    (only,) = faults(tmp_path, "alternatives:\n- name: half\n  objective:\n    cvar_alpha: 1")
    assert only == (
        "objective · cvar_alpha (alternatives.yaml, line 4, alternative 'half'): got 1; a number below 1"
    )


@pytest.mark.parametrize(
    ("entry", "words"),
    [
        ("{name: x, force: [ga-aus], forbid: [ga-aus]}", "an id that is not forced as well"),
        ("{name: x, force: [vault, vault]}", "each id once"),
        ("{name: x, force: ga-aus}", "a list of ids"),
        ("{name: x, force: [smelter], fix: {projects: []}}", "one of the fixed projects"),
        ("{name: x, forbid: [ga-aus], fix: {agreements: [{id: ga-aus, volume: 3}]}}", "not fixed as well"),
        ("{name: x, fix: {agreements: [{id: ga-aus, start: 1, volume: 3}]}}", "one of the starts 0"),
        ("{name: x, fix: {depots: [yard]}}", "the id of an optional depot"),
        (
            "{name: x, fix: {projects: [{id: smelter, capacity: 1}, {id: smelter, capacity: 1}]}}",
            "each id once",
        ),
        ("{name: x, fix: 3}", "a folder that solve wrote"),
        ("{name: x, sources: {id: approp}}", "a list of rows"),
        ("{name: x, sources: [{id: approp}, {id: approp}]}", "each id once"),
        ("{name: x, sources: [{id: approp, remove: yes}]}", "true, and no other field"),
        ("{name: x, risk: [cover]}", "a record of the fields to change"),
        ("{name: x, scenarios: [{id: s, probability: 2}]}", "a number of at most 1"),
        ("{name: nul}", "a name of at most 80 characters"),
        ("{name: 7}", "as text (in quotes if it is a number)"),
    ],
)
def test_single_faults(tmp_path: Path, entry: str, words: str) -> None:
    found = faults(tmp_path, f"alternatives:\n- {entry}")
    assert all("alternatives.yaml, line 2" in fault for fault in found)
    assert any(words in fault for fault in found), found


@pytest.mark.parametrize("text", ["[]", "alternatives: []", "alternatives: {a: {}}", "baseline: a"])
def test_no_alternatives(tmp_path: Path, text: str) -> None:
    assert faults(tmp_path, text)


@pytest.mark.parametrize(
    ("text", "error"),
    [
        ("alternatives: [&a {name: x}, *a]", UnreadableFile),
        ("alternatives: [{name: x, name: y}]", UnreadableFile),
        ("alternatives: [", UnreadableFile),
        ("alternatives: !!python/object:os.system []", UnreadableFile),
        ("a: " + "[" * 40 + "]" * 40, UnreadableFile),
        ("# " + "x" * 9_000_000, TooLarge),
        ("", UnreadableFile),
    ],
)
def test_the_limits_of_the_reader_hold(tmp_path: Path, text: str, error: type[Exception]) -> None:
    with pytest.raises(error):
        read(tmp_path, text)


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(UnreadableFile):
        read_alternatives(tmp_path / "none.yaml", handmade.instance())


@pytest.mark.parametrize("name", ["4 bn", "half", "ministry's split", "Ω"])
def test_good_names(name: str) -> None:
    assert well_named(name)


@pytest.mark.parametrize(
    "name", ["", "a/b", "..", ".x", "x.", "x ", " x", "a\\b", "a:b", "con", "x" * 81, "a\nb"]
)
def test_names_that_cannot_be_folders(name: str) -> None:
    assert not well_named(name)


def test_what_is_forced_is_checked_in_the_library_as_well() -> None:
    with pytest.raises(FaultyInstance):
        Alternative("x", handmade.instance(), force=("nobody",)).instance  # noqa: B018 (it is made when asked)


def test_a_choice_of_the_same_name_does_not_clash() -> None:
    choices: list[dict[str, Any]] = [{"id": "force ga-aus", "members": ["ga-aus"], "max": 1}]
    whole: Instance = handmade.instance(choices=choices)
    row = Alternative("x", whole, force=("ga-aus",))
    assert [c.id for c in row.instance.choices] == ["force ga-aus", "force ga-aus'"]
