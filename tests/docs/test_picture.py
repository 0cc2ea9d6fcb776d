"""The picture of the README is drawn from the tables of a plan."""

from __future__ import annotations

from pathlib import Path

from docs.picture import main, picture
from models.files import read
from models.options import Options
from optimizer.results import write_results
from optimizer.solve import solve

ROOT = Path(__file__).resolve().parents[2]


def test_picture_of_a_teaching_case(tmp_path: Path) -> None:
    # instances/one-material, solved by hand in its README: 50 t of 100 t a year are held at the end of 2027,
    # 182.5 days; they cost 50 · 400,000 = 20 m USD.
    instance = read(ROOT / "instances" / "one-material")
    write_results(instance, solve(instance, Options(marginals=False)), tmp_path / "plan")
    drawn = picture(tmp_path / "plan").to_dict()
    rows = [row for table in drawn["datasets"].values() for row in table]
    assert any(row.get("label") == "Gallium" and abs(row["stock_days"] - 182.5) < 1e-6 for row in rows)
    assert any(
        row.get("category", row.get("item")) == "spot purchases" and abs(row["usd"] - 20e6) < 1
        for row in rows
        if "category" in row or "item" in row
    )
    main(str(tmp_path / "plan"), str(tmp_path / "plan.svg"))
    text = (tmp_path / "plan.svg").read_text(encoding="utf-8")
    assert "Gallium" in text
    assert "USD a year, expected" in text
