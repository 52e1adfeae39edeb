"""Every word that Cloudflare publishes has a class, and no other word has one by accident."""

import ast
import string
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

import dcvd
from dcvd.core.custom_hostnames.statuses import (
    CertificateClass,
    HostnameClass,
    classify_hostname_status,
    classify_ssl_status,
    timed_out_stage,
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
    assert all(classify_ssl_status(word).has_timed_out for word in (*words, "timed_out", "some_stage_timed_out"))
    assert {word for word in SSL_STATUSES if classify_ssl_status(word).has_timed_out} == set(words)
    assert [timed_out_stage(word) for word in ("issuance_timed_out", "timed_out")] == ["issuance", "validation"]


def test_statuses_with_an_open_order_are_before_the_issue_of_anything_new() -> None:
    assert {word for word in SSL_STATUSES if classify_ssl_status(word).has_open_order} == {
        "initializing",
        "pending_validation",
        "pending_issuance",
        "initializing_timed_out",
        "validation_timed_out",
        "issuance_timed_out",
    }
    assert not classify_ssl_status("timed_out").has_open_order


def test_an_answer_without_a_status_says_nothing_and_one_without_a_certificate_has_none_yet() -> None:
    assert classify_hostname_status(None) is HostnameClass.NEUTRAL
    assert classify_ssl_status(None) is CertificateClass.NOT_ORDERED


@given(st.text(st.sampled_from(string.ascii_lowercase + "_")))
def test_any_other_word_is_unknown(word: str) -> None:
    if word not in HOSTNAME_STATUSES:
        assert classify_hostname_status(word) is HostnameClass.UNKNOWN
    if word not in SSL_STATUSES and not word.endswith("timed_out"):
        assert classify_ssl_status(word) is CertificateClass.UNKNOWN


def test_no_rule_knows_cloudflares_words_but_the_module_that_classifies_them() -> None:
    # Short words such as `active` have other meanings elsewhere.
    words = {word for word in (*HOSTNAME_STATUSES, *SSL_STATUSES) if "_" in word}
    root = Path(dcvd.__file__).parent
    knowing = {
        path.relative_to(root).as_posix()
        for path in root.rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and node.value in words
    }
    assert {path for path in knowing if not path.startswith("sandbox/")} == {
        "core/custom_hostnames/statuses.py",
        "core/diagnosis/codes.py",  # the code of a finding has the same name as a status
        "core/predecessor/domain_rows.py",  # a status of the predecessor's own, too
    }
