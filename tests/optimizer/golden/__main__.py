"""Write the listings anew."""

from __future__ import annotations

from tests.optimizer.golden import FOLDER, listings

for family, text in listings().items():
    (FOLDER / f"{family}.txt").write_text(text, encoding="utf-8")
