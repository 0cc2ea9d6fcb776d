"""The report as one HTML file that opens offline: text, tables, pictures and the scripts that move them.

Each picture stands in the page as a static SVG, so that it shows without scripts and on paper; where scripts
run, Vega draws it again with tooltips. A Content-Security-Policy allows the two scripts of the page by their
hash and nothing from anywhere else.
"""

from __future__ import annotations

import base64
import hashlib
import json
import re
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cache
from importlib import resources
from importlib.metadata import version
from typing import Any

import altair as alt
import jinja2
import vl_convert
from markupsafe import Markup

from optimizer.report.charts import Picture
from optimizer.report.comparison import chapter as of_comparison
from optimizer.report.evaluation import chapter as of_evaluation
from optimizer.report.grid import Grid, grid
from optimizer.report.parts import Part
from optimizer.report.plan import chapter as of_plan
from optimizer.report.sections import Chapter
from optimizer.report.style import Tables

VEGA_LITE = ".".join(alt.SCHEMA_VERSION.removeprefix("v").split(".")[:2])
"""The version that Altair's pictures are written for, as vl-convert names it."""
_SIZE = re.compile(r' width="([\d.]+)" height="([\d.]+)" viewBox="[^"]*"')
MARGIN = 28
"""Room on the left of a static picture, pixels, for labels in a wider font than it was laid out with."""


CHAPTERS = {"plan": of_plan, "comparison": of_comparison, "evaluation": of_evaluation}
_GLOBAL = "window.vegaEmbed = vegaEmbed;"
"""What the script leaves for ours."""


@dataclass(frozen=True)
class Drawn:
    """A picture as it stands in the page."""

    id: str
    title: str
    below: str
    about: str
    alt: str
    image: str
    width: int
    height: int
    grid: Grid
    spec: dict[str, Any]


def html(parts: list[Part], title: str | None = None, made: datetime | None = None) -> str:
    """The whole file. ``title`` stands on top, otherwise the name of the first part."""
    parts = beside(parts)
    chapters = [CHAPTERS[part.kind](part, f"part-{n}") for n, part in enumerate(parts, 1)]
    pages = [
        {**vars(c), "sections": [{**vars(s), "drawn": _all(c, s.pictures, part)} for s in c.sections]}
        for c, part in zip(chapters, parts, strict=True)
    ]
    specs = {d.id: d.spec for page in pages for s in page["sections"] for d in s["drawn"]}
    bundle, script = javascript(), _file("report.js")
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("optimizer.report", "."),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
    )
    return environment.get_template("template.html.j2").render(
        title=title or parts[0].name,
        made=f"{made or datetime.now():%Y-%m-%d %H:%M}",
        version=version("stockpile"),
        chapters=pages,
        css=Markup(_file("report.css")),
        bundle=Markup(bundle),
        script=Markup(script),
        specs=Markup(_json(specs)),
        policy=policy(bundle, script),
    )


def beside(parts: list[Part]) -> list[Part]:
    """Evaluations with the scenarios of the plan they are of, where that is here too."""
    own = {p.plan.fingerprint: p.tables["scenarios"] for p in parts if p.plan is not None}
    return [
        replace(part, tables={**part.tables, "plan_scenarios": own[str(part.facts.get("fingerprint"))]})
        if part.kind == "evaluation" and part.facts.get("fingerprint") in own
        else part
        for part in parts
    ]


def _all(c: Chapter, pictures: list[Picture], part: Part) -> list[Drawn]:
    return [drawn(picture, part.tables, f"{c.id}-picture-{picture.name}") for picture in pictures]


def drawn(picture: Picture, tables: Tables, id: str) -> Drawn:
    """A picture, its table and its words. The title stands in the page, so it is taken out of the picture."""
    spec = picture.chart(tables).to_dict()
    below = spec.pop("title").get("subtitle", "")
    image, width, height = svg_image(spec)
    rows = grid(picture.data(tables), f"Table: {picture.title.lower()}", folded=True)
    return Drawn(
        id, picture.title, below, picture.about, picture.words(tables), image, width, height, rows, spec
    )


def svg_image(spec: dict[str, Any]) -> tuple[str, int, int]:
    """A picture as the source of an image, and its size. As an image it shares no ids with its neighbours."""
    svg = vl_convert.vegalite_to_svg(spec, vl_version=VEGA_LITE)
    size = _SIZE.search(svg)
    if size is None:
        raise AssertionError("an SVG of Vega has a width, a height and a view box")
    width, height = round(float(size[1])) + MARGIN, round(float(size[2]))
    view = f'width="{width}" height="{height}" viewBox="{-MARGIN} 0 {width} {height}"'
    svg = svg.replace(size[0], f" {view}", 1)
    return "data:image/svg+xml;base64," + base64.b64encode(svg.encode()).decode(), width, height


@cache
def javascript() -> str:
    """Vega, Vega-Lite and Vega-Embed in one script, from vl-convert's own copy."""
    script: str = vl_convert.javascript_bundle(_GLOBAL, vl_version=VEGA_LITE)
    return script.replace("</script", "<\\/script").replace("<!--", "<\\!--")


def policy(*scripts: str) -> str:
    """Nothing is loaded from anywhere; only these scripts run. Vega compiles its expressions."""
    hashes = [base64.b64encode(hashlib.sha256(s.encode()).digest()).decode() for s in scripts]
    allowed = " ".join(f"'sha256-{h}'" for h in hashes)
    return (
        "default-src 'none'; img-src data: blob:; style-src 'unsafe-inline';"
        f" script-src {allowed} 'unsafe-eval'"
    )


def _json(value: Any) -> str:
    """JSON that no HTML parser can take for markup."""
    text = json.dumps(value, separators=(",", ":"), allow_nan=False)
    return text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")


def _file(name: str) -> str:
    return resources.files("optimizer.report").joinpath(name).read_text(encoding="utf-8")
