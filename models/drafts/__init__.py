"""Instances that are not finished: tables with faults, kept cell by cell until they are mended.

:func:`models.drafts.read.draft` reads one from a file, :func:`check` says what is wrong and where,
:mod:`models.drafts.edit` changes it.
"""

from __future__ import annotations

from models.drafts.check import Checked, Placed, check
from models.drafts.sheets import Draft, Note, Sheet

__all__ = ["Checked", "Draft", "Note", "Placed", "Sheet", "check"]
