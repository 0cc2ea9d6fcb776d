"""From whatever went wrong to a message on stderr, or a JSON document on stdout, and an exit code."""

from __future__ import annotations

import os
import sys
import traceback
from typing import Any

from models.faults import FaultyAlternatives, FaultyInstance, StockpileError, UnwritableFile
from optimizer.exits import FAILED, STOPPED


def report(error: BaseException, *, as_json: bool) -> int:
    """Say what happened and return the exit code."""
    if isinstance(error, BrokenPipeError):
        raise error
    if isinstance(error, SystemExit):
        return error.code if isinstance(error.code, int) else FAILED
    kind, message, code = describe(error)
    if as_json:
        from api.cli.output import emit

        faults = [fault.as_dict() for fault in error.faults] if isinstance(error, FaultyInstance) else []
        document: dict[str, Any] = {"error": {"kind": kind, "message": message}, "exit_code": code}
        emit(document | ({"faults": faults} if faults else {}))
        return code
    if isinstance(error, FaultyInstance):
        from api.cli.output import show_faults

        show_faults(error.faults)
        return code
    if kind == "Unexpected":
        traceback.print_exception(error)
    print(f"stockpile: {message}", file=sys.stderr)
    return code


def reader_gone() -> int:
    """Whoever read the output has gone; keep Python from complaining about it at exit."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return FAILED


def describe(error: BaseException) -> tuple[str, str, int]:
    """Kind, message and exit code."""
    if isinstance(error, UnwritableFile):
        return type(error).__name__, str(error), FAILED  # nothing is wrong with the instance
    if isinstance(error, FaultyInstance):
        what = "alternatives have" if isinstance(error, FaultyAlternatives) else "instance has"
        return type(error).__name__, f"The {what} {len(error.faults):,} faults.", error.exit_code
    if isinstance(error, StockpileError):
        return type(error).__name__, str(error), error.exit_code
    if isinstance(error, KeyboardInterrupt) or type(error).__name__ == "Abort":
        return "Stopped", "Stopped.", STOPPED
    usage = getattr(error, "format_message", None)
    if usage is not None:
        return "Usage", f"{usage().rstrip('.')}. See {_command(error)} --help.", FAILED
    if isinstance(error, OSError) and error.strerror:
        where = f"{error.filename}: " if error.filename else ""
        return type(error).__name__, f"{where}{error.strerror}.", FAILED
    if isinstance(error, MemoryError):
        return "MemoryError", "Memory ran out.", FAILED
    return "Unexpected", f"{type(error).__name__}: {error}", FAILED


def _command(error: BaseException) -> str:
    context = getattr(error, "ctx", None)
    return context.command_path if context is not None else "stockpile"
