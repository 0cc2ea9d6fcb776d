"""Stored instances, read for a page: the tenant's own, the last few kept in memory."""

from __future__ import annotations

import threading
from collections import OrderedDict
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from api.http.parts import Parts
from api.http.routes.instances import known
from models.instance import Instance
from models.jobs import InstanceRecord
from models.tables import Grid, grids

if TYPE_CHECKING:
    import pandas as pd

KEPT = 4
"""Instances in memory; paging through a table asks for the same one again and again."""
LARGEST = 8 * 2**20
"""Bytes of JSON of an instance that is kept there."""


class Content:
    """What an instance holds, in the forms that pages need, each made once."""

    def __init__(self, instance: Instance) -> None:
        self.instance = instance

    @cached_property
    def grids(self) -> dict[str, Grid]:
        """Its tables by name, the table ``instance`` first."""
        return {grid.name: grid for grid in grids(self.instance)}

    @cached_property
    def supply(self) -> dict[str, pd.DataFrame]:
        """What the map is drawn from."""
        import pandas as pd

        from optimizer.report.charts.supply_map import supply

        countries = [country.model_dump() for country in self.instance.countries]
        columns = ["id", "name", "group"]
        return {"supply": supply(self.instance), "countries": pd.DataFrame(countries, columns=columns)}


@dataclass(frozen=True)
class Opened:
    """An instance of a tenant."""

    record: InstanceRecord
    content: Content

    @property
    def instance(self) -> Instance:
        """Itself."""
        return self.content.instance

    @property
    def grids(self) -> dict[str, Grid]:
        """Its tables by name."""
        return self.content.grids


_kept: OrderedDict[str, Content] = OrderedDict()
_lock = threading.Lock()


def opened(parts: Parts, tenant: str, id: str) -> Opened:
    """The instance of this id. Raises NoSuchInstance."""
    # Whose it is, is asked every time: only the content, which its id determines, is remembered.
    record = parts.documents.instance_record(tenant, known(id))
    with _lock:
        found = _kept.get(record.id)
        if found is not None:
            _kept.move_to_end(record.id)
    if found is None:
        found = Content(parts.documents.instance(tenant, record.id))
        if record.bytes <= LARGEST:
            with _lock:
                _kept[record.id] = found
                while len(_kept) > KEPT:
                    _kept.popitem(last=False)
    return Opened(record, found)
