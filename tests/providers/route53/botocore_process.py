# mypy: ignore-errors
"""Runs in the interpreter of the oracles: signs each request of standard input (JSON, one a line) with botocore."""

import json
import sys
from datetime import UTC, datetime

import botocore.auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

for line in sys.stdin:
    asked = json.loads(line)
    at = datetime.fromtimestamp(asked["at"] / 1000, UTC)
    botocore.auth.get_current_datetime = lambda at=at: at
    request = AWSRequest(
        method=asked["method"], url=asked["url"], headers=asked["headers"], data=bytes.fromhex(asked["body"])
    )
    keys = Credentials(asked["key"], asked["secret"], asked["token"])
    botocore.auth.SigV4Auth(keys, asked["service"], asked["region"]).add_auth(request)
    print(request.headers["Authorization"])
