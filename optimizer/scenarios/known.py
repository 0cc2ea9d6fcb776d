"""How much of a tree is known for certain."""

from __future__ import annotations

from optimizer.tree import Tree


def known_for_certain(tree: Tree) -> float:
    """The share of what is to come that is no surprise any more, 0 to 1.

    Of the nodes before the last period, each weighted with its probability, those through which only one
    scenario (of positive probability) passes: from there on the plan knows everything. 0 on a tree that
    never stops branching, and on a horizon of one period.
    """
    alone = total = 0.0
    through = {node: sum(tree.weight[name] > 0 for name in names) for node, names in tree.scenarios().items()}
    last = max(node.period for node in tree.nodes)
    for node in tree.nodes:
        if node.period < last:
            total += tree.probability[node.id]
            if through.get(node.id, 0) == 1:
                alone += tree.probability[node.id]
    return alone / total if total > 0 else 0.0
