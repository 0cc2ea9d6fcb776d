"""Small instances that are valid, and that have a plan.

Every demand may go short and every commitment may be left out, so a plan always exists unless money is owed
in any case or a rule asks for stock. Where such an obligation is drawn (opening stock, must_run, cover,
choices that ask for one) money is plenty, no other rule is drawn, and the spot market is deep enough to meet
it.
"""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

from models.instance import Instance

Raw = dict[str, Any]

COUNTRIES = (("USA", "domestic"), ("AUS", "ally"), ("CHN", "adversary"))
ELEMENTS = (("ga", "gallium", 50_000), ("ge", "germanium", 150_000), ("nd", "neodymium", 8_000))
CALM_PLACES = ("USA", "AUS")

countries = st.sampled_from([name for name, _ in COUNTRIES])
shares = st.sampled_from([0.0, 0.25, 0.5, 0.75, 1.0])
factors = st.sampled_from([0.0, 0.2, 0.5, 0.9])


def tonnes(low: int, high: int) -> st.SearchStrategy[float]:
    """A quantity to the tenth of a tonne."""
    return st.integers(low * 10, high * 10).map(lambda n: n / 10)


@st.composite
def series(draw: st.DrawFn, values: st.SearchStrategy[float], periods: int) -> float | list[float]:
    """One number, or one per period."""
    if draw(st.booleans()):
        return draw(values)
    return [draw(values) for _ in range(periods)]


@st.composite
def sometimes(draw: st.DrawFn, row: Raw, **fields: st.SearchStrategy[Any]) -> Raw:
    """A row with some of the fields that have defaults."""
    chosen = draw(st.sets(st.sampled_from(sorted(fields)))) if fields else set()
    return {**row, **{name: draw(fields[name]) for name in sorted(chosen)}}


@st.composite
def raw_instances(draw: st.DrawFn, max_scenarios: int = 3) -> Raw:
    """Plain data of a small instance: 2 to 4 periods, 1 to 3 commodities, at most ``max_scenarios``
    scenarios."""
    periods = draw(st.integers(2, 4))
    bound = draw(st.booleans())  # whether something is owed in any case
    elements = ELEMENTS[: draw(st.integers(1, 3))]
    raw: Raw = {
        "schema_version": "1",
        "name": "drawn",
        "discount_rate": draw(st.sampled_from([0.0, 0.03, 0.1])),
        "horizon": {
            "start_year": 2027,
            "periods": periods,
            "period_years": draw(st.sampled_from([1.0, 0.5, 2.0])),
        },
        "countries": [
            {"id": name, "name": name, "group": group, "risk": draw(st.sampled_from([0.0, 0.1, 0.8]))}
            for name, group in COUNTRIES
        ],
        "commodities": [draw(_commodity(element, periods)) for element in elements],
        "demand": [row for element in elements for row in draw(_demand(element, periods))],
        "market": [row for element in elements for row in draw(_market(element[0], periods))],
        "spot": [draw(_spot(elements[0][0], periods))],
        "agreements": [draw(_agreement(draw(st.sampled_from(elements)), periods))],
        "projects": [draw(_project(elements, periods))],
        "depots": draw(_depots()),
    }
    if draw(st.booleans()):
        raw["industries"] = [draw(_industry(elements, periods))]
    if len(elements) > 1 and draw(st.booleans()):
        raw["substitutions"] = [draw(_substitution(elements))]
    if draw(st.booleans()):
        raw["private_stock"] = [{"commodity": elements[0][0], "quantity": draw(tonnes(0, 5))}]
    draw(_obligations(raw, elements, periods)) if bound else draw(_limits(raw))
    if budget := draw(_budget(periods, plenty=bound)):
        raw["budget"] = budget
    raw["scenarios"] = draw(_scenarios(raw, periods, max_scenarios))
    raw["objective"] = draw(
        sometimes(
            {},
            loss_weight=st.sampled_from([0.5, 2.0]),
            cvar_weight=st.sampled_from([0.2, 1.0]),
            cvar_alpha=st.sampled_from([0.0, 0.5, 0.9]),
        )
    )
    return raw


def instances(max_scenarios: int = 3) -> st.SearchStrategy[Instance]:
    """Small valid instances that have a plan."""
    return raw_instances(max_scenarios).map(Instance.parse)


@st.composite
def _commodity(draw: st.DrawFn, element: tuple[str, str, int], periods: int) -> Raw:
    name, material, price = element
    prices = st.sampled_from([0.8, 1.0, 1.2]).map(lambda f: price * f)
    row = {
        "id": name,
        "name": material,
        "material": material,
        "stage": "refined",
        "price": draw(series(prices, periods)),
        "storage_cost": draw(st.sampled_from([price / 100, price / 20])),
    }
    return draw(
        sometimes(
            row,
            loss_rate=st.sampled_from([0.01, 0.1]),
            stowage=st.sampled_from([0.5, 2.0]),
            sale_limit=series(tonnes(0, 4), periods),
            sale_factor=st.sampled_from([0.5, 0.9]),
            release_factor=st.sampled_from([0.5, 0.9]),
            terminal_factor=st.sampled_from([0.3, 0.8]),
            disposal_cost=st.sampled_from([10.0, 100.0]),
        )
    )


@st.composite
def _demand(draw: st.DrawFn, element: tuple[str, str, int], periods: int) -> list[Raw]:
    name, _, price = element
    rows = []
    for segment in draw(st.sampled_from([("general",), ("defense", "general")])):
        costs = sorted(draw(st.sampled_from([2, 5, 20])) * price for _ in range(2))
        first = draw(st.sampled_from([0.2, 0.5]))
        tiers = [{"share": first, "cost": costs[0]}, {"share": 1 - first, "cost": costs[1]}]
        rows.append(
            {
                "id": f"{name}:{segment}",
                "commodity": name,
                "segment": segment,
                "quantity": draw(series(tonnes(1, 20), periods)),
                "shortage_cost": draw(st.sampled_from([tiers, [{"share": 1.0, "cost": costs[1]}]])),
            }
        )
    return rows


@st.composite
def _market(draw: st.DrawFn, commodity: str, periods: int) -> list[Raw]:
    rows = []
    for place in ("CHN", "AUS"):
        row = {"commodity": commodity, "country": place, "quantity": draw(series(tonnes(0, 20), periods))}
        rows.append(draw(sometimes(row, via=st.just(["CHN"]))))
    return rows


@st.composite
def _spot(draw: st.DrawFn, commodity: str, periods: int) -> Raw:
    premiums = draw(st.sampled_from([[0.05], [-0.1, 0.4], [0.0, 0.1]]))
    tiers = [{"quantity": draw(series(tonnes(4, 10), periods)), "premium": premium} for premium in premiums]
    row = {"id": f"spot:{commodity}", "commodity": commodity, "country": "AUS", "tiers": tiers}
    return draw(sometimes(row, additional=shares, emissions=st.just(2.0), via=st.just(["USA"])))


def _starts(periods: int) -> st.SearchStrategy[list[int]]:
    return st.sets(st.integers(0, periods - 1), min_size=1, max_size=2).map(sorted)


@st.composite
def _agreement(draw: st.DrawFn, element: tuple[str, str, int], periods: int) -> Raw:
    name, _, price = element
    fixed = {"kind": "fixed", "value": draw(series(st.sampled_from([0.9 * price, 1.1 * price]), periods))}
    index = draw(
        sometimes(
            {"kind": "index"},
            premium=st.sampled_from([-0.1, 0.1]),
            floor=st.just(0.5 * price),
            ceiling=series(st.sampled_from([1.5 * price, 2.0 * price]), periods),
        )
    )
    row = {
        "id": f"offtake:{name}",
        "supplier": "An offtake",
        "country": draw(countries),
        "commodity": name,
        "term_years": draw(st.sampled_from([1.0, 2.5, 10.0])),
        "volume": {"min": draw(st.sampled_from([0.0, 1.0])), "max": draw(tonnes(1, 15))},
        "price": draw(st.sampled_from([fixed, index])),
    }
    return draw(
        sometimes(
            row,
            starts=_starts(periods),
            ramp=st.sampled_from([[0.5, 1.0], [1.0, 0.8]]),
            take_or_pay=st.sampled_from([0.5, 1.0]),
            signing_cost=st.just(10_000.0),
            prepayment=st.just(1_000.0),
            additional=shares,
            via=st.just(["CHN"]),
            emissions=st.just(3.0),
        )
    )


@st.composite
def _project(draw: st.DrawFn, elements: tuple[tuple[str, str, int], ...], periods: int) -> Raw:
    made = elements[-1]
    row: Raw = {
        "id": "plant",
        "kind": draw(st.sampled_from(["recycling", "processing"])),
        "country": draw(st.sampled_from(CALM_PLACES)),
        "outputs": {made[0]: 1.0},
        "capacity": {"min": 1.0, "max": draw(tonnes(1, 10))},
        "opex": draw(series(st.sampled_from([0.2 * made[2], 0.9 * made[2]]), periods)),
    }
    if len(elements) > 1 and draw(st.booleans()):
        row["inputs"] = {elements[0][0]: draw(st.sampled_from([0.5, 1.25]))}
    if len(elements) > 2 and draw(st.booleans()):
        row["outputs"][elements[1][0]] = 0.1
    return draw(
        sometimes(
            row,
            existing_capacity=series(tonnes(0, 4), periods),
            starts=_starts(periods).map(lambda found: sorted({0, *found})),
            lead_years=st.sampled_from([0.0, 0.5]),
            ramp=st.just([0.5, 1.0]),
            capex_fixed=st.just(20_000.0),
            capex_per_unit=st.sampled_from([1_000.0, 40_000.0]),
            spend_profile=st.sampled_from([[1.0], [0.7, 0.3]]),
            public_share=shares,
            offtake_share=shares,
            emissions=st.just(5.0),
        )
    )


@st.composite
def _depots(draw: st.DrawFn) -> list[Raw]:
    rows = [
        draw(sometimes({"id": "yard", "country": "USA"}, outturn=tonnes(1, 50), handling_cost=st.just(50.0)))
    ]
    if draw(st.booleans()):
        vault = {"id": "vault", "country": "AUS", "optional": True, "capacity": draw(tonnes(5, 50))}
        rows.append(draw(sometimes(vault, opening_cost=st.sampled_from([0.0, 5_000.0]))))
    return rows


@st.composite
def _industry(draw: st.DrawFn, elements: tuple[tuple[str, str, int], ...], periods: int) -> Raw:
    return {
        "id": "magnets",
        "segment": draw(st.sampled_from(["general", "defense", "chips"])),
        "output": draw(series(st.sampled_from([1e6, 5e6]), periods)),
        "needs": {name: draw(series(tonnes(0, 3), periods)) for name, _, _ in elements},
        "loss": [{"share": 0.5, "factor": 0.4}, {"share": 0.5, "factor": draw(st.sampled_from([0.4, 1.0]))}],
    }


@st.composite
def _substitution(draw: st.DrawFn, elements: tuple[tuple[str, str, int], ...]) -> Raw:
    row = {"id": "swap", "demand": f"{elements[0][0]}:general", "commodity": elements[1][0], "max_share": 0.3}
    return draw(sometimes(row, ratio=st.sampled_from([0.5, 1.4]), cost=st.just(10_000.0)))


@st.composite
def _obligations(draw: st.DrawFn, raw: Raw, elements: tuple[tuple[str, str, int], ...], periods: int) -> None:
    """What must be met whatever it costs."""
    first = elements[0][0]
    if draw(st.booleans()):
        raw["opening_stock"] = [{"commodity": first, "depot": "yard", "quantity": draw(tonnes(0, 10))}]
    plant = raw["projects"][0]
    if "inputs" not in plant and draw(st.booleans()):
        plant["must_run"] = True
        if draw(st.booleans()):
            support = {
                "commodity": elements[-1][0],
                "strike": draw(series(st.just(1.1 * elements[-1][2]), periods)),
            }
            plant["support"] = draw(sometimes(support, upside_share=shares, upside_cap=st.just(1e5)))
    if draw(st.booleans()):
        # A year's demand is at most 40 t, of which 18 days are 1.97 t; a year's spot offer is at least 4 t,
        # and the shortest period, half a year, brings 2 t of it.
        rule = {"commodity": first, "days": draw(st.sampled_from([5.0, 18.0])), "from_period": 1}
        raw["risk"] = {
            "cover": [draw(sometimes(rule, segments=st.just(["general"]), rebuild_periods=st.just(0)))]
        }
    if draw(st.booleans()):
        raw["choices"] = [{"id": "one", "members": [raw["agreements"][0]["id"], "plant"], "min": 1, "max": 2}]


@st.composite
def _limits(draw: st.DrawFn, raw: Raw) -> None:
    """Rules that doing nothing always meets."""
    if draw(st.booleans()):
        raw["choices"] = [{"id": "one", "members": [raw["agreements"][0]["id"], "plant"], "max": 1}]
    if draw(st.booleans()):
        where = draw(
            st.sampled_from(
                [
                    {"categories": ["spot"]},
                    {"groups": ["ally"]},
                    {"countries": ["CHN"]},
                    {"materials": ["gallium"]},
                ]
            )
        )
        row = {"id": "cap", "where": where}
        bound = draw(st.sampled_from([{"max": 200_000.0}, {"max_share": 0.5}]))
        raw["allocations"] = [{**row, **bound}]
    raw["risk"] = draw(
        sometimes(
            {},
            shares=st.just([{"groups": ["adversary"], "max_share": 0.3}]),
            exposure_limit=st.sampled_from([0.1, 0.5]),
            emissions_limit=st.sampled_from([50.0, 500.0]),
        )
    )


@st.composite
def _budget(draw: st.DrawFn, periods: int, plenty: bool) -> Raw | None:
    """No budget, a generous one, or (where nothing is owed) one that binds."""
    kind = draw(st.sampled_from(["none", "cash", "loan", "envelope"]))
    if kind == "none":
        return None
    amount = 1e9 if plenty else draw(st.sampled_from([0.0, 300_000.0, 2e6]))
    if kind == "cash":
        return {"opening_cash": amount}
    if kind == "envelope":
        return {"envelope": amount}
    loan = {"id": "loan", "kind": "loan", "amount": amount, "rate": 0.05, "fee": 0.01}
    grant = {"id": "grant", "kind": "appropriation", "available": [amount] * periods}
    return {"envelope": 2 * amount, "sources": [loan, grant]}


@st.composite
def _scenarios(draw: st.DrawFn, raw: Raw, periods: int, most: int) -> list[Raw]:
    count = draw(st.integers(0, most))
    weights = [draw(st.integers(0, 10)) for _ in range(count)]
    total = sum(weights) + draw(st.sampled_from([0, 5])) or 1
    return [
        {
            "id": f"s{i}",
            "probability": weight / total,
            "events": [draw(_event(f"e{k}", raw, periods)) for k in range(draw(st.integers(0, 2)))],
        }
        for i, weight in enumerate(weights)
    ]


@st.composite
def _event(draw: st.DrawFn, name: str, raw: Raw, periods: int) -> Raw:
    effects = draw(st.lists(_effect(raw), min_size=1, max_size=2))
    start = draw(st.integers(0, periods - 1))
    return {"id": name, "start": start, "duration": draw(st.integers(1, periods)), "effects": effects}


@st.composite
def _effect(draw: st.DrawFn, raw: Raw) -> Raw:
    kind = draw(st.sampled_from(["supply", "supply", "price", "demand"]))
    if kind == "price":
        return draw(
            sometimes(
                {"kind": kind, "factor": draw(st.sampled_from([1.5, 3.0]))}, materials=st.just(["gallium"])
            )
        )
    if kind == "demand":
        effect = {"kind": kind, "factor": draw(st.sampled_from([0.8, 1.5]))}
        return draw(sometimes(effect, segments=st.just(["general"]), commodities=st.just(["ga"])))
    members = [row["id"] for name in ("spot", "agreements", "projects", "depots") for row in raw[name]]
    return draw(
        sometimes(
            {"kind": kind, "factor": draw(factors)},
            countries=st.just(["CHN"]),
            groups=st.just(["ally"]),
            members=st.lists(st.sampled_from(members), min_size=1, max_size=2, unique=True),
            channels=st.lists(
                st.sampled_from(["market", "spot", "agreement", "project", "depot"]),
                min_size=1,
                max_size=3,
                unique=True,
            ),
            materials=st.just(["gallium"]),
        )
    )
