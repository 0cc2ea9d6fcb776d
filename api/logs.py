"""The log of the service: one stream on stderr, JSON or text, and never a secret in it.

Everybody logs with ``structlog.get_logger()``; what the libraries log (uvicorn, DBOS, SQLAlchemy) goes the
same way. Fields that belong to all that follows, such as the job at hand, are bound with :func:`about`.
"""

from __future__ import annotations

import logging
import re
import sys
import threading
from contextlib import AbstractContextManager
from types import TracebackType
from typing import Any

import structlog
from structlog.typing import EventDict, Processor

from api.settings import Settings

HIDDEN = "***"
SECRET_FIELDS = {
    "authorization",
    "proxy-authorization",
    "cookie",
    "set-cookie",
    "x-api-key",
    "api_key",
    "password",
    "secret",
}
"""Fields of an event, or of a mapping in it, whose values are not written."""

_KEY = re.compile(r"sp(?:_|%5f)[0-9a-z_%~.+/=-]{6,}", re.IGNORECASE)
_HEADER = re.compile(
    r"""((?:proxy-)?authorization[\\"']*\s*[:=,]\s*(?:b(?=[\\"']))?[\\"']*)(?:(?:bearer|basic|digest|token)\s+)?[^\s\\"',)\]}]+""",
    re.IGNORECASE,
)
_BEARER = re.compile(r"\b(bearer)\s+[0-9a-z._~+/=-]{8,}", re.IGNORECASE)
_PASSWORD = re.compile(r"(://[^/\s:@\"']*:)[^/\s@\"']+(?=@)")
_QUIET = {
    "dbos": logging.WARNING,
    "sqlalchemy": logging.WARNING,
    "httpx": logging.WARNING,
    "httpcore": logging.WARNING,
}
"""Libraries that say more than is wanted: the least level of what they may say, but for debug."""


def scrub(text: str) -> str:
    """The text without API keys, Authorization values and passwords in addresses."""
    text = _KEY.sub(f"sp_{HIDDEN}", text)
    text = _HEADER.sub(rf"\1{HIDDEN}", text)
    text = _BEARER.sub(rf"\1 {HIDDEN}", text)
    return _PASSWORD.sub(rf"\1{HIDDEN}", text)


def about(**fields: Any) -> AbstractContextManager[Any]:
    """Bind fields to every event within the ``with``, in this thread or task, such as ``job=job``."""
    return structlog.contextvars.bound_contextvars(**fields)


def configure(settings: Settings) -> None:
    """Send every event and what libraries log to stderr, as the settings say; once, when a process starts.

    Whoever runs uvicorn gives it ``log_config=None``, or it sets up a log of its own.
    """
    level = logging.getLevelNamesMapping()[settings.log_level.upper()]
    shared: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.add_log_level,
        structlog.stdlib.ExtraAdder(allow=("workflow_id",)),
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.StackInfoRenderer(),
        hide,
    ]
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            structlog.stdlib.PositionalArgumentsFormatter(),
            *shared,
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=False,
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        Formatter(
            foreign_pre_chain=[access, *shared],
            processors=_last(settings.log_format),
            pass_foreign_args=True,
        )
    )
    root = logging.getLogger()
    for old in list(root.handlers):
        if isinstance(old.formatter, Formatter):
            root.removeHandler(old)
    root.addHandler(handler)
    root.setLevel(level)
    for name in ("uvicorn", "uvicorn.error", "uvicorn.access", "dbos"):
        library = logging.getLogger(name)
        library.handlers.clear()
        library.propagate = True
    # With no handler at all DBOS adds one of its own and leaves the root out.
    logging.getLogger("dbos").addHandler(logging.NullHandler())
    for name, least in _QUIET.items():
        logging.getLogger(name).setLevel(level if settings.log_level == "debug" else max(level, least))
    logging.captureWarnings(True)
    sys.excepthook = _died
    threading.excepthook = _thread_died


class Formatter(structlog.stdlib.ProcessorFormatter):
    """Renders an event; the last thing done to a line is that secrets are taken out, wherever they stand."""

    def format(self, record: logging.LogRecord) -> str:
        """One line."""
        return scrub(super().format(record))


def hide(logger: Any, method: str, event: EventDict) -> EventDict:
    """Take the values of secret fields out, also of mappings within."""
    for name in event:
        if name not in ("exc_info", "_record"):
            event[name] = HIDDEN if _secret(name) else _hidden(event[name])
    return event


def _hidden(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: HIDDEN if _secret(key) else _hidden(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        if len(value) == 2 and _secret(value[0]):
            return (value[0], HIDDEN)  # a header of an ASGI scope
        return [_hidden(item) for item in value]
    return value


def _secret(name: Any) -> bool:
    text = name.decode("latin-1") if isinstance(name, bytes) else name
    return isinstance(text, str) and text.lower() in SECRET_FIELDS


def access(logger: Any, method: str, event: EventDict) -> EventDict:
    """What uvicorn says about a request, as fields."""
    args = event.pop("positional_args", None)
    if event["_record"].name == "uvicorn.access" and isinstance(args, tuple) and len(args) == 5:
        client, verb, path, _, status = args
        event.update(event="request", client=client, method=verb, path=path, status=status)
    return event


def _last(form: str) -> list[Processor]:
    """The end of the chain: an event becomes a line. Tracebacks never show the values of variables."""
    strip = structlog.stdlib.ProcessorFormatter.remove_processors_meta
    if form == "json":
        return [strip, structlog.processors.format_exc_info, structlog.processors.JSONRenderer()]
    plain = structlog.dev.plain_traceback
    return [strip, structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty(), exception_formatter=plain)]


def _died(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    if issubclass(kind, KeyboardInterrupt):
        return
    structlog.get_logger("stockpile").critical("died", exc_info=(kind, error, trace))


def _thread_died(args: threading.ExceptHookArgs) -> None:
    if args.exc_value is not None and not isinstance(args.exc_value, SystemExit):
        name = args.thread.name if args.thread is not None else None
        exc = (args.exc_type, args.exc_value, args.exc_traceback)
        structlog.get_logger("stockpile").error("thread died", thread=name, exc_info=exc)
