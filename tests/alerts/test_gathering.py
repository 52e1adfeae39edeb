"""What happens is gathered by its cause, and told to each contact in one mail."""

import pytest

from dcvd.core.alerts.kinds import AlertKind
from dcvd.core.events import EventDraft, EventType
from dcvd.core.instants import HOUR, MINUTE
from dcvd.services.alerts import gathering
from dcvd.services.context import Context
from dcvd.store.organizations.organizations import Organization
from tests.alerts.place import add_active, broken, configure, failing, list_messages, record, sending
from tests.manual_clock import ManualClock
from tests.messaging.mail_server import MailServer, serving_mail
from tests.waiting import until


async def test_400_domains_with_one_cause_are_one_mail_that_lists_some_and_counts_the_others(
    context: Context, org: str, clock: ManualClock
) -> None:
    async with serving_mail() as server:
        configure(context, server, gather=5 * MINUTE)
        await add_active(context, org)
        for start in range(0, 400, 100):
            names = (f"app{number}.customer.com" for number in range(start, start + 100))
            await record(context, org, *map(broken, names))
        await gathering.tell_due(context)
        assert len(await list_messages(context)) == 1, "only the question of before: it is gathered still"
        clock.advance(5 * MINUTE)
        async with sending(context):
            await until(lambda: _has_mails(server, 1))
    assert server.read()["Subject"] == "[Acme] 400 domains do not work any more"
    text = server.read_text()
    assert text.count(".customer.com") == 21, "twenty names, and one in what was found"
    assert "  app19.customer.com\n  and 380 more\n" in text
    assert "What to do: They worked before." in text


async def test_causes_are_told_apart_within_one_mail(context: Context, org: str) -> None:
    async with serving_mail() as server:
        configure(context, server)
        await add_active(context, org)
        await record(context, org, failing())
        await record(context, org, broken("a.example", "hostname_blocked"), broken("b.example", "hostname_moved"))
        async with sending(context):
            await until(lambda: _has_mails(server, 1))
    assert server.read()["Subject"] == "[Acme] A domain does not work any more: a.example, and 2 more"
    text = server.read_text()
    assert text.index("a.example") < text.index("b.example") < text.index("A webhook cannot be delivered: wh_1")
    assert "s3cret" not in text, "what stands behind the host of a URL may be a secret"


async def test_what_happens_again_to_the_same_name_is_told_once(context: Context, org: str) -> None:
    async with serving_mail() as server:
        configure(context, server)
        await add_active(context, org)
        await record(context, org, broken("a.example"), broken("a.example"), broken("a.example"))
        async with sending(context):
            await until(lambda: _has_mails(server, 1))
    assert server.read()["Subject"] == "[Acme] A domain does not work any more: a.example"


async def test_each_contact_is_told_what_they_chose(context: Context, org: str) -> None:
    async with serving_mail() as server:
        configure(context, server)
        await add_active(context, org, "all@example.com")
        await add_active(context, org, "domains@example.com", kinds=[AlertKind.DOMAIN_BROKEN])
        await add_active(context, org, "jobs@example.com", kinds=[AlertKind.JOB_DEAD])
        await record(context, org, broken("a.example"), failing())
        async with sending(context):
            await until(lambda: _has_mails(server, 2))
    texts = {recipient: server.read_text(number) for number, recipient in enumerate(server.recipients)}
    assert texts.keys() == {"all@example.com", "domains@example.com"}
    assert "webhook cannot be delivered" in texts["all@example.com"]
    assert "webhook cannot be delivered" not in texts["domains@example.com"]


async def test_what_no_contact_wants_is_not_even_gathered(context: Context, org: str) -> None:
    configure(context, MailServer())
    await add_active(context, org, kinds=[AlertKind.JOB_DEAD])
    await record(context, org, broken("a.example"))
    assert await _count_groups(context) == 0


async def test_another_organization_is_told_nothing(context: Context, org: str, rival_org: str) -> None:
    async with serving_mail() as server:
        configure(context, server)
        await add_active(context, org, "ours@example.com")
        await add_active(context, rival_org, "theirs@example.com")
        await record(context, org, broken("a.example"))
        async with sending(context):
            await until(lambda: _has_mails(server, 1))
            await until(lambda: _is_all_sent(context))
    assert server.recipients == ["ours@example.com"]


async def test_an_organization_is_told_no_more_often_than_configured_and_hears_the_rest_later(
    context: Context, org: str, clock: ManualClock
) -> None:
    configure(context, MailServer(), per_hour=2)
    await add_active(context, org)
    for number in range(5):
        clock.advance(MINUTE)
        await record(context, org, broken(f"app{number}.example"))
        await gathering.tell_due(context)
    told = [each for each in await list_messages(context) if each.purpose == "alert"]
    assert len(told) == 2
    clock.advance(HOUR)
    await gathering.tell_due(context)
    (*_, last) = await list_messages(context)
    assert last.subject == "[Acme] 3 domains do not work any more"
    assert await _count_groups(context) == 0


async def test_a_clock_that_is_put_back_holds_nothing_up_for_longer_than_an_hour(
    context: Context, org: str, clock: ManualClock
) -> None:
    configure(context, MailServer(), per_hour=1)
    await add_active(context, org)
    await record(context, org, broken("a.example"))
    await gathering.tell_due(context)
    clock.advance(-24 * HOUR)
    await record(context, org, broken("b.example"))
    await gathering.tell_due(context)
    assert await _count_groups(context) == 0


async def test_causes_beyond_a_bound_are_told_as_one(context: Context, org: str) -> None:
    configure(context, MailServer())
    await add_active(context, org)
    await record(context, org, *(broken(f"app{number}.example", f"code_{number}") for number in range(80)))
    assert await _count_groups(context) == 51


async def test_while_a_recipient_takes_nothing_what_happens_stays_gathered(
    context: Context, org: str, clock: ManualClock
) -> None:
    configure(context, MailServer(), per_hour=100)
    await add_active(context, org)
    for number in range(30):
        clock.advance(10 * MINUTE)
        await record(context, org, broken(f"app{number}.example"))
        await gathering.tell_due(context)
    waiting = [each for each in await list_messages(context) if each.purpose == "alert"]
    assert len(waiting) == 20
    assert await _count_groups(context) == 1


async def test_the_operator_is_told_of_every_organization_by_name(
    context: Context, organization: Organization, rival_org: str
) -> None:
    async with serving_mail() as server:
        configure(context, server, operator_mail=("ops@example.net",), operator_kinds=("domain_broken",))
        await record(context, organization.id, broken("a.example"), failing())
        await record(context, rival_org, broken("b.example"))
        async with sending(context):
            await until(lambda: _has_mails(server, 1))
    assert server.recipients == ["ops@example.net"]
    text = server.read_text()
    assert "  a.example – Acme\n  b.example – Rival\n" in text
    assert "webhook" not in text
    assert "List-Unsubscribe" not in server.read()


@pytest.mark.parametrize(
    ("event_type", "data"),
    [
        (EventType.DOMAIN_ERROR, {**broken("new.example").data, "expires_at": None}),
        (EventType.DOMAIN_ACTIVE, broken("a.example").data),
        (EventType.JOB_FAILED, {}),
        (EventType.ENDPOINT_DISABLED, {**failing().data, "reason": "manual"}),
    ],
)
async def test_what_is_nobodys_emergency_is_no_alert(
    context: Context, org: str, event_type: EventType, data: dict[str, object]
) -> None:
    configure(context, MailServer(), operator_mail=("ops@example.net",))
    await add_active(context, org)
    await record(context, org, EventDraft(event_type, data))
    assert await _count_groups(context) == 0


async def test_without_a_mail_server_nothing_is_stored(context: Context, org: str) -> None:
    await record(context, org, broken("a.example"), failing())
    assert await _count_groups(context) == 0
    assert await list_messages(context) == []


async def _has_mails(server: MailServer, count: int) -> bool:
    return len(server.mails) >= count


async def _is_all_sent(context: Context) -> bool:
    return all(each.state != "pending" for each in await list_messages(context))


async def _count_groups(context: Context) -> int:
    return await context.database.read(
        lambda snapshot: snapshot.fetch_count("SELECT count(*) FROM alert_groups WHERE org_id >= ''")
    )
