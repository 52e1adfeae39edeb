"""English: errors about what was typed, and requests as such."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

LISTS_ERRORS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "cursor_unusable": "The cursor is not one that dcvd gave; start without one.",
        "cursor_of_other_order": "The cursor belongs to a list in another order; start without one.",
        "instant_unusable": "{field} is {text}; give an RFC 3339 instant such as 2027-01-31T00:00:00Z.",
        "methods_get": "The methods of this address are GET, OPTIONS.",
        "address_unknown": "There is nothing at this address; /schema lists what there is.",
        "form_unusable": "This is not what the form of this page sends; load the page again.",
        "body_compressed": "The body is compressed; send it as it is, without Content-Encoding.",
        "body_too_large": "The body is too large; at most {limit} bytes are read.",
        "host_unknown": "The name in the header Host is none of this service's.",
        "day_unusable": "{day} is no day; give one such as 2027-01-31.",
        "value_unknown": "{field} is {value}, which is none of: {known}.",
        "value_unknown_of_many": "{field} is {value}, which is none of the {count} that there are.",
        "did_you_mean": "Did you mean '{first}'?",
        "did_you_mean_two": "Did you mean '{first}' or '{second}'?",
        "did_you_mean_three": "Did you mean '{first}' or '{second}' or '{third}'?",
        "name_empty": "The name of the {subject} is empty; give 1 to {most} characters.",
        "name_too_long": "The name of the {subject} has {count} characters; {most} are allowed.",
        "name_unprintable": "The name of the {subject} has characters that cannot be printed; remove them.",
        "name_of_organization": "organization",
        "name_of_webhook": "webhook",
        "name_of_token": "token",
        "changed_since_read": (
            "{subject} has been changed since you read it: its ETag is {tag} now. Read it, and decide anew."
        ),
        "tag_unusable": '{header} is {text}; give the ETag that you have read, with its quotes, or "*".',
        "the_domain": "The domain {id}",
        "the_branding": "The branding",
        "the_member": "The member {id}",
        "the_organization": "The organization {id}",
        "the_webhook": "The webhook {id}",
        "the_contact": "The contact {id}",
        "the_token": "The token {id}",
    }
)
"""The templates by their ids."""
