"""Only what the provider has signed, for us, for this attempt and of now, signs anybody in."""

import hmac
from collections.abc import Callable
from typing import Any

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from dcvd.core.instants import HOUR, MINUTE, SECOND
from dcvd.services.context import Context
from dcvd.store import sessions
from dcvd.store.organizations.organizations import Organization
from tests.manual_clock import ManualClock, ManualMonotonic
from tests.served_app.client import Answer
from tests.web.connect.visitor import read_text
from tests.web.sign_in.oidc.issuer import CLIENT_ID, FakeIssuer, Key
from tests.web.sign_in.oidc.place import OidcBrowser

Bend = Callable[[FakeIssuer], object]


async def check_untrusted(answer: Answer, browser: OidcBrowser, context: Context, org_id: str) -> None:
    assert answer.status == 502, read_text(answer)
    assert "cannot be used to sign you in" in read_text(answer)
    assert browser.secret is None
    assert not await context.database.read(lambda snapshot: sessions.list_all_of_org(snapshot, org_id))


@pytest.mark.parametrize("algorithm", ["RS256", "ES256", "EdDSA"])
async def test_each_known_algorithm_signs_in(
    issuer: FakeIssuer, browser: OidcBrowser, member_id: str, keys: dict[str, Key], algorithm: str
) -> None:
    issuer.key = keys[algorithm]
    issuer.keys = {"keys": [key.jwk for key in keys.values()]}
    assert (await browser.sign_in_at(issuer)).status == 200
    assert (await browser.open("/dashboard")).status == 200


async def test_a_token_that_names_no_key_is_tried_with_those_of_its_algorithm(
    issuer: FakeIssuer, browser: OidcBrowser, member_id: str, keys: dict[str, Key]
) -> None:
    issuer.keys = {"keys": [{"kty": "oct", "k": "AAAA"}, "no key", *[key.jwk for key in keys.values()]]}
    issuer.header = {"kid": None}
    assert (await browser.sign_in_at(issuer)).status == 200


def sign_by_another(issuer: FakeIssuer) -> None:
    issuer.sign = Key(rsa.generate_private_key(65537, 2048), "rsa").sign


def sign_by_nobody(issuer: FakeIssuer) -> None:
    issuer.header, issuer.sign = {"alg": "none"}, lambda _: b""


def leave_the_signature_out(issuer: FakeIssuer) -> None:
    issuer.sign = lambda _: b""


def sign_by_the_public_key(issuer: FakeIssuer) -> None:
    """The confusion of algorithms: the public key is taken for a secret that both share."""
    private = issuer.key.private
    assert isinstance(private, rsa.RSAPrivateKey)
    pem = private.public_key().public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    issuer.header, issuer.sign = {"alg": "HS256"}, lambda message: hmac.digest(pem, message, "sha256")


def name_the_wrong_algorithm(issuer: FakeIssuer) -> None:
    issuer.header = {"alg": "ES256"}


def sign_by_a_short_key(issuer: FakeIssuer) -> None:
    issuer.key = Key(rsa.generate_private_key(65537, 1024), "short")
    issuer.keys = {"keys": [issuer.key.jwk]}


def sign_by_a_key_for_encryption(issuer: FakeIssuer) -> None:
    issuer.keys = {"keys": [{**issuer.key.jwk, "use": "enc"}]}


def sign_by_a_key_in_the_header(issuer: FakeIssuer) -> None:
    own = Key(rsa.generate_private_key(65537, 2048), "own")
    issuer.header, issuer.sign = {"kid": "own", "jwk": own.jwk, "jku": f"{issuer.url}/own"}, own.sign


def have_no_keys(issuer: FakeIssuer) -> None:
    issuer.keys = {"keys": []}


def send_many_keys(issuer: FakeIssuer) -> None:
    issuer.keys = {"keys": [{"kty": "RSA", "n": "A", "e": "AQAB"}] * 60 + [issuer.key.jwk]}


def claim(**claims: Any) -> Bend:
    def bend(issuer: FakeIssuer) -> None:
        issuer.claims = claims

    bend.__name__ = f"claim {claims}"
    return bend


def send(id_token: str) -> Bend:
    def bend(issuer: FakeIssuer) -> None:
        issuer.id_token = id_token

    bend.__name__ = f"send {id_token[:20]!r}"
    return bend


BENT: list[Bend] = [
    sign_by_another, sign_by_nobody, leave_the_signature_out, sign_by_the_public_key, name_the_wrong_algorithm,
    sign_by_a_short_key, sign_by_a_key_for_encryption, sign_by_a_key_in_the_header, have_no_keys, send_many_keys,
    claim(iss="https://evil.example"), claim(iss=None),
    claim(aud="another"), claim(aud=None), claim(aud=["another"]), claim(aud=[CLIENT_ID, "another"]),
    claim(aud=[CLIENT_ID, "another"], azp="another"), claim(azp="another"), claim(aud={CLIENT_ID: 1}),
    claim(nonce="another"), claim(nonce=None), claim(nonce=7), claim(nonce=""),
    claim(exp=1), claim(exp=None), claim(exp=True), claim(exp="9999999999"), claim(exp=1e300), claim(exp=-1),
    claim(iat=None), claim(iat=1), claim(iat=9_999_999_999), claim(nbf=9_999_999_999),
    claim(sub=None), claim(sub=""), claim(sub=7), claim(sub="x" * 256),
    send("x"), send("a.b.c"), send(".."), send("e30.e30.e30"), send("x" * 40_000), send("é.é.é"), send("W10.W10.AA"),
]  # fmt: skip


@pytest.mark.sampled(4)
@pytest.mark.parametrize("bend", BENT, ids=lambda bend: bend.__name__)
async def test_nobody_is_signed_in_by_what_is_not_the_providers_word(
    issuer: FakeIssuer, browser: OidcBrowser, member_id: str, context: Context, organization: Organization, bend: Bend
) -> None:
    bend(issuer)
    await check_untrusted(await browser.sign_in_at(issuer), browser, context, organization.id)


async def test_an_extension_that_has_to_be_understood_is_refused(
    issuer: FakeIssuer, browser: OidcBrowser, member_id: str, context: Context, organization: Organization
) -> None:
    issuer.header = {"crit": ["b64"], "b64": False}
    await check_untrusted(await browser.sign_in_at(issuer), browser, context, organization.id)


async def test_a_token_of_an_earlier_attempt_is_refused(
    issuer: FakeIssuer, browser: OidcBrowser, member_id: str, context: Context, organization: Organization
) -> None:
    issuer.id_token = issuer.build_id_token({"nonce": "that of an earlier attempt"})
    await check_untrusted(await browser.sign_in_at(issuer), browser, context, organization.id)


async def test_an_answer_without_an_id_token_is_refused(
    issuer: FakeIssuer, browser: OidcBrowser, member_id: str, context: Context, organization: Organization
) -> None:
    issuer.id_token = ""
    await check_untrusted(await browser.sign_in_at(issuer), browser, context, organization.id)


@pytest.mark.parametrize(
    "claims", [{"aud": [CLIENT_ID, "x"], "azp": CLIENT_ID}, {"azp": CLIENT_ID}, {"aud": [CLIENT_ID]}]
)
async def test_a_token_that_was_given_to_us_among_others_signs_in(
    issuer: FakeIssuer, browser: OidcBrowser, member_id: str, claims: dict[str, Any]
) -> None:
    issuer.claims = claims
    assert (await browser.sign_in_at(issuer)).status == 200


@pytest.mark.parametrize(("ahead_ms", "status"), [(59 * SECOND, 200), (-59 * SECOND, 200), (61 * SECOND, 502)])
async def test_clocks_may_differ_by_a_minute(
    issuer: FakeIssuer, browser: OidcBrowser, member_id: str, clock: ManualClock, ahead_ms: int, status: int
) -> None:
    now_s = (clock.now() + ahead_ms) // SECOND
    issuer.claims = {"iat": now_s, "exp": now_s + 60}
    assert (await browser.sign_in_at(issuer)).status == status


async def test_a_token_expires_a_minute_after_its_time(
    issuer: FakeIssuer, browser: OidcBrowser, member_id: str, clock: ManualClock
) -> None:
    issuer.claims = {"exp": (clock.now() - MINUTE) // SECOND}
    assert (await browser.sign_in_at(issuer)).status == 502
    issuer.claims = {"exp": (clock.now() - MINUTE) // SECOND + 1}
    assert (await browser.sign_in_at(issuer)).status == 200


async def test_a_new_key_of_the_provider_is_fetched_and_made_up_ones_are_not_asked_for_each_time(
    issuer: FakeIssuer,
    browser: OidcBrowser,
    member_id: str,
    keys: dict[str, Key],
    monotonic: ManualMonotonic,
) -> None:
    assert (await browser.sign_in_at(issuer)).status == 200
    issuer.key = keys["ES256"]
    for _ in range(3):
        assert (await browser.sign_in_at(issuer)).status == 502
    assert issuer.count("/jwks") == 1
    issuer.keys = {"keys": [keys["ES256"].jwk]}
    monotonic.now += 31
    assert (await browser.sign_in_at(issuer)).status == 200
    assert issuer.count("/jwks") == 2
    # The old key is the provider's no more.
    issuer.key = keys["RS256"]
    assert (await browser.sign_in_at(issuer)).status == 502


async def test_keys_and_metadata_are_kept_for_an_hour(
    issuer: FakeIssuer, browser: OidcBrowser, member_id: str, monotonic: ManualMonotonic
) -> None:
    for _ in range(3):
        assert (await browser.sign_in_at(issuer)).status == 200
    assert (issuer.count("/jwks"), issuer.count("/.well-known/openid-configuration")) == (1, 1)
    monotonic.now += HOUR // SECOND + 1
    assert (await browser.sign_in_at(issuer)).status == 200
    assert (issuer.count("/jwks"), issuer.count("/.well-known/openid-configuration")) == (2, 2)
