"""Tables of a result: which there are, and each as JSON, CSV or Parquet."""

from __future__ import annotations

import csv
import io
import json
import math
from collections.abc import Callable, Iterator, Sequence
from pathlib import PurePosixPath
from typing import Any

from models.cells import safe
from models.descriptions import BY_KIND
from models.faults import NoSuchFile
from models.jobs import File, Kind, Manifest

MEDIA_TYPES = {
    "json": "application/json",
    "csv": "text/csv",
    "parquet": "application/vnd.apache.parquet",
}
"""What a table is given as, JSON first."""
_ROWS = 5000
"""Turned into text at a time."""


def tables(manifest: Manifest, kind: Kind) -> dict[str, dict[str, File]]:
    """Files by table and suffix: those of the folder ``tables`` and of the top; in the order of writing."""
    found: dict[str, dict[str, File]] = {}
    for file in manifest.files:
        path = PurePosixPath(file.path)
        if path.suffix in (".csv", ".parquet") and path.parts[:-1] in ((), ("tables",)):
            found.setdefault(path.stem, {})[path.suffix[1:]] = file
    order = {name: place for place, name in enumerate(BY_KIND[kind])}
    return dict(sorted(found.items(), key=lambda item: (order.get(item[0], len(order)), item[0])))


def describe(kind: Kind, name: str) -> str:
    """What a table holds, in a line; nothing of one that is not described."""
    return BY_KIND[kind].get(name, "")


def formats(files: dict[str, File]) -> list[str]:
    """What a table can be given as: anything from Parquet, itself alone from CSV."""
    return [name for name in MEDIA_TYPES if name in files or "parquet" in files]


def convert(
    files: dict[str, File], form: str, get: Callable[[str], bytes]
) -> tuple[str, Callable[[], bytes]]:
    """What tells this form of a table apart, and what gives its bytes. Raises NoSuchFile."""
    if form in files:
        digest = files[form].digest
        return digest, lambda: get(digest)
    if "parquet" not in files:
        raise NoSuchFile(f"It is not there as {form}.")
    source = files["parquet"].digest
    write = as_json if form == "json" else as_csv
    return f"{source}-{form}", lambda: write(get(source))


def as_json(parquet: bytes) -> bytes:
    """Records, one a line; what is no number is null."""
    rows = (json.dumps(row, ensure_ascii=False, allow_nan=False) for row in records(parquet))
    out = io.BytesIO(b"[")
    out.seek(1)
    first = True
    for row in rows:
        out.write((b"\n" if first else b",\n") + row.encode())
        first = False
    out.write(b"\n]\n" if not first else b"]\n")
    return out.getvalue()


def as_csv(parquet: bytes) -> bytes:
    """As the command line writes it; text never starts a formula."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow([safe(name) for name in columns(parquet)])
    for row in records(parquet):
        writer.writerow([safe(value) for value in row.values()])
    return out.getvalue().encode()


def columns(parquet: bytes) -> Sequence[str]:
    """Names of the columns."""
    import pyarrow.parquet as pq

    return list(pq.read_schema(io.BytesIO(parquet)).names)


def records(parquet: bytes) -> Iterator[dict[str, Any]]:
    """Rows as plain data, not all of them in memory at once."""
    import pyarrow.parquet as pq

    with pq.ParquetFile(io.BytesIO(parquet)) as file:
        for batch in file.iter_batches(batch_size=_ROWS):
            for row in batch.to_pylist():
                yield {name: _plain(value) for name, value in row.items()}


def _plain(value: Any) -> Any:
    return None if isinstance(value, float) and not math.isfinite(value) else value
