"""The records of a domain as somebody types them, and the mail that asks somebody for them."""

from collections.abc import Iterable, Sequence
from typing import Final
from urllib.parse import quote

from msgspec import Struct

from dcvd.core.domains.domain import RequiredRecord
from dcvd.core.domains.typed_records import RECORD_TTL, find_place
from dcvd.core.sentences.rendering import render
from dcvd.web.pages.page import Words

_MAX_MAIL_CHARACTERS: Final = 4000


class RecordCard(Struct, frozen=True, kw_only=True):
    """A record as the customer types it; value: None until Cloudflare has chosen it."""

    type: str
    host: str
    value: str | None
    ttl: int
    note: str | None
    is_verified: bool


def build_cards(records: Iterable[RequiredRecord], zone: str, words: Words) -> tuple[RecordCard, ...]:
    """Return the records of a domain in a zone as cards."""
    return tuple(
        RecordCard(
            type=record.type,
            host=find_place(record.name, zone).host,
            value=record.value,
            ttl=RECORD_TTL,
            note=None if record.note is None else render((record.note,), words.language),
            is_verified=record.is_verified,
        )
        for record in records
    )


def build_mail(
    cards: Sequence[RecordCard], hostname: str, zone: str, organization: str, words: Words
) -> dict[str, str]:
    """Return `mail_text` for whoever runs the customer's DNS, and `mail_url`, which opens a mail with it."""
    text = _write_mail(cards, hostname, zone, organization, words)
    return {"mail_text": text, "mail_url": build_mail_url(words("connect_mail_subject", hostname=hostname), text)}


def build_mail_url(subject: str, text: str) -> str:
    """Return a URL that opens a mail to nobody yet."""
    return f"mailto:?subject={quote(subject)}&body={quote(text[:_MAX_MAIL_CHARACTERS])}"


def _write_mail(cards: Sequence[RecordCard], hostname: str, zone: str, organization: str, words: Words) -> str:
    known = [card for card in cards if card.value is not None]
    intro_id = "connect_mail_intro_many" if len(known) > 1 else "connect_mail_intro"
    lines = [words(intro_id, hostname=hostname, organization=organization)]
    for card in known:
        lines += [
            "",
            f"{words('connect_type')}: {card.type}",
            f"{words('connect_name')}: {card.host}   ({zone})",
            f"{words('connect_value')}: {card.value}",
            f"{words('connect_ttl')}: {card.ttl}",
        ]
    return "\r\n".join(lines) + "\r\n"
