"""A measurement in a process of its own, killed hard when it takes too long or too much memory."""

from __future__ import annotations

import contextlib
import json
import math
import os
import platform
import resource
import signal
import subprocess
import sys
import time
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from benchmarks.registry import ROOT, Case, Method, installed
from benchmarks.rows import Limits, Row

EVERY = 0.2
"""Seconds between two looks at the memory."""
GRACE = 10.0, 0.1
"""What a method may take beyond its limit before it is killed: seconds, and share of the limit."""
PACKAGES = ("highspy", "pyomo", "numpy", "scipy", "linopy", "mpi-sppy")
_PAGE = os.sysconf("SC_PAGE_SIZE") / 1024**2


def measured(case: Case, method: Method, limits: Limits, folder: Path) -> Row:
    """Run one measurement and tell what became of it. Files of its own stand in ``folder``."""
    row = Row(case.name, case.family, case.scenarios, method.name, limits, "not installed")
    missing = method.missing()
    if missing:
        return replace(row, note=", ".join(missing))
    path = case.file(folder / "cases")
    diary, log = (folder / "logs" / f"{case.name}.{method.name}.{end}" for end in ("jsonl", "txt"))
    diary.parent.mkdir(parents=True, exist_ok=True)
    diary.unlink(missing_ok=True)
    words: dict[str, object] = {
        "path": str(path.resolve()),
        "method": method.name,
        "gap": limits.gap,
        "seconds": limits.seconds,
        "threads": limits.threads,
        "diary": str(diary.resolve()),
    }
    seconds = limits.seconds + max(GRACE[0], GRACE[1] * limits.seconds)
    # It ends itself should nobody be left to end it.
    words["alarm"] = math.ceil(seconds) + 5
    command = [sys.executable, "-m", "benchmarks.measure", json.dumps(words)]
    # Threads of the linear algebra beneath would be counted as nobody's.
    environment = os.environ | {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"}
    before = processor_seconds()
    with log.open("wb") as out:
        process = subprocess.Popen(
            command, cwd=ROOT, stdout=out, stderr=subprocess.STDOUT, start_new_session=True, env=environment
        )
        try:
            killed, peak = _watched(process, seconds, limits.memory)
        finally:
            _kill(process)
    row = _told(replace(row, status="failed", peak_mb=peak), diary, limits)
    versions = ", ".join(f"{name} {found}" for name in PACKAGES if (found := installed(name)))
    row = replace(
        row,
        cpu=processor_seconds() - before,
        when=datetime.now(UTC).isoformat(timespec="seconds"),
        versions=f"Python {platform.python_version()}, {versions}",
    )
    if killed:
        return replace(row, status=killed)
    if row.status == "failed":
        lines = log.read_text(encoding="utf-8", errors="replace").split("\n")
        last = next((line.strip() for line in reversed(lines) if line.strip()), "")
        return replace(row, note=f"exit code {process.returncode}: {last[:160]}")
    return row


def _watched(process: subprocess.Popen[bytes], seconds: float, memory: float) -> tuple[str, float]:
    """Wait for the end: why it was killed (empty: it was not), and the most memory seen, MB."""
    end, peak = time.monotonic() + seconds, 0.0
    while True:
        try:
            process.wait(EVERY)
        except subprocess.TimeoutExpired:
            peak = max(peak, resident(process.pid))
        else:
            return "", peak
        if peak > memory:
            return "out of memory", peak
        if time.monotonic() > end:
            return "out of time", peak


def processor_seconds() -> float:
    """Of all processes that this one has started and that have ended."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def resident(session: int) -> float:
    """MB resident of all processes of a session; what they share counts for each."""
    total = 0.0
    for name in os.listdir("/proc"):
        if not name.isdecimal():
            continue
        try:
            fields = Path(f"/proc/{name}/stat").read_text().rpartition(")")[2].split()
        except OSError:
            continue  # it has ended
        if int(fields[3]) == session:
            total += int(fields[21]) * _PAGE
    return total


def _kill(process: subprocess.Popen[bytes]) -> None:
    """End all that a measurement has started, whatever state it is in."""
    with contextlib.suppress(ProcessLookupError):  # nothing is left
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def _told(row: Row, diary: Path, limits: Limits) -> Row:
    """What a diary says, also one that breaks off."""
    seconds: dict[str, float] = {}
    phase, since = "", 0.0
    text = diary.read_text(encoding="utf-8") if diary.exists() else ""
    for line in text.splitlines():
        if not line.endswith("}"):
            continue  # it was killed while writing
        entry = json.loads(line)
        at = entry.pop("at")
        if "phase" in entry:
            if phase:
                seconds[phase] = seconds.get(phase, 0.0) + at - since
            phase, since = entry["phase"], at
        elif "peak_mb" in entry:
            row = replace(row, peak_mb=max(row.peak_mb or 0.0, entry["peak_mb"]))
        elif "not_possible" in entry:
            row = replace(row, status="not possible", note=entry["not_possible"])
        elif "found" in entry:
            found = entry["found"]
            seconds["solving"] = seconds.get("solving", 0.0) - found.pop("besides")
            end = found.pop("end")
            row = replace(row, **found)
            row = replace(row, status=_status(row, end, limits))
        else:
            row = replace(row, **entry)
    return replace(
        row,
        reading=seconds.get("reading"),
        building=seconds.get("building"),
        solving=seconds.get("solving"),
    )


def _status(row: Row, end: str, limits: Limits) -> str:
    """In our own words, by our own gap: a solver's "optimal" is taken for what its numbers are worth."""
    if row.gap_usd is not None and row.objective is not None:
        if row.gap_usd <= limits.gap * abs(row.objective) * (1 + 1e-6):
            return "solved"
        return "time limit" if end == "time_limit" else f"gap missed ({end})"
    return {"time_limit": "time limit"}.get(end, end)
