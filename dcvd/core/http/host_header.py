"""The header Host."""


def strip_port(host: bytes) -> bytes:
    """Return what names the host alone, without the dot of a name that is complete."""
    if host.startswith(b"["):
        return host.partition(b"]")[0] + b"]"
    return host.partition(b":")[0].removesuffix(b".")
