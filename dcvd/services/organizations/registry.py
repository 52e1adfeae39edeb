"""Organizations: operators create and list them."""

from dcvd.core.ids import IdPrefix
from dcvd.errors import Conflict, InvalidInput, NotFound
from dcvd.services.context import Context
from dcvd.services.names import validate_name
from dcvd.store import organizations
from dcvd.store.engine.database import Transaction
from dcvd.store.organizations import Organization


async def create(context: Context, name: str) -> Organization:
    """Create an organization. Raises Conflict for a name that exists, InvalidInput for a name that is not allowed."""
    valid_name = validate_name(name, subject="organization")
    if valid_name.startswith(f"{IdPrefix.ORGANIZATION}_"):
        raise InvalidInput("name", "An organization's name cannot begin with org_, or it could be taken for an id.")
    organization = Organization(id=context.new_id(IdPrefix.ORGANIZATION), name=valid_name, created_at=context.now())

    def unit(tx: Transaction) -> Organization:
        existing = organizations.find(tx, valid_name)
        if existing is not None:
            raise Conflict(
                f"There is already an organization named {valid_name!r}.",
                code="organization_exists",
                existing_id=existing.id,
            )
        organizations.insert(tx, organization)
        return organization

    return await context.database.write(unit)


async def list_all(context: Context) -> list[Organization]:
    """List every organization by name."""
    return await context.database.read(organizations.list_all)


async def find(context: Context, id_or_name: str) -> Organization:
    """Find an organization by its id or name. Raises NotFound."""
    organization = await context.database.read(lambda snapshot: organizations.find(snapshot, id_or_name))
    if organization is None:
        raise NotFound(f"There is no organization {id_or_name!r}; `dcvd org list` shows those that exist.")
    return organization
