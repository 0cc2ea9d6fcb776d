"""Drafts: shown with their faults, changed cell by cell, checked again, finished."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated
from urllib.parse import urlencode

from anyio.to_thread import run_sync
from fastapi import APIRouter, Query, Request
from starlette.responses import RedirectResponse, Response

from api.http.parts import Needs, Parts
from api.store import upload
from api.store.drafts import DraftRecord, Drafts
from api.web import shell
from api.web.instances import mending, rows
from api.web.instances.cells import lists
from api.web.instances.listing import to
from api.web.session import Acting, Visit, Visitor
from models.drafts import Checked, Draft, edit
from models.drafts.sheets import Sheet
from models.faults import BadRequest
from models.tables.layout import SCALARS, tables

router = APIRouter(prefix="/instances/drafts")


def _checked(parts: Parts, tenant: str, id: str) -> tuple[DraftRecord, Draft, Checked]:
    drafts = Drafts(parts.documents.engine)
    record, data = drafts.get(tenant, id)
    checked = upload.check(data)
    draft = Draft.loads(data)
    drafts.checked(tenant, record, wrong(draft, checked))
    return record, draft, checked


def wrong(draft: Draft, checked: Checked) -> int:
    """How many things are in the way of an instance."""
    return len(checked.faults) + checked.more + sum(not n.seen for n in draft.notes)


@router.get("/{id}")
def draft(
    request: Request,
    visitor: Visitor,
    parts: Needs,
    id: str,
    table: Annotated[str, Query(max_length=200)] = "",
    page: Annotated[int, Query(ge=1, le=100_000)] = 1,
    q: Annotated[str, Query(max_length=200)] = "",
) -> Response:
    """What is wrong with a draft and how to mend it; with ``table`` every row of that table."""
    shown = _table(request, visitor, parts, id, table, page, q.strip()) if table else None
    shown = shown or _faults(request, visitor, parts, id)
    if "hx-request" in request.headers:  # the address is that of what is seen, so that it can be loaded again
        shown.headers["HX-Replace-Url"] = request.url.path + (f"?{request.url.query}" if table else "")
    return shown


def _faults(request: Request, visitor: Visit, parts: Parts, id: str) -> Response:
    record, found, checked = _checked(parts, visitor.tenant, id)
    groups = mending.groups(found, checked)
    fields = [f for g in groups for line in g.lines for f in line.fields]
    return shell.page(
        request,
        "instances/draft.html",
        visitor,
        title=f"Mend {record.name}",
        draft=found,
        record=record,
        count=wrong(found, checked),
        more=checked.more,
        groups=groups,
        rest=mending.rest(checked),
        lists=lists(found, fields),
        tables=rows.counts(found, checked),
        free=[t for t in (SCALARS, *tables()) if found.sheet(t) is None],
        table="",
        warnings=checked.instance.warnings() if checked.instance else [],
    )


def _table(
    request: Request, visitor: Visit, parts: Parts, id: str, table: str, page: int, q: str
) -> Response:
    """Every row of a table, a page at a time, each cell an input."""
    record, found, checked = _checked(parts, visitor.tenant, id)
    sheet = found.sheet(table) or (
        Sheet(table, edit.columns(table), []) if table in (SCALARS, *tables()) else None
    )
    if sheet is None:
        raise BadRequest(f"{table[:80]!r} is not a table of this draft.")
    shown = rows.page(found, sheet, checked, page, q)
    return shell.page(
        request,
        "instances/draft_table.html",
        visitor,
        title=f"{table} of {record.name}",
        draft=found,
        record=record,
        count=wrong(found, checked),
        table=table,
        sheet=sheet,
        shown=shown,
        q=q,
        lists=lists(found, [f for line in shown.lines for f in line.fields]),
        tables=rows.counts(found, checked),
        free=[t for t in (SCALARS, *tables()) if found.sheet(t) is None and t != table],
    )


@router.post("/{id}/cells")
def keep(visitor: Acting, parts: Needs, id: str) -> Response:
    """Keep what was typed; it is checked when somebody asks for that."""
    sent = _texts(visitor)
    Drafts(parts.documents.engine).change(
        visitor.tenant, id, lambda draft: edit.set_cells(draft, _cells(sent))
    )
    return Response(status_code=204)


@router.post("/{id}")
async def change(request: Request, visitor: Acting, parts: Needs, id: str) -> Response:
    """Keep what was typed, do what was asked for, and show what is still wrong."""
    return await run_sync(lambda: _change(request, visitor, parts, id))


def _change(request: Request, visitor: Visit, parts: Parts, id: str) -> Response:
    sent = _texts(visitor)
    what, *about = sent.get("do", "check").split("|")
    drafts = Drafts(parts.documents.engine)

    def apply(draft: Draft) -> None:
        edit.set_cells(draft, _cells(sent))
        _do(draft, what, about, sent)

    drafts.change(visitor.tenant, id, apply)
    if what == "reset":
        drafts.reset(visitor.tenant, id)
    if what == "finish":
        record, found, checked = _checked(parts, visitor.tenant, id)
        if checked.instance is not None and not wrong(found, checked):
            stored, _ = parts.documents.put_instance(visitor.tenant, checked.instance)
            drafts.delete(visitor.tenant, record.id)
            return to(request, f"/instances/{stored.id}")
    # Followed by scripts as well: they take the page's part that has changed.
    return RedirectResponse(_back(id, sent, what), 303)


def _back(id: str, sent: Mapping[str, str], what: str) -> str:
    """The page that was worked on."""
    kept = {name: sent[name] for name in ("table", "page", "q") if sent.get(name)}
    here = f"/instances/drafts/{id}"
    if what in ("finish", "reset", "drop_table", "rename_table") or not kept.get("table"):
        return here
    if what == "add":  # the new row is the last one
        kept = {"table": kept["table"], "page": "100000"}
    return f"{here}?{urlencode(kept)}"


def _texts(visitor: Visit) -> dict[str, str]:
    return {name: value for name, value in visitor.form.items() if isinstance(value, str)}


def _cells(sent: Mapping[str, str]) -> list[tuple[str, str, str, str]]:
    """``c|table|row|column`` of each input that was sent."""
    found = []
    for name, value in sent.items():
        kind, *rest = name.split("|", 3)
        if kind == "c" and len(rest) == 3:
            found.append((rest[0], rest[1], rest[2], value))
    return found


def _do(draft: Draft, what: str, about: list[str], sent: Mapping[str, str]) -> None:
    """What a button asks for besides. Raises BadRequest."""
    match what, about:
        case (("check" | "finish" | "reset"), _):
            return
        case "remove", [table, row]:
            edit.remove_row(draft, table, row)
        case "restore", [table, row]:
            edit.restore_row(draft, table, row)
        case "add", [table, number]:
            start = f"n|{number}|{table}|"
            values = {
                name[len(start) :]: v for name, v in sent.items() if name.startswith(start) and v.strip()
            }
            edit.add_row(draft, table, values)
        case "column", [table, name]:
            edit.fill_column(draft, table, f"+{name}", sent.get(f"fill|{table}|{name}", ""))
        case "more_columns", [table]:
            name = sent.get(f"column|{table}", "").strip()
            sheet = draft.sheet(table)
            if sheet is not None and name and name not in sheet.columns:
                edit.add_column(sheet, name)
        case "rename_column", [table, column]:
            edit.rename_column(draft, table, column, sent.get(f"to|{table}|{column}", ""))
        case "drop_column", [table, column]:
            edit.drop_column(draft, table, column)
        case "rename_table", [table]:
            edit.rename_table(draft, table, sent.get(f"to|{table}|", ""))
        case "drop_table", [table]:
            edit.drop_table(draft, table)
        case "dismiss", [number] if number.isdecimal() and len(number) < 6:
            edit.dismiss(draft, int(number))
        case _:
            raise BadRequest(f"{what[:40]!r} is nothing that can be done with a draft.")


@router.post("/{id}/delete")
def delete(request: Request, visitor: Acting, parts: Needs, id: str) -> Response:
    """Forget a draft."""
    Drafts(parts.documents.engine).delete(visitor.tenant, id)
    return to(request, "/instances")
