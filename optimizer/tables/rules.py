"""How far the plan keeps rules about whole paths."""

from __future__ import annotations

import pandas as pd

from optimizer.tables.frame import Frame, concat


def concentration(f: Frame) -> pd.DataFrame:
    """The largest index of each commodity that a rule concerns, and who supplies most on that path."""
    types = {
        "rule": "int64", "commodity": "str", "allowed_hhi": "float64", "hhi": "float64",
        "acquired_t": "float64", "country": "str", "share": "float64",
    }  # fmt: skip
    rows = f.plan.risk.concentration if f.plan.risk else ()
    data = [(c.rule + 1, c.commodity, c.allowed, c.hhi, c.tonnes, c.country, c.share) for c in rows]
    return concat([pd.DataFrame(data, columns=list(types))], types)


def chance(f: Frame) -> pd.DataFrame:
    """The probability with which each rule is kept, and the one it asks for."""
    types = {
        "rule": "int64", "segment": "str", "commodities": "str", "min_fraction": "float64",
        "asked_probability": "float64", "probability": "float64",
    }  # fmt: skip
    rows = f.plan.risk.chance if f.plan.risk else ()
    data = [
        (c.rule + 1, c.segment, ", ".join(c.commodities), c.min_fraction, c.asked, c.achieved) for c in rows
    ]
    return concat([pd.DataFrame(data, columns=list(types))], types)
