"""Hosted zones that behave as Route 53 documents them: ordered, exact about deletes, strict about CNAMEs, atomic."""

from typing import Any
from xml.etree import ElementTree
from xml.sax.saxutils import escape

NAME_SERVERS = ("ns-1.awsdns-01.com", "ns-2.awsdns-02.net")
NS = "https://route53.amazonaws.com/doc/2013-04-01/"

Set = dict[str, Any]
"""A record set; `ResourceRecords` is a list of values, what is nested is a dict."""


class Refusal(Exception):
    """What AWS answers instead."""

    def __init__(self, status: int, code: str, message: str = "") -> None:
        super().__init__(code)
        self.status, self.code, self.message = status, code, message


class FakeZone:
    """One hosted zone."""

    def __init__(
        self, zone_id: str, name: str, *, private: bool = False, name_servers: tuple[str, ...] = NAME_SERVERS
    ) -> None:
        self.id, self.name, self.private, self.name_servers = zone_id, name, private, name_servers
        self.sets: list[Set] = []

    def put(self, name: str, kind: str, *values: str, **settings: Any) -> Set:
        """A set that is there already."""
        made: Set = {"Name": name, "Type": kind, **settings}
        if values:
            made |= {"TTL": made.get("TTL", "300"), "ResourceRecords": list(values)}
        self.sets.append(made)
        return made

    def from_start(self, name: str, kind: str, identifier: str) -> list[Set]:
        start = (reversed_name(name), kind, identifier)
        return [found for found in sorted(self.sets, key=_place) if _place(found) >= start]

    def change(self, body: bytes) -> None:
        """All of it or nothing."""
        after = [*self.sets]
        faults = []
        for change in ElementTree.fromstring(body).iter(f"{{{NS}}}Change"):
            action, wanted = change.findtext(f"{{{NS}}}Action"), read_set(change[1])
            what = f"[name='{wanted['Name']}', type='{wanted['Type']}']"
            same = [found for found in after if _place(found) == _place(wanted)]
            beside = [found for found in after if found["Name"] == wanted["Name"] and found["Type"] != wanted["Type"]]
            if action == "DELETE":
                if not same:
                    faults.append(f"Tried to delete resource record set {what} but it was not found")
                elif same[0] != wanted:
                    wrong = "but the values provided do not match the current values"
                    faults.append(f"Tried to delete resource record set {what} {wrong}")
                else:
                    after.remove(same[0])
            elif same:
                faults.append(f"Tried to create resource record set {what} but it already exists")
            elif wanted["Type"] == "CNAME" and wanted["Name"] == f"{self.name}.":
                faults.append(f"RRSet of type CNAME with DNS name {wanted['Name']} is not permitted at apex in zone")
            elif beside and "CNAME" in {wanted["Type"], *(found["Type"] for found in beside)}:
                faults.append(
                    f"RRSet of type {wanted['Type']} with DNS name {wanted['Name']} is not permitted as it conflicts "
                    "with other records with the same DNS name"
                )
            else:
                after.append(wanted)
        if faults:
            raise Refusal(400, "InvalidChangeBatch", f"[{', '.join(faults)}]")
        self.sets = after


def reversed_name(name: str) -> str:
    """By which Route 53 orders names."""
    return ".".join(reversed(name.removesuffix(".").split(".")))


def read_set(element: ElementTree.Element) -> Set:
    found: Set = {}
    for child in element:
        tag = child.tag.removeprefix(f"{{{NS}}}")
        if tag == "ResourceRecords":
            found[tag] = [value.text for value in child.iter(f"{{{NS}}}Value")]
        elif len(child):
            found[tag] = {inner.tag.removeprefix(f"{{{NS}}}"): inner.text for inner in child}
        else:
            found[tag] = child.text
    return found


def set_xml(found: Set) -> str:
    parts = ""
    for tag, value in found.items():
        if tag == "ResourceRecords":
            inner = "".join(f"<ResourceRecord><Value>{escape(text)}</Value></ResourceRecord>" for text in value)
        elif isinstance(value, dict):
            inner = "".join(f"<{name}>{escape(text)}</{name}>" for name, text in value.items())
        else:
            inner = escape(value)
        parts += f"<{tag}>{inner}</{tag}>"
    return f"<ResourceRecordSet>{parts}</ResourceRecordSet>"


def _place(found: Set) -> tuple[str, str, str]:
    return reversed_name(found["Name"]), found["Type"], found.get("SetIdentifier", "")
