"""English: pages that say one thing, behind links in mails and on the way back from providers."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

MESSAGES: Final[Mapping[str, str]] = MappingProxyType(
    {
        "message_close": "You can close this window.",
        "message_unchanged": "Nothing was changed",
        "message_connected": "Connected",
        "message_may_write": "{organization} can now write DNS records for your domains at {provider}.",
        "message_take_back": (
            "You can close this window. To take it back, ask {organization}, or remove its access at {provider}."
        ),
        "message_not_connected": "Not connected",
        "message_not_connected_provider": "{provider} was not connected.",
        "message_not_connected_to": "{provider} was not connected to {organization}.",
        "message_your_provider": "Your DNS provider",
        "message_declined": "You declined, so nothing was connected.",
        "message_link_used": (
            "This link was used before, is too old, or belongs to something else. Start again from where you came from."
        ),
        "message_link_incomplete": "This link is not complete. Start again from where you came from.",
        "message_scope": (
            "The permission to change DNS records was not given, so nothing was connected. Start again and allow it."
        ),
        "message_quota": "There are too many connections already. One that is not needed has to be removed first.",
        "message_failed": (
            "Something is wrong between the two, and you cannot change it. Try again later, or tell whoever sent you "
            "here this code: {code}"
        ),
        "message_applied": "Your DNS provider sets the record",
        "message_applied_explained": (
            "It can take some minutes until it can be seen everywhere; you need not wait for it here."
        ),
        "message_cancelled": "You cancelled it at your DNS provider.",
        "message_denied": (
            "Your DNS provider does not let you change this domain. Ask whoever manages it, or create the record by "
            "hand."
        ),
        "message_provider_failed": "Your DNS provider could not do it. Try again later, or create the record by hand.",
        "message_invited": "You are invited",
        "message_invited_by": "{organization} invites {address} as {role}.",
        "message_accept": "Accept",
        "message_member": "You are a member",
        "message_member_role": "{address} is a member now, with the role {role}.",
        "message_member_token": "To sign in you need a token: ask whoever invited you. You can close this window.",
        "message_invitation_refused": (
            "This invitation is not complete, was used or replaced, or is too old. Ask whoever invited you for a new "
            "one."
        ),
        "message_alerts_question": "Do you want these alerts?",
        "message_alerts_wanted": (
            "{organization} wants to tell {address} when something goes wrong with its custom domains."
        ),
        "message_alerts_confirm": "Yes, send me alerts",
        "message_alerts_end_question": "No more alerts?",
        "message_alerts_sent": "{organization} tells {address} when something goes wrong with its custom domains.",
        "message_alerts_end": "Send me no more alerts",
        "message_alerts_begun": "You get alerts",
        "message_alerts_begun_explained": (
            "From now on {address} is told when something goes wrong with the custom domains of {organization}."
        ),
        "message_alerts_begun_end": "Each mail has a link by which you can end them. You can close this window.",
        "message_alerts_ended": "You get no more alerts",
        "message_alerts_ended_explained": "{address} gets no more alerts of {organization}. You can close this window.",
        "message_alerts_refused": (
            "This link is not complete, was replaced by a later one, or is too old. Ask whoever wants to send you "
            "alerts."
        ),
        "message_questions_ended": "You get no more questions",
        "message_questions_ended_explained": "Nobody has {address} asked any more whether it wants alerts.",
        "message_questions_allow": "Allow questions again",
        "message_questions_end_question": "No more questions?",
        "message_questions_asked": "Organizations may have {address} asked whether it wants their alerts.",
        "message_questions_end": "Never ask me again",
    }
)
"""The templates by their ids."""
