"""What the pages of a plan show, from the plan made by hand: figures by pencil, marks, what is kept."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

import pytest

from api.web.plan import ledger, overview, reasons, rooms, scenario
from api.web.plan.ledger import Entry
from api.web.plan.opened import Opened, Shelf
from api.web.plan.rooms import Place
from models import files
from models.faults import NoSuchFile, UnknownItem
from tests.optimizer import handmade

PLACE = Place("0" * 32)


def opened(**changes: Any) -> Opened:
    """The plan made by hand."""
    instance = handmade.instance()
    return Opened("key", instance, handmade.plan(instance, **changes), 1000)


def cells(grids: list[Any], caption: str) -> list[list[str]]:
    """Rows of the table of a caption."""
    return next(grid.rows for grid in grids if grid.caption == caption)


def test_addresses_keep_the_alternative_and_escape_names() -> None:
    place = Place("a" * 32, "a & b")
    assert place.address() == f"/jobs/{'a' * 32}/plan?alternative=a+%26+b"
    assert place.address("scenarios", {"scenario": "x=1", "year": None}).endswith(
        "?alternative=a+%26+b&scenario=x%3D1"
    )
    assert [name for _, name in PLACE.tabs(False)] == ["Overview", "Assumptions", "Downloads"]
    assert set(rooms.PICTURES) <= set(rooms.TABS)


def test_the_overview_by_hand() -> None:
    view = overview.overview(opened(), PLACE)
    # 845 + 0.75 · 462.5 + 0.25 · 644 = 1,352.875.
    assert ("Spent", "1,353 USD") in [(card.label, card.figure) for card in view.cards]
    assert view.alert == ""
    assert any("0.125 USD" in line for line in view.proof)
    worst = overview.worst(opened(), PLACE)
    assert [(w.name, w.probability, w.loss) for w in worst] == [("ban", 0.25, 1000.0)]
    assert worst[0].short == "3 t of gallium and output of chips"
    assert worst[0].address == f"{PLACE.base}/scenarios?scenario=ban"


def test_a_plan_that_the_audit_refuses_is_not_to_be_used() -> None:
    certificate = handmade.PLAN["certificate"] | {"passed": False, "findings": ["pool is broken"]}
    view = overview.overview(opened(certificate=certificate), PLACE)
    assert "Not to be used" in view.alert
    assert "pool is broken" in view.proof


def test_money_by_year_by_hand() -> None:
    grids = overview.grids(opened(), "money")
    spent = {row[0]: row[1:] for row in cells(grids, "Spent by category and year, USD expected")}
    # Agreements: 50 + 40 + 400, then 0.75 · 400 + 0.25 · 600.
    assert spent["agreement"] == ["490", "450", "940"]
    assert spent["all together"] == ["845", "508", "1,353"]
    drawn = {row[0]: row[1:] for row in cells(grids, "Money in by source and year, USD expected")}
    assert drawn["vault-loan"] == ["200", "338", "538"]
    assert drawn["releases"] == ["0", "238", "238"]


def test_supply_by_country_stage_and_material_by_hand() -> None:
    grids = overview.grids(opened(), "sourcing")
    rows = cells(grids, "Supply by country, stage and material")
    assert rows[0] == ["Australia", "ally", "metal", "gallium", "1,050"]


def test_pictures_of_one_material() -> None:
    plan = opened()
    assert set(plan.of_material("zinc")["spend"]["material"]) == {"zinc"}
    assert plan.of_material("") is plan.tables
    with pytest.raises(NoSuchFile):
        plan.of_material("tin")
    whole, zinc = (
        overview.charts(plan, PLACE, "sourcing", {}),
        overview.charts(plan, PLACE, "sourcing", {"material": "zinc"}),
    )
    assert whole[0].summary != zinc[0].summary
    assert zinc[0].spec.endswith("charts/sourcing.json?material=zinc")


def test_the_drawing_of_the_tree_by_hand() -> None:
    drawn = scenario.drawing(opened().unfolded(), "ban", lambda s: f"/{s}")
    assert [name for _, name in drawn.columns] == ["2027", "2028"]
    # Two lines leave the first year; that of the ban is the chosen one and comes last: it lies on top.
    assert [(line.state, line.on) for line in drawn.lines] == [("calm", False), ("hit", True)]
    assert [(leaf.name, leaf.address, leaf.on) for leaf in drawn.leaves] == [
        ("(undisturbed)", "/(undisturbed)", False),
        ("ban", "/ban", True),
    ]
    assert [leaf.y for leaf in drawn.leaves] == [scenario.TOP, scenario.TOP + scenario.ROW]
    sizes = [dot.radius for dot in drawn.dots]
    assert sizes == [scenario.SMALL, scenario.SMALL, scenario.LARGE]
    assert drawn.left == 0


def test_what_is_looked_at_without_a_choice() -> None:
    tables = opened().unfolded()
    # The worst scenario, in the first year in which something happens.
    assert scenario.chosen(tables, None, None) == ("ban", 1)
    assert scenario.chosen(tables, "(undisturbed)", None) == ("(undisturbed)", 0)
    assert scenario.chosen(tables, "ban", "2027") == ("ban", 0)
    for who, year in (("bun", None), ("ban", "2030"), ("ban", "x")):
        with pytest.raises(NoSuchFile):
            scenario.chosen(tables, who, year)


def test_a_year_under_the_ban_by_hand() -> None:
    year = scenario.replay(opened().unfolded(), "ban", 1, PLACE)
    assert (year.year, year.others, year.likely, year.after) == ("2028", 0, 0.25, None)
    assert year.begins == ["From China: nothing.", "Prices: gallium × 2."]
    assert (year.goes_on, year.ends) == ([], [])
    figures = {label: (figure, note) for label, figure, note in year.figures}
    assert figures["Lost by consumers"] == ("1,000 USD", "1,000 up to now")
    # Deliveries 600; opex 8 and support 30; handling 5 and disposal 1: 644, after 845 in the year before.
    assert figures["Spent"] == ("644 USD", "agreements 600, projects 38, holding stock 6; 1,489 up to now")
    assert figures["Earned"][0] == "950 USD"
    assert figures["Drawn from the budget"] == ("0 USD", "800 up to now; 200 repaid")
    assert figures["Cash left"][0] == "137 USD"
    assert cells(year.grids, "What commerce no longer supplies") == [
        ["gallium", "15", "15", "100 %", "China"]
    ]
    assert cells(year.grids, "What the reserve gives") == [["gallium", "9.5", "0"]]
    assert cells(year.grids, "What goes short") == [["gallium", "3", "0", "0", "900"]]
    assert cells(year.grids, "What industries cannot make") == [["chips", "defense", "20 %", "100"]]
    assert cells(year.grids, "What is left in the reserve") == []
    assert year.story == (
        "The reserve releases 9.5 t of gallium. Consumers go short of 3 t of gallium, which costs them"
        " 900 USD. Output is cut: 20 % of chips, which costs 100 USD."
    )
    assert [(s.year, s.hit, s.loss, s.on) for s in year.steps] == [
        ("2027", False, 0.0, False),
        ("2028", True, 1000.0, True),
    ]
    assert year.before == f"{PLACE.base}/scenarios?scenario=ban&year=2027"
    assert year.chart == f"{PLACE.base}/charts/replay.json?scenario=ban&year=2028"


def test_the_year_before_nobody_knows() -> None:
    year = scenario.replay(opened().unfolded(), "ban", 0, PLACE)
    assert (year.others, year.before) == (1, None)
    assert year.story == "Nothing is in force this year. The reserve releases nothing. Nobody goes short."


def test_marginal_values_by_kind_and_item() -> None:
    view = reasons.values(opened())
    assert view.lead[0] == "The envelope does not bind."
    assert view.kinds == [("cover", "days of cover", 1)]
    assert view.rows is not None
    assert view.rows.rows == [["ga", "days of cover", "2028", "12.5", "t"]]
    assert reasons.values(opened(), kind="spot").rows is None
    assert reasons.values(opened(), text="GA").found == 1
    assert not reasons.values(opened(marginal_values=[])).asked


def test_items_to_ask_about() -> None:
    instance = handmade.instance()
    known = reasons.items(instance)
    assert {"ga-aus", "smelter", "vault", "ga", "gallium", "CHN", "ally", "approp", "ban", "chips"} <= set(
        known
    )
    reasons.check_item(instance, "smelter")
    with pytest.raises(UnknownItem, match="smelter"):
        reasons.check_item(instance, "smeltr")


def test_an_explanation_is_shown_as_tables() -> None:
    data = (
        b'{"text": "Why", "tables": {"facts": {"columns": ["fact", "value"], "rows": [["what", "mine"]]},'
        b' "entry": {"columns": ["id"], "rows": []}}}'
    )
    found = reasons.explained(data)
    assert [(g.caption, g.rows) for g in found.grids] == [("What it is", [["what", "mine"]])]
    assert found.text == "Why"


# ---- the ledger


@pytest.fixture
def cases(tmp_path: Path) -> Path:
    """A case called "by hand", with a ledger of four entries."""
    folder = tmp_path / "by hand"
    files.write(handmade.instance(), folder)
    (folder / "sources").mkdir()
    rows = [
        "table,row,field,source,quality,formula",
        "projects,smelter,capex_fixed,a letter of 2026,sourced,as it stands",
        'demand,ga:*,quantity,"a survey, page 3",derived,twice the half',
        "market,ga from CHN,quantity,nobody knows,assumed,a guess",
        "objective,-,cvar_weight,a choice,assumed,",
    ]
    (folder / "sources" / "provenance.csv").write_text("\n".join(rows) + "\n", encoding="utf-8")
    return tmp_path


def test_the_ledger_of_a_case(cases: Path) -> None:
    every = ledger.entries(handmade.instance(), cases)
    view = ledger.ledger("by hand", every)
    assert view.marks == {"sourced": 1, "derived": 1, "assumed": 2}
    assert (view.found, view.all, view.changed, view.pages) == (4, 4, 0, 1)
    assert view.tables == ["projects", "demand", "market", "objective"]
    assert [e.row for e in ledger.ledger("by hand", every, mark="assumed").entries] == ["ga from CHN", "-"]
    assert [e.row for e in ledger.ledger("by hand", every, table="demand").entries] == ["ga:*"]
    assert [e.row for e in ledger.ledger("by hand", every, text="PAGE survey").entries] == ["ga:*"]
    assert ledger.ledger("by hand", every, text="tin").entries == []


def test_rows_that_were_changed_lose_the_promise_of_their_mark(cases: Path) -> None:
    market = [{"commodity": "ga", "country": "CHN", "quantity": 16.0}]
    every = ledger.entries(handmade.instance(market=market), cases)
    assert [e.row for e in every if e.changed] == ["ga from CHN"]
    assert ledger.ledger("by hand", every, mark="changed").found == 1
    weights = ledger.entries(handmade.instance(objective={"cvar_weight": 0.5}), cases)
    assert [e.table for e in weights if e.changed] == ["objective"]
    # Another row of the same table changes nothing about this one.
    projects = [*handmade.INSTANCE["projects"], handmade.INSTANCE["projects"][0] | {"id": "other"}]
    assert not any(e.changed for e in ledger.entries(handmade.instance(projects=projects), cases))


def test_instances_that_are_no_case_have_no_ledger(cases: Path) -> None:
    for name in ("another", "../by hand", ".", "by hand/"):
        assert ledger.entries(handmade.instance(name=name), cases) == []


def test_the_ledger_of_the_real_case_is_found() -> None:
    real = files.read(ledger.CASES / "us-vault-2026")
    every = ledger.entries(real)
    assert len(every) > 900
    assert not any(e.changed for e in every)
    assert {e.mark for e in every} == set(ledger.MARKS)


def test_long_ledgers_have_pages() -> None:
    every = [Entry("t", str(n), "f", "s", "assumed", "") for n in range(ledger.PAGE + 1)]
    assert ledger.ledger("x", every).pages == 2
    assert [e.row for e in ledger.ledger("x", every, page=2).entries] == [str(ledger.PAGE)]
    assert ledger.ledger("x", every, page=99).page == 2


# ---- what is kept


def test_several_who_ask_at_once_open_a_plan_once() -> None:
    shelf, read, gate = Shelf(), [], threading.Event()

    def slow() -> Opened:
        read.append(1)
        gate.wait(10)
        return opened()

    found: list[Opened] = []
    threads = [threading.Thread(target=lambda: found.append(shelf.open("k", slow))) for _ in range(4)]
    for thread in threads:
        thread.start()
    gate.set()
    for thread in threads:
        thread.join()
    assert len(read) == 1
    assert len(set(map(id, found))) == 1


def test_what_was_not_looked_at_for_long_is_given_up_first() -> None:
    shelf, read = Shelf(room=2500), []

    def make(key: str) -> Opened:
        read.append(key)
        return opened()

    for key in ("a", "b", "a", "c", "a", "b"):  # each 1,000: room for two
        shelf.open(key, lambda key=key: make(key))
    assert read == ["a", "b", "c", "b"]
    small = Shelf(room=1)
    small.open("a", opened)
    assert small.open("a", opened) is small.open("a", opened)


def test_a_plan_that_cannot_be_read_is_asked_for_again() -> None:
    shelf = Shelf()

    def broken() -> Opened:
        raise OSError("gone")

    with pytest.raises(OSError, match="gone"):
        shelf.open("a", broken)
    assert shelf.open("a", opened).key == "key"


def test_views_are_made_once_and_kept_within_bounds() -> None:
    plan, made = opened(), []
    for _ in range(2):
        plan.view(lambda: made.append(1), "x", 1)
    assert len(made) == 1
    from api.web.plan.opened import VIEWS

    for n in range(VIEWS + 5):
        plan.view(object, n)
    assert len(plan._views) == VIEWS


def test_no_solver_is_loaded_for_looking_at_a_plan() -> None:
    """The service shows plans without Pyomo and HiGHS in its memory."""
    import subprocess
    import sys

    code = (
        "import sys; sys.path.insert(0, '.');"
        "from tests.web.test_plan_views import opened, PLACE, overview, scenario, reasons;"
        "p = opened(); overview.overview(p, PLACE); overview.worst(p, PLACE);"
        "[overview.grids(p, t) for t in ('money', 'sourcing', 'reserve', 'commitments', 'scenarios')];"
        "scenario.replay(p.unfolded(), 'ban', 1, PLACE); reasons.values(p);"
        "assert not {'pyomo', 'highspy'} & set(sys.modules), sorted(set(sys.modules) & {'pyomo', 'highspy'})"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
