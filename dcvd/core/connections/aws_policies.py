"""What a customer gives a role at AWS that is for us: whom it trusts, and what it may do.

Sources: IAM user guide, "Access to AWS accounts owned by third parties"; Route 53 developer guide, "Using IAM policy
conditions for fine-grained access control".
"""

import re
from collections.abc import Sequence
from typing import Any, Final

from dcvd.core.domains.domain import CHALLENGE_LABEL
from dcvd.core.ids import RandomBytes

IamPolicy = dict[str, Any]
"""An IAM policy document, as JSON."""

_VERSION: Final = "2012-10-17"
_ACTIONS: Final = ("CREATE", "DELETE")
"""A record is replaced by deleting exactly what was read; UPSERT would overwrite what somebody wrote since."""
_SESSION_ARN: Final = re.compile(r"arn:(aws[a-z-]*):sts::(\d{12}):assumed-role/([^/]+)/.+")


def new_external_id(random_bytes: RandomBytes) -> str:
    """160 random bits; it is no secret, but nobody chooses it."""
    return f"dcvd-{random_bytes(20).hex()}"


def trust_policy(caller_arn: str, external_id: str) -> IamPolicy:
    """Lets our identity assume the role, with this ExternalId only. caller_arn: as STS tells it."""
    return {
        "Version": _VERSION,
        "Statement": [
            {
                "Effect": "Allow",
                "Principal": {"AWS": _principal_arn(caller_arn)},
                "Action": "sts:AssumeRole",
                "Condition": {"StringEquals": {"sts:ExternalId": external_id}},
            }
        ],
    }


def permissions_policy(hostnames: Sequence[str]) -> IamPolicy:
    """Reading zones, and writing the CNAMEs of these hostnames (A-labels) alone; of any name where none is given."""
    conditions: dict[str, list[str]] = {
        "route53:ChangeResourceRecordSetsRecordTypes": ["CNAME"],
        "route53:ChangeResourceRecordSetsActions": [*_ACTIONS],
    }
    if hostnames:
        conditions["route53:ChangeResourceRecordSetsNormalizedRecordNames"] = [
            name for hostname in hostnames for name in (hostname, f"{CHALLENGE_LABEL}.{hostname}")
        ]
    return {
        "Version": _VERSION,
        "Statement": [
            {
                "Sid": "WriteTheRecords",
                "Effect": "Allow",
                "Action": "route53:ChangeResourceRecordSets",
                "Resource": "arn:aws:route53:::hostedzone/*",
                "Condition": {"ForAllValues:StringEquals": conditions},
            },
            {"Sid": "FindTheZone", "Effect": "Allow", "Action": "route53:ListHostedZonesByName", "Resource": "*"},
            {
                "Sid": "ReadTheZone",
                "Effect": "Allow",
                "Action": ["route53:GetHostedZone", "route53:ListResourceRecordSets"],
                "Resource": "arn:aws:route53:::hostedzone/*",
            },
            {
                "Sid": "FollowTheChange",
                "Effect": "Allow",
                "Action": "route53:GetChange",
                "Resource": "arn:aws:route53:::change/*",
            },
        ],
    }


def _principal_arn(caller_arn: str) -> str:
    """The ARN that a policy can name: of a session, that of its role."""
    found = _SESSION_ARN.fullmatch(caller_arn)
    return caller_arn if found is None else f"arn:{found[1]}:iam::{found[2]}:role/{found[3]}"
