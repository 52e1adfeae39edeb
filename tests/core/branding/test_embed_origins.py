"""Which sites may show the pages of customers in a frame: origins that no header and no page could misread."""

import pytest

from dcvd.core.branding.branding import Branding
from dcvd.core.branding.embed_origins import MAX_EMBED_ORIGINS, validate_embed_origins
from dcvd.errors import InvalidInput


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        (["https://app.acme.example"], ("https://app.acme.example",)),
        (["HTTPS://App.Acme.Example/"], ("https://app.acme.example",)),
        (["https://acme.example:443", "https://acme.example"], ("https://acme.example",)),
        (["https://acme.example:65535", "https://xn--mller-kva.example"],
         ("https://acme.example:65535", "https://xn--mller-kva.example")),
        (["http://localhost", "http://localhost:3000", "http://127.0.0.1:80", "https://localhost:8443"],
         ("http://localhost", "http://localhost:3000", "http://127.0.0.1", "https://localhost:8443")),
        ([], ()),
    ],
)  # fmt: skip
def test_origins_are_kept_as_browsers_write_them_and_each_once(given: list[str], kept: tuple[str, ...]) -> None:
    assert validate_embed_origins(given) == kept


@pytest.mark.parametrize(
    "given",
    [
        "", "*", "'self'", "null", "https:", "https://", "https://*.acme.example", "https://*", "acme.example", "data:",
        "//acme.example", "http://acme.example", "http://127.0.0.2", "http://localhost.acme.example", "https://[::1]",
        "https://acme.example/path", "https://acme.example//", "https://acme.example?", "https://acme.example#x",
        "https://a@acme.example", "https://acme.example:0", "https://acme.example:65536", "https://acme.example:",
        "https://acme.example:99999", "https://acme.example;script-src *", "https://acme.example https://evil.example",
        "https://acme.example\n", "https://acme.example\r\nX: y", "https://acme.example,https://evil.example",
        "https://müller.example", "https://acme..example", "https://-acme.example", "https://acme.example.",
        "https://" + "a" * 64 + ".example", "https://" + "a." * 150 + "example", 'https://acme.example"><script>',
        "https://acme.example'", "javascript:alert(1)", "https://acme.example:٣", "https://acme.example:443\u2028",
    ],
)  # fmt: skip
def test_what_is_no_origin_or_not_safe_is_refused_naming_the_member(given: str) -> None:
    with pytest.raises(InvalidInput) as refusal:
        validate_embed_origins(["https://acme.example", given])
    assert refusal.value.field == "embedOrigins"


def test_there_are_so_many_and_no_more() -> None:
    origins = [f"https://a{number}.example" for number in range(MAX_EMBED_ORIGINS + 1)]
    assert len(validate_embed_origins(origins[:-1])) == MAX_EMBED_ORIGINS
    with pytest.raises(InvalidInput):
        validate_embed_origins(origins)


def test_another_list_is_another_state_of_the_branding() -> None:
    assert Branding().entity_tag != Branding(embed_origins=("https://acme.example",)).entity_tag
