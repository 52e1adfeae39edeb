"""English: the pages of people."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

MEMBERS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "members_intro": "The people of your organization. What their tokens may do follows from their role.",
        "members_role_by_groups": (
            "Whoever signs in with {provider} has the role that their groups there give. The roles here are those of "
            "their tokens."
        ),
        "members_address": "E-mail address",
        "members_id": "Id",
        "members_role": "Role",
        "members_state": "State",
        "members_active": "active",
        "members_suspended": "suspended",
        "members_invited": "invited",
        "members_at": "{when}",
        "members_last_use": "Last use of their tokens",
        "members_never_used": "never",
        "members_added": "Added",
        "members_accepted": "Accepted",
        "members_invitation": "The invitation",
        "members_invitation_until": "The invitation can be accepted until {when}.",
        "members_invitation_ended": "The invitation has ended.",
        "members_invitation_once": (
            "Send this address to them: whoever opens it can accept. It is good for one use, and shown this once."
        ),
        "members_go_on": "Go on to the member",
        "members_invite": "Invite somebody",
        "members_invite_explained": (
            "They become a member when they accept. You get an address that you send to them, since dcvd sends no "
            "mail for it."
        ),
        "members_invite_button": "Invite",
        "members_new_token": "New token for them",
        "members_change_role": "Another role",
        "members_save": "Save",
        "members_access": "Access",
        "members_invite_again": "Invite again",
        "members_invite_again_explained": "They have not accepted yet. A new invitation ends the earlier one.",
        "members_suspend": "Suspend",
        "members_suspend_explained": (
            "Their tokens and links stop working at once, their browsers are signed out, and an open invitation "
            "ends. They can be made active again."
        ),
        "members_resume": "Make active again",
        "members_resume_explained": "Their tokens work again.",
        "members_remove": "Remove",
        "members_remove_explained": (
            "Their tokens and links are revoked at once, and their browsers are signed out. This cannot be undone."
        ),
        "done_member_changed": "The member was changed.",
        "done_member_removed": "The member was removed.",
    }
)
"""The templates by their ids."""
