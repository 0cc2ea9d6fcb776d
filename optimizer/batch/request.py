"""What a child process of a batch is asked to do."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass
from importlib.metadata import version

from models.instance import Instance
from models.options import Options
from optimizer.batch.outcome import FAILED, Outcome
from optimizer.exits import FAILED as FAILED_CODE


@dataclass(frozen=True)
class Request:
    """What a child is asked to do."""

    path: str
    folder: str
    name: str
    options: Options
    asked: Options
    """The options before the cores were shared out: what resume compares."""
    formats: tuple[str, ...]
    memory: int
    """Bytes."""
    parent: int
    """Process id; the child dies with it."""

    def to_json(self) -> str:
        """As one argument of a command line."""
        whole = asdict(self) | {"options": self.options.model_dump(), "asked": self.asked.model_dump()}
        return json.dumps(whole)

    @classmethod
    def from_json(cls, text: str) -> Request:
        """The other way round."""
        whole = json.loads(text)
        options = {name: Options.model_validate(whole[name]) for name in ("options", "asked")}
        return cls(**{**whole, **options, "formats": tuple(whole["formats"])})


def failure(request: Request, kind: str, message: str, code: int = FAILED_CODE) -> Outcome:
    """The outcome of an instance that could not write one itself."""
    return Outcome(request.name, request.path, request.folder, FAILED, code, kind=kind, message=message)


def key(instance: Instance, request: Request) -> str:
    """Instance, options, formats and version in one hash."""
    parts = [instance.fingerprint(), request.asked.model_dump_json(), *request.formats, version("stockpile")]
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()
