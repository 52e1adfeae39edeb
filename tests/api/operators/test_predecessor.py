"""What `dcvd import-predecessor` sends is taken whole or refused in a sentence that quotes nothing of it."""

import json
from typing import Any

import pytest

from tests.marked import marked
from tests.served_app.client import Answer, Client
from tests.served_app.fixtures import EventDict

SECRET = marked("secret")
PATH = "/operator/import/predecessor"
ORGANIZATION = {"kind": "organization", "id": "o-1", "orgId": "o-1", "title": "New"}
ENDPOINT = {
    "kind": "endpoint",
    "id": "e-1",
    "orgId": "o-1",
    "url": "https://hooks.example.com/",
    "secret": SECRET,
    "events": ["*"],
    "isEnabled": True,
}


def lines_of(answer: Answer) -> list[Any]:
    assert answer.status == 200, answer.body
    return [json.loads(line) for line in answer.body.splitlines() if line]


async def test_each_record_has_a_line_and_a_repeat_stores_nothing(operator: Client, log_lines: list[EventDict]) -> None:
    body = {"rows": [ORGANIZATION, ENDPOINT]}
    for outcome in ("imported", "exists"):
        answer = await operator.post(PATH, body)
        assert [(line["kind"], line["outcome"]) for line in lines_of(answer)] == [
            ("organization", outcome),
            ("endpoint", outcome),
        ]
        assert SECRET not in answer.body.decode()
    assert SECRET not in repr(log_lines)


@pytest.mark.parametrize(
    "body",
    [
        {"rows": [{**ENDPOINT, "kind": "job"}]},
        {"rows": [{**ENDPOINT, "url": 5}]},
        {"rows": [{**ENDPOINT, "secret": [marked("secret")]}]},
        {"rows": [{**ENDPOINT, "more": marked("secret")}]},
        {"rows": {}},
        {},
        [],
        {"rows": [ORGANIZATION] * 2_001},
    ],
)
async def test_what_the_command_would_not_send_is_refused_without_its_words(operator: Client, body: Any) -> None:
    answer = await operator.post(PATH, body)
    assert answer.status == 400
    assert SECRET not in answer.body.decode()
    assert (await operator.get("/operator/organizations")).json == {"organizations": []}


async def test_a_dry_run_goes_by_the_organizations_that_it_would_import(operator: Client) -> None:
    body = {"rows": [ENDPOINT], "dryRun": True, "simulatedOrgIds": ["o-1"]}
    assert [line["outcome"] for line in lines_of(await operator.post(PATH, body))] == ["would_import"]
    unknown = {**body, "simulatedOrgIds": []}
    assert [line["outcome"] for line in lines_of(await operator.post(PATH, unknown))] == ["refused"]
