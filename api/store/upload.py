"""Instances that are sent: JSON, YAML, an xlsx workbook, or a zip of a folder of tables.

Small texts are read where they arrive. Anything else is read by a process of its own, with limits on memory
and processor time: whatever a file does to its reader, the service goes on answering.
"""

from __future__ import annotations

import os
import pickle
import signal
import subprocess
import sys
import threading

import structlog

from models import faults
from models.drafts import Checked, Draft
from models.drafts import check as check_draft
from models.drafts.read import draft as read_draft
from models.faults import StockpileError, TooLarge, Unavailable, UnreadableFile, UnsupportedMedia
from models.files import read_bytes
from models.instance import Instance

MEDIA_TYPES = {
    "application/json": "json",
    "application/yaml": "yaml",
    "application/x-yaml": "yaml",
    "text/yaml": "yaml",
    "text/x-yaml": "yaml",
    "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet": "xlsx",
    "application/zip": "zip",
    "application/x-zip-compressed": "zip",
}
"""Formats by media type."""
LIGHT = {"json": 512 * 1024, "yaml": 64 * 1024}
"""Bytes up to which text is read at once: a tenth of a second."""
MEMORY = 2 * 2**30
"""Bytes of address space of the process that reads, its libraries included."""
SECONDS = 60
"""Of processor time; twice as long by the clock."""
AT_ONCE = 2
"""Processes that read."""
PATIENCE = 60.0
"""Seconds that a file waits for its turn."""
_NO_MEMORY = ("memory allocation of", "MemoryError", "bad_alloc")
"""What Rust, Python and C++ say last."""

_turn = threading.BoundedSemaphore(AT_ONCE)
_log = structlog.get_logger(__name__)


def read(data: bytes, media_type: str, name: str) -> Instance:
    """The instance in the body of a request; ``name`` is what errors call it.

    Raises UnsupportedMedia, UnreadableFile, TooLarge, FaultyInstance with every fault; Unavailable when too
    many are being read.
    """
    format = _format(media_type)
    if len(data) <= LIGHT.get(format, -1):
        return read_bytes(data, format, name)
    found = _in_turn(data, format, name, "Instance")
    assert isinstance(found, Instance)
    return found


def draft(data: bytes, media_type: str, name: str) -> Draft:
    """The tables in the same, faults and all, to be mended. Raises the same but FaultyInstance."""
    format = _format(media_type)
    if len(data) <= LIGHT.get(format, -1):
        return read_draft(data, format, name)
    found = _in_turn(data, format, name, "Draft")
    assert isinstance(found, Draft)
    return found


def check(data: bytes) -> Checked:
    """What is wrong with a draft, given as :meth:`Draft.dumps` wrote it. Raises TooLarge, Unavailable."""
    if len(data) <= LIGHT["json"]:
        return check_draft(Draft.loads(data))
    found = _in_turn(data, "draft", "the draft", "Checked")
    assert isinstance(found, Checked)
    return found


def _format(media_type: str) -> str:
    kind = media_type.partition(";")[0].strip().lower()
    format = MEDIA_TYPES.get(kind)
    if format is None:
        raise UnsupportedMedia(f"{kind[:80] or 'None'} was sent; {', '.join(MEDIA_TYPES)} can be read.")
    return format


def _in_turn(data: bytes, format: str, name: str, what: str) -> object:
    if not _turn.acquire(timeout=PATIENCE):
        raise Unavailable("Many large files are being read.", retry_after=10)
    try:
        return _elsewhere(data, format, name, what)
    finally:
        _turn.release()


def _elsewhere(data: bytes, format: str, name: str, what: str) -> object:
    words = [sys.executable, "-m", "api.store.reading", format, name, str(os.getpid())]
    # Nothing of the settings, which may hold the password of the database.
    environment = {key: value for key, value in os.environ.items() if not key.startswith("STOCKPILE_")}
    process = subprocess.Popen(
        [*words, str(MEMORY), str(SECONDS), what],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=environment,
        start_new_session=True,
    )
    try:
        out, err = process.communicate(data, timeout=2 * SECONDS)
    except subprocess.TimeoutExpired:
        raise TooLarge(f"{name} takes more than {2 * SECONDS} s to read.") from None
    finally:
        if process.returncode is None:
            os.killpg(process.pid, signal.SIGKILL)
            process.communicate()
    if process.returncode == 0:
        return _told(out)
    if process.returncode == -signal.SIGXCPU:
        raise TooLarge(f"{name} takes more than {SECONDS} s to read.")
    said = err[-2000:].decode(errors="replace")
    if any(words in said for words in _NO_MEMORY):
        raise TooLarge(f"{name} needs more than {MEMORY / 1e9:.1f} GB of memory to read.")
    _log.error("the process that reads a file died", code=process.returncode, stderr=said)
    raise UnreadableFile(f"{name} cannot be read: reading it ended the process that did.")


def _told(out: bytes) -> object:
    """What :mod:`api.store.reading` wrote: this program did, and nothing of the file comes as it was."""
    kind, value = pickle.loads(out)
    if kind in ("Instance", "Draft", "Checked"):
        found: object = value
        return found
    fault: type[StockpileError] = getattr(faults, kind)
    raise fault(value)
