"""Arrays of any tree from a small compiled library: no Pyomo work per node.

Public: :class:`Template`, and what it hands out: :class:`Layout` and :class:`Block`.
"""

from optimizer.template.layout import Block, Layout
from optimizer.template.template import Template

__all__ = ["Block", "Layout", "Template"]
