"""Links of the OpenAPI document: from the answer that makes a thing to the call that shows it."""

from typing import Any, Final

_JOB: Final = ("job", "/api/jobs/{job_id}")


def add_links(document: dict[str, Any]) -> None:
    """Link each answer of a POST that holds a thing with an id to the GET by that id."""
    getters = {path: methods["get"]["operationId"] for path, methods in document["paths"].items() if "get" in methods}
    schemas = document["components"]["schemas"]
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            if method != "post":
                continue
            for status, response in operation["responses"].items():
                members = _members(response, schemas) if status.startswith("2") else {}
                for member, target in _targets(path, members, getters):
                    parameter = target.rpartition("{")[2].rstrip("}")
                    name = getters[target][:1].upper() + getters[target][1:]
                    response.setdefault("links", {})[name] = {
                        "operationId": getters[target],
                        "parameters": {parameter: f"$response.body#/{member}/id"},
                    }


def _members(response: dict[str, Any], schemas: dict[str, Any]) -> dict[str, Any]:
    content = response.get("content", {}).get("application/json", {})
    name = content.get("schema", {}).get("$ref", "").rpartition("/")[2]
    members: dict[str, Any] = schemas.get(name, {}).get("properties", {})
    return members


def _targets(path: str, members: dict[str, Any], getters: dict[str, str]) -> list[tuple[str, str]]:
    """Return the members that a GET shows by id, with its path: the thing that was made, and the job that was begun."""
    # What is made for a domain is shown beside what is made for none.
    starts = f"{path}/{{", f"/api/{path.rpartition('/')[2]}/{{"
    own = next((getter for getter in getters if getter.startswith(starts) and getter.count("{") == 1), None)
    targets = [(member, own) for member in members if own is not None and getter_ends(own) and len(members) == 1]
    if _JOB[0] in members:
        targets.append(_JOB)
    return targets


def getter_ends(path: str) -> bool:
    """Whether a path ends with an id."""
    return path.endswith("}")
