"""The scenario tree as a drawing one can choose from, and a year of a scenario as figures and lists."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from api.web.plan.rooms import Place, each
from models.faults import NoSuchFile

if TYPE_CHECKING:
    from collections.abc import Callable

    import pandas as pd

    from optimizer.report.grid import Grid

Tables = dict[str, "pd.DataFrame"]

STEP, ROW, LEFT, TOP, LABEL = 64, 24, 20, 34, 12
"""Of the drawing, in its units: a year to the right, a scenario downwards, margins, room before a label."""
WIDE = 300
"""Room for a label."""
SMALL, LARGE = 3.5, 11.0
"""Radius of the dot of a node without a loss, and of the largest loss."""


@dataclass(frozen=True)
class Dot:
    """A node: its place, its size, what it says."""

    x: float
    y: float
    radius: float
    state: str
    on: bool
    words: str


@dataclass(frozen=True)
class Line:
    """From a node to its parent."""

    path: str
    state: str
    on: bool


@dataclass(frozen=True)
class Leaf:
    """A scenario: its place on the right, its name, its figures, where its replay is."""

    y: float
    name: str
    probability: float
    loss: float
    address: str
    on: bool


@dataclass(frozen=True)
class Drawing:
    """The tree, in units of its own. ``columns``: places and names of years."""

    width: float
    height: float
    x: float
    columns: list[tuple[float, str]]
    lines: list[Line]
    dots: list[Dot]
    leaves: list[Leaf]
    left: int
    """Scenarios that are not drawn."""


def drawing(tables: Tables, chosen: str, address: Callable[[str], str]) -> Drawing:
    """The tree of :mod:`optimizer.report.charts.tree`; ``chosen`` is drawn in bold."""
    from optimizer.report.charts import tree
    from optimizer.summary.words import percent, usd, year

    rows = tree.data(tables)
    years = sorted(rows["year"].unique())
    at = {y: LEFT + STEP * n for n, y in enumerate(years)}
    paths = tables["paths"]
    mine = set(paths.loc[paths["scenario"] == chosen, "node"].tolist())
    states = {tree.CALM: "calm", tree.DISTURBED: "hit"}
    place = {
        n: (at[y], TOP + ROW * r) for n, y, r in zip(rows["node"], rows["year"], rows["row"], strict=True)
    }
    most = float(rows["loss_usd"].max()) if len(rows) else 0.0
    lines, dots, leaves = [], [], []
    for r in each(rows):
        x, y = place[r.node]
        state, on = states[str(r.state)], r.node in mine
        if r.parent is not None and r.parent in place:
            px, py = place[r.parent]
            bend = f"C {px + STEP / 2} {py} {px + STEP / 2} {y} {x} {y}" if py != y else f"L {x} {y}"
            lines.append(Line(f"M {px} {py} {bend}", state, on))
        size = (
            SMALL + (LARGE - SMALL) * (float(r.loss_usd) / most) ** 0.5 if r.loss_usd > 0 and most else SMALL
        )
        told = f"{year(r.year)}: {r.state}, probability {percent(r.probability)}, loss {usd(r.loss_usd)} USD"
        dots.append(Dot(x, y, round(size, 1), state, on, told))
        if r.leaf:
            leaves.append(
                Leaf(y, str(r.leaf), float(r.scenario_probability), float(r.scenario_loss_usd),
                     address(str(r.leaf)), r.leaf == chosen)
            )  # fmt: skip
    lines.sort(key=lambda line: line.on)
    end = at[years[-1]] if years else LEFT
    return Drawing(
        end + LABEL + WIDE,
        TOP + ROW * (int(rows["row"].max()) + 1 if len(rows) else 1),
        end + LABEL,
        [(at[y], year(y)) for y in years],
        lines,
        dots,
        sorted(leaves, key=lambda leaf: leaf.y),
        paths["scenario"].nunique() - len(leaves),
    )


@dataclass(frozen=True)
class Named:
    """A scenario in a list to choose from."""

    name: str
    probability: float
    loss: float


def scenarios(tables: Tables) -> list[Named]:
    """All, the worst first."""
    first = tables["paths"].drop_duplicates("scenario")
    return [Named(str(r.scenario), float(r.probability), float(r.loss_usd)) for r in each(first)]


@dataclass(frozen=True)
class Step:
    """A year of the scenario in the row of years: its address, whether something is in force, its loss."""

    year: str
    address: str
    hit: bool
    loss: float
    on: bool


@dataclass(frozen=True)
class Year:
    """One year of one scenario. Money in USD of the year, undiscounted."""

    scenario: str
    year: str
    period: int
    probability: float
    others: int
    """Scenarios that look the same up to now, this one left out."""
    likely: float
    """Probability of getting here."""
    begins: list[str]
    goes_on: list[str]
    ends: list[str]
    story: str
    figures: list[tuple[str, str, str]]
    """Label, figure, note."""
    grids: list[Grid]
    steps: list[Step]
    before: str | None
    after: str | None
    address: str
    chart: str


def chosen(tables: Tables, scenario: str | None, year: str | None) -> tuple[str, int]:
    """The scenario and the period that are asked for; without them the worst one and its worst year.

    Raises NoSuchFile.
    """
    from optimizer.summary.words import year as told

    paths = tables["paths"]
    name = scenario if scenario is not None else str(paths["scenario"].iloc[0])
    path = paths[paths["scenario"] == name]
    if path.empty:
        raise NoSuchFile(f"The plan has no scenario {name[:80]!r}.")
    if year is None:
        loss = path["node"].map(tables["balance"].set_index("node")["loss_usd"])
        hit = path["node"].isin(tables["happenings"]["node"])
        # Begin where it begins to matter: with the first year in which something happens.
        first = path[hit] if hit.any() else path[loss == loss.max()]
        return name, int(first["period"].iloc[0])
    at = [p for p, y in zip(path["period"], path["year"], strict=True) if told(y) == year]
    if not at:
        raise NoSuchFile(f"The plan has no year {year[:20]!r}.")
    return name, int(at[0])


def replay(tables: Tables, scenario: str, period: int, place: Place) -> Year:
    """A year of a scenario: what happened, what was done, what went short, what it cost."""
    from optimizer.summary.words import usd
    from optimizer.summary.words import year as told

    paths = tables["paths"]
    path = paths[paths["scenario"] == scenario]
    row = path[path["period"] == period].iloc[0]
    node = int(row["node"])
    balance = tables["balance"].set_index("node")
    here = {str(name): float(usd_of) for name, usd_of in balance.loc[[node]].iloc[0].items()}
    happened = tables["happenings"]
    mine = happened[happened["node"] == node]
    words = {s: mine.loc[mine["state"] == s, "words"].tolist() for s in ("begins", "goes on", "ends")}

    def at(t: int) -> str | None:
        found = path.loc[path["period"] == t, "year"]
        return (
            place.address("scenarios", {"scenario": scenario, "year": told(found.iloc[0])})
            if len(found)
            else None
        )

    hit = set(happened.loc[happened["state"] != "ends", "node"].tolist())
    steps = [
        Step(told(y), at(t) or "", n in hit, float(balance.loc[n, "loss_usd"]), t == period)
        for t, y, n in zip(path["period"], path["year"], path["node"], strict=True)
    ]
    figures = [
        ("Lost by consumers", f"{usd(here['loss_usd'])} USD", f"{usd(here['loss_so_far_usd'])} up to now"),
        ("Spent", f"{usd(here['spent_usd'])} USD", f"{_of(here)}; {usd(here['spent_so_far_usd'])} up to now"),
        ("Earned", f"{usd(here['earned_usd'])} USD", "by releases to consumers and sales"),
        (
            "Drawn from the budget",
            f"{usd(here['drawn_usd'])} USD",
            f"{usd(here['drawn_so_far_usd'])} up to now"
            + (f"; {usd(here['repaid_usd'])} repaid" if here["repaid_usd"] > 0 else ""),
        ),
        ("Left in the reserve", f"{usd(here['reserve_usd'])} USD", "worth at usual prices"),
        ("Cash left", f"{usd(here['cash_usd'])} USD", "at the end of the year"),
    ]
    same = paths[(paths["period"] == period) & (paths["node"] == node)]
    year = told(row["year"])
    choice = {"scenario": scenario, "year": year}
    return Year(
        scenario, year, period, float(row["probability"]), len(same) - 1, float(here["probability"]),
        words["begins"], words["goes on"], words["ends"], _story(tables, node, words), figures,
        _grids(tables, node), steps, at(period - 1), at(period + 1), place.address("scenarios", choice),
        place.address("charts/replay.json", choice),
    )  # fmt: skip


def _of(here: dict[str, float]) -> str:
    from optimizer.summary.words import usd

    parts = {"agreements": "agreements_usd", "projects": "projects_usd", "spot": "spot_usd",
             "holding stock": "holding_usd", "depots": "depots_usd"}  # fmt: skip
    told = [f"{name} {usd(here[column])}" for name, column in parts.items() if here[column] > 0]
    return ", ".join(told) or "nothing falls due"


def _story(tables: Tables, node: int, words: dict[str, list[str]]) -> str:
    """The year in two or three sentences."""
    from optimizer.replay.words import listed
    from optimizer.summary.words import tonnes, usd

    goods = tables["goods"]
    mine = goods[goods["node"] == node]

    def most(column: str, by: str, number: int = 3) -> list[str]:
        there = mine[mine[column] > 1e-9].sort_values(by, ascending=False)
        told = [
            f"{tonnes(t)} of {name}"
            for t, name in zip(there[column].head(number), there["name"].head(number), strict=True)
        ]
        return told + ([f"{len(there) - number} more"] if len(there) > number else [])

    released = most("released_t", "given_usd")
    short = most("short_t", "loss_usd")
    loss = float(mine["loss_usd"].sum())
    cuts = tables["lost_output"]
    cuts = cuts[cuts["node"] == node]
    lines = []
    if not (words["begins"] or words["goes on"]):
        lines.append("Nothing is in force this year.")
    if words["ends"] and not words["goes on"] and not words["begins"]:
        lines.append("What was in force is over.")
    lines.append(f"The reserve releases {listed(released)}." if released else "The reserve releases nothing.")
    if short:
        lines.append(f"Consumers go short of {listed(short)}, which costs them {usd(loss)} USD.")
    elif cuts.empty:
        lines.append("Nobody goes short.")
    if len(cuts):
        told = [f"{100 * r.cut_share:,.0f} % of {r.industry}" for r in each(cuts)]
        lost = float(cuts["loss_usd"].sum())
        lines.append(f"Output is cut: {listed(told)}, which costs {usd(lost)} USD.")
    return " ".join(lines)


def _grids(tables: Tables, node: int) -> list[Grid]:
    """What was cut, released, bought, short; what industries lost; what is left. Those without rows too."""
    from optimizer.report.grid import grid

    def of(table: str) -> pd.DataFrame:
        return tables[table][tables[table]["node"] == node]

    goods = of("goods")

    def part(table: pd.DataFrame, by: str, **columns: str) -> pd.DataFrame:
        """Rows that are not all 0, the largest first, under new names."""
        numbers = [c for c in columns if c != "name"]
        kept = table[(table[numbers] > 1e-9).any(axis=1)].sort_values(by, ascending=False, kind="stable")
        return kept[list(columns)].rename(columns=columns)

    lost = of("lost_supply").sort_values("lost_share", ascending=False, kind="stable")
    lost = lost[["name", "usual_t", "lost_t", "lost_share", "countries"]].rename(
        columns={"name": "commodity", "lost_share": "share lost", "countries": "from"}
    )
    gives = part(
        goods, "given_usd", name="commodity", released_t="to_consumers_t", sold_t="sold_on_the_market_t"
    )
    short = part(
        goods,
        "loss_usd",
        name="commodity",
        short_t="short_t",
        eased_t="replaced_by_others_t",
        private_t="from_consumers'_own_stock_t",
        loss_usd="cost_to_consumers_usd",
    )
    stopped = of("lost_output")[["industry", "segment", "cut_share", "loss_usd"]]
    gets = part(
        goods,
        "gained_usd",
        name="commodity",
        delivered_t="by_agreements_t",
        spot_t="on_the_spot_market_t",
        made_t="from_projects_t",
    )
    return [
        grid(lost, "What commerce no longer supplies"),
        grid(gives, "What the reserve gives"),
        grid(short, "What goes short"),
        grid(stopped.rename(columns={"cut_share": "share of output"}), "What industries cannot make"),
        grid(gets, "What the reserve buys and makes"),
        grid(part(goods, "held_usd", name="commodity", stock_t="stock_t"), "What is left in the reserve"),
    ]
