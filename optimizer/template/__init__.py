"""Arrays of any tree from a small compiled library: no Pyomo work per node.

Public: :class:`Template`, what it hands out (:class:`Layout` and :class:`Block`), and :func:`arrays_of`.
"""

from optimizer.template.choose import arrays_of
from optimizer.template.layout import Block, Layout
from optimizer.template.template import Template

__all__ = ["Block", "Layout", "Template", "arrays_of"]
