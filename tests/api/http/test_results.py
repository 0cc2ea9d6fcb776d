"""Results over HTTP: what the command line wrote, byte for byte, to whom it belongs."""

from __future__ import annotations

import hashlib
import io
import json
from http.client import HTTPConnection
from pathlib import Path

import httpx
import pandas as pd

from models.descriptions import PLAN
from models.jobs import Problem
from optimizer.results import write_results
from tests.api.http.ended import end, result, solved, submit
from tests.api.http.world import World, client, world
from tests.optimizer import handmade

__all__ = ["client", "world"]

ROUTES = (
    "plan", "tables", "tables/overview", "files", "files/plan.json", "log", "report", "model.mps", "model.lp",
    "model.columns.csv",
)  # fmt: skip


def test_the_plan_is_that_of_the_command_line(world: World, client: httpx.Client) -> None:
    job = solved(world)
    answer = client.get(f"/v1/jobs/{job}/plan")
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "application/json"
    assert answer.content == (result() / "plan.json").read_bytes()
    assert answer.headers["etag"] == f'"{hashlib.sha256(answer.content).hexdigest()}"'


def test_what_a_client_has_is_not_sent_again(world: World, client: httpx.Client) -> None:
    job = solved(world)
    for path in ("plan", "tables/overview", "tables/overview?format=csv", "files/summary.txt", "log"):
        first = client.get(f"/v1/jobs/{job}/{path}")
        etag = first.headers["etag"]
        again = client.get(f"/v1/jobs/{job}/{path}", headers={"If-None-Match": f'"x", W/{etag}'})
        assert (again.status_code, again.content, again.headers["etag"]) == (304, b"", etag)
    json_tag = client.get(f"/v1/jobs/{job}/tables/overview").headers["etag"]
    answer = client.get(
        f"/v1/jobs/{job}/tables/overview", headers={"Accept": "text/csv", "If-None-Match": json_tag}
    )
    assert answer.status_code == 200, "another representation is another thing"


def test_the_list_of_tables(world: World, client: httpx.Client) -> None:
    job = solved(world)
    listed = client.get(f"/v1/jobs/{job}/tables").json()["tables"]
    assert {t["name"]: t["description"] for t in listed} == PLAN
    assert [t["name"] for t in listed] == list(PLAN), "in the order of writing"
    for t in listed:
        assert t["formats"] == ["json", "csv", "parquet"]
        assert client.get(t["href"]).status_code == 200


def test_a_table_in_each_form(world: World, client: httpx.Client) -> None:
    job = solved(world)
    tables = result() / "tables"
    url = f"/v1/jobs/{job}/tables/commitments"
    for accept, form in (
        ("text/csv", "csv"),
        ("application/vnd.apache.parquet", "parquet"),
        ("application/json;q=0.4, text/*;q=0.5", "csv"),
    ):
        answer = client.get(url, headers={"Accept": accept})
        assert answer.content == (tables / f"commitments.{form}").read_bytes()
        assert answer.headers["content-type"].partition(";")[0] in accept.replace("text/*", "text/csv")
        assert client.get(url, params={"format": form}).content == answer.content
        assert f"commitments.{form}" in answer.headers["content-disposition"]
        assert "Accept" in answer.headers["vary"]
    answer = client.get(url)
    assert answer.headers["content-type"] == "application/json"
    frame = pd.read_parquet(tables / "commitments.parquet").astype(object)
    assert answer.json() == frame.where(frame.notna(), None).to_dict("records")
    assert len(answer.json()) > 0


def test_an_empty_table_is_an_empty_list(world: World, client: httpx.Client) -> None:
    job = solved(world)
    rows = pd.read_parquet(result() / "tables" / "relaxations.parquet")
    assert rows.empty
    assert client.get(f"/v1/jobs/{job}/tables/relaxations").json() == []


def test_csv_made_from_parquet_has_safe_cells_and_json_no_nan(
    world: World, client: httpx.Client, tmp_path: Path
) -> None:
    folder = tmp_path / "only-parquet"
    (folder / "tables").mkdir(parents=True)
    table = pd.DataFrame({"name": ["=1+1", "plain"], "value_t": [1.5, float("nan")]})
    table.to_parquet(folder / "tables" / "odd.parquet", index=False)
    job = submit(world, {"kind": "solve", "instance": "a" * 64})
    end(world, job, folder)
    url = f"/v1/jobs/{job}/tables/odd"
    assert client.get(url, params={"format": "csv"}).text == "name,value_t\n'=1+1,1.5\nplain,\n"
    assert client.get(url).json() == [{"name": "=1+1", "value_t": 1.5}, {"name": "plain", "value_t": None}]
    read = pd.read_parquet(io.BytesIO(client.get(url, params={"format": "parquet"}).content))
    pd.testing.assert_frame_equal(read, table)


def test_a_form_that_there_is_not(world: World, client: httpx.Client) -> None:
    job = solved(world)
    url = f"/v1/jobs/{job}/tables/overview"
    answer = client.get(url, headers={"Accept": "image/png"})
    assert (answer.status_code, answer.json()["type"]) == (406, "urn:stockpile:NotAcceptable")
    answer = client.get(url, params={"format": "xml"})
    assert (answer.status_code, answer.json()["type"]) == (422, "urn:stockpile:BadRequest")
    assert "json, csv, parquet" in answer.json()["detail"]


def test_every_file_with_its_digest(world: World, client: httpx.Client) -> None:
    job = solved(world)
    folder = result()
    listed = client.get(f"/v1/jobs/{job}/files").json()["files"]
    assert sorted(f["path"] for f in listed) == sorted(
        p.relative_to(folder).as_posix() for p in folder.rglob("*") if p.is_file()
    )
    assert {"plan.json", "plan.xlsx", "log.txt", "tables/stock.csv"} <= {f["path"] for f in listed}
    for f in listed:
        answer = client.get(f["href"])
        assert answer.content == (folder / f["path"]).read_bytes()
        assert hashlib.sha256(answer.content).hexdigest() == f["digest"]
        assert len(answer.content) == f["bytes"]
        assert answer.headers["content-disposition"].startswith("attachment")
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert "sandbox" in answer.headers["content-security-policy"]


def test_a_path_that_is_not_of_the_result(world: World) -> None:
    job = solved(world)
    # Sent as it stands: clients of the better sort take the dots away themselves.
    connection = HTTPConnection("127.0.0.1", httpx.URL(world.url).port)
    for path in (
        "../secret",
        "..%2f..%2fetc%2fpasswd",
        "/etc/passwd",
        "tables/../plan.json",
        "%00",
        "nothing",
    ):
        connection.request("GET", f"/v1/jobs/{job}/files/{path}")
        answer = connection.getresponse()
        assert (answer.status, answer.getheader("content-type")) == (404, "application/problem+json"), path
        answer.read()
    connection.close()


def test_nothing_of_a_job_that_has_not_ended(world: World, client: httpx.Client) -> None:
    job = submit(world, {"kind": "solve", "instance": world.store()})
    for begun in (False, True):
        if begun:
            world.jobs.begin(job)
        for route in ROUTES:
            if route == "log" or route.startswith("model."):
                continue  # there before the end
            answer = client.get(f"/v1/jobs/{job}/{route}")
            assert (answer.status_code, answer.json()["type"]) == (409, "urn:stockpile:NotFinished"), route
            assert int(answer.headers["retry-after"]) > 0


def test_nothing_of_an_expired_job(world: World, client: httpx.Client) -> None:
    job = solved(world)
    world.jobs.remove("anonymous", job)
    for route in ROUTES:
        answer = client.get(f"/v1/jobs/{job}/{route}")
        assert (answer.status_code, answer.json()["type"]) == (410, "urn:stockpile:Expired"), route


def test_a_failed_job_has_no_plan_but_a_log(world: World, client: httpx.Client) -> None:
    job = submit(world, {"kind": "solve", "instance": "a" * 64})
    world.jobs.begin(job)
    world.jobs.tell(job, ("log", {"line": "reading"}))
    assert client.get(f"/v1/jobs/{job}/log").text == "reading\n", "what there is so far"
    world.jobs.tell(job, ("log", {"line": "out of memory"}))
    problem = Problem(type="urn:stockpile:MemoryExceeded", title="It needed more.", status=500)
    world.jobs.finish(job, "failed", problem=problem.model_dump(mode="json"))
    answer = client.get(f"/v1/jobs/{job}/plan")
    assert (answer.status_code, answer.json()["type"]) == (409, "urn:stockpile:NoResult")
    answer = client.get(f"/v1/jobs/{job}/log")
    assert answer.text == "reading\nout of memory\n"
    assert answer.headers["content-type"].startswith("text/plain")


def test_to_another_tenant_there_is_no_such_job(world: World) -> None:
    mine, other = world.client(world.key("alpha")), world.client(world.key("beta", "admin"))
    job = solved(world, "alpha")
    for route in ROUTES[:6]:
        assert mine.get(f"/v1/jobs/{job}/{route}").status_code == 200, route
    for route in ROUTES:
        unknown = other.get(f"/v1/jobs/{'f' * 32}/{route}")
        foreign = other.get(f"/v1/jobs/{job}/{route}")
        assert (foreign.status_code, foreign.json()["type"]) == (404, "urn:stockpile:NoSuchJob"), route
        known, alien = ({**a.json(), "detail": ""} for a in (unknown, foreign))
        assert known == alien
    for route in ROUTES:
        assert httpx.get(f"{world.url}/v1/jobs/{job}/{route}").status_code == 401, route
        assert mine.get(f"/v1/jobs/not-an-id/{route}").status_code == 404, route


def test_the_plan_of_an_alternative(world: World, client: httpx.Client, tmp_path: Path) -> None:
    folder = tmp_path / "comparison"
    for name in ("12 bn", "with ore"):
        of = handmade.instance()
        write_results(
            of, handmade.plan(of, objective=1.0 if name == "12 bn" else 2.0), folder / "plans" / name, []
        )
    job = submit(world, {"kind": "compare", "instance": "a" * 64, "budgets": [12e9]})
    end(world, job, folder)
    url = f"/v1/jobs/{job}/plan"
    assert client.get(url, params={"alternative": "12 bn"}).json()["objective"] == 1.0
    assert client.get(url, params={"alternative": "with ore"}).json()["objective"] == 2.0
    answer = client.get(url)
    assert (answer.status_code, answer.json()["type"]) == (422, "urn:stockpile:BadRequest")
    assert "'12 bn', 'with ore'" in answer.json()["detail"]
    for wrong in ("../plans/12 bn", "none"):
        assert client.get(url, params={"alternative": wrong}).status_code == 404
    alone = solved(world)
    assert client.get(f"/v1/jobs/{alone}/plan", params={"alternative": "12 bn"}).status_code == 422


def test_an_infeasible_instance_has_a_plan_that_says_why(
    world: World, client: httpx.Client, tmp_path: Path
) -> None:
    of = handmade.infeasible()
    write_results(of, handmade.no_plan(of), tmp_path / "none")
    job = submit(world, {"kind": "solve", "instance": "a" * 64})
    end(world, job, tmp_path / "none")
    plan = client.get(f"/v1/jobs/{job}/plan").json()
    assert plan["status"] == "infeasible"
    assert plan["commitments"] is None


def test_kinds_without_a_report_or_a_model(world: World, client: httpx.Client, tmp_path: Path) -> None:
    (tmp_path / "drawn").mkdir()
    (tmp_path / "drawn" / "instance.json").write_text(json.dumps({}))
    job = submit(world, {"kind": "sample", "instance": "a" * 64})
    end(world, job, tmp_path / "drawn")
    for route in ("report", "model.mps", "plan"):
        answer = client.get(f"/v1/jobs/{job}/{route}")
        assert (answer.status_code, answer.json()["type"]) == (409, "urn:stockpile:NoResult"), route
