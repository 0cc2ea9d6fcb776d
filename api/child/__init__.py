"""The child process of a job: one run, with limits of the operating system.

::

    worker (threads) ── zygote (python -m api.child) ── a child for each run ── its helpers
                        has imported the optimizer

Each dies with the one before it, however that dies.
"""

from __future__ import annotations

from api.child.order import Asked, Order, Outcome, Tell
from api.child.zygote import Zygote

__all__ = ["Asked", "Order", "Outcome", "Tell", "Zygote"]
