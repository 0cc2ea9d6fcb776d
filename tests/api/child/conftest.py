"""One zygote for the tests that do not kill it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from api.child import Zygote


@pytest.fixture(scope="package")
def zygote() -> Iterator[Zygote]:
    with Zygote() as there:
        yield there


@pytest.fixture(scope="package")
def odd() -> Iterator[Zygote]:
    """Its children also do what tests/api/child/kinds.py says."""
    with Zygote(grace_seconds=0.5, module="tests.api.child.kinds") as there:
        yield there
