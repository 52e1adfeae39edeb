"""Check that a customer's role trusts us, and only with its ExternalId."""

import re
from typing import Final

from dcvd.config.provider_sections import Route53ProviderConfig
from dcvd.core.connections.aws_policies import new_external_id
from dcvd.core.connections.credentials import AwsRole
from dcvd.core.ids import RandomBytes
from dcvd.core.sentences.sentence import say
from dcvd.core.sentences.wording import word
from dcvd.errors import InvalidInput, Unauthorized
from dcvd.providers.route53.sessions import AwsSessions

_ARN: Final = re.compile(r"arn:aws:iam::(\d{12}):role/[\w+=,.@/-]{1,576}", re.ASCII)


def account_of(role_arn: str) -> str:
    """Return the account that a role belongs to. Raises InvalidInput if the text is not the ARN of a role."""
    match = _ARN.fullmatch(role_arn)
    if match is None:
        raise InvalidInput(
            "credentials.roleArn",
            word("role_arn_unusable"),
            code="bad_role_arn",
        )
    return match[1]


async def verify_role(
    sessions: AwsSessions, config: Route53ProviderConfig, role: AwsRole, random_bytes: RandomBytes
) -> None:
    """Check that the role can be assumed only with its ExternalId (IAM user guide, "The confused deputy problem").

    Otherwise every organization here that knows the role's ARN could write its owner's records. Raises InvalidInput
    with the code `role_open` for such a role, Unauthorized if the role does not trust us, NotConfigured if our own
    identity is not configured, Retryable if AWS could not be asked all three questions.
    """
    account_of(role.role_arn)
    await sessions.get_keys(config, role)
    # A wrong ExternalId of the usual form: a trust policy whose pattern accepts all of them is open too.
    for external_id in (None, new_external_id(random_bytes)):
        try:
            await sessions.assume(config, role, external_id)
        except Unauthorized:
            continue
        condition = f'"Condition": {{"StringEquals": {{"sts:ExternalId": "{role.external_id}"}}}}'
        how = say("role_open_to_all" if external_id is None else "role_open_to_others")
        raise InvalidInput(
            "credentials.roleArn",
            word("role_open", role=role.role_arn, how=how, condition=condition),
            code="role_open",
        )
