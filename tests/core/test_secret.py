"""A secret does not show itself by accident."""

import copy
import logging
import pickle
import traceback

import msgspec
import pytest

from dcvd.core.events import EventType
from dcvd.core.secret import REDACTED, Secret
from dcvd.core.webhooks.endpoint import Endpoint, SigningSecret, UnsealedEndpoint
from dcvd.core.webhooks.health import EndpointHealth

PLAIN = "a-very-secret-value"


def test_no_way_of_printing_shows_it() -> None:
    secret = Secret(PLAIN)
    printed = [repr(secret), str(secret), f"{secret}", f"{secret!r:>20}", "%s" % secret, "{0:<12}".format(secret)]  # noqa: UP030, UP031, UP032
    assert not [text for text in printed if PLAIN in text]
    assert str(secret) == REDACTED


def test_it_stays_hidden_inside_a_struct_and_in_a_log_record() -> None:
    endpoint = Endpoint(
        id="wh_1", org_id="org_1", url="https://x.example", events=(EventType.DOMAIN_ADDED,), max_per_second=None,
        header_names=("Authorization",), health=EndpointHealth(), created_at=0, updated_at=0,
    )  # fmt: skip
    signing = SigningSecret(secret=Secret(PLAIN), created_at=0, expires_at=None)
    opened = UnsealedEndpoint(endpoint=endpoint, secrets=(signing,), headers={"Authorization": Secret(PLAIN)})
    record = logging.LogRecord("n", logging.INFO, "f", 1, "made %s", (opened,), None)
    for shown in (repr(signing), repr(opened), record.getMessage()):
        assert PLAIN not in shown
        assert REDACTED in shown


def test_it_stays_hidden_in_a_traceback_that_names_locals() -> None:
    secret = Secret(PLAIN)
    try:
        raise RuntimeError(f"failed with {secret}")
    except RuntimeError as error:
        told = traceback.TracebackException.from_exception(error, capture_locals=True)
        text = "".join(told.format())
    assert PLAIN not in text
    assert REDACTED in text


def test_only_reveal_gives_the_value() -> None:
    assert Secret(PLAIN).reveal() == PLAIN


def test_secrets_compare_by_value_and_with_nothing_else() -> None:
    assert Secret("ä") == Secret("ä")
    assert Secret("a") != Secret("b")
    assert Secret("a") != "a"
    assert bool(Secret("a"))
    assert not Secret("")


def test_it_is_no_key_of_a_dictionary() -> None:
    with pytest.raises(TypeError):
        hash(Secret(PLAIN))


def test_it_is_neither_pickled_nor_copied_nor_encoded_as_json() -> None:
    for escape in (pickle.dumps, copy.copy, copy.deepcopy, msgspec.json.encode):
        with pytest.raises(TypeError):
            escape(Secret(PLAIN))
