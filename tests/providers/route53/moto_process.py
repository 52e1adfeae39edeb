# mypy: ignore-errors
"""Runs in the interpreter of the oracles: moto with signatures and rights checked; prints what a test needs as JSON.

Two defects of moto's (5.2.5) are mended: of a GET it takes the parsed query for the body that was signed.
"""

import json
import sys

from moto import settings
from moto.iam.access_control import IAMRequestBase
from moto.iam.models import iam_backends
from moto.route53.models import route53_backends
from moto.server import ThreadedMotoServer

ACCOUNT = "123456789012"
EXTERNAL_ID = "dcvd-0123456789012345678901234567890123456789"


def without_query(original):
    def create(self):
        data, self._data = self._data, self._data if self._method == "POST" else b""
        try:
            return original(self)
        finally:
            self._data = data

    return create


def may(*actions):
    return json.dumps(
        {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": list(actions), "Resource": "*"}]}
    )


IAMRequestBase._create_aws_request = without_query(IAMRequestBase._create_aws_request)
iam = iam_backends[ACCOUNT]["aws"]
iam.create_user("us-east-1", "dcvd")
key = iam.create_access_key("dcvd")
iam.put_user_policy("dcvd", "all", may("sts:*", "route53:*"))
trust = {
    "Version": "2012-10-17",
    "Statement": [
        {
            "Effect": "Allow",
            "Principal": {"AWS": f"arn:aws:iam::{ACCOUNT}:user/dcvd"},
            "Action": "sts:AssumeRole",
            "Condition": {"StringEquals": {"sts:ExternalId": EXTERNAL_ID}},
        }
    ],
}
role = iam.create_role("customer", json.dumps(trust), "/", None, "", [], "3600")
iam.put_role_policy("customer", "dns", may("route53:*"))
route53 = route53_backends[ACCOUNT]["aws"]
for name in ("customer.example.", "deep.customer.example.", "other.example."):
    zone = route53.create_hosted_zone(
        name=name, private_zone=False, caller_reference=name, vpcid=None, vpcregion=None, comment=None
    )
settings.INITIAL_NO_AUTH_ACTION_COUNT = 0
server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
server.start()
host, port = server.get_host_and_port()
print(
    json.dumps(
        {
            "url": f"http://{host}:{port}",
            "account": ACCOUNT,
            "access_key_id": key.access_key_id,
            "secret_access_key": key.secret_access_key,
            "role_arn": role.arn,
            "external_id": EXTERNAL_ID,
        }
    ),
    flush=True,
)
sys.stdin.read()  # ends with the test process, whatever becomes of it
