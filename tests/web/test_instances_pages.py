"""Pages of instances over HTTP: from files to instances, drafts mended step by step, what is looked at."""

from __future__ import annotations

import io
import json
import re
import zipfile
from html import unescape
from pathlib import Path
from typing import Any

import openpyxl
import pytest

from api.http import body
from api.web.instances import sending
from api.web.instances.packing import pack
from models import files
from models.files import xlsx_format
from models.instance import Instance
from tests.api.http.world import World, plain
from tests.api.store.rows import add_job
from tests.web.visitor import Visitor, visitor_of

CASES = Path(__file__).parents[2] / "instances"


def send(visitor: Visitor, *sent: tuple[str, bytes], status: int = 303) -> Any:
    visitor.get("/instances")
    parts = [("file", (name, data, "application/octet-stream")) for name, data in sent]
    return visitor.post("/instances/upload", files=parts, status=status)


def encoded(**changes: Any) -> bytes:
    return json.dumps(plain(**changes)).encode()


def faulty() -> bytes:
    """Two faults: an id that is almost one, and a word for a number."""
    data = plain()
    data["demand"][0]["commodity"] = "x" + data["demand"][0]["commodity"]
    data["horizon"]["periods"] = "many"
    return json.dumps(data).encode()


def inputs(text: str) -> dict[str, str]:
    """Inputs of cells by name, with what stands in them."""
    found = re.findall(r'<input name="(c\|[^"]+)"[^>]* value="([^"]*)"', text)
    return {unescape(name): unescape(value) for name, value in found}


def test_nothing_yet_and_a_ready_example(world: World, visitor: Visitor) -> None:
    page = visitor.get("/instances").text
    assert "No instances yet" in page
    assert "Ready examples" in page
    place = visitor.post("/instances/examples", {"example": "one-material"}).headers["location"]
    one = files.read(CASES / "one-material")
    assert place == f"/instances/{one.fingerprint()}"
    assert one.name in visitor.get(place).text
    assert "No instances yet" not in visitor.get("/instances").text
    visitor.post("/instances/examples", {"example": "../tests"}, status=404)


@pytest.mark.parametrize("suffix", ["json", "yaml", "yml", "xlsx", "zip"])
def test_a_file_that_is_in_order_is_shown_at_once(visitor: Visitor, suffix: str) -> None:
    one = files.read(CASES / "one-material")

    place = send(visitor, (f"case.{suffix}", pack(one, "yaml" if suffix == "yml" else suffix))).headers[
        "location"
    ]
    assert place == f"/instances/{one.fingerprint()}"


def test_several_files_are_told_one_by_one(world: World, visitor: Visitor) -> None:
    answer = send(
        visitor,
        ("good.json", encoded()),
        ("again.json", encoded()),
        ("bad.json", faulty()),
        ("table.csv", b"id,name\n"),
        ("broken.xlsx", b"PK\x03\x04"),
        status=422,
    )
    told = re.findall(r'<li class="(\w+)">\s*<b>([^<]+)</b>', answer.text)
    assert told == [
        ("instance", "good.json"), ("known", "again.json"), ("draft", "bad.json"),
        ("refused", "table.csv"), ("refused", "broken.xlsx"),
    ]  # fmt: skip
    assert "put the folder it lies in into a zip archive" in answer.text
    assert "not a sound workbook" in answer.text


def test_no_file_and_too_many(visitor: Visitor) -> None:
    assert "Choose one or more files" in send(visitor, ("", b""), status=422).text
    many = [(f"{n}.json", b"{}") for n in range(sending.MOST + 1)]
    send(visitor, *many, status=422)


def test_a_script_is_told_where_to_go(visitor: Visitor) -> None:
    visitor.get("/instances")
    answer = visitor.client.post(
        "/instances/upload",
        files={"file": ("a.json", encoded())},
        headers={"HX-Request": "true", "X-CSRF-Token": visitor.csrf},
    )
    assert answer.status_code == 204
    assert re.fullmatch(r"/instances/[0-9a-f]{64}", answer.headers["hx-redirect"])


def test_bombs_end_as_a_sentence(visitor: Visitor) -> None:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as book:
        book.writestr("market.csv", b"0" * 50_000_000)
    answer = send(visitor, ("bomb.zip", file.getvalue()), status=422)
    assert "unpacks to over 200 times its size" in answer.text


# Drafts


def test_from_faults_to_an_instance(world: World, visitor: Visitor) -> None:
    place = send(visitor, ("case.json", faulty())).headers["location"]
    page = visitor.get(place).text
    assert "<b>2 faults</b>" in page
    assert "did you mean" in unescape(page)
    cells = inputs(page)
    assert sorted(cells.values()) == sorted(["many", "x" + plain()["demand"][0]["commodity"]])
    periods = next(name for name, value in cells.items() if value == "many")
    commodity = next(name for name, value in cells.items() if value != "many")
    # One of two, and asked to be checked: the same page, with what is left.
    years = str(plain()["horizon"]["periods"])
    back = visitor.post(place, {"do": "finish", periods: years}).headers["location"]
    assert back == place
    page = visitor.get(place).text
    assert "<b>1 fault</b>" in page
    assert "was many" not in page
    # Typed, kept, not yet checked; loaded again it is there.
    visitor.post(f"{place}/cells", {commodity: plain()["demand"][0]["commodity"]}, status=204)
    page = visitor.get(place).text
    assert "Nothing is wrong any more" in page
    assert "2 changes" in page
    done = visitor.post(place, {"do": "finish"}).headers["location"]
    expected = Instance.parse(plain())
    assert done == f"/instances/{expected.fingerprint()}"
    assert visitor.get(place, status=404)
    assert world.documents.instance("anonymous", expected.fingerprint()) == expected


def test_rows_go_come_back_and_are_added(visitor: Visitor) -> None:
    data = plain()
    data["market"][0]["quantity"] = -1
    place = send(visitor, ("case.json", json.dumps(data).encode())).headers["location"]
    key = next(iter(inputs(visitor.get(place).text))).split("|")[2]
    visitor.post(place, {"do": f"remove|market|{key}"})
    page = visitor.get(place).text
    assert "Deleted from market" in page
    visitor.post(place, {"do": f"restore|market|{key}"})
    assert "<b>1 fault</b>" in visitor.get(place).text
    visitor.post(place, {"do": f"remove|market|{key}"})
    row = data["market"][0]
    new = {f"n|-1|market|{name}": str(row[name]) for name in ("commodity", "country")}
    where = visitor.post(place, {"do": "add|market|-1", "table": "market", "n|-1|market|quantity": "7"} | new)
    assert "table=market" in where.headers["location"]
    assert "<b>Nothing is wrong any more.</b>" in visitor.get(where.headers["location"]).text
    done = visitor.post(place, {"do": "finish"}).headers["location"]
    assert '"7"' in json.dumps(visitor.get(f"{done}/rows?table=market").json())


def test_start_again_and_delete(visitor: Visitor) -> None:
    place = send(visitor, ("case.json", faulty())).headers["location"]
    name = next(iter(inputs(visitor.get(place).text)))
    visitor.post(f"{place}/cells", {name: "something else"}, status=204)
    assert "1 change" in visitor.get(place).text
    visitor.post(place, {"do": "reset"})
    assert "change so far" not in visitor.get(place).text
    assert place in visitor.get("/instances").text
    assert visitor.post(f"{place}/delete").headers["location"] == "/instances"
    visitor.get(place, status=404)
    assert place not in visitor.get("/instances").text


def test_sheets_and_columns_that_are_not_known(visitor: Visitor) -> None:
    book = openpyxl.load_workbook(io.BytesIO(xlsx_format.dumps(files.read(CASES / "one-material"))))
    book["countries"].title = "countrys"
    book["demand"].cell(1, 3).value = "segmnt"
    file = io.BytesIO()
    book.save(file)
    place = send(visitor, ("case.xlsx", file.getvalue())).headers["location"]
    page = visitor.get(place).text
    assert "rename_table|countrys" in page
    assert "sheet demand" in page
    column = re.search(r"rename_column\|demand\|(c\d+)", page)
    assert column is not None
    visitor.post(place, {"do": "rename_table|countrys", "to|countrys|": "nonsense"}, status=422)
    visitor.post(place, {"do": "rename_table|countrys", "to|countrys|": "countries"})
    visitor.post(place, {"do": column[0], f"to|demand|{column[1]}": "segment"})
    done = visitor.post(place, {"do": "finish"}).headers["location"]
    assert done == f"/instances/{files.read(CASES / 'one-material').fingerprint()}"


def test_what_belongs_to_no_cell_must_be_seen(visitor: Visitor) -> None:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as book:
        for path in (CASES / "one-material").iterdir():
            if path.suffix in (".csv", ".yaml"):
                book.write(path, path.name)
        book.writestr("countrys.csv", "id\n")
    place = send(visitor, ("case.zip", file.getvalue())).headers["location"]
    page = visitor.get(place).text
    assert "What belongs to no cell" in page
    assert "countrys.csv" in page
    assert visitor.post(place, {"do": "finish"}).headers["location"] == place
    visitor.post(place, {"do": "dismiss|0"})
    assert visitor.post(place, {"do": "finish"}).headers["location"].count("/") == 2


@pytest.mark.parametrize("do", ["explode", "remove", "dismiss|x", "add|nowhere|-1", ""])
def test_what_no_button_asks_for(visitor: Visitor, do: str) -> None:
    place = send(visitor, ("case.json", faulty())).headers["location"]
    visitor.post(place, {"do": do or "|"}, status=422)


def test_cells_that_are_hostile_stay_text(visitor: Visitor) -> None:
    data = plain()
    data["countries"][0]["group"] = ""
    place = send(visitor, ("case.json", json.dumps(data).encode())).headers["location"]
    name = next(iter(inputs(visitor.get(place).text)))
    hostile = "\"><img src=x onerror=alert(1)>'=1+1;x"
    visitor.post(f"{place}/cells", {name: hostile}, status=204)
    page = visitor.get(place).text
    assert "<img" not in page
    assert inputs(page)[name] == hostile
    visitor.post(f"{place}/cells", {name: "=1+1"}, status=204)
    done = visitor.post(place, {"do": "finish"}).headers["location"]
    answer = visitor.get(f"{done}/download?format=xlsx")
    values = [c.value for row in openpyxl.load_workbook(io.BytesIO(answer.content))["countries"] for c in row]
    assert "'=1+1" in values
    assert "=1+1" not in values


def test_a_copy_that_is_changed(world: World, visitor: Visitor) -> None:
    id = world.store()
    visitor.get(f"/instances/{id}")
    place = visitor.post(f"/instances/{id}/copy", {"table": "countries"}).headers["location"]
    page = visitor.get(place).text
    assert f"/instances/{id}" in page
    cells = inputs(page)
    name = next(name for name, value in cells.items() if value == plain()["countries"][0]["group"])
    done = visitor.post(place.partition("?")[0], {"do": "finish", name: "elsewhere"}).headers["location"]
    assert done != f"/instances/{id}"
    words = visitor.get(f"{done}/changes?other={id}").text
    assert f"Group from {plain()['countries'][0]['group']} to elsewhere." in words
    assert "countries: 1 cell changed in 1 row." in words


def test_drafts_are_the_tenants_own_and_readers_only_look(world: World) -> None:
    alpha, beta, reader = (
        visitor_of(world, "alpha"), visitor_of(world, "beta"), visitor_of(world, "alpha", "read"),
    )  # fmt: skip
    place = send(alpha, ("case.json", faulty())).headers["location"]
    beta.get(place, status=404)
    beta.post(place, {"do": "check"}, status=404)
    beta.post(f"{place}/cells", status=404)
    assert place not in beta.get("/instances").text
    page = reader.get(place).text
    assert "many" in page
    assert inputs(page) == {}
    assert "Check again" not in page
    reader.post(place, {"do": "check"}, status=403)
    listing = reader.get("/instances").text
    assert 'type="file"' not in listing
    assert "Ready examples" not in listing


# One instance


def test_the_list_finds_and_turns_pages(world: World, visitor: Visitor) -> None:
    for n in range(27):
        world.store(name=f"case {n} {'odd' if n % 2 else '100%'}")
    first = visitor.get("/instances").text
    assert first.count("Solve this<span") == 25
    following = re.search(r'href="(/instances\?cursor=[^"]+)" rel="next"', first)
    assert following is not None
    assert visitor.get(unescape(following[1])).text.count("Solve this<span") == 2
    assert visitor.get("/instances", params={"q": "ODD"}).text.count("Solve this<span") == 13
    assert visitor.get("/instances", params={"q": "100%"}).text.count("Solve this<span") == 14
    assert "No instance is called" in visitor.get("/instances", params={"q": "_dd"}).text
    visitor.get("/instances", params={"cursor": "nonsense"}, status=422)


def test_what_uses_an_instance_and_why_it_cannot_be_deleted(world: World, visitor: Visitor) -> None:
    id = world.store()
    job = world.job(world.client(), instance=id, title="Uses it")
    page = visitor.get("/instances").text
    assert f'href="/jobs?instance={id}">1 job' in page
    page = visitor.get(f"/instances/{id}").text
    assert "Uses it" in page
    assert "cannot be deleted yet" in page
    assert "Delete this instance" not in page
    # The jobs of this world are in memory; what refuses is the database.
    add_job(world.engine, id=job, tenant="anonymous", state="running", instance=id, finished=None)
    answer = visitor.post(f"/instances/{id}/delete", status=409)
    assert "needed by jobs that have not finished" in answer.text
    other = world.store(name="another")
    visitor.get("/instances")
    assert visitor.post(f"/instances/{other}/delete").headers["location"] == "/instances"
    visitor.get(f"/instances/{other}", status=404)


def test_every_view_of_the_real_case(world: World, visitor: Visitor) -> None:
    real = files.read(CASES / "us-vault-2026")
    id = world.documents.put_instance("anonymous", real)[0].id
    page = visitor.get(f"/instances/{id}").text
    assert "12 bn USD" in page
    assert f"/jobs/new?instance={id}" in page
    for table in re.findall(r"/tables\?table=([\w.]+)\"", page):
        text = visitor.get(f"/instances/{id}/tables?table={table}").text
        assert f'<h2 id="table-title">{table}</h2>' in text
    text = visitor.get(f"/instances/{id}/tables?table=market&q=gallium&first=3").text
    assert 'data-first="3"' in text
    part = visitor.get(f"/instances/{id}/rows?table=market&first=200&count=100").json()
    assert (part["first"], len(part["rows"]), part["total"]) == (200, 14, 214)
    visitor.get(f"/instances/{id}/tables?table=nothing", status=422)
    visitor.get(f"/instances/{id}/rows?table=nothing", status=422)


def test_the_map_and_its_table(world: World, visitor: Visitor) -> None:
    real = files.read(CASES / "us-vault-2026")
    id = world.documents.put_instance("anonymous", real)[0].id
    page = visitor.get(f"/instances/{id}/map?commodity=gallium").text
    spec = re.search(r'data-chart="([^"]+)"', page)
    assert spec is not None
    assert "Canada" in page
    assert "not on the map" in page
    drawn = visitor.get(unescape(spec[1])).json()
    assert re.fullmatch(
        r"/static/[0-9a-f]{16}/vendor/world-atlas@2.0.2/countries-110m.json", drawn["data"]["url"]
    )
    assert visitor.get(drawn["data"]["url"]).json()["type"] == "Topology"
    assert "USD a year" in visitor.get(f"/instances/{id}/map?stage=metal&of=offers").text
    visitor.get(f"/instances/{id}/map?commodity=nothing", status=422)
    visitor.get(f"/instances/{id}/map?of=nothing", status=422)


@pytest.mark.parametrize(
    ("format", "kind"),
    [("xlsx", body.XLSX), ("zip", body.ZIP[0]), ("yaml", body.YAML[0]), ("json", body.JSON)],
)
def test_what_is_downloaded_can_be_sent_again(world: World, visitor: Visitor, format: str, kind: str) -> None:
    id = world.store(name="a name / with =things")
    answer = visitor.get(f"/instances/{id}/download?format={format}")
    assert answer.headers["content-type"].startswith(kind)
    assert (
        answer.headers["content-disposition"] == f"attachment; filename*=UTF-8''a-name-with-things.{format}"
    )
    assert send(visitor, (f"again.{format}", answer.content)).headers["location"] == f"/instances/{id}"
    visitor.get(f"/instances/{id}/download?format=exe", status=422)


def test_hostile_names_are_no_markup(world: World, visitor: Visitor) -> None:
    hostile = "<img src=x onerror=alert(1)>\"'&"
    id = world.store(name=hostile, description=hostile)
    for path in ("", "/tables?table=instance", "/map", "/changes"):
        assert "<img" not in visitor.get(f"/instances/{id}{path}").text
    assert "<img" not in visitor.get("/instances").text
    answer = send(visitor, ("<img>.json", b"{}"), ("<img>.csv", b""), status=422)
    assert "<img>" not in answer.text
