"""English: the pages of the quick start."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

QUICK_START: Final[Mapping[str, str]] = MappingProxyType(
    {
        "quick_start_intro": (
            "From a token to the first webhook that arrives. Every piece of code can be run as it stands."
        ),
        "quick_start_language": "Show the code for",
        "quick_start_done": "done",
        "quick_start_ahead": "not yet",
        "quick_start_commands": "Commands",
        "quick_start_token": "Have a token",
        "quick_start_token_explained": (
            "Each call carries a token of your organization. Adding domains and webhooks needs one of an admin or "
            "owner."
        ),
        "quick_start_token_yours": "You are signed in with {token} ({role}).",
        "quick_start_tokens": "Tokens",
        "quick_start_token_variable": (
            "The code below expects the token in the environment variable `{variable}`. This asks for it, so that "
            "it does not stand in the history of your shell:"
        ),
        "quick_start_token_try": "See what it may do:",
        "quick_start_domain": "Add a domain",
        "quick_start_domain_explained": (
            "Take a name of a customer, or of your own, in place of `{example}`. The answer says which record has "
            "to be created."
        ),
        "quick_start_domain_newest": "Your newest domain:",
        "quick_start_record": "Have the record created",
        "quick_start_record_explained": (
            "Whoever runs the DNS of the domain creates what `requiredRecords` says. dcvd looks for it by itself, "
            "and `ready` is true once the domain serves https."
        ),
        "quick_start_webhook": "Be told by a webhook",
        "quick_start_webhook_explained": (
            "Your receiver needs a public https address. The answer has `signingSecret` and `secret`, this once: "
            "keep one of them for the receiver."
        ),
        "quick_start_webhook_newest": "Your newest webhook:",
        "quick_start_test": "Send it a test, and see what it answered:",
        "quick_start_placeholder": (
            "Put the id of the answer above in place of `{placeholder}`; once it is there, this page has it."
        ),
        "quick_start_hidden": "What there is already is not for your token to see.",
        "quick_start_verify": "Verify the signature",
        "quick_start_verify_explained": (
            "Keep the raw bytes of the body, and verify them before you parse them. Each delivery is signed in "
            "two ways; verify one of them."
        ),
        "quick_start_verify_standard": (
            "Standard Webhooks: `webhook-signature` has `v1,` and the HMAC-SHA256 of id, timestamp and body in "
            "base64, keyed with the 32 bytes of `signingSecret`. It also refuses old recordings. Take this one "
            "for a new receiver."
        ),
        "quick_start_verify_hex": (
            "`X-DCVaaS-Signature`: the HMAC-SHA256 of the body in hex, keyed with `secret` as text."
        ),
        "quick_start_receiver_explained": (
            "These receivers are whole: each takes either secret from `WEBHOOK_SECRET`, and its port from `PORT`."
        ),
        "quick_start_try": "Try it on your own machine",
        "quick_start_try_listen": (
            "`dcvd listen` forwards the events of your organization to a receiver on your machine, signed as "
            "webhooks are, without any public address. It prints the secret at its start:"
        ),
        "quick_start_try_demo": ("`dcvd demo` shows the whole way of one domain, without an account or a network:"),
        "quick_start_try_sandbox": (
            "`dcvd sandbox` is a Cloudflare, a DNS and an edge on your machine, for your own tests; `dcvd sandbox "
            "--help` says how to create records there and how to make things fail:"
        ),
    }
)
"""The templates by their ids."""
