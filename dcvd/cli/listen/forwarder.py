"""Sends an event to the receiver as a webhook would: the same body, the same headers, signed by a secret of its own."""

import time
from typing import Final

import aiohttp
from msgspec import Struct
from yarl import URL

from dcvd import __version__
from dcvd.cli.listen.feed_reader import FeedEvent, describe
from dcvd.cli.listen.settings import ListenSettings
from dcvd.core.webhooks.answers.firewalls import judge_answer
from dcvd.core.webhooks.deliveries import AttemptOutcome
from dcvd.core.webhooks.signing import build_headers

_FIXED_HEADERS: Final = {
    "Accept": "*/*",
    "Accept-Encoding": "identity",
    "User-Agent": f"dcvd/{__version__}",
    "Content-Type": "application/json",
}


class ForwardedAttempt(Struct, frozen=True, kw_only=True):
    """One try: the status of the answer, None without one, and what went wrong."""

    status: int | None = None
    error: str | None = None
    duration_ms: int

    @property
    def is_accepted(self) -> bool:
        return self.error is None


class Forwarder:
    """Posts events to one receiver."""

    def __init__(self, session: aiohttp.ClientSession, settings: ListenSettings) -> None:
        self._session = session
        self._target = URL(settings.forward_to, encoded=True)
        self._secret = settings.signing_secret
        self._timeout = aiohttp.ClientTimeout(total=settings.timeout_s)
        self._timeout_s = settings.timeout_s
        self._ssl = not settings.skip_verify

    async def send(self, event: FeedEvent) -> ForwardedAttempt:
        """Send an event once, signed now; whatever the receiver does is the result."""
        signed_headers = build_headers(
            [self._secret],
            message_id=event.id,
            event_type=event.type,
            timestamp_s=int(time.time()),
            body=event.body,
        )
        begun = time.monotonic()
        status, error = await self._post(event.body, _FIXED_HEADERS | signed_headers)
        return ForwardedAttempt(status=status, error=error, duration_ms=round((time.monotonic() - begun) * 1000))

    async def _post(self, body: bytes, headers: dict[str, str]) -> tuple[int | None, str | None]:
        try:
            async with self._session.post(
                self._target, data=body, headers=headers, allow_redirects=False, ssl=self._ssl, timeout=self._timeout
            ) as response:
                answered = {name.lower(): value for name, value in response.headers.items()}
                meaning = judge_answer(response.status, answered)
        except TimeoutError:
            return None, f"It did not answer within {self._timeout_s:g} s."
        except aiohttp.ClientConnectorCertificateError as error:
            return None, f"Its certificate is not valid ({error.certificate_error}); --skip-verify takes any."
        except aiohttp.ClientConnectorError as error:
            return None, f"Nobody answers there ({describe(error.os_error)})."
        except (aiohttp.ServerDisconnectedError, OSError):
            return None, "It closed the connection without an answer."
        except aiohttp.ClientError as error:
            return None, f"It gave no answer that can be read ({type(error).__name__})."
        if meaning.outcome is AttemptOutcome.DELIVERED:
            return response.status, None
        sentence = meaning.error or "It refused the delivery."
        return response.status, sentence.format(
            status=response.status, location=answered.get("location", "another address")
        )
