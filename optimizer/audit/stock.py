"""Rule 6 of model.md §4: what each depot holds, followed along the tree from what goes in and out."""

from __future__ import annotations

import numpy as np

from optimizer.audit.arrays import Array, column
from optimizer.audit.case import Case


def stock(case: Case) -> Array:
    """Recompute the stock, t, shape (commodities, depots, nodes); compare it and check room and outturn."""
    world, depots = case.world, case.instance.depots
    shape = (len(world.goods), len(depots), world.nodes)
    inject, withdraw, given = (case.operations[v].reshape(shape) for v in ("inject", "withdraw", "stock"))
    keep = np.array([(1.0 - m.loss_rate) ** world.length for m in case.instance.commodities]).reshape(
        -1, 1, 1
    )
    opening = world.opening[:, :, None]
    held = case.tree.accumulate(inject - withdraw, opening, keep)
    # Rounding adds up along a path, so a row is as large as all that went in and out of it before.
    size = case.tree.accumulate(inject + withdraw, opening) + np.abs(given)
    floor = world.tonnes.reshape(-1, 1, 1)
    ids = list(world.goods)

    def name(m: int, d: int, n: int) -> str:
        return f"{ids[m]} · {depots[d].id} · {case.node(n)}"

    case.ledger.equal(
        "stock", "not what went in less what came out", "t", given, held, name=name, floor=floor, size=size
    )
    case.ledger.at_most(
        "stock", "more taken out than there is", "t", -held, 0.0, name=name, floor=floor, size=size
    )
    _room(case, held)
    _outturn(case, withdraw)
    return held


def _room(case: Case, held: Array) -> None:
    """Σ_m stowage·stock ≤ capacity (× open)."""
    depots = case.instance.depots
    limited = [d for d, depot in enumerate(depots) if depot.capacity is not None or depot.optional]
    stowage = np.array([m.stowage for m in case.instance.commodities])
    used = np.einsum("m,mdn->dn", stowage, held[:, limited])
    room = column([(depots[d].capacity or 0.0) * case.committed.open[d] for d in limited])
    case.ledger.at_most(
        "stock",
        "more than it has room for",
        "m³",
        used,
        room,
        name=lambda i, n: f"{depots[limited[i]].id} · {case.node(n)}",
        floor=float(np.max(stowage * case.world.tonnes, initial=0.0)),
    )


def _outturn(case: Case, withdraw: Array) -> None:
    """Σ_m withdraw ≤ outturn·Δ·avail; without an outturn a depot with availability 0 gives nothing."""
    depots, avail = case.instance.depots, case.world.by.depots
    outturn = column([np.inf if d.outturn is None else d.outturn for d in depots])
    with np.errstate(invalid="ignore"):
        most = np.where(avail == 0.0, 0.0, outturn * case.world.length * avail)
    taken = withdraw.sum(axis=0)
    case.ledger.at_most(
        "stock",
        "more taken out than its outturn",
        "t",
        taken,
        np.where(np.isinf(most), taken, most),
        name=case.rows(depots),
        floor=float(np.min(case.world.tonnes, initial=np.inf)) if len(case.world.goods) else 0.0,
    )
