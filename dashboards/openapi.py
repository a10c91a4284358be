"""The API, as OpenAPI 3.1: a table of what there is."""

from typing import Any, NamedTuple

from dashboards.requests import Wish

Json = dict[str, Any]


class Operation(NamedTuple):
    """One thing to ask for."""

    method: str
    path: str
    summary: str
    parameters: tuple[str, ...] = ()
    """`name` in the query, `{name}` in the path, `-name` in a header."""
    kind: str = "application/json"
    answers: tuple[int, ...] = ()
    """Statuses beside 200, 401 and 403."""


EVENTS = (
    "Server-sent events. `snapshot`: everything as it is, first of all; its id is the cursor. `journal`: the wire "
    "events of one row (docs/events.md); its id is the row's seq. `change`: runs in brief and the fleet, as they are "
    "now. `items`: items of one run, as they are now. `gap`: what was between `after` and `upto` is not replayed; a "
    "snapshot follows. With Last-Event-ID the rows after it come first, then a snapshot without `recent`."
)

REQUESTS = (
    "Ask for something; the answer says whether it is in the journal yet. `waits_for` of an item says what a person is "
    "asked, and the epoch that an answer, an approval or a denial names. With a cookie it needs x-csrf-token."
)

OPERATIONS = (
    Operation("get", "/", "The page.", ("token",), "text/html"),
    Operation("get", "/events", EVENTS, ("run", "after", "-Last-Event-ID"), "text/event-stream", (404, 503)),
    Operation("get", "/state/agents", "The fleet: agents, models that are held, models that do not answer."),
    Operation("get", "/state/runs", "Every run in brief, newest first."),
    Operation("get", "/state/runs/{run}", "A run, by id or key, with its graph and items.", ("{run}",), answers=(404,)),
    Operation(
        "get",
        "/state/runs/{run}/item",
        "An item: parts of its prompt, attempts, turns, result, events.",
        ("{run}", "id"),
        answers=(404, 422),
    ),
    Operation(
        "get",
        "/state/runs/{run}/peek",
        "What the item's model says just now; null where nobody can tell.",
        ("{run}", "id"),
        answers=(404, 422),
    ),
    Operation("get", "/state/stats", "Of this server: cursor, readers, why the journal cannot be read."),
    Operation(
        "get",
        "/metrics",
        "For Prometheus: docs/metrics.md. The token in the home's prometheus/token opens this alone.",
        kind="text/plain",
        answers=(503,),
    ),
    Operation("get", "/health", "200 if the journal is read, else 503. Needs no token.", answers=(503,)),
    Operation("get", "/openapi.json", "This."),
    Operation(
        "post",
        "/requests",
        REQUESTS,
        ("-x-csrf-token",),
        answers=(202, 404, 413, 422, 503),
    ),
)


def document() -> Json:
    """The whole description."""
    paths: Json = {}
    for operation in OPERATIONS:
        paths.setdefault(operation.path, {})[operation.method] = _operation(operation)
    return {
        "openapi": "3.1.0",
        "info": {"title": "mnemosyne", "version": "1", "description": "Views of the journal, and requests to it."},
        "paths": paths,
        "components": {
            "securitySchemes": {
                "token": {"type": "http", "scheme": "bearer", "description": "The home's file page-token."},
            },
            "schemas": {"Wish": Wish.model_json_schema()},
        },
        "security": [{"token": []}],
    }


def _operation(told: Operation) -> Json:
    ok = 202 if told.method == "post" else 200
    statuses = sorted({ok, 401, 403, *told.answers}) if told.path != "/health" else [200, 403, 503]
    schema: Json = {"type": "string"} if told.kind != "application/json" else {}
    answers: Json = {str(status): {"description": _MEANING[status]} for status in statuses}
    answers[str(ok)]["content"] = {told.kind: {"schema": schema}}
    described: Json = {"summary": told.summary, "responses": answers}
    if told.parameters:
        described["parameters"] = [_parameter(name) for name in told.parameters]
    if told.method == "post":
        reference = {"$ref": "#/components/schemas/Wish"}
        described["requestBody"] = {"required": True, "content": {"application/json": {"schema": reference}}}
    return described


def _parameter(name: str) -> Json:
    place = "path" if name.startswith("{") else "header" if name.startswith("-") else "query"
    required = place == "path" or name == "id"
    return {"name": name.strip("{}").removeprefix("-"), "in": place, "required": required, "schema": {"type": "string"}}


_MEANING = {
    200: "As asked.",
    202: "On disk.",
    401: "No token, or a wrong one.",
    403: "A foreign host or origin, or no proof of the page.",
    404: "No such run, item or agent.",
    413: "Too long.",
    422: "Not a request that can be carried out.",
    503: "The journal cannot be read just now.",
}
