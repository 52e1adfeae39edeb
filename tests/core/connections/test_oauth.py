"""PKCE against the RFC's own numbers, what is sent to the browser and what comes back, scopes, and the times."""

from urllib.parse import parse_qsl, quote, urlencode, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dcvd.core.connections.connection import Provider
from dcvd.core.connections.oauth import (
    add_query,
    authorization_url,
    choose_refresh_at,
    code_challenge,
    find_missing_scopes,
    hash_state,
    is_wrong_issuer,
    new_code_verifier,
    new_state,
    read_authorization_response,
    read_granted_scopes,
    read_lifetime_s,
    to_known_error,
)
from dcvd.core.instants import DAY, HOUR, MINUTE, SECOND
from dcvd.core.secret import Secret
from tests.core.builders import counting_bytes

NOW = 1_800_000_000_000
TEXTS = st.text(min_size=1, max_size=40)


def test_the_challenge_is_that_of_the_rfcs_own_example() -> None:
    # RFC 7636, appendix B
    verifier = Secret("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk")
    assert code_challenge(verifier) == "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"


def test_a_verifier_and_a_state_hold_256_random_bits_in_43_characters_and_do_not_show_themselves() -> None:
    for made in (new_code_verifier(counting_bytes()), new_state(counting_bytes())):
        assert made.reveal() == "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8"
        assert made.reveal() not in f"{made!r}{made}"


@given(TEXTS, TEXTS)
def test_two_states_have_two_hashes(one: str, other: str) -> None:
    assert (hash_state(one) == hash_state(other)) is (one == other)


@given(TEXTS, TEXTS, st.lists(st.text(st.characters(min_codepoint=0x21, max_codepoint=0x7E), min_size=1)), TEXTS)
def test_the_authorization_url_says_exactly_what_was_meant(
    client_id: str, redirect_uri: str, scopes: list[str], state: str
) -> None:
    url = authorization_url(
        "https://as.example/auth?prompt=consent&x=%2F",
        client_id=client_id,
        redirect_uri=redirect_uri,
        scopes=scopes,
        state=Secret(state),
        verifier=Secret("v" * 43),
    )
    assert url.startswith("https://as.example/auth?prompt=consent&x=%2F&response_type=code&")
    expected = [
        ("prompt", "consent"),
        ("x", "/"),
        ("response_type", "code"),
        ("client_id", client_id),
        ("redirect_uri", redirect_uri),
        *([("scope", " ".join(scopes))] if scopes else []),
        ("state", state),
        ("code_challenge", code_challenge(Secret("v" * 43))),
        ("code_challenge_method", "S256"),
    ]
    assert parse_qsl(urlsplit(url).query, keep_blank_values=True) == expected
    assert "v" * 43 not in url


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("https://a.example", "https://a.example?k=v%20%26"),
        ("https://a.example/?", "https://a.example/?k=v%20%26"),
        ("https://a.example/?b", "https://a.example/?b&k=v%20%26"),
        ("https://a.example/?b&", "https://a.example/?b&k=v%20%26"),
    ],
)
def test_a_query_is_added_to_what_is_there(url: str, expected: str) -> None:
    assert add_query(url, {"k": "v &"}) == expected


@given(st.dictionaries(st.sampled_from(["state", "code", "iss", "scope", "extra"]), TEXTS))
def test_a_callback_is_read_as_it_was_written(parameters: dict[str, str]) -> None:
    query = urlencode(parameters, quote_via=quote)
    if "state" not in parameters or "code" not in parameters:
        with pytest.raises(ValueError, match=r"^has n"):
            read_authorization_response(query)
        return
    found = read_authorization_response(query)
    assert (found.state, found.issuer) == (parameters["state"], parameters.get("iss"))
    assert found.code == Secret(parameters["code"])


def test_an_error_in_a_callback_leaves_no_code_to_be_used() -> None:
    found = read_authorization_response("state=s&code=c&error=access_denied&error_description=%3Cb%3E")
    assert (found.code, found.error) == (None, "access_denied")
    assert "<b>" not in repr(found)


def test_an_error_that_no_rfc_knows_is_not_passed_on() -> None:
    assert read_authorization_response("state=s&error=%3Cscript%3E").error == "authorization_failed"
    assert to_known_error("login_required") == "login_required"


@pytest.mark.parametrize(
    ("query", "reason"),
    [
        ("state=s&state=s&code=c", "has state twice"),
        ("state=s&code=c&code=d", "has code twice"),
        ("state=s&code=c&iss=a&iss=b", "has iss twice"),
        ("state=&code=c", "has no state"),
        ("state=s&code=", "has neither code nor error"),
        (f"state=s&code={'c' * 4097}", "has code with more than 4096 characters"),
        ("state=s&code=c" + "&x=1" * 40, "cannot be read as a query"),
        ("state=%ff&code=c", "cannot be read as a query"),
        ("x" * 16_385, "is too long"),
        ("", "has no state"),
    ],
)
def test_a_callback_that_could_mean_two_things_is_refused_without_being_quoted(query: str, reason: str) -> None:
    with pytest.raises(ValueError) as raised:
        read_authorization_response(query)
    assert str(raised.value) == reason
    assert raised.value.__cause__ is None


@pytest.mark.parametrize(
    ("expected", "given", "required", "wrong"),
    [
        ("https://as.example", "https://as.example", True, False),
        ("https://as.example", "https://as.example/", True, True),
        ("https://as.example", "https://evil.example", False, True),
        ("https://as.example", None, True, True),
        ("https://as.example", None, False, False),
        (None, "https://who.example", False, False),
        (None, None, False, False),
    ],
)
def test_an_answer_counts_only_from_the_server_that_was_asked(
    expected: str | None, given: str | None, required: bool, wrong: bool
) -> None:
    assert is_wrong_issuer(expected, given, is_required=required) is wrong


def test_scopes_that_are_not_named_were_granted_as_asked() -> None:
    assert read_granted_scopes(("a", "b"), None) == ("a", "b")
    assert read_granted_scopes(("a", "b"), ("b",)) == ("b",)
    assert read_granted_scopes((), None) == ()


@pytest.mark.parametrize(
    ("provider", "asked", "granted", "missing"),
    [
        (Provider.OTHER, ("dns", "offline_access"), ("dns",), []),
        (Provider.OTHER, ("a", "b"), ("b", "a", "c"), []),
        (Provider.OTHER, ("a", "b"), ("b",), ["a"]),
        (Provider.OTHER, ("dns",), ("DNS",), ["dns"]),
        (Provider.OTHER, (), (), []),
        (Provider.GODADDY, ("domains.domain:read", "domains.dns:update"), (), None),
        (Provider.CLOUDFLARE, ("zone.read", "dns.read", "dns.write"), ("dns.write",), []),
        (Provider.CLOUDFLARE, ("zone.read", "dns.write"), ("zone.read",), ["dns.write"]),
        (Provider.CLOUDFLARE, ("dns.edit",), (), ["dns.edit"]),
    ],
)
def test_what_is_needed_and_was_declined_is_named(
    provider: Provider, asked: tuple[str, ...], granted: tuple[str, ...], missing: list[str] | None
) -> None:
    assert find_missing_scopes(provider, asked, granted) == (list(asked) if missing is None else missing)


@pytest.mark.parametrize(
    ("said", "seconds"),
    [
        (3600, 3600),
        (3600.9, 3600),
        ("3600", 3600),
        (0.5, 1),
        (0, None),
        (-5, None),
        ("0", None),
        (float("nan"), None),
        (float("inf"), 366 * 86_400),
        (10**30, 366 * 86_400),
        (1e300, 366 * 86_400),
        ("9" * 4000, 366 * 86_400),
        ("soon", None),
        ("²", None),
        (None, None),
        (True, None),
        ([], None),
    ],
)
def test_a_life_is_a_number_of_seconds_within_reason(said: object, seconds: int | None) -> None:
    assert read_lifetime_s(said) == seconds


@pytest.mark.parametrize(
    ("life", "after"),
    [
        (16 * HOUR, 16 * HOUR * 4 // 5),
        (HOUR, 48 * MINUTE),
        (25 * MINUTE, 20 * MINUTE),
        (15 * MINUTE, 10 * MINUTE),
        (10 * MINUTE, 5 * MINUTE),
        (9 * MINUTE, 5 * MINUTE),
        (4 * MINUTE, 5 * MINUTE),
        (SECOND, 5 * MINUTE),
        (0, 5 * MINUTE),
        (-MINUTE, 5 * MINUTE),
    ],
)
def test_a_token_is_refreshed_at_four_fifths_of_its_life_or_five_minutes_before_its_end(life: int, after: int) -> None:
    assert choose_refresh_at(NOW, NOW + life) - NOW == after


@given(st.integers(1, 366 * DAY))
def test_a_token_is_refreshed_before_its_end_but_never_within_five_minutes(life: int) -> None:
    after = choose_refresh_at(NOW, NOW + life) - NOW
    assert after >= 5 * MINUTE
    assert after <= max(life - 5 * MINUTE, 5 * MINUTE)
    assert after <= max(life * 4 // 5 + 1, 5 * MINUTE)
