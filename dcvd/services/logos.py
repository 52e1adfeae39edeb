"""Logos: fetched from their organization's own site through the guarded egress, and taken if they are small images."""

from http import HTTPStatus
from typing import Final

from dcvd.core.branding.images import read_image_format
from dcvd.core.sentences.wording import SaidSentences, word, word_all
from dcvd.errors import InvalidInput, Wording
from dcvd.kit.http.fetch import FetchFailed, FetchRefused
from dcvd.kit.http.guarded_fetch import GuardedFetcher
from dcvd.kit.limits.admission_limit import AdmissionLimit
from dcvd.store.organizations.branding import Logo

MAX_LOGO_BYTES: Final = 256 << 10
MAX_LOGO_PIXELS: Final = 4096
"""Of its width and of its height: a small file can decode to gigabytes in the browsers of customers."""
_FETCH_TIMEOUT_S: Final = 10.0


class LogoFetcher:
    """Fetches logos, a few at once, because whoever asks has us call an address of their choice while they wait."""

    def __init__(self, fetcher: GuardedFetcher) -> None:
        self._fetcher = fetcher
        self._limit = AdmissionLimit("work_logos", max_per_caller=2, max_total=8, max_per_minute=10)

    async def fetch(self, org_id: str, url: str) -> Logo:
        """Fetch an organization's logo, whoever asks for it.

        Raises InvalidInput with the code `logo_unusable` for what cannot be fetched or used, FetchFailed where the
        fault is our own, TooManyRequests where the organization has had too many fetched, Retryable where all have.
        """
        with self._limit.admit(org_id):
            try:
                answer = await self._fetcher.get(
                    url, owner=org_id, timeout_s=_FETCH_TIMEOUT_S, max_bytes=MAX_LOGO_BYTES
                )
            except FetchRefused as error:
                raise _unusable(error.said) from error
            except FetchFailed as error:
                if error.is_own_fault:
                    raise
                raise _unusable(error.said) from error
        if answer.status != HTTPStatus.OK:
            raise _unusable(word("logo_answered", status=answer.status))
        image = read_image_format(answer.body)
        if image is None:
            raise _unusable(word("logo_no_image"))
        if not (0 < image.width <= MAX_LOGO_PIXELS and 0 < image.height <= MAX_LOGO_PIXELS):
            raise _unusable(word("logo_pixels", width=image.width, height=image.height, most=MAX_LOGO_PIXELS))
        return Logo(media_type=image.media_type, content=answer.body, source_url=url)


def _unusable(reason: str | Wording) -> InvalidInput:
    most = MAX_LOGO_BYTES >> 10
    message: str | Wording
    if isinstance(reason, SaidSentences):
        message = word_all((word("logo_not_taken"), reason, word("logo_most", most=most)))
    else:
        message = f"The logo was not taken: {reason} It may have up to {most} KiB."
    return InvalidInput("logoUrl", message, code="logo_unusable")
