"""What can be sent to each operation, and its answers; by the operation's id."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from api.http import body, examples
from models import faults
from models.faults import StockpileError

Content = dict[str, Any]


@dataclass(frozen=True)
class Answer:
    """An answer that is not a problem."""

    description: str
    content: Content = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Operation:
    """One operation; what holds for all (keys, limits) is not repeated here."""

    answers: Mapping[int, Answer]
    body: Content = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)
    """Headers of the request, each with what it does."""
    faults: tuple[type[StockpileError], ...] = ()


def ref(name: str) -> dict[str, Any]:
    """A schema by its name."""
    return {"$ref": f"#/components/schemas/{name}"}


def many(name: str) -> dict[str, Any]:
    """A list of them."""
    return {"type": "array", "items": ref(name)}


def json_(schema: dict[str, Any], **named: Any) -> Content:
    """JSON with examples by name."""
    told = {name.replace("_", " "): {"value": value} for name, value in named.items()}
    return {body.JSON: {"schema": schema, "examples": told}}


def text(media_type: str, example: str) -> Content:
    """Text."""
    return {media_type: {"schema": {"type": "string"}, "examples": {"text": {"value": example}}}}


def binary(media_type: str) -> Content:
    """Bytes, which have no example."""
    return {media_type: {"schema": {}}}


_OBJECT = {"type": "object"}
_ETAG = {"ETag": "of this representation, for If-None-Match"}
_MATCH = {"If-None-Match": "ETag of what the client has; 304 if that is still so"}
_UNCHANGED = Answer("The client has it.", headers=_ETAG)
_WAIT = {"Prefer": "wait=N: answer when the job has ended, at the latest after N seconds (60 at most)"}
_LINK = {"Link": 'rel="next": the next page, if there is one (RFC 8288)'}
_ACCEPTED = {
    "Location": "of the job",
    "Retry-After": "seconds after which to look",
    "Idempotency-Replayed": "true: this key has been used; the job is that of the first request",
    "Preference-Applied": "wait=N as it was applied",
    **_ETAG,
}
_ENDED = (faults.NotFinished, faults.NoResult, faults.Expired)
_MAKING = Answer(
    "It is being made; ask again.",
    json_(_OBJECT, being_made=examples.MAKING),
    {"Retry-After": "seconds"},
)
_FILE = {"Content-Disposition": "a name to keep it under", **_ETAG}

INSTANCES: Content = {
    body.JSON: {"schema": ref("Instance"), "examples": {"instance": {"value": examples.INSTANCE}}},
    **{kind: {"schema": {}, "examples": {"instance": {"value": examples.YAML}}} for kind in body.YAML},
    **binary(body.XLSX),
    **{key: value for kind in body.ZIP for key, value in binary(kind).items()},
}
"""What an instance can be sent as."""


def _model(media_type: str, example: str) -> Operation:
    answers = {200: Answer("The file.", text(media_type, example), _FILE), 202: _MAKING, 304: _UNCHANGED}
    return Operation(answers, headers=_MATCH, faults=(*_ENDED, faults.NoSuchFile, faults.NotMade))


def _asked(what: str, *more: type[StockpileError]) -> Operation:
    told = json_(ref("Job"), running=examples.STOPPING, queued=examples.CANCELLED)
    return Operation({202: Answer(what, told, {"Retry-After": "seconds", **_ETAG})}, faults=more)


OPERATIONS: dict[str, Operation] = {
    "index": Operation({200: Answer("A signpost.", json_(_OBJECT, index=examples.INDEX))}),
    "put_instance": Operation(
        {
            200: Answer(
                "It was there.",
                json_(ref("InstanceRecord"), record=examples.RECORD),
                {"Location": "of the instance"},
            ),
            201: Answer(
                "It is stored.",
                json_(ref("InstanceRecord"), record=examples.RECORD),
                {"Location": "of the instance"},
            ),
        },
        body=INSTANCES,
        faults=(faults.FaultyInstance, faults.UnreadableFile, faults.StorageFull),
    ),
    "list_instances": Operation(
        {200: Answer("A page.", json_(many("InstanceRecord"), page=[examples.RECORD]), _LINK)},
        faults=(faults.BadCursor,),
    ),
    "get_instance": Operation(
        {
            200: Answer(
                "The instance.",
                {
                    **json_(ref("Instance"), instance=examples.INSTANCE),
                    **{k: v for kind in body.YAML for k, v in text(kind, examples.YAML).items()},
                    **binary(body.XLSX),
                },
                _ETAG,
            ),
            304: _UNCHANGED,
        },
        headers=_MATCH,
        faults=(faults.NotAcceptable,),
    ),
    "delete_instance": Operation({204: Answer("It is forgotten.")}, faults=(faults.InstanceInUse,)),
    "validate_instance": Operation(
        {
            200: Answer(
                "What there is to say of it.",
                json_(ref("Validation"), valid=examples.VALID, invalid=examples.INVALID),
            )
        },
        body=INSTANCES,
        faults=(faults.UnreadableFile,),
    ),
    "instance_schema": Operation(
        {
            200: Answer(
                "The schema.",
                {
                    "application/schema+json": {
                        "schema": _OBJECT,
                        "examples": {"schema": {"value": {"title": "Instance", "type": "object"}}},
                    }
                },
                _ETAG,
            ),
            304: _UNCHANGED,
        },
        headers=_MATCH,
    ),
    "submit_job": Operation(
        {
            200: Answer(
                "It has ended within the time waited.", json_(ref("Job"), done=examples.DONE), _ACCEPTED
            ),
            202: Answer("It is accepted.", json_(ref("Job"), queued=examples.QUEUED), _ACCEPTED),
        },
        body={
            body.JSON: {
                "schema": ref("Submission"),
                "examples": {name: {"value": value} for name, value in examples.REQUESTS.items()},
            }
        },
        headers={
            "Idempotency-Key": "1 to 255 printable ASCII characters: the same request again is the same job",
            **_WAIT,
        },
        faults=(
            faults.FaultyInstance,
            faults.FaultyAlternatives,
            faults.UsedIdempotencyKey,
            faults.StillAccepted,
            faults.QueueFull,
            faults.NoSuchInstance,
            faults.NoSuchPlan,
            faults.NoSuchJob,
            faults.NothingToEvaluate,
            *_ENDED,
            faults.StorageFull,
        ),
    ),
    "list_jobs": Operation(
        {200: Answer("A page.", json_(many("Job"), page=[examples.DONE, examples.CANCELLED]), _LINK)},
        faults=(faults.BadCursor, faults.NoSuchJob),
    ),
    "get_job": Operation(
        {
            200: Answer(
                "The job.",
                json_(ref("Job"), queued=examples.QUEUED, done=examples.DONE),
                {"Preference-Applied": "wait=N as it was applied", **_ETAG},
            ),
            304: _UNCHANGED,
        },
        headers={**_MATCH, **_WAIT},
    ),
    "stop_job": _asked("It was asked to stop, or has ended."),
    "cancel_job": _asked("It was asked to end, or has ended."),
    "delete_job": _asked("It was asked to end, or its results are given up.", faults.JobInUse),
    "job_events": Operation(
        {
            200: Answer(
                "Events.",
                {**text("text/event-stream", examples.STREAM), **json_(many("Event"), page=examples.EVENTS)},
            ),
            204: Answer("There are no more, and there will be none."),
        },
        headers={"Last-Event-ID": "as ?after=, and before it"},
        faults=(faults.NotAcceptable,),
    ),
    "job_plan": Operation(
        {
            200: Answer("The plan.", json_(_OBJECT, beginning_of_a_plan=examples.PLAN), _ETAG),
            304: _UNCHANGED,
        },
        headers=_MATCH,
        faults=(*_ENDED, faults.NoSuchFile),
    ),
    "job_tables": Operation(
        {200: Answer("Every table.", json_(_OBJECT, tables=examples.TABLES))}, faults=_ENDED
    ),
    "job_table": Operation(
        {
            200: Answer(
                "The table.",
                {
                    **json_({"type": "array", "items": _OBJECT}, rows=examples.TABLE),
                    **text("text/csv", "kind,id,year,volume_t\nagreement,lynas-ndpr,2027,1500\n"),
                    **binary("application/vnd.apache.parquet"),
                },
                _FILE,
            ),
            304: _UNCHANGED,
        },
        headers=_MATCH,
        faults=(*_ENDED, faults.NoSuchFile, faults.NotAcceptable),
    ),
    "job_files": Operation({200: Answer("Every file.", json_(_OBJECT, files=examples.FILES))}, faults=_ENDED),
    "job_file": Operation(
        {200: Answer("The file.", text("*/*", "reading\nsolving\n"), _FILE), 304: _UNCHANGED},
        headers=_MATCH,
        faults=(*_ENDED, faults.NoSuchFile),
    ),
    "job_log": Operation(
        {
            200: Answer("The log.", text("text/plain", "reading\nsolving\n"), _ETAG),
            304: _UNCHANGED,
        },
        headers=_MATCH,
        faults=(faults.Expired,),
    ),
    "job_report": Operation(
        {
            200: Answer("The page.", text("text/html", "<!DOCTYPE html><title>Base case</title>"), _ETAG),
            202: _MAKING,
            304: _UNCHANGED,
        },
        headers=_MATCH,
        faults=(*_ENDED, faults.NotMade),
    ),
    "job_model_mps": _model("text/plain", "NAME stockpile\nROWS\n N objective\n"),
    "job_model_lp": _model("text/plain", "min\nobjective: ...\n"),
    "job_model_columns": _model(
        "text/csv", "column,variable,index,natural_amount_of_one_unit\nx1,stock,gallium;vault;0,10.0\n"
    ),
    "healthz": Operation({200: Answer("It lives.", json_(_OBJECT, alive={"status": "alive"}))}),
    "readyz": Operation(
        {
            200: Answer("It can work.", json_(ref("Readiness"), ready=examples.READY)),
            503: Answer("It cannot.", json_(ref("Readiness"), no_worker=examples.NOT_READY)),
        }
    ),
    "metrics": Operation(
        {200: Answer("Figures.", text("text/plain", 'stockpile_jobs{state="queued",priority="5"} 3.0\n'))}
    ),
    "version": Operation(
        {
            200: Answer(
                "Versions.",
                json_(
                    ref("Version"),
                    version={
                        "stockpile": "0.1.0",
                        "python": "3.13.1",
                        "dbos": "3.4.0",
                        "highs": "1.15.1",
                    },
                ),
            )
        }
    ),
    "list_workers": Operation({200: Answer("Workers.", json_(ref("WorkerList"), workers=examples.WORKERS))}),
    "webhook_secret": Operation(
        {
            200: Answer(
                "The secret.",
                json_(ref("WebhookSecret"), secret={"secret": "whsec_" + "c2VjcmV0" * 5}),
            )
        }
    ),
}
