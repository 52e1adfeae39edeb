"""Where the pages of objects are that another page names."""

from collections.abc import Iterable, Mapping
from typing import Final

from dcvd.core.ids import IdPrefix
from dcvd.services.existing_objects import find_existing, find_existing_domains
from dcvd.web.dashboard.navigation import CONNECTIONS, DOMAINS, JOBS, TOKENS, WEBHOOKS, Opt
from dcvd.web.dashboard.visit import Visit

_PLACES: Final[Mapping[IdPrefix, tuple[str, Opt]]] = {
    IdPrefix.DOMAIN: ("/domains", DOMAINS),
    IdPrefix.ENDPOINT: ("/webhooks", WEBHOOKS),
    IdPrefix.JOB: ("/jobs", JOBS),
    IdPrefix.TOKEN: ("/tokens", TOKENS),
    IdPrefix.CONNECTION: ("/connections", CONNECTIONS),
}


async def find_places(visit: Visit, ids: Iterable[str | None]) -> Mapping[str, str]:
    """Find the pages of those objects that are there and that the reader may open, by their ids, below the root."""
    request = visit.request
    named = {each for each in ids if each is not None}
    kinds = [kind for kind, (_, opt) in _PLACES.items() if visit.may(opt)]
    existing = await find_existing(request.context, request.org_id, named, kinds)
    return {each: f"{_PLACES[kind][0]}/{each}" for each, kind in existing.items()}


async def find_domain_places(visit: Visit, ids: Iterable[str | None]) -> Mapping[str, str]:
    """Find the operator's pages of those domains that are there, of whichever organization, by their ids."""
    existing = await find_existing_domains(visit.request.context, {each for each in ids if each is not None})
    return {each: f"{_PLACES[IdPrefix.DOMAIN][0]}/{each}" for each in existing}
