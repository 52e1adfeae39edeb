"""The forms of credentials as JSON schemas: a provider takes one of them."""

from typing import Any, Final

from dcvd.core.connections.credentials_forms import CREDENTIALS_FORMS, CredentialsForm, CredentialsMember


def _describe_form(form: CredentialsForm) -> dict[str, Any]:
    """Describe a closed object."""
    return {
        "type": "object",
        "description": form.description,
        "properties": {member.name: _describe_member(member) for member in form.members},
        "required": [member.name for member in form.members if member.default is None],
        "additionalProperties": False,
    }


def _describe_member(member: CredentialsMember) -> dict[str, Any]:
    match member.default:
        case None:
            return {"type": "string", "minLength": 1, "maxLength": 1024, "description": member.description}
        case int():
            # The one number is a port.
            bounds = {"minimum": 1, "maximum": 65535}
            return {"type": "integer", **bounds, "default": member.default, "description": member.description}
        case str():
            return {"type": "string", "default": member.default, "description": member.description}


CREDENTIALS_SCHEMAS: Final[list[dict[str, Any]]] = [_describe_form(form) for form in CREDENTIALS_FORMS]
