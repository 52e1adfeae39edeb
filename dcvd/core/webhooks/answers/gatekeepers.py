"""What stood before a receiver and answered in its place, in sentences, and what to do about it."""

from typing import Final, assert_never

from dcvd.core.sentences.sentence import Param, Sentence, quote, say
from dcvd.core.text import make_printable
from dcvd.core.webhooks.answers.firewalls import Gatekeeper, GatekeeperPage
from dcvd.core.webhooks.answers.urls import MAX_URL_CHARS, split_url

_PRODUCTS_IN_WORDS: Final = {
    "AWS WAF or CloudFront": "answer_product_aws",
    "Azure's web application firewall": "answer_product_azure",
    "the host's bot check (aes.js)": "answer_product_bot_check",
}
"""Those whose names are no proper names."""


def name_product(name: str) -> Param:
    """Return the name of a product for a sentence."""
    sentence_id = _PRODUCTS_IN_WORDS.get(name)
    return name if sentence_id is None else say(sentence_id)


def say_page(page: GatekeeperPage) -> Sentence:
    """Say whose page it was, as a part of a sentence."""
    match page.gatekeeper:
        case Gatekeeper.PROTECTION:
            return say("answer_page_of_protection", product=name_product(page.name))
        case Gatekeeper.WEB_SERVER:
            return say("answer_page_of_server", product=page.name)
        case Gatekeeper.LOGIN:
            return say("answer_page_of_login")
        case Gatekeeper.UNKNOWN:
            return say("answer_page_unknown")
        case _:
            assert_never(page.gatekeeper)


def advise_on_page(page: GatekeeperPage, url: str) -> Sentence:
    """Say how deliveries to a URL come past it."""
    path = quote_path(url)
    match page.gatekeeper:
        case Gatekeeper.PROTECTION:
            return say("answer_fix_protection", path=path, product=name_product(page.name))
        case Gatekeeper.WEB_SERVER:
            return say("answer_fix_server", path=path, product=page.name)
        case Gatekeeper.LOGIN:
            return say("answer_fix_login", path=path)
        case Gatekeeper.UNKNOWN:
            return say("answer_fix_page", path=path)
        case _:
            assert_never(page.gatekeeper)


def quote_path(url: str) -> Sentence:
    """Return the path of a URL for a sentence."""
    parts = split_url(url)
    path = make_printable(parts.path if parts is not None else "") or "/"
    return quote(path, most=MAX_URL_CHARS)
