"""The files that pages load: style, scripts. Each is served under a name that changes with its content."""

import hashlib
from importlib import resources
from typing import Final

from litestar import Response, get
from litestar.params import FromPath
from msgspec import Struct

from dcvd.http.answer_headers import KEPT_FOR_EVER
from dcvd.http.answers.problems import route_not_found
from dcvd.http.router import Router

_MEDIA_TYPES: Final = {
    "css": "text/css",
    "js": "text/javascript",
    "svg": "image/svg+xml",
    "txt": "text/plain",
}
_PATH: Final = "/assets"
_DIGEST_CHARACTERS: Final = 12


class Asset(Struct, frozen=True):
    """A file that pages load."""

    url: str
    content: bytes
    media_type: str


def asset_url(name: str) -> str:
    """Return the address of a file by its own name. Raises KeyError for one that is not there."""
    return find_asset(name).url


def find_asset(name: str) -> Asset:
    """Find a file by its own name. Raises KeyError for one that is not there."""
    return _ASSETS[name]


def _load() -> dict[str, Asset]:
    assets = {}
    for file in resources.files("dcvd.web").joinpath("assets").iterdir():
        stem, _, suffix = file.name.rpartition(".")
        content = file.read_bytes()
        digest = hashlib.sha256(content).hexdigest()[:_DIGEST_CHARACTERS]
        assets[file.name] = Asset(f"{_PATH}/{stem}.{digest}.{suffix}", content, _MEDIA_TYPES[suffix])
    return assets


_ASSETS: Final = _load()
_BY_URL: Final = {asset.url: asset for asset in _ASSETS.values()}


@get("/{name:str}", opt={"any_query": True})
async def show_asset(name: FromPath[str]) -> Response[bytes]:
    """Show a file. What is there never changes: another content has another address."""
    asset = _BY_URL.get(f"{_PATH}/{name}")
    if asset is None:
        raise route_not_found()
    return Response(asset.content, media_type=asset.media_type, headers=KEPT_FOR_EVER)


ROUTER: Final = Router(_PATH, route_handlers=[show_asset], include_in_schema=False)
