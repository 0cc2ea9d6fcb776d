"""Reports of plans, comparisons and evaluations: one HTML file, or each picture as a file of its own."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import vl_convert

from models.faults import UnwritableFile
from models.files.atomic import write_file
from optimizer.report.charts import BY_KIND
from optimizer.report.page import VEGA_LITE, html
from optimizer.report.parts import Part, read_parts


def write_html(parts: list[Part], path: str | Path, title: str | None = None) -> Path:
    """Write the report of some results, whole or not at all.

    Raises UnwritableFile.
    """
    path = Path(path)
    if path.is_dir():
        raise UnwritableFile(f"{path} is a folder; a report is a file, such as {path / 'report.html'}.")
    write_file(path, html(parts, title).encode())
    return path


def write_pictures(parts: list[Part], folder: str | Path, format: Literal["png", "svg"]) -> list[Path]:
    """Write every picture of some results as a file of its own.

    ``money.png``; with several parts, each has a folder: ``1-plan/money.png``.

    Raises UnwritableFile.
    """
    folder = Path(folder)
    if folder.exists() and not folder.is_dir():
        raise UnwritableFile(f"{folder} is a file; pictures are written into a folder.")
    written = []
    for number, part in enumerate(parts, 1):
        place = folder if len(parts) == 1 else folder / f"{number}-{part.kind}"
        for picture in BY_KIND[part.kind]:
            spec = picture.chart(part.tables).to_dict()
            if format == "svg":
                data = vl_convert.vegalite_to_svg(spec, vl_version=VEGA_LITE).encode()
            else:
                data = vl_convert.vegalite_to_png(spec, vl_version=VEGA_LITE, scale=2)
            path = place / f"{picture.name}.{format}"
            write_file(path, data)
            written.append(path)
    return written


__all__ = ["Part", "html", "read_parts", "write_html", "write_pictures"]
