"""Findings as the data of an event."""

from collections.abc import Iterable
from typing import Any

import msgspec

from dcvd.core.domain import Finding
from dcvd.core.instants import to_rfc3339


def findings_data(findings: Iterable[Finding]) -> list[dict[str, Any]]:
    """Members as of `Finding`; `next_check_at` in RFC 3339, null where the domain's next look is meant."""
    return [
        {
            **msgspec.to_builtins(finding),
            "next_check_at": None if finding.next_check_at is None else to_rfc3339(finding.next_check_at),
        }
        for finding in findings
    ]
