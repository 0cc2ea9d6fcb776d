"""The hazards of the real case are those of its sources, and what is sampled from them is plausible."""

from __future__ import annotations

import csv
import math
from pathlib import Path

import pytest

from models.files import read
from models.instance import Instance
from optimizer.scenarios import simulate
from optimizer.scenarios.figures import announcements, undisturbed, years_hit
from optimizer.scenarios.proxy import proxy_losses

CASE = Path(__file__).resolve().parents[2] / "instances" / "us-vault-2026"
MEASURES = ("ban_ga_ge_sb", "licence_ga_ge_sb", "licence_ree", "licence_w_te_bi_in")
"""What China announces of its own accord; ``ban_all`` follows these."""

N = 2000


@pytest.fixture(scope="module")
def case() -> Instance:
    return read(CASE)


def source(name: str) -> list[dict[str, str]]:
    with (CASE / "sources" / f"{name}.csv").open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def test_chinese_announcements_that_bind_add_up(case: Instance) -> None:
    """0.43 a year, 0.56 of which bind: 0.241; 0.15 of these only after another measure."""
    rate = {h.id: (h.rate, h.after_rate) for h in case.hazards}
    assert sum(rate[name][0] for name in MEASURES) == pytest.approx(0.43 * 0.56 * 0.85, rel=1e-4)
    assert rate["ban_all"] == (0.0, pytest.approx(0.43 * 0.56 * 0.15, rel=1e-4))


def test_named_rates_are_those_of_the_sources(case: Instance) -> None:
    yearly = {row.id: row.factor * 0.43 for row in case.hazard_rates}
    assert yearly == pytest.approx({"low": 0.43, "middle": 0.75, "high": 1.75}, rel=1e-4)
    for row in case.hazard_rates:
        assert row.hazards == (*MEASURES, "ban_all")


def test_tension_leaves_the_mean_rate_alone(case: Instance) -> None:
    """Tense 0.0588 / (0.0588 + 0.25) = 4/21 of the time, from the start: 17/21 · 0.5 + 4/21 · 3.125 = 1."""
    (row,) = case.regimes
    tense = row.tense_rate / (row.tense_rate + row.calm_rate)
    assert tense == pytest.approx(4 / 21, abs=2e-4)
    assert row.tense_at_start == pytest.approx(4 / 21, abs=1e-6)
    assert (1 - tense) * row.calm_factor + tense * row.tense_factor == pytest.approx(1, abs=1e-3)


def test_bans_are_short_licences_last(case: Instance) -> None:
    """Median 0.65 of a year: ln 2 / 0.65 = 1.07; 0.12 ends a year once settled."""
    ending = {h.id: h.ending_rate for h in case.hazards}
    for name in ("ban_ga_ge_sb", "ban_all", "ban_cobalt"):
        assert ending[name] == pytest.approx(math.log(2) / 0.65, rel=5e-3)
    for name in ("licence_ga_ge_sb", "licence_ree", "licence_w_te_bi_in"):
        assert ending[f"{name}_settled"] == 0.12
        (row,) = (h for h in case.hazards if h.id == name)
        # What ends for good: 0.12 a year.
        assert row.ending_rate * (1 - row.becomes_probability) == pytest.approx(0.12, abs=0.005)


def test_leakage_is_that_of_bans_and_licences(case: Instance) -> None:
    """5-20 % of supply in bans, 30-77 % in licences; on average what announcements.csv says."""
    cuts = {row["id"]: float(row["supply_factor"]) for row in source("announcements")}
    for h in case.hazards:
        if h.country == "CHN" and len(h.levels) > 1:
            first = [level.effects[0] for level in h.levels]
            assert all(effect.countries == ("CHN",) for effect in first)
            low, high = (0.05, 0.20) if h.id.startswith("ban") else (0.30, 0.77)
            assert all(low <= effect.factor <= high for effect in first), h.id
            mean = sum(level.probability * level.effects[0].factor for level in h.levels)
            assert mean == pytest.approx(cuts[h.id], rel=0.01)


def test_the_suspension_lapses_with_one_chance_in_five(case: Instance) -> None:
    (ban,) = (h for h in case.hazards if h.id == "ban_ga_ge_sb")
    assert ban.dated is not None
    assert (ban.dated.period, ban.dated.probability) == (0, 0.2)
    found = simulate(case, N, 1)
    first = found.levels[:, 0, found.hazards.index("ban_ga_ge_sb")] > 0
    p = 1 - 0.8 * (17 / 21 * math.exp(-0.5 * ban.rate) + 4 / 21 * math.exp(-3.125 * ban.rate))
    assert abs(first.mean() - p) <= 4 * math.sqrt(p * (1 - p) / N)


def test_more_announcements_hit_more_and_hurt_more(case: Instance) -> None:
    """What is Chinese more often, what is not as often as before (the same draws decide it)."""
    starts, losses, quiet, gallium = [], [], [], []
    for rate in ("low", "middle", "high"):
        found = simulate(case, N, 2, rate=rate)
        table = announcements(found).set_index("hazard")["starts"]
        starts.append(table)
        p = [s.probability for s in found.scenarios]
        losses.append(float(p @ proxy_losses(case, found.scenarios).sum(axis=(1, 2))))
        quiet.append(undisturbed(found.scenarios))
        gallium.append(years_hit(case, found.scenarios).set_index("material")["years"]["gallium"])
    for values in (losses, gallium, [-q for q in quiet]):
        assert values[0] < values[1] < values[2]
    for name in (*MEASURES, "ban_all"):
        assert starts[0][name] < starts[1][name] < starts[2][name]
    for name in ("ban_cobalt", "ban_nickel_tin", "outage_niobium", "ban_manganese"):
        assert starts[0][name] == starts[1][name] == starts[2][name]


def test_every_hazard_is_in_the_ledger(case: Instance) -> None:
    ledger = {(row["table"], row["row"]) for row in source("provenance")}
    assert {("hazards", h.id) for h in case.hazards} <= ledger
    assert {("hazard_rates", row.id) for row in case.hazard_rates} <= ledger
    assert ("regimes", "CHN") in ledger
