"""What a running solve hands out so that another process can go on with it.

Written as bytes: a line with the version and a SHA-256 of what follows, then a NumPy archive. A checkpoint is
only good for the instance, the options that steer the search, and the versions it was made with; a search
goes on with its open nodes only if presolve makes the same programme again, to the last bit, for two
presolves may each keep another one of two best plans. A decomposition goes on with its cuts only if they were
made for the same pieces, to the last bit.
"""

from __future__ import annotations

import hashlib
import io
import json
from collections.abc import Iterable
from dataclasses import dataclass
from importlib.metadata import version
from typing import Any

import numpy as np

from models.instance import Instance
from models.options import Options
from optimizer.branch.frontier import Frontier
from optimizer.compile import Vector
from optimizer.decompose.learnt import Learnt
from optimizer.keys import Key

MAGIC = b"stockpile checkpoint 1"
LEARNT = "learnt."
"""What the names of arrays of a decomposition begin with."""
STEERING = {"relative_gap", "seed", "method"}
"""Options that a search cannot change on its way."""


class Refused(Exception):
    """A checkpoint cannot be used, and why."""


@dataclass(frozen=True)
class Checkpoint:
    """Where a search stands. Numbers are in the units of the arrays, values those of ``columns``."""

    columns: tuple[str, ...]
    """Names of yes/no columns (:func:`named`)."""
    incumbent: Vector | None
    """Whole numbers by column."""
    objective: float
    """inf without an incumbent."""
    bound: float
    """No plan is below."""
    nodes: int = 0
    """Branched on so far."""
    frontier: Frontier | None = None
    """Open nodes by the same columns, if the search has them to give."""
    programme: str = ""
    """Digest of the programme that open nodes or cuts belong to: presolved, or in pieces."""
    key: str = ""
    """What it is for."""
    learnt: Learnt | None = None
    """Cuts of a decomposition, and all that belongs to them."""

    def to_bytes(self) -> bytes:
        """Everything."""
        parts: dict[str, Any] = {}
        if self.incumbent is not None:
            parts["incumbent"] = self.incumbent
        head: dict[str, Any] = {
            "columns": self.columns,
            "objective": repr(self.objective),
            "bound": repr(self.bound),
            "nodes": self.nodes,
            "programme": self.programme,
            "key": self.key,
        }
        f = self.frontier
        if f is not None:
            head |= {"discarded": repr(f.discarded), "searched": f.nodes}
            parts |= {"bounds": f.bounds, "lower": f.lower, "upper": f.upper, "gain": f.gain, "seen": f.seen}
        if self.learnt is not None:
            parts |= {LEARNT + name: part for name, part in self.learnt.parts().items()}
        buffer = io.BytesIO()
        text = np.frombuffer(json.dumps(head).encode(), dtype=np.uint8)
        np.savez_compressed(buffer, head=text, **parts)
        data = buffer.getvalue()
        return MAGIC + b" " + hashlib.sha256(data).hexdigest().encode() + b"\n" + data

    @classmethod
    def from_bytes(cls, data: bytes) -> Checkpoint:
        """The other way round. Raises Refused."""
        first, _, rest = data.partition(b"\n")
        magic, _, digest = first.rpartition(b" ")
        if magic != MAGIC:
            raise Refused("it is not a checkpoint of this version of the program.")
        if hashlib.sha256(rest).hexdigest().encode() != digest:
            raise Refused("it is damaged.")
        with np.load(io.BytesIO(rest), allow_pickle=False) as archive:
            parts = {name: archive[name] for name in archive.files}
            head = json.loads(parts["head"].tobytes())
            incumbent = parts.get("incumbent")
            objective = float(head["objective"])
            frontier = None
            if "bounds" in parts:
                frontier = Frontier(
                    incumbent=incumbent,
                    objective=objective,
                    discarded=float(head["discarded"]),
                    bounds=parts["bounds"],
                    lower=parts["lower"],
                    upper=parts["upper"],
                    gain=parts["gain"],
                    seen=parts["seen"],
                    nodes=head["searched"],
                )
            learnt = None
            if any(name.startswith(LEARNT) for name in parts):
                learnt = _learnt(parts, head, incumbent)
        return cls(
            columns=tuple(head["columns"]),
            incumbent=incumbent,
            objective=objective,
            bound=float(head["bound"]),
            nodes=head["nodes"],
            frontier=frontier,
            learnt=learnt,
            programme=head["programme"],
            key=head["key"],
        )

    def check(self, mark: str) -> None:
        """Raise Refused if it is not for what has this :func:`key`."""
        if self.key != mark:
            raise Refused(
                f"it was made for another instance, with other options ({', '.join(sorted(STEERING))})"
                " or by another version of the program or of HiGHS."
            )

    def values(self, keys: Iterable[Key]) -> Vector:
        """The incumbent on these columns; nan where it says nothing."""
        known: dict[str, float] = {}
        if self.incumbent is not None:
            known = dict(zip(self.columns, self.incumbent.tolist(), strict=True))
        return np.array([known.get(name, np.nan) for name in named(keys)])


def _learnt(parts: dict[str, Any], head: dict[str, Any], incumbent: Vector | None) -> Learnt:
    own = {name.removeprefix(LEARNT): part for name, part in parts.items() if name.startswith(LEARNT)}
    try:
        return Learnt.of(
            own,
            programme=head["programme"],
            decisions=incumbent,
            objective=float(head["objective"]),
            bound=float(head["bound"]),
            nodes=head["nodes"],
        )
    except (KeyError, TypeError, ValueError) as reason:
        raise Refused(f"its cuts do not belong together ({reason}).") from reason


def named(keys: Iterable[Key]) -> tuple[str, ...]:
    """Columns as text: family and index as JSON."""
    return tuple(json.dumps([name, *index], default=str) for name, index in keys)


def key(instance: Instance, options: Options) -> str:
    """Instance, options that steer, and versions in one hash."""
    parts = [
        instance.fingerprint(),
        options.model_dump_json(include=STEERING),
        *(f"{name} {version(name)}" for name in ("stockpile", "highspy")),
    ]
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()
