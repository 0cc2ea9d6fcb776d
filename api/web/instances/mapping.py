"""Where the supply of an instance comes from: a map, with a table that says the same."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated
from urllib.parse import urlencode

from fastapi import APIRouter, Depends, Query, Request
from starlette.responses import Response

from api.http.parts import Needs
from api.web import shell
from api.web.assets import asset
from api.web.instances import looking
from api.web.instances.opened import Opened, opened
from api.web.session import Visitor
from models.faults import BadRequest
from optimizer.report.charts import supply_map
from optimizer.summary.words import percent, tonnes, usd

if TYPE_CHECKING:
    import pandas as pd

OUTLINES = "vendor/world-atlas@2.0.2/countries-110m.json"

router = APIRouter(prefix="/instances/{id}")


@dataclass(frozen=True)
class Asked:
    """What is to be seen."""

    found: Opened
    commodity: str
    """Its id; empty where all of a stage is shown."""
    stage: str
    of: supply_map.Of
    by: supply_map.By

    @property
    def unit(self) -> str:
        """Tonnes of different materials do not add up, so a stage is counted by value."""
        return "t" if self.commodity else "USD"

    @property
    def what(self) -> str:
        """The title of the picture."""
        names = {c.id: c.name for c in self.found.instance.commodities}
        name = names.get(self.commodity, f"all of stage {self.stage}, by value")
        kind = "what commerce supplies" if self.of == "market" else "what the agency may buy or build"
        way = ", by country it passes through" if self.by == "via" else ""
        return f"{name[:1].upper()}{name[1:]}: {kind}{way}"

    def rows(self) -> pd.DataFrame:
        """Country by country, as :func:`optimizer.report.charts.supply_map.data` has them."""
        supply = self.found.content.supply
        return supply_map.data(supply, commodity=self.commodity, stage=self.stage, of=self.of, by=self.by)


def asked(
    visitor: Visitor,
    parts: Needs,
    id: str,
    show: Annotated[str, Query(max_length=200)] = "",
    of: supply_map.Of = "market",
    by: supply_map.By = "country",
) -> Asked:
    """A commodity, or all of a stage (``stage:`` and its name); the first commodity with supply if nothing is
    said. Raises NoSuchInstance, BadRequest.
    """
    found = opened(parts, visitor.tenant, id)
    commodity, stage = _chosen(found, show, of)
    return Asked(found, commodity, stage, of, by)


def _chosen(found: Opened, show: str, of: str) -> tuple[str, str]:
    """The commodity or the stage that is shown; the first commodity with supply if none is asked for."""
    ids = [c.id for c in found.instance.commodities]
    if show in ids:
        return show, ""
    stage = show.removeprefix("stage:")
    if show != stage and stage in {c.stage for c in found.instance.commodities}:
        return "", stage
    if show:
        raise BadRequest(f"{show[:80]!r} is neither a commodity nor a stage of this instance.")
    rows = found.content.supply["supply"]
    supplied = set(rows["commodity"][(rows["source"] == "market") == (of == "market")])
    return next((id for id in ids if id in supplied), ids[0] if ids else ""), ""


Map = Annotated[Asked, Depends(asked)]


@router.get("/map")
def map_page(request: Request, visitor: Visitor, id: str, shown: Map) -> Response:
    """Where supply comes from."""
    rows, commodities = shown.rows(), shown.found.instance.commodities
    chosen = shown.commodity or f"stage:{shown.stage}"
    stages: dict[str, list[tuple[str, str]]] = {}
    for c in commodities:
        stages.setdefault(c.stage, []).append((c.id, c.name))
    told = tonnes if shown.unit == "t" else usd
    table = [
        (name if outline else f"{name} (not on the map)", group, told(float(amount)), percent(float(share)))
        for name, group, amount, share, outline in zip(
            rows["name"], rows["group"], rows["amount"], rows["share"], rows["outline"], strict=True
        )
    ]
    return looking.show(
        request, visitor, "map.html", shown.found, "map", what="Map", picture_title=shown.what, stages=stages,
        commodity=shown.commodity, stage=shown.stage, of=shown.of, by=shown.by, unit=shown.unit, rows=table,
        words=supply_map.words(rows, shown.what, shown.unit),
        spec=f"/instances/{id}/map.json?{urlencode({'show': chosen, 'of': shown.of, 'by': shown.by})}",
    )  # fmt: skip


@router.get("/map.json")
def map_spec(shown: Map) -> Response:
    """The map itself."""
    drawn = supply_map.chart(shown.rows(), shown.what, shown.unit, asset(OUTLINES))
    return shell.picture(drawn.to_dict())
