"""An instance as a file to keep."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable
from typing import TYPE_CHECKING

from models.files import csv_format, folder, json_format, yaml_format
from models.tables import grids
from models.tables.layout import SCALARS

if TYPE_CHECKING:
    from models.instance import Instance

FORMATS = {"xlsx": "Excel workbook", "zip": "folder of CSV tables (zip)", "yaml": "YAML", "json": "JSON"}
"""What can be made, and what it is called."""
_WHEN = (1980, 1, 1, 0, 0, 0)
"""Time of the files in an archive: the same content gives the same bytes."""


def pack(instance: Instance, format: str) -> bytes:
    """The bytes of a file in one of :data:`FORMATS`."""
    makers: dict[str, Callable[[Instance], bytes]] = {
        "xlsx": _workbook,
        "zip": _archive,
        "yaml": yaml_format.dumps,
        "json": json_format.dumps,
    }
    return makers[format](instance)


def _workbook(instance: Instance) -> bytes:
    from models.files import xlsx_format

    return xlsx_format.dumps(instance)


def _archive(instance: Instance) -> bytes:
    """A folder of tables in a zip archive."""
    content = {folder.HEAD: yaml_format.dump(folder.head(instance))}
    content |= {f"{g.name}.csv": csv_format.write_grid(g) for g in grids(instance) if g.name != SCALARS}
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as book:
        for name, data in content.items():
            part = zipfile.ZipInfo(name, _WHEN)
            part.compress_type = zipfile.ZIP_DEFLATED
            book.writestr(part, data)
    return file.getvalue()
