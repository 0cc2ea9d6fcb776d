"""``python -m api.jobs.supervised PARENT MODULE``: runs a module as the main one; ends with its parent."""

from __future__ import annotations

import runpy
import sys

from optimizer.machine import die_with


def main() -> None:
    """Run it."""
    parent, module, *rest = sys.argv[1:]
    die_with(int(parent))
    sys.argv = [module, *rest]
    runpy.run_module(module, run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    main()
