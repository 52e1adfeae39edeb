"""The parts of the daemon whose state `/ready` shows."""

from dcvd.alerts import AlertLoop, Heartbeat
from dcvd.core.alerts.messages import Channel
from dcvd.core.clock_discipline import ClockReport
from dcvd.core.domains.saas_zone import ZoneFaultCode
from dcvd.core.system_conditions import SystemCondition
from dcvd.delivery import DeliveryPool
from dcvd.dns import DnsObserver
from dcvd.kit.disciplined_clock import DisciplinedClock
from dcvd.services.context import Context
from dcvd.services.figures import read_figures
from dcvd.services.readiness import PartCheck, Readiness, check_store
from dcvd.services.system.conditions import judge_state, read_state
from dcvd.services.system.lateness import find_late_checks, find_late_deliveries, find_late_jobs


def build_readiness(
    context: Context,
    clock: DisciplinedClock,
    observer: DnsObserver,
    delivery_pool: DeliveryPool,
    alerts: AlertLoop,
    heartbeat: Heartbeat,
) -> Readiness:
    """Build what `/ready` shows; a later part adds itself with `Readiness.add`.

    Nothing calls Cloudflare for it: what is wrong there is what the last answers said.
    """

    async def check_zone() -> str | None:
        return " ".join(fault.message for fault in context.saas_zone.value.faults) or None

    async def check_token() -> str | None:
        faults = context.saas_zone.value.faults
        return next((fault.message for fault in faults if fault.code is ZoneFaultCode.UNAUTHORIZED), None)

    async def check_resolvers() -> str | None:
        if await observer.can_resolve():
            return None
        resolvers = ", ".join(map(str, context.config.dns.resolvers))
        return f"None of the resolvers {resolvers} answers: change dns.resolvers, or let dcvd reach them."

    async def check_clock() -> str | None:
        return _describe_clock(clock.report())

    async def check_sending() -> str | None:
        if await delivery_pool.check_sending():
            return None
        return "Webhooks could not be sent, by a fault of this machine: dcvd doctor says which."

    async def check_mail() -> str | None:
        return "The mail server did not take the last mail: see the log." if alerts.is_failing(Channel.MAIL) else None

    async def check_heartbeat() -> str | None:
        if await heartbeat.check_sending():
            return None
        return "The last heartbeat was not sent: a part that it stands for does not work, or its URL. See the log."

    def check_condition(condition: SystemCondition) -> PartCheck:
        async def check() -> str | None:
            judgement = judge_state(context, await read_state(context, None)).get(condition)
            return judgement.message if judgement is not None and judgement.is_present else None

        return check

    async def check_sync() -> str | None:
        return find_late_checks(await read_figures(context))

    async def check_jobs() -> str | None:
        return find_late_jobs(await read_figures(context), context.config)

    async def check_deliveries() -> str | None:
        return find_late_deliveries(await read_figures(context))

    readiness = Readiness()
    readiness.add("store", lambda: check_store(context))
    readiness.add("cloudflare", check_zone)
    readiness.add("resolvers", check_resolvers)
    for part, check in (
        ("token", check_token),
        ("clock", check_clock),
        ("webhooks", check_sending),
        ("sync", check_sync),
        ("jobs", check_jobs),
        ("deliveries", check_deliveries),
        ("disk", check_condition(SystemCondition.DISK_LOW)),
        ("backup", check_condition(SystemCondition.BACKUP_LATE)),
    ):
        readiness.add(part, check, is_dispensable=True)
    if context.config.mail.host:
        readiness.add("mail", check_mail, is_dispensable=True)
    readiness.add("heartbeat", check_heartbeat, is_dispensable=True, is_used=heartbeat.is_set_up)
    return readiness


def _describe_clock(report: ClockReport) -> str | None:
    if not report.is_wrong:
        return None
    side = "ahead of" if report.ahead_ms > 0 else "behind"
    return f"The machine's clock is {abs(report.ahead_ms) // 1000} seconds {side} the time that dcvd goes by: set it."
