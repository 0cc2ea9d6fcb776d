"""HiGHS, the solver: the only package that imports highspy.

Every status is checked. Whatever is not understood is an error (:class:`models.faults.SolverFailed`), never a
result.
"""

from __future__ import annotations

from optimizer.highs.probe import Probe
from optimizer.highs.relaxation import LostError, Relaxation, Solved, relax, unreduced
from optimizer.highs.solver import Outcome, Report, Solver, machine_threads, write_model

__all__ = [
    "LostError",
    "Outcome",
    "Probe",
    "Relaxation",
    "Report",
    "Solved",
    "Solver",
    "machine_threads",
    "relax",
    "unreduced",
    "write_model",
]
