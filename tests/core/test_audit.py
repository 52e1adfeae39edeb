"""What an entry of the audit says about a change."""

from typing import Any

import pytest

from dcvd.core.audit import AuditEntry, MemberChange, encode_members, list_changes


def entry(before: dict[str, Any] | None, after: dict[str, Any] | None) -> AuditEntry:
    return AuditEntry(
        id="aud_1", org_id="org_1", sequence=1, occurred_at=0, actor="daemon", action="domain.changed", object_id=None,
        address=None, request_id=None, before=encode_members(before), after=encode_members(after), hash=b"",
    )  # fmt: skip


@pytest.mark.parametrize(
    ("before", "after", "changes"),
    [
        (None, None, []),
        (None, {"name": "a", "expiresAt": None}, [MemberChange("name", None, "a")]),
        ({"name": "a"}, None, [MemberChange("name", "a", None)]),
        (
            {"role": "member", "labels": {}},
            {"role": "admin", "labels": {"tier": "gold"}},
            [MemberChange("role", "member", "admin"), MemberChange("labels", "{}", '{"tier":"gold"}')],
        ),
        ({"color": None}, {"color": "#fff"}, [MemberChange("color", "–", "#fff")]),
        ({"color": "#fff"}, {"color": None}, [MemberChange("color", "#fff", "–")]),
        ({"enabled": True, "count": 0}, {"enabled": False}, [
            MemberChange("enabled", "true", "false"), MemberChange("count", "0", None),
        ]),
    ],
)  # fmt: skip
def test_each_member_is_shown_with_what_it_was_and_is(
    before: dict[str, Any] | None, after: dict[str, Any] | None, changes: list[MemberChange]
) -> None:
    assert list_changes(entry(before, after)) == changes
