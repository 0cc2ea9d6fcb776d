"""Draws the picture of the README from a solved plan: ``python -m docs.picture out/us-vault-2026``."""

from __future__ import annotations

import sys
from pathlib import Path

import altair as alt

from optimizer.report.charts import materials, money, reserve
from optimizer.report.style import bare, styled
from optimizer.results import read_results
from optimizer.tables import plan_tables

IMAGES = Path(__file__).parent / "images"
UNTIL = 2033
"""Last year shown: the years after it carry the end of the horizon (see the instance's README)."""
LEAST_DAYS = 8.0
"""A commodity is shown if it is ever held for so many days of use."""
MOST_MATERIALS = 8
"""Materials shown by spend."""
WIDTH = 330


def picture(folder: Path) -> alt.HConcatChart:
    """The reserve, and spend by year and material, of the plan in a folder of results."""
    instance, plan = read_results(folder)
    tables = plan_tables(instance, plan)
    held = reserve.data(tables, until=UNTIL, least_days=LEAST_DAYS)
    spent = money.data(tables, until=UNTIL)
    by_material = materials.data(tables, until=UNTIL, most=MOST_MATERIALS)
    parts = [
        reserve.heat(held, WIDTH, "Reserve at the end of the year, days of use") if len(held) else None,
        alt.vconcat(
            money.panel(spent, money.OUT, "Spend by year", WIDTH, 150),
            materials.bars(by_material, WIDTH, f"Spend to {UNTIL} by material"),
            spacing=24,
        ).resolve_scale(color="independent"),
    ]
    whole = alt.hconcat(*(bare(part) for part in parts if part is not None), spacing=40)
    drawn: alt.HConcatChart = styled(
        whole.resolve_scale(color="independent"), instance.name, "Expected over the scenarios, undiscounted"
    )
    return drawn


def main(folder: str, file: str = "") -> None:
    """Write docs/images/plan.svg, or another file whose suffix (.svg, .png) tells the format."""
    target = Path(file) if file else IMAGES / "plan.svg"
    target.parent.mkdir(parents=True, exist_ok=True)
    picture(Path(folder)).save(target, scale_factor=2 if target.suffix == ".png" else 1)


if __name__ == "__main__":
    main(*sys.argv[1:])
