from __future__ import annotations

import pytest

from models.plan import Plan
from optimizer.summary import summary
from optimizer.summary.words import WIDTH, cut, figures, percent, printable, tonnes, usd
from tests.optimizer import handmade


@pytest.fixture(scope="module")
def text() -> str:
    instance = handmade.instance()
    return summary(instance, handmade.plan(instance))


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (12e9, "12 bn"),
        (1.2345e9, "1.23 bn"),
        (999.96e6, "1 bn"),
        (4.0e6, "4 m"),
        (845_000.4, "845,000"),
        (12.5, "12.5"),
        (-3.2e9, "-3.2 bn"),
        (0.0, "0"),
    ],
)
def test_money(value: float, words: str) -> None:
    assert usd(value) == words


@pytest.mark.parametrize(
    ("value", "words"), [(12345.6, "12,346 t"), (999.4, "999 t"), (0.0123, "0.0123 t"), (1e-9, "1.00e-09 t")]
)
def test_tonnes(value: float, words: str) -> None:
    assert tonnes(value) == words


def test_numbers() -> None:
    assert figures(1_234_567) == "1,234,567"
    assert percent(0.123456) == "12 %"
    assert percent(0.00009) == "0.009 %"
    assert cut("gallium", 4) == "gal…"
    assert printable("a\x1b[31mb\n") == "a?[31mb?"


def test_no_line_is_wider_than_a_page(text: str) -> None:
    assert max(len(line) for line in text.splitlines()) <= WIDTH <= 100


@pytest.mark.parametrize(
    "words",
    [
        "by hand: optimal plan",
        "Drawn: 1,138 USD expected, 1,250 on the most expensive path, of an envelope of 2,000",
        "Spent: 1,353 USD expected.",
        "2027 845, 2028 508",
        "Aussie Gallium  Australia (ally)  gallium    4 t/year  2027–2029            940",
        "smelter  processing  United States  4 t/year  2027, 2028             200       238",
        "5 t 122 d",
        "182, 182 d",
        "All of it lies in vault.",
        "Expected loss 250 USD; mean of the worst 5 % (CVaR) 1,000 USD, discounted.",
        "defense                           25 %",
        "ga:essential 3 t, chips cut",
        "one tonne less to hold saves 12.50 USD",
        "feasible: largest residual 2.00e-09 t",
        "within 0.125 USD (0.009 %) of the optimum",
    ],
)
def test_what_it_says(text: str, words: str) -> None:
    assert words in " ".join(text.split("\n")) or words in text


def test_an_infeasible_instance_says_what_would_have_to_give_way() -> None:
    instance = handmade.instance()
    text = summary(instance, handmade.no_plan(instance))
    assert text.startswith("by hand: no plan")
    assert "No plan meets all rules at once. The least that would have to give way:" in text
    assert "- Cover of ga in 2028 would have to give way by 1.5 t." in text
    assert "Money" not in text


@pytest.mark.parametrize(
    ("status", "words"),
    [
        ("unbounded", "falls without limit"),
        ("time_limit", "before the time limit"),
        ("interrupted", "before the interruption"),
    ],
)
def test_why_there_is_no_plan(status: str, words: str) -> None:
    instance = handmade.instance()
    none = Plan.model_validate({**handmade.NO_PLAN, "fingerprint": instance.fingerprint(), "status": status})
    assert words in summary(instance, none)


def test_a_plan_that_failed_its_audit_says_so_first() -> None:
    instance = handmade.instance()
    certificate = {
        **handmade.PLAN["certificate"],
        "passed": False,
        "findings": ["pool: ga at node 2 misses 3 t"],
    }
    text = summary(instance, handmade.plan(instance, certificate=certificate))
    assert "NOT TO BE USED" in text.splitlines()[2]
    assert "ga at node 2 misses 3 t" in text


def test_money_without_a_limit() -> None:
    instance = handmade.instance(budget=None)
    assert "The instance does not limit money." in summary(instance, handmade.plan(instance))
