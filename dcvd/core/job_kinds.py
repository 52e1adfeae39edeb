"""The names of kinds of jobs for people."""

from typing import Final

from dcvd.core.sentences.sentence import Sentence, quote, say

NAMED_KINDS: Final = ("register", "deregister", "revalidate", "write_dns", "refresh_token", "replay")
"""The kinds that have words; another one, of a newer dcvd, is shown by its own name."""


def name_job(kind: str) -> Sentence:
    """Return the words for a kind of jobs."""
    return say(f"job_kind_{kind}") if kind in NAMED_KINDS else quote(kind)
