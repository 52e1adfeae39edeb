"""dcvd/api/openapi/error_codes.py, made of the codes with which the source refuses requests."""

from typing import Final

from tests.docs.error_codes import collect
from tests.docs.markdown import ROOT

PATH: Final = ROOT / "dcvd" / "api" / "openapi" / "error_codes.py"

_HEAD: Final = '''\
"""The closed set of the codes with which a request can be refused. `python -m tests.docs` writes it from the source."""

from typing import Final

ERROR_CODES: Final[tuple[str, ...]] = (
'''


def render() -> str:
    """Write the module."""
    codes = sorted({use.code for use in collect() if use.status is not None})
    return _HEAD + "".join(f'    "{code}",\n' for code in codes) + ")\n"
