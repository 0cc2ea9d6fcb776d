"""The page of the command line, from the commands themselves."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from enum import Enum
from pathlib import Path
from types import UnionType
from typing import Any, Literal, get_args, get_origin, get_type_hints

from typer.models import ArgumentInfo, OptionInfo

from api.cli.app import EPILOG, app
from docs.markdown import table

WRITTEN = "<!-- Written by `make docs` from the help texts of the commands; edit those in api/cli/. -->\n"
KINDS = {Path: "path", str: "text", float: "number", int: "whole number", bool: ""}


def reference() -> str:
    """The page docs/cli.md."""
    commands = every_command()
    index = [
        [f"[`{name}`](#{name.replace(' ', '-')})", _text(f).partition("\n\n")[0]]
        for name, f in commands.items()
    ]
    parts = [
        WRITTEN + "# The command line",
        f"`stockpile COMMAND --help` prints the same. {EPILOG}",
        table(["command", "does"], index),
        *(part for name, f in commands.items() for part in _command(name, f)),
    ]
    return "\n\n".join(parts) + "\n"


def every_command() -> dict[str, Callable[..., Any]]:
    """Commands by name; those of groups (``keys create``) after the others."""
    groups = [g.typer_instance for g in app.registered_groups if g.typer_instance]
    parts = [("", app), *((f"{group.info.name} ", group) for group in groups)]
    return {f"{a}{c.name}": c.callback for a, part in parts for c in part.registered_commands if c.callback}


def _text(function: Callable[..., Any]) -> str:
    paragraphs = inspect.getdoc(function) or ""
    return "\n\n".join(" ".join(p.split()) for p in paragraphs.split("\n\n"))


def _command(name: str, function: Callable[..., Any]) -> list[str]:
    words, _, example = _text(function).partition("Example: ")
    arguments, options = [], []
    hints = get_type_hints(function, include_extras=True)
    for parameter, default in ((p.name, p.default) for p in inspect.signature(function).parameters.values()):
        plain, info = get_args(hints[parameter])[:2]
        if isinstance(info, ArgumentInfo):
            many = " ..." if get_origin(plain) is list else ""
            arguments.append([f"`{(info.metavar or parameter).upper()}{many}`", info.help or ""])
        elif isinstance(info, OptionInfo):
            options.append([_option(info, plain), info.help or "", _default(default)])
    usage = " ".join(["stockpile", name, "[OPTIONS]", *(row[0].strip("`") for row in arguments)])
    parts = [f"## {name}", f"```text\n{usage}\n```", words.strip()]
    parts += [table(["argument", "meaning"], arguments)] if arguments else []
    parts += [table(["option", "meaning", "default"], options)] if options else []
    return [*parts, f"```sh\n{example.strip()}\n```"] if example else parts


def _option(info: OptionInfo, plain: Any) -> str:
    # Inside Annotated, Typer keeps the first name where a default would stand.
    names = [info.default, *(info.param_decls or ())]
    return f"`{', '.join(n for n in names if isinstance(n, str))}` {_kind(plain)}".strip()


def _kind(plain: Any) -> str:
    """The kind of value an option takes."""
    if isinstance(plain, UnionType):
        return next(_kind(part) for part in get_args(plain) if part is not type(None))
    if get_origin(plain) is Literal:
        return " or ".join(map(str, get_args(plain)))
    if isinstance(plain, type) and issubclass(plain, Enum):
        return " or ".join(str(member.value) for member in plain)
    return KINDS[plain]


def _default(value: Any) -> str:
    if value is inspect.Parameter.empty:
        return "required"
    if value is None or value is False:
        return ""
    return "on" if value is True else f"`{value.value if isinstance(value, Enum) else value}`"
