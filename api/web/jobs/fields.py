"""Fields of a form from the fields of a request: the words, limits and defaults are those of the models."""

from __future__ import annotations

import re
import types
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal, Union, get_args, get_origin

from pydantic import BaseModel
from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined

Control = Literal["number", "text", "either", "switch", "choice", "many", "numbers", "words"]
"""either: a number or a text; many: any of some choices; numbers, words: several in one line, with commas."""

LABELS = {
    "relative_gap": "Gap",
    "time_limit": "Time limit",
    "n": "Scenarios",
    "ways": "Ways of following the plan",
    "rolling_n": "Scenarios of the rolling way",
    "memory_gb": "Memory",
    "seconds": "Wall clock",
    "fresh": "Run it even if the same has been done before",
    "rate": "Rate of hazards",
    "marginals": "Marginal values",
    "information": "Value of information",
    "bounds": "Bounds on the true optimum",
    "reduce": "Reduce to",
}
HINTS = {
    "seed": "of the random numbers: the same seed, the same result",
    "tags": "words to find it by, with commas between",
    "n": "how many are sampled",
    "rate": "the name of other rates in the instance, or a factor on all of them",
    "ways": "tree: decisions of the plan's own tree; foresight: each scenario known beforehand;"
    " rolling: decided year by year",
    "rolling_n": "that way is slow",
    "branches": "futures looked at in each year, when rolling",
    "information": "what it would be worth to know which scenario comes",
    "bounds": "how far the plan can be from the best there is, by solving samples anew",
    "replications": "samples solved anew, for the bounds",
    "replication_n": "scenarios of each of those",
    "branching": "branches of the tree by year; scenarios side by side if empty",
    "reduce": "keep so many scenarios, those that stand for the others best",
}
"""Where the model has no words of its own."""
UNITS = {
    "options.relative_gap": "a share: 0.005, or 0.5 %",
    "limits.seconds": "seconds",
}


@dataclass(frozen=True)
class Field:
    """One field of a form."""

    name: str
    """Where its value stands in the request: options.relative_gap."""
    label: str
    hint: str
    control: Control
    default: str
    """As it is written; empty if the service decides, or if it must be given."""
    choices: tuple[str, ...] = ()
    value: str = ""
    """As it stands in the form; of a switch ``on`` or nothing; of many, with commas between."""
    before: str | None = None
    """What it was in the job this one is made from."""
    wrong: str = ""
    """What is wrong with it."""

    @property
    def id(self) -> str:
        """In the page."""
        return "field-" + self.name.replace(".", "-").replace("_", "-")

    @property
    def changed(self) -> bool:
        """Whether it differs from the job this one is made from."""
        return self.before is not None and self.value != self.before

    @property
    def own(self) -> bool:
        """Whether it differs from its default."""
        return self.value != self.default and (self.control == "switch" or self.value != "")

    def chosen(self) -> list[str]:
        """Of many, those that are taken."""
        return [word for word in self.value.split(",") if word]


def fields_of(
    model: type[BaseModel], prefix: str = "", *, only: Iterable[str] | None = None, skip: Iterable[str] = ()
) -> list[Field]:
    """A field for each simple field of a model, in its order, or in that of ``only``."""
    left_out = set(skip)
    names = [name for name in (only or model.model_fields) if name not in left_out]
    return [_field(name, model.model_fields[name], f"{prefix}{name}") for name in names]


def _field(name: str, info: FieldInfo, path: str) -> Field:
    control, choices = _control(info.annotation)
    default = "" if info.default is PydanticUndefined else written(info.default, control)
    unit = UNITS.get(path, "")
    hint = (info.description or HINTS.get(name, "")) + (f" ({unit})" if unit else "")
    label = LABELS.get(name, name.replace("_", " ").capitalize())
    return Field(path, label, hint, control, default, choices, value=default)


def _control(annotation: Any) -> tuple[Control, tuple[str, ...]]:
    kind = _bare(annotation)
    if kind is bool:
        return "switch", ()
    if kind in (int, float):
        return "number", ()
    if get_origin(kind) is Literal:
        return "choice", tuple(str(choice) for choice in get_args(kind))
    if get_origin(kind) is tuple:
        inner, choices = _control(get_args(kind)[0])
        return ("many", choices) if inner == "choice" else ("numbers" if inner == "number" else "words", ())
    return "either" if kind == float | str else "text", ()


def _bare(annotation: Any) -> Any:
    """Without metadata and without None."""
    while get_origin(annotation) not in (None, Literal, tuple):
        arguments = get_args(annotation)
        if get_origin(annotation) in (Union, types.UnionType):
            some = [a for a in arguments if a is not type(None)]
            if len(some) > 1:
                return float | str  # read as what it looks like
            arguments = tuple(some)
        annotation = arguments[0]
    return annotation


def written(value: Any, control: Control) -> str:
    """A value of a request as it stands in a form."""
    if value is None:
        return ""
    if control == "switch":
        return "on" if value else ""
    if control in ("many", "numbers", "words"):
        return ("," if control == "many" else ", ").join(str(item) for item in value)
    return f"{value:g}" if isinstance(value, float) and float(f"{value:g}") == value else str(value)


def filled(fields: Sequence[Field], work: Mapping[str, Any], *, compared: bool) -> list[Field]:
    """The fields with the values of a request; ``compared``: it is what they are compared with."""
    made = []
    for field in fields:
        found, value = _lookup(work, field.name)
        text = written(value, field.control) if found else field.default
        made.append(replace(field, value=text, before=text if compared else None))
    return made


def _lookup(work: Mapping[str, Any], path: str) -> tuple[bool, Any]:
    value: Any = work
    for part in path.split("."):
        if not isinstance(value, Mapping) or part not in value:
            return False, None
        value = value[part]
    return True, value


def sent(fields: Sequence[Field], form: Mapping[str, Sequence[str]]) -> list[Field]:
    """The fields with what was sent."""
    made = []
    for field in fields:
        given = [text.strip() for text in form.get(field.name, ())]
        value = ",".join(given) if field.control == "many" else (given[-1] if given else "")
        made.append(replace(field, value=value))
    return made


def marked(fields: Sequence[Field], wrong: Mapping[str, str]) -> list[Field]:
    """The fields with what is wrong with them, by name."""
    return [replace(field, wrong=wrong.get(field.name, "")) for field in fields]


def put(document: dict[str, Any], fields: Iterable[Field]) -> None:
    """Write the values into a request; what is left empty is left out: its default holds."""
    for field in fields:
        if field.control == "switch":
            value: Any = field.value == "on"
        elif not field.value:
            continue
        elif field.control == "many":
            value = field.chosen()
        elif field.control == "words":
            value = [word for text in field.value.split(",") if (word := text.strip())]
        elif field.control == "numbers":
            value = [number(word) for word in re.split(r"[,;\s]+", field.value) if word]
        else:
            value = field.value if field.control in ("choice", "text") else number(field.value)
        *path, last = field.name.split(".")
        place = document
        for part in path:
            place = place.setdefault(part, {})
        place[last] = value


def number(text: str) -> float | int | str:
    """What was written as a number, if it is one: 4, 0.5, 1e-4, 0.5 %; else as it stands, to be refused."""
    plain = text.replace("\u00a0", "").replace(" ", "")
    percent = plain.endswith("%")
    try:
        found = float(plain.removesuffix("%"))
    except ValueError:
        return text
    if percent:
        return round(found / 100, 12)
    return int(found) if plain.lstrip("+-").isdecimal() and abs(found) < 2**53 else found
