"""A plan on scenarios it was not made for: commitments fixed, operations chosen anew (docs/evaluate.md)."""

from __future__ import annotations

from models.faults import UnknownWay
from optimizer.evaluate.evaluation import Evaluation, read_evaluation, write_evaluation
from optimizer.evaluate.information import Interval, information
from optimizer.evaluate.page import page
from optimizer.evaluate.replications import Replications
from optimizer.evaluate.run import WAYS, EvaluationProgress, evaluate
from optimizer.evaluate.sets import Draw
from optimizer.evaluate.tables import COLUMNS

__all__ = [
    "COLUMNS",
    "WAYS",
    "Draw",
    "Evaluation",
    "EvaluationProgress",
    "Interval",
    "Replications",
    "UnknownWay",
    "evaluate",
    "information",
    "page",
    "read_evaluation",
    "write_evaluation",
]
