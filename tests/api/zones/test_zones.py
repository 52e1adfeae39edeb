"""`/api/zones` over HTTP."""

from dcvd.errors import Retryable
from tests.served_app.client import Client, problem
from tests.served_app.stand_ins import FakeTextReader

ZONE = "customer.com"


async def test_a_zone_is_added_with_the_record_that_proves_it(owner: Client) -> None:
    answer = await owner.post("/api/zones", {"name": "Customer.COM."})
    zone = answer.json["zone"]
    assert (answer.status, answer.headers["Location"]) == (201, f"/api/zones/{zone['id']}")
    assert zone["id"].startswith("zone_")
    assert (zone["name"], zone["status"], zone["provedAt"], zone["checkedAt"]) == (ZONE, "pending", None, None)
    assert (zone["record"]["type"], zone["record"]["name"]) == ("TXT", f"_dcvd.{ZONE}")
    assert (await owner.get(f"/api/zones/{zone['id']}")).json["zone"] == zone
    assert (await owner.get("/api/zones")).json == {"zones": [zone], "nextCursor": None}


async def test_a_zone_that_one_has_already_is_409_and_named(owner: Client, stranger: Client) -> None:
    zone = (await owner.post("/api/zones", {"name": ZONE})).json["zone"]
    assert problem(await owner.post("/api/zones", {"name": ZONE}), 409, "zone_exists")["existingId"] == zone["id"]
    theirs = (await stranger.post("/api/zones", {"name": ZONE})).json["zone"]
    assert theirs["record"]["value"] != zone["record"]["value"]


async def test_what_cannot_be_a_zone_is_refused(owner: Client) -> None:
    for name in ("co.uk", "github.io", "edge.example.net", ""):
        refused = problem(await owner.post("/api/zones", {"name": name}), 400, "hostname_invalid")
        assert refused["errors"][0]["field"] == "name"


async def test_a_check_proves_a_zone_whose_record_is_there(owner: Client, text_reader: FakeTextReader) -> None:
    zone = (await owner.post("/api/zones", {"name": ZONE})).json["zone"]
    missing = await owner.post(f"/api/zones/{zone['id']}/check")
    assert (missing.status, missing.json["zone"]["status"]) == (200, "pending")
    text_reader.raises = Retryable("No answer.")
    silent = await owner.post(f"/api/zones/{zone['id']}/check")
    assert (silent.status, silent.json["zone"]["status"]) == (202, "pending")
    text_reader.raises = None
    text_reader.texts[zone["record"]["name"]] = (zone["record"]["value"],)
    found = await owner.post(f"/api/zones/{zone['id']}/check")
    assert (found.status, found.json["zone"]["status"]) == (200, "proved")
    domain = (await owner.post("/api/domains", {"domainName": f"www.{ZONE}"})).json["domain"]
    assert domain["ownership"]["proof"] == "zone"


async def test_another_organizations_zone_looks_as_if_it_did_not_exist(owner: Client, stranger: Client) -> None:
    zone = (await owner.post("/api/zones", {"name": ZONE})).json["zone"]
    for method, tail in (("GET", ""), ("DELETE", ""), ("POST", "/check")):
        problem(await stranger.call(method, f"/api/zones/{zone['id']}{tail}"), 404, "not_found")
    assert (await stranger.get("/api/zones")).json["zones"] == []
    assert (await owner.call("DELETE", f"/api/zones/{zone['id']}")).status == 204
    problem(await owner.get(f"/api/zones/{zone['id']}"), 404, "not_found")


async def test_a_member_may_look_and_change_nothing(owner: Client, member: Client) -> None:
    zone = (await owner.post("/api/zones", {"name": ZONE})).json["zone"]
    assert (await member.get("/api/zones")).status == 200
    problem(await member.post("/api/zones", {"name": "other.com"}), 403, "forbidden")
    problem(await member.call("DELETE", f"/api/zones/{zone['id']}"), 403, "forbidden")
