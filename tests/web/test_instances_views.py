"""What pages of instances show, from instances and drafts alone."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from api.web.instances import cells, headline, mending, packing, rows, sheets
from api.web.instances.changes import TableChange, changes
from api.web.instances.examples import example, examples
from models import files
from models.drafts import Draft, check, edit
from models.drafts.read import draft, of_instance
from models.faults import NoSuchInstance
from models.files import read_bytes
from models.instance import Instance
from models.tables import grids
from models.tables.layout import SCALARS, tables

CASES = Path(__file__).parents[2] / "instances"
ONE = files.read(CASES / "one-material")
REAL = files.read(CASES / "us-vault-2026")


def changed(**fields: Any) -> Instance:
    return Instance.parse(ONE.as_dict() | fields)


def sent(data: dict[str, Any]) -> Draft:
    return draft(json.dumps(data).encode(), "json", "case.json")


# Tables


def test_every_column_of_every_table_has_its_meaning() -> None:
    for grid in grids(REAL):
        for head in sheets.heads(grid):
            assert head.about or grid.name == SCALARS, (grid.name, head.name)
    assert sheets.head("market", "quantity[2027]").unit == "t/year"
    assert sheets.head("commodities", "price").unit == "USD/t"
    assert sheets.head("commodities", "price").right
    assert not sheets.head("commodities", "name").right
    assert sheets.head("projects.outputs", "quantity").unit == "t/t"
    assert sheets.head("demand.shortage_cost", "demand").about == "the demand the row belongs to"
    for name in tables():
        assert sheets.note(name)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, ""), (True, "true"), (1234567.5, "1,234,567.5"), (-1234.0, "-1,234"), (0.25, "0.25"),
        (1e22, "1e+22"), ("x", "x"),
    ],
)  # fmt: skip
def test_numbers_have_separators(value: Any, text: str) -> None:
    assert sheets.cell(value, right=True) == text


def test_years_and_ids_have_none() -> None:
    assert sheets.cell(2027) == "2027"


def test_a_part_of_a_table_is_what_was_asked_for() -> None:
    grid = next(g for g in grids(REAL) if g.name == "market")
    part = sheets.part(grid, 10, 5)
    assert (part.total, part.matching, part.first, len(part.rows)) == (214, 214, 10, 5)
    found = sheets.part(grid, 0, 500, "Gallium chn")
    assert 0 < found.matching < 214
    assert all("gallium" in row and "CHN" in (row[1], row[2]) for row in found.rows)
    assert sheets.part(grid, 10**9, 5).rows == []
    assert len(sheets.part(grid, 0, 10**9).rows) == 214


def test_single_fields_come_with_unit_and_meaning() -> None:
    grid = next(grids(REAL))
    part = sheets.part(grid, 0, 50)
    row = next(row for row in part.rows if row[0] == "budget.envelope")
    assert row[2] == "USD"
    assert "drawn" in row[3]


# At a glance


def test_the_real_case_at_a_glance() -> None:
    found = {label: (figure, note) for label, figure, note in headline.cards(REAL)}
    assert found["Years"] == ("2027–2036", "10 periods")
    assert found["Money"] == ("12 bn USD", "envelope; 3 sources")
    assert found["Options"][0] == "155"
    assert found["Scenarios"][1].startswith("nothing happens with ")


@pytest.mark.parametrize(
    ("budget", "told"),
    [
        (None, ("not limited", "no budget is given")),
        ({}, ("0 USD", "opening cash only")),
        ({"envelope": 5e9}, ("5 bn USD", "envelope; one appropriation")),
        ({"sources": [{"id": "a", "kind": "appropriation", "amount": 2e6}]}, ("2 m USD", "1 source")),
        ({"sources": [{"id": "a", "kind": "loan"}]}, ("not capped", "1 source")),
    ],
)
def test_money_at_a_glance(budget: Any, told: tuple[str, str]) -> None:
    data = ONE.as_dict()
    data.pop("budget", None)
    instance = Instance.parse(data | ({} if budget is None else {"budget": budget}))
    assert next(card[1:] for card in headline.cards(instance) if card[0] == "Money") == told


# What changed


def only(before: Instance, after: Instance) -> TableChange:
    (found,) = changes(before, after)
    return found


def test_nothing_changed_whatever_the_order() -> None:
    assert changes(ONE, ONE) == []
    data = REAL.as_dict()
    data["market"].reverse()
    # Rows of the market that are named alike keep their order among themselves.
    found = changes(REAL, Instance.parse(data))
    assert all(change.name == "market" for change in found)


def test_a_row_that_was_added_or_removed() -> None:
    data = ONE.as_dict()
    data["countries"] = [*data["countries"], {"id": "CAN", "name": "Canada", "group": "ally", "risk": 0.25}]
    after = Instance.parse(data)
    change = only(ONE, after)
    assert change.words == "countries: 1 row added."
    assert [(row.label, row.about) for row in change.added] == [("CAN", "name Canada, group ally, risk 0.25")]
    assert only(after, ONE).words == "countries: 1 row removed."


def test_a_number_that_rose() -> None:
    data = ONE.as_dict()
    before = data["commodities"][0]["price"]
    data["commodities"][0]["price"] = before * 1.1
    change = only(ONE, Instance.parse(data))
    ((row),) = change.changed
    ((cell),) = row.cells
    assert (cell.name, cell.unit) == ("price", "USD/t")
    assert cell.words.startswith("price rises by 10 % from ")
    assert cell.words.endswith(" USD/t")


def test_all_years_by_the_same_share() -> None:
    data = REAL.as_dict()
    data["demand"][0]["quantity"] = [round(q * 0.9, 9) for q in data["demand"][0]["quantity"]]
    ((row),) = only(REAL, Instance.parse(data)).changed
    assert row.label == REAL.demand[0].id
    first = REAL.demand[0].quantity[0]  # type: ignore[index]  # one number per period there
    expected = (
        f"quantity falls by 10 % in every year: 2027 from {first:g} to {round(first * 0.9, 9):g} t/year"
    )
    assert row.cells[0].words == expected


def test_some_years() -> None:
    data = REAL.as_dict()
    data["demand"][0]["quantity"][1] = 0.0
    ((row),) = only(REAL, Instance.parse(data)).changed
    assert row.cells[0].words.startswith("quantity in 2028 from ")
    assert row.cells[0].words.endswith(" to 0 t/year")


def test_a_default_that_is_no_longer_one_and_a_field_of_the_whole() -> None:
    data = ONE.as_dict() | {"discount_rate": 0.04}
    data["commodities"][0]["stowage"] = 2.5
    found = {change.name: change for change in changes(ONE, Instance.parse(data))}
    ((stowage),) = found["commodities"].changed[0].cells
    before = ONE.commodities[0].stowage
    assert stowage.before == sheets.cell(before, right=True)
    assert (stowage.after, stowage.unit) == ("2.5", "m³/t")
    instance = found["instance"]
    labels = [row.label for row in (*instance.changed, *instance.added)]
    assert labels == ["discount_rate"]


# Mending


def test_groups_come_in_the_order_of_the_model_with_the_faulty_rows_alone() -> None:
    data = REAL.as_dict()
    data["spot"][2]["country"] = "CHNA"
    data["demand"][1]["commodity"] = "galium"
    found = sent(data)
    demand, spot = mending.groups(found, check(found))
    assert (demand.table, spot.table) == ("demand", "spot")
    ((line),) = demand.lines
    assert line.label == REAL.demand[1].id
    wrong = [f for f in line.fields if f.messages]
    assert [(f.head.name, f.text, f.messages[0].meant) for f in wrong] == [("commodity", "galium", "gallium")]
    assert [f.head.name for f in line.fields if not f.open] == ["id"]
    assert wrong[0].list == "commodities"
    assert "gallium" in cells.lists(found, wrong)["commodities"]


def test_no_more_rows_than_can_be_read() -> None:
    data = REAL.as_dict()
    for row in data["market"]:
        row["country"] = "???"
    found = sent(data)
    group = next(g for g in mending.groups(found, check(found)) if g.table == "market")
    assert len(group.lines) == mending.ROWS
    assert group.hidden == 214 - mending.ROWS


def test_words_and_truth_values_are_chosen() -> None:
    found = of_instance(REAL)
    agreements = found.sheet("agreements")
    assert agreements is not None
    kind = agreements.ids[agreements.columns.index("price.kind")]
    assert cells.field_of(found, agreements, agreements.keys[0], kind, "price.kind").words == (
        "fixed",
        "index",
    )
    projects = found.sheet("projects")
    assert projects is not None
    flag = cells.field_of(found, projects, projects.keys[0], "+must_run", "must_run")
    assert flag.words == ("true", "false")
    scalar = found.sheet("instance")
    assert scalar is not None
    assert cells.field_of(found, scalar, scalar.keys[0], scalar.ids[1], "value").words == ("1",)


def test_a_page_of_a_table_and_the_way_to_the_others() -> None:
    found = of_instance(REAL)
    market = found.sheet("market")
    assert market is not None
    checked = check(found)
    shown = rows.page(found, market, checked, 2, "")
    assert (shown.first, shown.page, shown.pages, len(shown.lines)) == (rows.ROWS + 1, 2, 6, rows.ROWS)
    assert rows.page(found, market, checked, 99, "").page == 6
    few = rows.page(found, market, checked, 1, "gallium can")
    assert {line.fields[1].text for line in few.lines} == {"CAN"}
    edit.remove_row(found, "market", market.keys[0])
    assert rows.page(found, market, check(found), 1, "").gone[0][1].startswith("gallium · CAN")


def test_counts_by_table() -> None:
    data = ONE.as_dict()
    data["market"][0]["quantity"] = -1
    found = sent(data)
    counts = {name: (size, faults) for name, size, faults in rows.counts(found, check(found))}
    assert counts["market"] == (len(data["market"]), 1)
    assert counts["instance"][1] == 0
    assert next(iter(counts)) == SCALARS


# Files and examples


@pytest.mark.parametrize("format", packing.FORMATS)
def test_what_is_downloaded_is_the_same_again(format: str) -> None:
    assert read_bytes(packing.pack(REAL, format), format, "a") == REAL
    assert packing.pack(ONE, "zip") == packing.pack(ONE, "zip")


def test_the_real_case_is_the_first_example() -> None:
    found = examples()
    assert found[0].folder == "us-vault-2026"
    assert all(one.name and one.about and not one.about.startswith("#") for one in found)
    assert example("one-material") == ONE
    for path in ("../tests", "/etc", "", "nothing"):
        with pytest.raises(NoSuchInstance):
            example(path)
