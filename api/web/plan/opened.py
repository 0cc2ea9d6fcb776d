"""Plans that are being looked at: read once in a process, kept while there is room.

Kept by content, not by whose it is: whether somebody may see a job is asked each time before.
"""

from __future__ import annotations

import hashlib
import json
import threading
from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any, TypeVar

from api.http.parts import Parts
from api.http.routes import results
from api.http.routes.jobs import known
from api.jobs.port import Jobs
from models.faults import BadRequest, DamagedBlob, NoResult, NoSuchFile
from models.jobs import Job, Manifest

if TYPE_CHECKING:
    import pandas as pd

    from models.instance import Instance
    from models.plan import Plan
    from optimizer.report.charts import Picture

ROOM = 64 * 2**20
"""Bytes of the JSON of plans and instances that are kept, at most; in memory it is several times as much."""
VIEWS = 400
"""Charts, tables and drawings that are kept of a plan, at most."""

T = TypeVar("T")
Choice = Mapping[str, str]
"""What is chosen of a plan for a picture: material, scenario, year."""


class NoAlternative(BadRequest):
    """The request does not say which alternative of a comparison."""


@dataclass(frozen=True)
class Found:
    """A job that has a plan, and where the plan lies in its result."""

    job: Job
    manifest: Manifest
    alternative: str | None
    plan: str
    instance: str
    """Digests."""

    @property
    def key(self) -> str:
        """What the plan is kept under."""
        return f"{self.plan}{self.instance}"

    @property
    def folder(self) -> str:
        """Of its files in the result, with the slash."""
        return f"plans/{self.alternative}/" if self.alternative is not None else ""


@dataclass
class Opened:
    """A plan with everything that is derived from it."""

    key: str
    instance: Instance
    plan: Plan
    size: int
    """Bytes of the JSON of both."""
    _lock: threading.RLock = field(default_factory=threading.RLock)
    _views: OrderedDict[tuple[object, ...], Any] = field(default_factory=OrderedDict)
    _unfolded: dict[str, pd.DataFrame] | None = None

    @cached_property
    def tables(self) -> dict[str, pd.DataFrame]:
        """Those of the report."""
        from pathlib import Path

        from optimizer.report.parts import of_plan

        return of_plan(self.instance, self.plan, Path("plan")).tables

    def unfolded(self) -> dict[str, pd.DataFrame]:
        """The tables of the report and those of :func:`optimizer.replay.unfold`."""
        from optimizer.replay import unfold

        with self._lock:
            if self._unfolded is None:
                self._unfolded = {**self.tables, **unfold(self.instance, self.plan, self.tables)}
            return self._unfolded

    def chosen(self, scenario: str, period: int) -> dict[str, pd.DataFrame]:
        """Those tables, with the scenario that is looked at, and up to when it has unfolded."""
        import pandas as pd

        chosen = pd.DataFrame({"scenario": [scenario], "period": [period]})
        return {**self.unfolded(), "chosen": chosen}

    def of_material(self, material: str) -> dict[str, pd.DataFrame]:
        """The same, of one material; of all without one. Raises NoSuchFile."""
        tables = self.tables
        if not material:
            return tables
        if material not in self.materials():
            raise NoSuchFile(f"It has no material {material[:80]!r}.")
        goods = {c.id for c in self.instance.commodities if c.material == material}
        found = dict(tables)
        for name in ("spend", "flows"):
            found[name] = tables[name][tables[name]["material"] == material]
        for name in ("cover", "scenario_cover"):
            found[name] = tables[name][tables[name]["commodity"].isin(goods)]
        return found

    def materials(self) -> list[str]:
        """Materials of the instance, by name."""
        return sorted({c.material for c in self.instance.commodities})

    def view(self, make: Callable[[], T], *key: object) -> T:
        """What ``make`` gives, kept under a key. Of several who ask at once one makes it."""
        with self._lock:
            if key not in self._views:
                self._views[key] = make()
                while len(self._views) > VIEWS:
                    self._views.popitem(last=False)
            self._views.move_to_end(key)
            found: T = self._views[key]
            return found

    def spec(self, picture: Picture, choice: Choice, tables: Callable[[], Any]) -> bytes:
        """A picture as Vega-Lite, without its title, which stands in the page; kept."""

        def make() -> bytes:
            spec = picture.chart(tables()).to_dict()
            spec.pop("title", None)
            return json.dumps(spec, allow_nan=False, separators=(",", ":")).encode()

        return self.view(make, "spec", picture.name, *sorted(choice.items()))


class Shelf:
    """Opened plans, the least recently used given up first. Safe from many threads."""

    def __init__(self, room: int = ROOM) -> None:
        self.room = room
        self._lock = threading.Lock()
        self._kept: OrderedDict[str, Opened] = OrderedDict()
        self._opening: dict[str, threading.Lock] = {}

    def open(self, key: str, read: Callable[[], Opened]) -> Opened:
        """The plan of a key, read where it is not kept; of several who ask at once one reads."""
        with self._lock:
            turn = self._opening.setdefault(key, threading.Lock())
        try:
            with turn:
                with self._lock:
                    if key in self._kept:
                        self._kept.move_to_end(key)
                        return self._kept[key]
                found = read()
                with self._lock:
                    self._kept[key] = found
                    while len(self._kept) > 1 and sum(o.size for o in self._kept.values()) > self.room:
                        self._kept.popitem(last=False)
                return found
        finally:
            with self._lock:
                self._opening.pop(key, None)


SHELF = Shelf()
"""The one of the process."""


def find(parts: Parts, tenant: str, id: str, alternative: str | None) -> Found:
    """Where the plan of a job lies.

    Raises NoSuchJob, NotFinished, Expired, NoResult, NoSuchFile; BadRequest (a comparison: which?).
    """
    job, manifest = results.ended(parts, tenant, id)
    files = {file.path: file.digest for file in manifest.files}
    if job.kind == "compare":
        if alternative is None:
            raise NoAlternative("Say which alternative of the comparison.")
        if f"plans/{alternative}/plan.json" not in files:
            raise NoSuchFile(f"It has no plan of an alternative {alternative[:80]!r}.")
    elif alternative is not None:
        raise BadRequest(f"A job of kind {job.kind} has no alternatives.")
    found = Found(job, manifest, alternative, "", "")
    names = ("plan.json", "instance.json")
    if any(found.folder + name not in files for name in names):
        raise NoResult(f"A job of kind {job.kind} in state {job.state} has no plan.")
    plan, instance = (files[found.folder + name] for name in names)
    return replace(found, plan=plan, instance=instance)


def alternatives(manifest: Manifest) -> list[str]:
    """Names of the alternatives of a comparison that have a plan, in the order of writing."""
    split = [file.path.split("/") for file in manifest.files if file.path.endswith("/plan.json")]
    return [p[1] for p in split if len(p) == 3 and p[0] == "plans"]


def open_plan(parts: Parts, tenant: str, found: Found, shelf: Shelf = SHELF) -> Opened:
    """The plan with its instance. Raises Expired, DamagedBlob."""
    get = results.getter(parts, tenant, found.job)

    def read() -> Opened:
        from pydantic import ValidationError

        from models.files import json_format
        from models.plan import Plan

        data, raw = get(found.plan), get(found.instance)
        try:
            plan = Plan.model_validate_json(data)
        except ValidationError as error:
            raise DamagedBlob(f"{found.plan} is not a plan.") from error
        opened = Opened(found.key, json_format.loads(raw, "instance.json"), plan, len(data) + len(raw))
        _ = opened.tables
        return opened

    return shelf.open(found.key, read)


def tag(data: bytes) -> str:
    """What tells a representation apart."""
    return hashlib.sha256(data).hexdigest()[:32]


def job_of(jobs: Jobs, tenant: str, id: str) -> Job:
    """The job, whatever has become of it. Raises NoSuchJob."""
    return jobs.get(tenant, known(id))
