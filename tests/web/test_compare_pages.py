"""The room of comparisons without a browser: sweeps, alternatives side by side, downloads."""

from __future__ import annotations

import io
import re
from functools import cache
from pathlib import Path
from tempfile import mkdtemp

import openpyxl
import pytest

from api.web.compare import sweep as sweeps
from api.web.compare.laid import called
from api.web.compare.sweep import Sweep, amount, empty, envelopes, spaced, written
from models.alternatives import budgets
from models.options import Options
from optimizer.compare import compare, write_comparison
from optimizer.results import write_results
from optimizer.solve import solve
from tests.api.http.ended import end, submit
from tests.api.http.world import World
from tests.optimizer.compare.lumps import instance
from tests.web.visitor import Visitor, visitor_of

ANON = "anonymous"
EXACT = Options(relative_gap=0.0)


@cache
def compared() -> Path:
    """The folder of a comparison of 500, 1300 and 3000 USD; made once, only read."""
    folder = Path(mkdtemp(prefix="compared"))
    made = compare(instance(), budgets(instance(), (500.0, 1300.0, 3000.0)), EXACT)
    write_comparison(made, folder)
    return folder


@cache
def plan(envelope: float) -> Path:
    """The folder of a plan under an envelope; made once, only read."""
    folder = Path(mkdtemp(prefix="plan"))
    (row,) = budgets(instance(), (envelope,))
    write_results(row.instance, solve(row.instance, EXACT), folder)
    return folder


def comparison(world: World, tenant: str = ANON) -> str:
    id = world.documents.put_instance(tenant, instance())[0].id
    work = {"kind": "compare", "instance": id, "budgets": [500, 1300, 3000], "options": {"relative_gap": 0.0}}
    job = submit(world, work, tenant)
    end(world, job, compared())
    return job


def solved(world: World, envelope: float, **more: object) -> str:
    (row,) = budgets(instance(), (envelope,))
    id = world.documents.put_instance(ANON, row.instance)[0].id
    job = submit(world, {"kind": "solve", "instance": id, **more})
    digest = world.documents.put_result(plan(envelope))
    world.jobs.begin(job)
    world.jobs.finish(job, result=digest, objective=7100.0)
    return job


@pytest.mark.parametrize(
    ("text", "usd"),
    [
        ("12", 12e9), ("4.1 bn", 4.1e9), ("500 m", 5e8), ("2000 USD", 2000.0), ("1e3usd", 1000.0),
        ("0.5 BN USD", 5e8), ("1.5k", 1500.0), ("", None), ("-1", None), ("1,000", None), ("1.2.3", None),
        ("nan", None), ("1e999", None),
    ],
)  # fmt: skip
def test_amounts(text: str, usd: float | None) -> None:
    assert amount(text) == usd


@pytest.mark.parametrize("usd", [12e9, 4.1e9, 666_666_667.0, 2000.0, 0.5])
def test_amounts_are_written_as_they_are_read(usd: float) -> None:
    assert amount(written(usd)) == usd


def test_budgets_evenly_spaced() -> None:
    assert spaced(4e9, 20e9, 5) == [4e9, 8e9, 12e9, 16e9, 20e9]
    assert spaced(1e9, 2e9, 4) == [1e9, 1333333333.0, 1666666667.0, 2e9]  # whole dollars
    assert spaced(1.0, 2.0, 3) == [1.0, 1.5, 2.0]


def of(**fields: str) -> Sweep:
    return Sweep(empty().asking, **fields)  # type: ignore[arg-type]  # texts of the form


def test_what_a_sweep_asks_for() -> None:
    assert envelopes(of(first="4", last="12", number="3")) == ([4e9, 8e9, 12e9], {})
    assert envelopes(of(first="12", last="4", number="2"))[0] == [4e9, 12e9]
    assert envelopes(of(budgets="12, 4; 500 m, 12", first="9")) == ([5e8, 4e9, 12e9], {})
    wrong = envelopes(of(first="four", last="", number="1"))[1]
    assert set(wrong) == {"first", "last", "number"}
    assert "Not 'four'" in wrong["first"]
    assert set(envelopes(of(first="4", last="4", number="3"))[1]) == {"last"}
    assert "Not 'x'" in envelopes(of(budgets="4, x"))[1]["budgets"]
    assert "at most 100" in envelopes(of(budgets=",".join(map(str, range(101)))))[1]["budgets"]


def test_a_sweep_begins_around_the_envelope_of_its_instance() -> None:
    (row,) = budgets(instance(), (12e9,))
    form = sweeps.empty("a" * 64, row.instance)
    assert (form.first, form.last, form.number) == ("6 bn", "18 bn", "5")


def test_names_of_plans(world: World) -> None:
    jobs = [world.jobs.get(ANON, solved(world, 500.0, **more)) for more in ({}, {}, {"title": "Mine"})]
    (row,) = budgets(instance(), (500.0,))
    plain = f"{instance().name}, 500 USD"
    assert called(jobs, [row.instance] * 3) == [f"{plain} ({j.id[:8]})" for j in jobs[:2]] + ["Mine"]


def test_nothing_to_compare(visitor: Visitor) -> None:
    assert "Nothing to compare yet" in visitor.get("/compare").text
    assert "There is no instance yet" in visitor.get("/compare/new").text


def test_a_sweep_from_the_form(world: World, visitor: Visitor) -> None:
    id = world.documents.put_instance(ANON, instance())[0].id
    text = visitor.get(f"/compare/new?instance={id}").text
    once = re.search(r'name="once" value="([0-9a-f]{32})"', text)
    assert once is not None
    form = {
        "kind": "solve", "once": once[1], "instance": id, "first": "500 USD", "last": "3000 USD",
        "number": "3", "budgets": "", "regret": "on", "options.relative_gap": "0.5 %", "title": "Three",
        "options.time_limit": "60", "options.marginals": "on",
    }  # fmt: skip
    place = visitor.post("/compare/new", form).headers["location"]
    assert visitor.post("/compare/new", form).headers["location"] == place
    job = world.jobs.get(ANON, place.rpartition("/")[2])
    assert (job.kind, job.title, job.work["budgets"], job.work["regret"]) == (
        "compare", "Three", [500.0, 1750.0, 3000.0], True,
    )  # fmt: skip
    assert job.work["options"]["relative_gap"] == 0.005
    assert "Three" in visitor.get("/compare").text, "under way"
    back = visitor.post("/compare/new", form | {"last": "", "options.time_limit": "soon"}, status=422).text
    assert back.count('aria-invalid="true"') >= 1
    assert 'value="500 USD"' in back
    # The same again, to be changed.
    text = visitor.get(f"/compare/new?clone={job.id}").text
    assert "500 USD, 1750 USD, 3000 USD" in text
    assert 'name="options.relative_gap" value="0.005"' in text
    changed = form | {"clone": job.id, "budgets": "700 USD, 900 USD", "once": "f" * 32}
    changed.pop("regret")
    made = visitor.post("/compare/new", changed).headers["location"].rpartition("/")[2]
    work = world.jobs.get(ANON, made).work
    assert (work["budgets"], work["regret"]) == ([700.0, 900.0], False)


def test_a_finished_comparison(world: World, visitor: Visitor) -> None:
    job = comparison(world)
    assert f'href="/compare/{job}"' in visitor.get("/compare").text
    text = visitor.get(f"/compare/{job}").text
    for picture in ("frontier", "dollar", "entering", "segments", "regret"):
        assert f'data-chart="/compare/{job}/charts/{picture}.json"' in text
        spec = visitor.client.get(f"/compare/{job}/charts/{picture}.json").json()
        assert "$schema" in spec
    # From 500 to 1300 "big" enters and "small" leaves (test_hand.py).
    assert "From 500 to 1300" in text
    assert re.search(r"Only 1300 signs [^<]*big[^<]* \(60 t/year", text)
    assert re.search(r"Only 500 signs [^<]*small[^<]* \(30 t/year", text)
    assert f"/jobs/{job}/plan?alternative=1300" in text
    assert "stockpile compare INSTANCE --budgets 500,1300,3000" in text
    # By default the baseline and the last; or as the address says, which is the link to copy.
    assert "Against 500, 3000 costs 1,500 USD more (2,000 against 500)" in text
    address = f"/compare/{job}?left=1300&amp;right=3000"
    side = visitor.get(f"/compare/{job}?left=1300&right=3000").text
    assert f'data-link="{address}"' in side
    assert "Against 1300, 3000 costs 700 USD more" in side
    assert "No alternative is called" in visitor.get(f"/compare/{job}?left=nothing", status=404).text


def test_what_can_be_taken_away(world: World, visitor: Visitor) -> None:
    job = comparison(world)
    answer = visitor.client.get(f"/compare/{job}/tables/alternatives.csv")
    assert answer.headers["content-disposition"].startswith("attachment")
    assert answer.text == (compared() / "tables" / "alternatives.csv").read_text()
    book = openpyxl.load_workbook(io.BytesIO(visitor.client.get(f"/compare/{job}/comparison.xlsx").content))
    assert "regret" in book.sheetnames
    assert visitor.client.get(f"/compare/{job}/tables/nothing.csv").status_code == 404
    assert visitor.client.get(f"/compare/{job}/charts/nothing.json").status_code == 404


def test_plans_found_apart(world: World, visitor: Visitor) -> None:
    small, large = solved(world, 500.0, title="Small"), solved(world, 1300.0, title="Large")
    text = visitor.get("/compare").text
    assert f'value="{small}"' in text
    text = visitor.get(f"/compare/plans?job={small}&job={large}").text
    assert "2 plans side by side" in text
    assert "Large has an envelope of 1,300 USD, Small one of 500 USD; nothing else differs." in text
    assert "Not known without a further solve" in text
    assert "Regret: each plan would have to be solved again" in text
    assert f'href="/jobs/{large}/plan"' in text
    charts = f"/compare/plans/charts/frontier.json?job={small}&job={large}"
    assert charts.replace("&", "&amp;") in text
    assert "$schema" in visitor.client.get(charts).json()
    assert f"/compare/plans?job={small}&amp;job={large}&amp;left=Small&amp;right=Large" in text
    csv = visitor.client.get(f"/compare/plans/tables/alternatives.csv?job={small}&job={large}").text
    assert [line.partition(",")[0] for line in csv.splitlines()] == ["alternative", "Small", "Large"]
    # The same jobs the other way round: differences are taken to the first.
    assert "Against Large, Small costs" in visitor.get(f"/compare/plans?job={large}&job={small}").text


def test_what_cannot_be_laid_side_by_side(world: World, visitor: Visitor) -> None:
    small = solved(world, 500.0)
    waiting = submit(world, {"kind": "solve", "instance": world.store()})
    job = comparison(world)
    assert "Choose 2 to 12 jobs" in visitor.get(f"/compare/plans?job={small}", status=422).text
    assert (
        "The job has not finished."
        in visitor.get(f"/compare/plans?job={small}&job={waiting}", status=409).text
    )
    assert "is a compare" in visitor.get(f"/compare/plans?job={small}&job={job}", status=409).text
    assert "compares nothing" in visitor.get(f"/compare/{small}", status=409).text
    visitor.get(f"/compare/{'0' * 32}", status=404)
    world.jobs.remove(ANON, job)
    visitor.get(f"/compare/{job}", status=410)


def test_another_tenants_comparison_is_not_there(world: World) -> None:
    theirs = comparison(world, "beta")
    mine = visitor_of(world)
    mine.log_in(world.key("alpha"))
    assert theirs not in mine.get("/compare").text
    for path in (
        f"/compare/{theirs}", f"/compare/{theirs}/charts/frontier.json", f"/compare/{theirs}/comparison.xlsx",
        f"/compare/{theirs}/tables/alternatives.csv", f"/compare/{theirs}/report",
        f"/compare/new?clone={theirs}", f"/compare/new?job={theirs}",
        f"/compare/plans?job={theirs}&job={'0' * 32}",
    ):  # fmt: skip
        assert mine.client.get(path).status_code == 404, path
    # Once somebody who may has looked, it is kept in memory; still not for others.
    owner = visitor_of(world)
    owner.log_in(world.key("beta"))
    owner.get(f"/compare/{theirs}")
    assert mine.client.get(f"/compare/{theirs}").status_code == 404


def test_a_key_that_may_only_look(world: World) -> None:
    theirs = comparison(world, "alpha")
    reader = visitor_of(world)
    reader.log_in(world.key("alpha", "read"))
    assert "/compare/new" not in reader.get(f"/compare/{theirs}").text
    assert "/compare/new" not in reader.get("/compare").text
    reader.get("/compare/new", status=403)
    reader.get("/compare")
    reader.post("/compare/new", {"kind": "solve"}, status=403)
