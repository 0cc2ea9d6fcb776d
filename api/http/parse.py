"""A request for a job, from the bytes of a body: every fault at once, each with its pointer."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from typing import Any

from pydantic import ValidationError

from api.http.problems import Listed, finding, findings, pointer
from api.store.documents import Documents
from models.alternatives import parse_alternatives
from models.faults import BadRequest, FaultyInstance, TooLarge, UnreadableFile
from models.files.limits import VALUES
from models.files.source import decode
from models.instance import Instance
from models.instance.base import NAMED_PATTERNS
from models.instance.hints import Hints
from models.jobs import (
    BatchRequest,
    CompareRequest,
    EvaluateRequest,
    InstanceRef,
    Limits,
    Request,
    SampleRequest,
    SolveRequest,
    request_adapter,
)
from models.options import Options
from models.tables.values import LONGEST

LIMIT = 1_000
"""Most findings in one answer."""
_REF = "the id of a stored instance (64 hexadecimal digits), or the instance itself"
_REFS = {
    "instance": _REF,
    "scenarios": _REF,
    "plan": "the id of a job or of a stored plan, or the plan itself",
    "warm": "the id of a stored plan, or the plan itself",
}

_DOCUMENTS = {*_REFS, "alternatives"}
AROUND = 50_000
"""Values of a request outside its documents; a batch of the most instances has 30,000."""
_SOON = 20_000_000
"""Bytes of instances that are checked while somebody waits."""
_KINDS = ("solve", "batch", "compare", "evaluate", "sample")
_FIELDS = tuple(
    dict.fromkeys(
        name
        for model in (
            SolveRequest,
            BatchRequest,
            CompareRequest,
            EvaluateRequest,
            SampleRequest,
            Limits,
            Options,
        )
        for name in model.model_fields
    )
)


def document(data: bytes) -> Any:
    """Plain data from JSON. Raises Listed (BadRequest) or TooLarge.

    No key twice, no NaN or infinity, no number beyond any float.
    """
    try:
        text = decode(data, "The body")
    except UnreadableFile as error:
        raise BadRequest(error.detail) from error
    if sum(text.count(mark) for mark in ",[{") > VALUES:
        raise TooLarge(f"It holds more than {VALUES:,} values.")
    twice: dict[str, None] = {}
    odd = False

    def record(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        found = dict(pairs)
        if len(found) < len(pairs):
            seen: set[str] = set()
            for key, _ in pairs:
                if key in seen:
                    twice[key] = None
                seen.add(key)
        return found

    def number(text: str) -> float:
        nonlocal odd
        value = float(text) if len(text) <= LONGEST else math.inf
        odd = odd or not math.isfinite(value)
        return value

    def whole(text: str) -> int | float:
        return int(text) if len(text) < 19 else number(text)

    try:
        raw = json.loads(
            text,
            object_pairs_hook=record,
            parse_int=whole,
            parse_float=number,
            parse_constant=lambda word: number(word.replace("Infinity", "inf")),
        )
    except json.JSONDecodeError as error:
        raise BadRequest(
            f"It is not JSON: {error.msg} (line {error.lineno}, column {error.colno})."
        ) from error
    except RecursionError as error:
        raise BadRequest("It is nested too deeply.") from error
    if twice:
        raise BadRequest(f"A key stands twice in one record: {', '.join(map(repr, list(twice)[:10]))}.")
    if odd:
        bad = [
            (path, value)
            for path, value in _walk(raw)
            if isinstance(value, float) and not math.isfinite(value)
        ]
        raise Listed(
            BadRequest, [finding(pointer(path), value, "a finite number") for path, value in bad[:LIMIT]]
        )
    return raw


def _walk(raw: Any) -> Iterator[tuple[tuple[str | int, ...], Any]]:
    stack: list[tuple[tuple[str | int, ...], Any]] = [((), raw)]
    while stack:
        path, value = stack.pop()
        yield path, value
        items = (
            value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
        )
        stack.extend(reversed([((*path, key), item) for key, item in items]))


def job_request(data: bytes) -> Request:
    """The request in a body. Raises Listed (BadRequest), TooLarge."""
    raw = document(data)
    _bounded(raw)
    try:
        return request_adapter.validate_json(data.removeprefix(b"\xef\xbb\xbf"))
    except ValidationError as error:
        raise Listed(BadRequest, explain(error, raw)) from error


def _bounded(raw: Any) -> None:
    """Raise TooLarge for a request with more around its documents than any has: each may be a finding."""
    count, stack = 0, [raw] if isinstance(raw, dict | list) else []
    while stack:
        value = stack.pop()
        items = value.items() if isinstance(value, dict) else ((None, item) for item in value)
        for name, item in items:
            count += 1 + (len(item) if name == "alternatives" and isinstance(item, list) else 0)
            if count > AROUND:
                raise TooLarge(f"Around its documents it holds more than {AROUND:,} values.")
            if isinstance(item, dict | list) and name not in _DOCUMENTS:
                stack.append(item)


def explain(error: ValidationError, raw: Any) -> list[dict[str, Any]]:
    """What is wrong with plain data, an entry for each place."""
    found: dict[str, tuple[Any, list[str]]] = {}
    hints = Hints()
    for detail in error.errors(include_url=False)[:LIMIT]:
        path, value = _locate(detail["loc"], detail["type"], raw)
        allowed = _allowed(detail, path, hints)
        _, words = found.setdefault(pointer(path), (value, []))
        if allowed not in words:
            words.append(allowed)
    return [finding(at, value, " or ".join(words)) for at, (value, words) in found.items()]


def _locate(loc: tuple[str | int, ...], kind: str, raw: Any) -> tuple[list[str | int], Any]:
    """The path in the document, without what the validator says of branches, and the value there."""
    path: list[str | int] = []
    value = raw
    for number, part in enumerate(loc):
        if _within(part, value):
            value = value[part]
        elif kind == "missing" and number == len(loc) - 1:
            value = None
        else:
            continue
        path.append(part)
    if kind.startswith("union_tag"):
        path, value = [*path, "kind"], value.get("kind") if isinstance(value, dict) else value
    return path, value


def _within(part: str | int, value: Any) -> bool:
    if isinstance(value, list):
        return isinstance(part, int) and part < len(value)
    return isinstance(value, dict) and part in value


def _allowed(detail: Any, path: list[str | int], hints: Hints) -> str:
    kind, context = detail["type"], detail.get("ctx", {})
    last = path[-1] if path else ""
    if kind == "extra_forbidden":
        return f"no field of this name{hints.near(last, _FIELDS)}"
    if kind == "missing":
        return (
            f"a value; this field must be given ({_REFS[last]})"
            if last in _REFS
            else "a value; it must be given"
        )
    if last in _REFS:
        return _REFS[str(last)]
    if kind == "union_tag_not_found":
        return "one of solve, batch, compare, evaluate, sample"
    if kind == "union_tag_invalid":
        return f"one of {context.get('expected_tags', '')}{hints.near(context.get('tag'), _KINDS)}"
    if kind == "string_pattern_mismatch":
        known = NAMED_PATTERNS.get(context.get("pattern", ""))
        return known[1] if known else str(detail["msg"])
    return str(detail["msg"]).removeprefix("Input should be ").removeprefix("a valid ")


def stored(documents: Documents, tenant: str, request: Request) -> Request:
    """The same request with the instances in it stored, and their ids in their place.

    Raises Listed (FaultyInstance) with the faults of all of them.
    """
    parsed: dict[str, Instance] = {}
    errors: list[dict[str, Any]] = []
    for at, raw in _inline(request):
        try:
            parsed[at] = Instance.parse(raw)
        except FaultyInstance as error:
            errors += findings(error.faults, at)
    if errors:
        raise Listed(
            FaultyInstance, errors[:LIMIT], f"{len(errors):,} in all." if len(errors) > LIMIT else ""
        )
    ids = {at: documents.put_instance(tenant, instance)[0].id for at, instance in parsed.items()}
    if isinstance(request, BatchRequest):
        members = tuple(
            member.model_copy(update={"instance": ids.get(f"/instances/{number}/instance", member.instance)})
            for number, member in enumerate(request.instances)
        )
        return request.model_copy(update={"instances": members})
    return request.model_copy(update={at[1:]: id for at, id in ids.items()})


def check_alternatives(documents: Documents, tenant: str, request: Request) -> None:
    """Raise FaultyAlternatives for a comparison whose alternatives have faults, if that is told soon.

    Each alternative is a whole instance to check; with many of a large one the job finds them.
    """
    if not isinstance(request, CompareRequest) or not request.alternatives:
        return
    id = str(request.instance)
    if documents.instance_record(tenant, id).bytes * len(request.alternatives) <= _SOON:
        parse_alternatives({"alternatives": list(request.alternatives)}, documents.instance(tenant, id))


def _inline(request: Request) -> Iterator[tuple[str, dict[str, Any]]]:
    """Instances that stand in a request, each with its pointer."""
    refs: list[tuple[str, InstanceRef | None]]
    if isinstance(request, BatchRequest):
        refs = [(f"/instances/{n}/instance", member.instance) for n, member in enumerate(request.instances)]
    elif isinstance(request, EvaluateRequest):
        refs = [("/instance", request.instance), ("/scenarios", request.scenarios)]
    else:
        refs = [("/instance", request.instance)]
    for at, ref in refs:
        if isinstance(ref, dict):
            yield at, ref
