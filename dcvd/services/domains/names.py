"""Domains as operators name them: by an id, or by a name."""

from dcvd.core.dns.hostnames import normalise
from dcvd.core.ids import IdPrefix, is_id
from dcvd.core.sentences.wording import word
from dcvd.errors import NotFound
from dcvd.services import reach
from dcvd.services.context import Context
from dcvd.store import domains
from dcvd.store.engine.transactions import Snapshot


async def find_id(context: Context, id_or_name: str, *, org_id: str | None = None) -> str:
    """Return the id of the domain that is meant by an id, or by a name, for what is stored about it.

    org_id: whose domain of that name; None stands for that of whoever holds the name. The id of a domain that is
    removed is one too: events and deliveries outlive it. Raises NotFound for a name that nobody has, InvalidInput for a
    text that is neither.
    """
    if is_id(IdPrefix.DOMAIN, id_or_name):
        return id_or_name
    known = await context.database.read(lambda snapshot: domains.get(snapshot, id_or_name))
    if known is not None and org_id in (None, known.org_id) and reach.covers(context, known.id, known.name):
        return known.id  # one that came along with an import has an id of another form
    name = normalise(id_or_name, allowed_tlds=context.config.domains.allow_reserved_tlds, field="domain")

    def query(snapshot: Snapshot) -> str | None:
        if org_id is None:
            domain = domains.find_by_name(snapshot, name)
        else:
            domain = domains.find_owned_by_names(snapshot, org_id, [name]).get(name)
        return None if domain is None else domain.id

    found_id = await context.database.read(query)
    if found_id is None:
        raise NotFound(word("domain_name_not_found", name=name))
    return found_id
