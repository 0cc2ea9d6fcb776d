"""The arrays of an instance's own tree, by whichever way is quicker."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext

from optimizer.compile import Arrays, compile_arrays, no_collection
from optimizer.data import Data
from optimizer.formulation import build
from optimizer.template.template import Template

FEW = 40
"""Trees of fewer nodes are written node by node in less time than it takes to look for a shorter way."""
WORTH = 0.7
"""A library of more than this share of the tree's nodes saves too little."""


def arrays_of(
    data: Data, phase: Callable[[str], AbstractContextManager[object]] = lambda _: nullcontext()
) -> Arrays:
    """The formulation on the data's tree as arrays, in the units of the data.

    Large trees whose nodes repeat themselves come from a template, others are written node by node; the
    numbers are the same. ``phase`` is entered with "formulation" and "arrays" (for a clock).
    """
    with no_collection():
        if len(data.tree) >= FEW:
            template = Template(data.instance)
            keys = [(node.period, data.states[node.id]) for node in data.tree.nodes]
            if template.ahead(keys) <= WORTH * len(data.tree):
                with phase("formulation"):
                    template.learn(keys)
                with phase("arrays"):
                    return template.arrays(data.tree, data.states)
        with phase("formulation"):
            m = build(data)
        with phase("arrays"):
            arrays = compile_arrays(m)
        del m
        return arrays
