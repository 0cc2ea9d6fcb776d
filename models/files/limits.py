"""How much a file may ask of the machine."""

from __future__ import annotations

MEGABYTE = 2**20

FILE = 64 * MEGABYTE
"""Bytes of one file."""

FOLDER = 256 * MEGABYTE
"""Bytes of all tables of a folder together."""

YAML = 8 * MEGABYTE
"""Bytes of a YAML file: it is read far slower than the other formats."""

VALUES = 2_000_000
"""Cells of one file, or values of a JSON document."""

YAML_VALUES = 1_000_000
"""Values of a YAML document."""

DEPTH = 32
"""Levels of nesting in YAML."""

UNPACKED = 128 * MEGABYTE
"""Bytes of all parts of a workbook, or files of a zip archive, when unpacked."""

PART = 8 * MEGABYTE
"""Bytes of a part of a workbook that is neither a sheet nor the table of texts: it is held as a tree."""

RATIO = 200
"""A part of an archive is at most so many times larger than packed, if it is larger than PART."""

PARTS = 2_000
"""Parts of a workbook, or files and folders of a zip archive."""

MARKS = 4_000_000
"""Tags and attributes of a workbook."""

ROWS = 250_000
"""Rows of a workbook, empty ones between others included; lines of all tables of a zip archive."""

POSITIONS = 5_000_000
"""Cells of a workbook, those before the last one of each row included where they are empty."""
