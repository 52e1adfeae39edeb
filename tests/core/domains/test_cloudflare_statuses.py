"""Every word that Cloudflare publishes has a class, and no other word has one by accident."""

import string

from hypothesis import given
from hypothesis import strategies as st

from dcvd.core.domains.cloudflare_statuses import (
    OPEN_ORDER_STATUSES,
    CertificateClass,
    HostnameClass,
    classify_hostname_status,
    classify_ssl_status,
)
from tests.core.builders import HOSTNAME_STATUSES, SSL_STATUSES


def test_cloudflare_publishes_16_hostname_and_21_certificate_statuses_and_all_are_known() -> None:
    assert len(set(HOSTNAME_STATUSES)) == 16
    assert len(set(SSL_STATUSES)) == 21
    assert [word for word in HOSTNAME_STATUSES if classify_hostname_status(word) is HostnameClass.UNKNOWN] == []
    assert [word for word in SSL_STATUSES if classify_ssl_status(word) is CertificateClass.UNKNOWN] == []


def test_only_active_and_its_redeploying_twin_serve() -> None:
    assert {word for word in HOSTNAME_STATUSES if classify_hostname_status(word) is HostnameClass.SERVING} == {
        "active",
        "active_redeploying",
    }
    assert {word for word in SSL_STATUSES if classify_ssl_status(word) is CertificateClass.SERVING} == {"active"}


def test_the_test_and_staging_twins_decide_nothing() -> None:
    assert {classify_hostname_status(word) for word in HOSTNAME_STATUSES if word.startswith("test_")} == {
        HostnameClass.NEUTRAL
    }
    assert {classify_ssl_status(word) for word in SSL_STATUSES if word.startswith("staging_")} == {
        CertificateClass.NEUTRAL
    }


def test_every_stage_that_gave_up_is_timed_out_also_in_the_words_of_cloudflares_prose() -> None:
    words = [word for word in SSL_STATUSES if word.endswith("_timed_out")]
    assert len(words) == 5
    assert {classify_ssl_status(word) for word in (*words, "timed_out")} == {CertificateClass.TIMED_OUT}


def test_statuses_with_an_open_order_are_before_the_issue_of_anything_new() -> None:
    assert set(SSL_STATUSES) >= OPEN_ORDER_STATUSES
    assert not OPEN_ORDER_STATUSES & {"pending_deployment", "holding_deployment", "deployment_timed_out", "active"}


def test_an_answer_without_a_status_says_nothing_and_one_without_a_certificate_has_none_yet() -> None:
    assert classify_hostname_status(None) is HostnameClass.NEUTRAL
    assert classify_ssl_status(None) is CertificateClass.BEFORE_ISSUE


@given(st.text(st.sampled_from(string.ascii_lowercase + "_")))
def test_any_other_word_is_unknown(word: str) -> None:
    if word not in HOSTNAME_STATUSES:
        assert classify_hostname_status(word) is HostnameClass.UNKNOWN
    if word not in SSL_STATUSES and not word.endswith("timed_out"):
        assert classify_ssl_status(word) is CertificateClass.UNKNOWN
