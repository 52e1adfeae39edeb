"""What a customer's role at AWS gets."""

import pytest

from dcvd.core.connections.aws_policies import new_external_id, permissions_policy, trust_policy

CALLER = "arn:aws:iam::111111111111:user/dcvd"


def test_an_external_id_has_160_bits_and_is_one_that_aws_takes() -> None:
    made = new_external_id(lambda count: bytes(range(count)))
    assert made == "dcvd-000102030405060708090a0b0c0d0e0f10111213"


def test_the_trust_is_in_us_and_with_the_external_id_alone() -> None:
    (statement,) = trust_policy(CALLER, "dcvd-1")["Statement"]
    assert statement == {
        "Effect": "Allow",
        "Principal": {"AWS": CALLER},
        "Action": "sts:AssumeRole",
        "Condition": {"StringEquals": {"sts:ExternalId": "dcvd-1"}},
    }


@pytest.mark.parametrize(
    ("caller", "principal"),
    [
        (CALLER, CALLER),
        ("arn:aws:iam::111111111111:root", "arn:aws:iam::111111111111:root"),
        ("arn:aws:sts::111111111111:assumed-role/dcvd/i-0", "arn:aws:iam::111111111111:role/dcvd"),
    ],
)
def test_the_principal_is_one_that_a_policy_can_name(caller: str, principal: str) -> None:
    assert trust_policy(caller, "dcvd-1")["Statement"][0]["Principal"] == {"AWS": principal}


def test_only_the_cnames_of_the_hostnames_may_be_written_and_zones_only_read() -> None:
    write, *read = permissions_policy(["app.customer.com", "xn--bcher-kva.customer.com"])["Statement"]
    assert write["Action"] == "route53:ChangeResourceRecordSets"
    assert write["Condition"] == {
        "ForAllValues:StringEquals": {
            "route53:ChangeResourceRecordSetsNormalizedRecordNames": [
                "app.customer.com",
                "_acme-challenge.app.customer.com",
                "xn--bcher-kva.customer.com",
                "_acme-challenge.xn--bcher-kva.customer.com",
            ],
            "route53:ChangeResourceRecordSetsRecordTypes": ["CNAME"],
            "route53:ChangeResourceRecordSetsActions": ["CREATE", "DELETE"],
        }
    }
    actions = [action for statement in read for action in [statement["Action"]]]
    assert actions == [
        "route53:ListHostedZonesByName",
        ["route53:GetHostedZone", "route53:ListResourceRecordSets"],
        "route53:GetChange",
    ]
    assert all("Condition" not in statement for statement in read)


def test_without_hostnames_the_type_is_still_limited() -> None:
    conditions = permissions_policy([])["Statement"][0]["Condition"]["ForAllValues:StringEquals"]
    assert conditions["route53:ChangeResourceRecordSetsRecordTypes"] == ["CNAME"]
    assert "route53:ChangeResourceRecordSetsNormalizedRecordNames" not in conditions
