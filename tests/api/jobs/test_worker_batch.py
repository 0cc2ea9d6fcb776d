"""A batch: its jobs, its table, its files."""

from __future__ import annotations

import io
from collections.abc import Iterator
from pathlib import Path

import pandas as pd
import pytest
import sqlalchemy as sa
from pandas.testing import assert_frame_equal

from api.settings import Settings
from api.store.database import reading
from api.store.schema import jobs
from models import files
from optimizer.batch import run_batch
from optimizer.batch.outcome import COLUMNS
from tests.api.jobs.farm import TENANT, Farm, farm_of
from tests.optimizer import handmade

SAME = [
    *("outcome", "status", "objective_usd", "bound_usd", "gap_usd", "relative_gap", "nodes"),
    *("expected_cost_usd", "expected_loss_usd", "cvar_usd", "agreements", "projects", "depots"),
    *("kind", "message", "exit_code", "kept", "fingerprint"),
]


@pytest.fixture
def farm(settings: Settings) -> Iterator[Farm]:
    with farm_of(settings) as made:
        yield made


def submitted(farm: Farm, folder: Path) -> tuple[str, dict[str, str]]:
    """A batch of two instances and one of them again; the ids of its jobs."""
    folder.mkdir(parents=True)
    files.write(handmade.instance(), folder / "good.json")
    files.write(handmade.infeasible(), folder / "infeasible.json")
    ids = {path.stem: farm.instance(path) for path in sorted(folder.iterdir())}
    ids["late"] = ids["good"]
    members = [{"name": name, "instance": id} for name, id in sorted(ids.items())]
    batch = farm.submit({"kind": "batch", "instances": members, "fresh": True})
    with reading(farm.engine) as connection:
        rows = connection.execute(sa.select(jobs.c.member, jobs.c.id).where(jobs.c.batch == batch))
        return batch, {row.member: row.id for row in rows}


@pytest.mark.slow
def test_the_table_is_that_of_the_command_line(farm: Farm, tmp_path: Path) -> None:
    batch, members = submitted(farm, tmp_path / "cases")
    farm.jobs.cancel(TENANT, members["late"])
    farm.worker("w1")
    job = farm.ended(batch)
    assert (job.state, job.done, job.total, job.attempt) == ("succeeded", 3, 3, 1)
    assert farm.states(batch)[:2] == ["queued", "running"]
    table = pd.read_parquet(io.BytesIO(farm.documents.file(job, "batch.parquet")))
    assert list(table.columns) == list(COLUMNS)
    assert len(pd.read_csv(io.BytesIO(farm.documents.file(job, "batch.csv")))) == 3
    table = table.set_index("name")
    assert list(table.index) == ["good", "infeasible", "late"]
    late = table.loc["late"]
    assert (late["outcome"], late["kind"], late["message"], late["exit_code"]) == (
        "failed", "Stopped", "cancelled", 4,
    )  # fmt: skip
    told = run_batch([tmp_path / "cases"], tmp_path / "out", formats=["csv"]).set_index("name")
    assert_frame_equal(table.loc[["good", "infeasible"], SAME], told[SAME], check_dtype=False)
    paths = {file.path for file in farm.documents.manifest(job).files}
    assert {"good/plan.json", "good/plan.xlsx", "infeasible/plan.json", "good/log.txt"} <= paths
    assert not any(path.startswith("late/") for path in paths)
    assert farm.documents.file(job, "good/plan.json") == farm.documents.file(
        farm.job(members["good"]), "plan.json"
    )


@pytest.mark.slow
def test_a_batch_survives_the_worker_of_its_last_job(farm: Farm, tmp_path: Path) -> None:
    batch, _ = submitted(farm, tmp_path / "cases")
    first = farm.worker("w1", slots=1)
    farm.until(lambda: (farm.job(batch).done or 0) >= 2)
    first.kill()
    farm.worker("w2")
    job = farm.ended(batch)
    assert (job.state, job.done) == ("succeeded", 3)
    assert [state for state in farm.states(batch) if state == "succeeded"] == ["succeeded"]
