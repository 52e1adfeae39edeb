"""Make a restored backup a database to go on with: its numbers are moved ahead, its domains are due, sessions ended."""

from dcvd.core.audit import AuditAction
from dcvd.core.epochs import choose_next_epoch
from dcvd.services import audit
from dcvd.services.context import Context
from dcvd.store import domains, epochs, sessions, sign_in_choices, sign_in_links
from dcvd.store.engine.transactions import Transaction


async def begin_epoch(context: Context, *, replaced_epoch: int, backup: str) -> int:
    """Begin the epoch after all known ones, make every domain due for a check, and return the epoch.

    replaced_epoch: the newest one of the database that the backup replaces, 0 where that is not known. backup: the
    name of the file, for the audit.
    """

    def unit(tx: Transaction) -> int:
        now = context.now()
        epoch = choose_next_epoch([replaced_epoch, epochs.read_last(tx)], now)
        epochs.begin(tx, epoch, now)
        # A hostname that is gone from Cloudflare, or was changed there since, is found by the check and mended at once.
        domains.begin_anew(tx, now)
        # Sessions that were ended since the backup would be in force again; so would links that were used.
        sessions.delete_everybodys(tx)
        sign_in_links.delete_everybodys(tx)
        sign_in_choices.delete_everybodys(tx)
        after = {"epoch": epoch, "backup": backup}
        audit.record(context, tx, None, AuditAction.DATABASE_RESTORED, None, after=after)
        return epoch

    return await context.database.write(unit)
