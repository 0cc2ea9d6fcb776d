"""Build the tables of this case from ``sources/``: ``python instances/us-vault-2026/build``.

Variants go to a folder of their own with ``--out``; the committed tables hold the defaults.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from case import instance
from tables import Ledger, Options

HOME = Path(__file__).resolve().parent.parent
sys.path.append(str(HOME.parents[1]))  # the project itself, where it is not installed

from models.files import write  # noqa: E402
from models.instance import Instance  # noqa: E402


def assumption(text: str) -> tuple[str, float]:
    """``ID=VALUE`` as a pair."""
    key, _, value = text.partition("=")
    return key, float(value)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--out", type=Path, default=HOME, help="folder to write to (default: the case itself)"
    )
    parser.add_argument(
        "--with-copper",
        action="store_true",
        help="add copper, a base metal that would take most of the money, and 60 days of cover of it",
    )
    parser.add_argument(
        "--flat-prices", action="store_true", help="keep the prices of 2026 instead of letting them fall"
    )
    parser.add_argument(
        "--shortage-factor",
        type=float,
        default=1.0,
        help="all shortage costs times this (0.3 and 3 are worth a look)",
    )
    parser.add_argument(
        "--announcement-rate", type=float, help="announcements a year (0.43 by default; 0.75, 1.75)"
    )
    parser.add_argument(
        "--set",
        action="append",
        default=[],
        metavar="ID=VALUE",
        type=assumption,
        help="another value for a row of sources/assumptions.csv; may be repeated",
    )
    return parser.parse_args()


def main() -> None:
    """Build and write."""
    args = _arguments()
    options = Options(
        args.with_copper, args.flat_prices, args.shortage_factor, args.announcement_rate, tuple(args.set)
    )
    ledger = Ledger()
    case = instance(options, ledger)
    args.out.mkdir(parents=True, exist_ok=True)
    write(Instance.model_validate(case), args.out)
    provenance = args.out / "sources"
    provenance.mkdir(exist_ok=True)
    ledger.write(provenance / "provenance.csv")


if __name__ == "__main__":
    main()
