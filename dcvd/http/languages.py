"""The language of an answer's sentences: what the client likes best of those that there are."""

from dataclasses import dataclass
from typing import get_args

from litestar.openapi.spec import OpenAPIType, Operation, Parameter, Schema

from dcvd.core.sentences.languages import choose_language
from dcvd.core.sentences.rendering import Language
from dcvd.http.request import ApiRequest


@dataclass
class TranslatedOperation(Operation):
    """Documents the header `Accept-Language`, which handlers read by `read_language`."""

    def __post_init__(self) -> None:
        known = " and ".join(f"`{language}`" for language in get_args(Language))
        description = f"The language of the sentences in the answer: {known} (RFC 9110)."
        schema = Schema(type=OpenAPIType.STRING)
        parameter = Parameter(name="Accept-Language", param_in="header", description=description, schema=schema)
        self.parameters = [*(self.parameters or []), parameter]


def read_language(request: ApiRequest) -> Language:
    """Return the language in which to answer. A field that cannot be read asks for nothing."""
    return choose_language(",".join(request.headers.getall("accept-language", [])))


def language_headers(language: Language) -> dict[str, str]:
    """Return the headers of an answer in a language."""
    return {"Content-Language": language, "Vary": "Accept-Language"}
