"""The forms of credentials as JSON schemas: a provider takes one of them."""

from typing import Any, Final


def _describe_form(description: str, required: dict[str, str], **optional: dict[str, Any]) -> dict[str, Any]:
    """Describe a closed object; `required` are its members of text that have to be given, with what they are."""
    members = {
        name: {"type": "string", "minLength": 1, "maxLength": 1024, "description": text}
        for name, text in required.items()
    }
    return {
        "type": "object",
        "description": description,
        "properties": {**members, **optional},
        "required": list(required),
        "additionalProperties": False,
    }


CREDENTIALS_SCHEMAS: Final[list[dict[str, Any]]] = [
    _describe_form("Cloudflare.", {"apiToken": "An API token with Zone Read and DNS Edit."}),
    _describe_form("GoDaddy.", {"token": "A personal access token."}),
    _describe_form("GoDaddy.", {"key": "The key.", "secret": "The secret of the key."}),
    _describe_form(
        "Route 53, by a role.",
        {"roleArn": "The ARN of the role.", "externalId": "From `POST /api/oauth/aws/external-ids`."},
    ),
    _describe_form(
        "Route 53, by an access key.", {"accessKeyId": "The id of the key.", "secretAccessKey": "The key's secret."}
    ),
    _describe_form(
        "Another provider, by dynamic updates (RFC 2136) with a TSIG key.",
        {
            "server": "A hostname or an IP address.",
            "zone": "The zone.",
            "keyName": "The name of the key.",
            "secret": "The key in base64.",
        },
        port={
            "type": "integer", "minimum": 1, "maximum": 65535, "default": 53, "description": "The port of the server.",
        },
        algorithm={"type": "string", "default": "hmac-sha256", "description": "The name of the algorithm."},
    ),
]  # fmt: skip
