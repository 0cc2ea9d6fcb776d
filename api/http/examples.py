"""Examples for the description of the service; a test checks each against its schema and its model."""

from __future__ import annotations

from typing import Any

from api.http.problems import describe, finding
from models.faults import StockpileError

INSTANCE: dict[str, Any] = {
    "schema_version": "1",
    "name": "One material, one disruption",
    "description": "How much gallium to stock in 2027 against a ban that may come in 2028.",
    "horizon": {"start_year": 2027, "periods": 2},
    "countries": [
        {"id": "USA", "name": "United States", "group": "domestic"},
        {"id": "CHN", "name": "China", "group": "adversary"},
    ],
    "commodities": [
        {
            "id": "gallium",
            "name": "Gallium",
            "material": "gallium",
            "stage": "metal",
            "price": 400000.0,
            "storage_cost": 20000.0,
            "terminal_factor": 0.5,
        }
    ],
    "demand": [
        {
            "id": "chips",
            "commodity": "gallium",
            "segment": "general",
            "quantity": 100.0,
            "shortage_cost": [{"share": 1.0, "cost": 3000000.0}],
        }
    ],
    "market": [{"commodity": "gallium", "country": "CHN", "quantity": 100.0}],
    "spot": [
        {
            "id": "gallium-spot",
            "commodity": "gallium",
            "country": "CHN",
            "tiers": [{"quantity": 100.0, "premium": 0.0}],
        }
    ],
    "depots": [{"id": "vault", "country": "USA"}],
    "scenarios": [
        {
            "id": "ban-2028",
            "probability": 0.2,
            "events": [
                {
                    "id": "ban",
                    "start": 1,
                    "duration": 1,
                    "effects": [{"kind": "supply", "factor": 0.0, "countries": ["CHN"]}],
                }
            ],
        }
    ],
}
YAML = """schema_version: '1'
name: One material, one disruption
horizon: {start_year: 2027, periods: 2}
"""
INSTANCE_ID = "95915765a62e441aa254da8164e621bd3234146223ddd9e2fcb81db556f229ed"
JOB_ID = "cd87116a77404a38a2e07fbe84945603"
OTHER_JOB_ID = "5e47fa4b2a0a4a6ebbbe7146f5e0ebcb"
_OPTIONS = {
    "relative_gap": 1e-4,
    "time_limit": 600.0,
    "threads": 0,
    "seed": 0,
    "method": "extensive",
    "marginals": True,
}

REQUESTS: dict[str, dict[str, Any]] = {
    "solve": {
        "kind": "solve",
        "instance": INSTANCE_ID,
        "options": {"relative_gap": 1e-3, "time_limit": 600.0},
        "title": "Base case",
        "tags": ["fy27"],
    },
    "solve an instance sent along": {"kind": "solve", "instance": INSTANCE},
    "batch": {
        "kind": "batch",
        "instances": [{"name": "low", "instance": INSTANCE_ID}, {"name": "high", "instance": INSTANCE}],
        "webhook": "https://example.org/hooks/stockpile",
    },
    "compare": {"kind": "compare", "instance": INSTANCE_ID, "budgets": [6e9, 9e9, 12e9], "regret": False},
    "evaluate": {"kind": "evaluate", "plan": JOB_ID, "n": 2000, "seed": 7, "ways": ["foresight"]},
    "sample": {"kind": "sample", "instance": INSTANCE_ID, "n": 10000, "reduce": 100},
}
QUEUED: dict[str, Any] = {
    "id": JOB_ID,
    "kind": "solve",
    "state": "queued",
    "title": "Base case",
    "tags": ["fy27"],
    "instance": INSTANCE_ID,
    "work": {"kind": "solve", "instance": INSTANCE_ID, "options": _OPTIONS},
    "position": 3,
    "created": 1795336195.36,
    "version": 1,
}
STOPPING = {
    **QUEUED,
    "state": "stopping",
    "position": None,
    "phase": "search",
    "objective": 61450000.0,
    "bound": 60100000.0,
    "gap": 1350000.0,
    "relative_gap": 0.022,
    "attempt": 1,
    "started": 1795336196.1,
    "version": 9,
}
CANCELLED = {**QUEUED, "state": "cancelled", "position": None, "finished": 1795336200.0, "version": 2}
DONE = {
    **STOPPING,
    "state": "succeeded",
    "solver_status": "optimal",
    "phase": None,
    "bound": 61444000.0,
    "gap": 6000.0,
    "relative_gap": 9.8e-5,
    "finished": 1795336203.9,
    "expires": 1797928203.9,
    "seconds": 7.8,
    "memory_mb": 212.0,
    "result": "3f786850e387550fdab836ed7e6dc881de23001b51c4ce4de2de86f5e1bb8e0f",
    "version": 14,
}
EVENTS: list[dict[str, Any]] = [
    {"id": 1, "at": 1795336195.36, "type": "state", "data": {"state": "queued", "solver_status": None}},
    {"id": 2, "at": 1795336196.1, "type": "state", "data": {"state": "running", "attempt": 1}},
    {
        "id": 3,
        "at": 1795336199.0,
        "type": "progress",
        "data": {"phase": "search", "incumbent": 61450000.0, "bound": 60100000.0, "gap": 1350000.0},
    },
    {
        "id": 4,
        "at": 1795336203.9,
        "type": "state",
        "data": {"state": "succeeded", "solver_status": "optimal"},
    },
]
STREAM = (
    'id: 1\nevent: state\ndata: {"id":1,"at":1795336195.36,"type":"state","data":{"state":"queued",'
    '"solver_status":null}}\n\n: still here\n\n'
)
RECORD: dict[str, Any] = {
    "id": INSTANCE_ID,
    "name": "One material, one disruption",
    "bytes": 1184,
    "warnings": [],
    "figures": {"rows": {"commodities": 1}, "start_year": 2027, "periods": 2, "period_years": 1.0},
    "created": 1795336190.0,
}
_FAULT = {
    "pointer": "/commodities/0/price",
    "table": "commodities",
    "row": "gallium",
    "field": "price",
    "value": -1.0,
    "allowed": "no negative number",
    "place": "",
}
VALID = {
    "valid": True,
    "faults": [],
    "warnings": [],
    "instance": "One material, one disruption",
    "fingerprint": INSTANCE_ID,
}
INVALID = {"valid": False, "faults": [_FAULT], "warnings": [], "instance": None, "fingerprint": None}
PLAN = {
    "instance": "One material, one disruption",
    "fingerprint": INSTANCE_ID,
    "status": "optimal",
    "objective": 61450000.0,
    "bound": 61444000.0,
}
TABLES = {
    "tables": [
        {
            "name": "commitments",
            "description": "What is signed, funded and opened, alike in every scenario",
            "formats": ["json", "csv", "parquet"],
            "bytes": {"parquet": 2113},
            "href": f"/v1/jobs/{JOB_ID}/tables/commitments",
        }
    ]
}
TABLE = [{"kind": "agreement", "id": "lynas-ndpr", "year": 2027.0, "volume_t": 1500.0}]
FILES = {
    "files": [
        {
            "path": "plan.json",
            "digest": "0f1e2d3c4b5a69788796a5b4c3d2e1f00f1e2d3c4b5a69788796a5b4c3d2e1f0",
            "bytes": 48213,
            "media_type": "application/json",
            "href": f"/v1/jobs/{JOB_ID}/files/plan.json",
        }
    ]
}
MAKING = {"state": "being made", "retry_after": 2.0}
READY = {
    "ready": True,
    "checks": {
        "database": {"ok": True, "detail": ""},
        "blobs": {"ok": True, "detail": ""},
        "workers": {"ok": True, "detail": "2 alive"},
    },
}
NOT_READY = {
    "ready": False,
    "checks": {**READY["checks"], "workers": {"ok": False, "detail": "No worker lives: jobs wait."}},  # type: ignore[dict-item]  # its values are of two kinds
}
WORKERS = {
    "workers": [
        {
            "id": "host-1",
            "host": "host",
            "pid": 4711,
            "alive": True,
            "slots": 4,
            "busy": 1,
            "memory_mb": 812.0,
            "version": "0.1.0",
            "started": 1795336000.0,
            "silent_seconds": 0.4,
        }
    ]
}
INDEX = {"service": "stockpile", "version": "0.1.0", "description": "/openapi.json", "health": "/healthz"}

_DETAILS = {
    "NotAllowed": "It has the role read; this needs submit.",
    "NoSuchInstance": f"{INSTANCE_ID}.",
    "NotFinished": "It is running.",
    "InstanceInUse": f"Job {JOB_ID} needs it.",
    "JobInUse": f"Job {OTHER_JOB_ID} goes on from it.",
    "QueueFull": "10,000 jobs wait; 10,000 may.",
    "TooLarge": "At most 67,108,864 bytes are read.",
    "UnsupportedMedia": "text/html was sent; application/json can be read here.",
    "TooManyRequests": "6,000 a minute.",
    "UsedIdempotencyKey": "Take a new key for a new request.",
    "Unavailable": "The database does not answer; try again.",
}


def problem(fault: type[StockpileError]) -> dict[str, Any]:
    """The answer that a fault of the catalogue is told with."""
    if fault.__name__ == "FaultyInstance":
        return describe(fault([])) | {"detail": "1 error, listed in errors.", "errors": [_FAULT]}  # type: ignore[arg-type]  # takes faults, not a detail
    document = describe(fault(_DETAILS.get(fault.__name__, "")))
    if fault.__name__ == "BadRequest":
        errors = [finding("/priority", 12, "less than or equal to 9")]
        document |= {"detail": "1 error, listed in errors.", "errors": errors}
    return document
