"""docs/service.md says every setting, every fault and every operation of the service, as it is."""

from __future__ import annotations

import inspect
import re
from pathlib import Path

import pytest
import yaml

from api.http.openapi import router as description
from api.http.routes import events, health, instances, jobs, results, schema, validate
from api.settings import Settings
from models import faults
from models.faults import StockpileError

ROOT = Path(__file__).resolve().parents[3]
PAGE = (ROOT / "docs" / "service.md").read_text(encoding="utf-8")
ROUTERS = (description, instances.router, validate.router, jobs.router, events.router, results.router,
           schema.router, health.router)  # fmt: skip
MACHINE = {
    "slots": "cores",
    "worker_id": "",
    "blobs": "",
    "database_url": "",
    "job_memory_gb": "",
    "job_threads": "",
}
"""Defaults that depend on where it runs, or on other settings; the description says how."""


def section(title: str) -> str:
    """The text below a heading."""
    found = re.search(rf"^## {title}\n(.*?)(?=^## |\Z)", PAGE, re.MULTILINE | re.DOTALL)
    assert found is not None, title
    return found[1]


def settings() -> list[str]:
    """A row for each setting, as the page should have it."""
    rows = []
    for name, field in Settings.model_fields.items():
        default = MACHINE.get(
            name, str(field.default).lower() if isinstance(field.default, bool) else field.default
        )
        shown = f"`{default}`" if default != "" else ""
        rows.append(f"| `STOCKPILE_{name.upper()}` | {shown} | {field.description} |")
    return rows


def service_faults() -> list[type[StockpileError]]:
    """The faults below the line in the catalogue that says that they are the service's."""
    source = inspect.getsource(faults)
    names = re.findall(
        r"^class (\w+)\(StockpileError\)", source.partition("# Of the service.")[2], re.MULTILINE
    )
    return [getattr(faults, name) for name in names]


def operations() -> list[str]:
    """A row for each operation, as the page should have it."""
    rows = []
    for router in ROUTERS:
        for route in router.routes:
            if not getattr(route, "include_in_schema", False):
                continue
            verb = next(iter(getattr(route, "methods", ())))
            text = (inspect.getdoc(route.endpoint) or "").split("\n\n")[0].replace("\n", " ")  # type: ignore[attr-defined]  # all have one
            rows.append(f"| `{verb} {route.path.replace(':path', '')}` | {text} |")  # type: ignore[attr-defined]  # all have one
    return rows


@pytest.mark.parametrize("row", settings())
def test_every_setting_is_documented(row: str) -> None:
    assert row in section("Settings").splitlines()


def test_no_setting_is_documented_that_there_is_not() -> None:
    named = set(re.findall(r"STOCKPILE_[A-Z_]+", PAGE))
    assert named == {f"STOCKPILE_{name.upper()}" for name in Settings.model_fields}


@pytest.mark.parametrize(
    "file", sorted((ROOT / "docs" / "deploy").iterdir()), ids=lambda file: str(file.name)
)
def test_examples_of_deployment_set_what_there_is(file: Path) -> None:
    text = file.read_text(encoding="utf-8")
    named = set(re.findall(r"STOCKPILE_[A-Z_]+", text))
    assert named
    assert named <= {f"STOCKPILE_{name.upper()}" for name in Settings.model_fields}
    if file.suffix == ".yaml":
        services = yaml.safe_load(text)["services"]
        assert set(services) == {"database", "http", "worker"}
        assert services["worker"]["environment"]["STOCKPILE_DATABASE_URL"].startswith("postgresql://")
    assert f"deploy/{file.name}" in PAGE


@pytest.mark.parametrize("fault", service_faults())
def test_every_fault_is_documented(fault: type[StockpileError]) -> None:
    status = fault.status if "status" in vars(fault) else ""
    title = (fault.__doc__ or "").strip().splitlines()[0]
    assert f"| `{fault.__name__}` | {status} | {title} |" in section("Errors").splitlines()


def test_no_fault_is_documented_that_there_is_not() -> None:
    named = re.findall(r"^\| `(\w+)` \|", section("Errors"), re.MULTILINE)
    assert named == [fault.__name__ for fault in service_faults()]


@pytest.mark.parametrize("row", operations())
def test_every_operation_is_documented(row: str) -> None:
    assert row in section("Operations").splitlines()


def test_no_operation_is_documented_that_there_is_not() -> None:
    assert len(re.findall(r"^\| `[A-Z]+ /", section("Operations"), re.MULTILINE)) == len(operations())


def test_the_receiver_of_the_page_knows_a_genuine_message() -> None:
    from api import webhooks

    code = re.search(r"```python\n(import base64.*?)```", section("Webhooks"), re.DOTALL)
    assert code is not None
    known: dict[str, object] = {}
    exec(code[1], known)
    genuine = known["genuine"]
    assert callable(genuine)
    import time

    secret, now = "whsec_" + "c2VjcmV0" * 5, int(time.time())
    headers = {
        "Webhook-Id": "1", "Webhook-Timestamp": str(now),
        "Webhook-Signature": webhooks.signature(secret, "1", now, "{}"),
    }  # fmt: skip
    assert genuine(secret, headers, b"{}")
    assert not genuine(secret, headers, b"{ }")
    assert not genuine(secret, headers | {"Webhook-Id": "2"}, b"{}")
    assert not genuine(secret, headers | {"Webhook-Timestamp": str(now - 3600)}, b"{}")
