"""Files that were sent: each becomes an instance, a draft with its faults, or a sentence on why not."""

from __future__ import annotations

from dataclasses import dataclass, field

from starlette.datastructures import UploadFile

from api.http import body
from api.http.parts import Parts
from api.store import upload
from api.store.drafts import Drafts
from models.faults import FaultyInstance, StockpileError, UnknownFormat
from models.instance import Instance

SUFFIXES = {
    "xlsx": body.XLSX, "zip": body.ZIP[0], "yaml": body.YAML[0], "yml": body.YAML[0], "json": body.JSON,
}  # fmt: skip
ACCEPT = ",".join(f".{suffix}" for suffix in SUFFIXES)
MOST = 20
"""Files of one form."""
_TOLD = 20
"""Faults that are listed of a file that is too large to be mended here."""
_ADVICE = {
    "csv": "one table is not an instance; put the folder it lies in into a zip archive",
    "xls": "save it as .xlsx",
    "xlsm": "save it as .xlsx",
    "xlsb": "save it as .xlsx",
    "ods": "save it as .xlsx",
}


@dataclass
class Sent:
    """What became of a file: ``address`` leads there; without one ``problem`` says why not."""

    name: str
    kind: str = "refused"
    """instance, known (was here before), draft, or refused."""
    title: str = ""
    address: str = ""
    problem: str = ""
    faults: list[str] = field(default_factory=list)


async def take(parts: Parts, tenant: str, file: UploadFile) -> Sent:
    """Read one file. What is wrong with it is part of the answer; Unavailable and the like are raised."""
    name = (file.filename or "a file without a name").replace("\\", "/").rpartition("/")[2][:200]
    data = await file.read()
    with parts.buffered.account() as add:
        add(len(data))
        return await parts.buffered.work(data, lambda: _taken(parts, tenant, name, data))


def _taken(parts: Parts, tenant: str, name: str, data: bytes) -> Sent:
    try:
        kind = _kind(name)
        instance = upload.read(data, kind, name)
    except FaultyInstance as error:
        return _draft(parts, tenant, name, data, error)
    except StockpileError as error:
        if error.status >= 500:
            raise
        return Sent(name, problem=f"{_title(error)} {error.detail}")
    return stored(parts, tenant, name, instance)


def stored(parts: Parts, tenant: str, name: str, instance: Instance) -> Sent:
    """Keep an instance."""
    record, new = parts.documents.put_instance(tenant, instance)
    return Sent(name, "instance" if new else "known", record.name, f"/instances/{record.id}")


def _draft(parts: Parts, tenant: str, name: str, data: bytes, error: FaultyInstance) -> Sent:
    try:
        draft = upload.draft(data, _kind(name), name)
        id = Drafts(parts.documents.engine).put(tenant, draft)
    except StockpileError as reason:
        if reason.status >= 500:
            raise
        told = [str(fault) for fault in error.faults[:_TOLD]]
        more = len(error.faults) - len(told)
        words = f"It cannot be mended here. {_title(reason)} {reason.detail}"
        return Sent(name, problem=words, faults=[*told, *([f"and {more:,} more"] if more > 0 else [])])
    count = f"{len(error.faults):,} fault{'s' if len(error.faults) != 1 else ''}"
    return Sent(name, "draft", count, f"/instances/drafts/{id}")


def _kind(name: str) -> str:
    suffix = name.rpartition(".")[2].lower() if "." in name else ""
    if suffix not in SUFFIXES:
        advice = _ADVICE.get(suffix, f"known are {', '.join(f'.{s}' for s in SUFFIXES)}")
        raise UnknownFormat(f"{name}: {advice}.")
    return SUFFIXES[suffix]


def _title(error: StockpileError) -> str:
    return (type(error).__doc__ or "").strip().splitlines()[0]
