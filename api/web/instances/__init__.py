"""The room of instances: what there is, drafts with faults, one instance in tables, on a map, compared."""

from __future__ import annotations

from fastapi import APIRouter

from api.web.instances import drafting, listing, looking, mapping

router = APIRouter()
# The drafts first: their addresses would otherwise be those of an instance named "drafts".
for _part in (listing.router, drafting.router, looking.router, mapping.router):
    router.include_router(_part)

__all__ = ["router"]
