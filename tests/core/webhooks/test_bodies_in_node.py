"""A receiver in Node that signs `JSON.stringify(payload)` computes the signature that was sent."""

import base64
import json
import shutil
import subprocess
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from dcvd.core.domains.labels import KEY_PATTERN
from dcvd.core.events import EventDraft, EventType, build_body
from dcvd.core.lifecycle.domain_events import domain_event_data
from dcvd.core.webhooks.signing import dcvaas_signature, new_secret
from tests.core.builders import NOW, added_domain, counting_bytes
from tests.core.event_data import event_data, texts
from tests.examples import examples

NODE = shutil.which("node")
if NODE is None:
    pytest.skip("node is not on PATH: no JavaScript receiver to hold the bodies to", allow_module_level=True)

# Reads one JSON object a line, {body: base64, signature}, and prints the bodies that a receiver would refuse.
RECEIVER = """
const crypto = require('crypto');
const secret = process.argv[1];
const refused = [];
for (const line of require('fs').readFileSync(0, 'utf8').split('\\n')) {
  if (!line) continue;
  const { body, signature } = JSON.parse(line);
  const bytes = Buffer.from(body, 'base64');
  const payload = JSON.parse(bytes.toString('utf8'));
  const again = JSON.stringify(payload);
  const hmac = crypto.createHmac('sha256', secret).update(again).digest('hex');
  if (!Buffer.from(again, 'utf8').equals(bytes) || hmac !== signature) refused.push({ body, again });
}
console.log(JSON.stringify(refused));
"""
SECRET = new_secret(counting_bytes(3))


def refused_by_node(bodies: list[bytes]) -> list[Any]:
    lines = (
        json.dumps({"body": base64.b64encode(body).decode(), "signature": dcvaas_signature(SECRET, body)})
        for body in bodies
    )
    done = subprocess.run(
        [str(NODE), "-e", RECEIVER, SECRET.reveal()],
        input="\n".join(lines),
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    refused: list[Any] = json.loads(done.stdout)
    return refused


def body_of(data: dict[str, Any]) -> bytes:
    return build_body(EventDraft(EventType.WEBHOOK_TEST, data), event_id="evt_1", sequence=2**53 - 1, now=NOW)


def test_every_code_point_is_written_as_javascript_writes_it() -> None:
    points = [*range(0xD800), *range(0xE000, 0x11_0000)]
    chunks = [points[start : start + 4096] for start in range(0, len(points), 4096)]
    bodies = [body_of({"text": "".join(map(chr, chunk))}) for chunk in chunks]
    assert refused_by_node(bodies) == []


@examples(0.1)
@given(st.lists(event_data(), min_size=20, max_size=40))
def test_any_event_data_keeps_its_bytes_and_its_signature(batch: list[dict[str, Any]]) -> None:
    assert refused_by_node([body_of(data) for data in batch]) == []


def test_the_receiver_does_refuse_what_javascript_would_write_otherwise() -> None:
    assert len(refused_by_node([b'{"a": 1}', b'{"a":1.0}', b'{"b":1,"1":2}', b'{"a":"\\u00e9"}', b'{"a":1}'])) == 4


@examples(0.1)
@given(st.lists(st.dictionaries(st.from_regex(f"\\A{KEY_PATTERN}\\Z"), texts, max_size=8), min_size=20, max_size=40))
def test_labels_of_any_keys_keep_their_order_and_their_bytes(batch: list[dict[str, str]]) -> None:
    domains = [replace(added_domain(), external_id="é", labels=dict(sorted(labels.items()))) for labels in batch]
    assert refused_by_node([body_of(domain_event_data(domain)) for domain in domains]) == []
