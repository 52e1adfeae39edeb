"""The policies of the AWS role that a customer creates for us: whom it trusts, and what it may do.

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
"""We replace a record by deleting exactly what we read; UPSERT would overwrite what somebody wrote since."""
_SESSION_ARN: Final = re.compile(r"arn:(aws[a-z-]*):sts::(\d{12}):assumed-role/([^/]+)/.+")


def new_external_id(random_bytes: RandomBytes) -> str:
    """Return a new ExternalId with 160 random bits; it is no secret, but customers must not choose it."""
    return f"dcvd-{random_bytes(20).hex()}"


def trust_policy(caller_arn: str, external_id: str) -> IamPolicy:
    """Return the policy that lets us assume the role, with this ExternalId only; `caller_arn` is our ARN from STS."""
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
    """Return the policy that lets us read zones and write CNAMEs.

    Only the records of these hostnames (A-labels) may be written; CNAMEs of any name where none is given.
    """
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
    """Return the ARN that a policy can name: that of the role for a session, otherwise the same ARN."""
    match = _SESSION_ARN.fullmatch(caller_arn)
    return caller_arn if match is None else f"arn:{match[1]}:iam::{match[2]}:role/{match[3]}"
