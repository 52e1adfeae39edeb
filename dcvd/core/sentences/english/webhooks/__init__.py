"""English: webhooks: attempts and answers, deliveries and endpoints, and the test of a receiver."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from dcvd.core.sentences.english.webhooks.answers import ANSWERS
from dcvd.core.sentences.english.webhooks.attempts import ATTEMPTS
from dcvd.core.sentences.english.webhooks.conformance import CONFORMANCE
from dcvd.core.sentences.english.webhooks.deliveries import DELIVERIES
from dcvd.core.sentences.english.webhooks.known_answers import KNOWN_ANSWERS

WEBHOOKS: Final[Mapping[str, str]] = MappingProxyType(
    {**ATTEMPTS, **ANSWERS, **KNOWN_ANSWERS, **DELIVERIES, **CONFORMANCE}
)
"""The templates by their ids."""
