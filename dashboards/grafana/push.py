"""Puts boards and alert rules into a Grafana that runs, over its API; a second time nothing is doubled."""

from collections.abc import Iterator
from typing import Any

import requests
from grafana_client import GrafanaApi
from grafana_client.client import GrafanaClientError, GrafanaException

from actors.errors import UserError
from dashboards.grafana import content

TIMEOUT_S = 15.0

NOT_FOUND = 404


def push(url: str, token: str, prometheus: str) -> Iterator[str]:
    """What was done, one line each, while it is done. Raises UserError."""
    api = GrafanaApi.from_url(url, credential=token, timeout=TIMEOUT_S)
    try:
        yield from _push(api, prometheus)
    except GrafanaException as error:
        raise UserError(_why(url, error)) from None
    except requests.exceptions.RequestException as error:
        raise UserError(f"Grafana at {url} cannot be reached ({type(error).__name__}); see --url") from None


def _push(api: Any, prometheus: str) -> Iterator[str]:
    if _there(lambda: api.folder.get_folder(content.FOLDER_UID)):
        yield f"folder {content.FOLDER_TITLE}: there already"
    else:
        api.folder.create_folder(content.FOLDER_TITLE, content.FOLDER_UID)
        yield f"folder {content.FOLDER_TITLE}: made"
    source = content.source(prometheus)
    if _there(lambda: api.datasource.get_datasource_by_uid(content.SOURCE_UID)):
        api.datasource.update_datasource_by_uid(content.SOURCE_UID, source)
        yield f"data source {source['name']}: updated"
    else:
        api.datasource.create_datasource(source)
        yield f"data source {source['name']}: made"
    for board in content.boards():
        body = {"dashboard": board, "folderUid": content.FOLDER_UID, "overwrite": True, "message": "mnemosyne"}
        told = api.dashboard.update_dashboard(body)
        yield f"board {board['title']}: version {told['version']}"
    group = content.alerts()
    provisioning = api.alertingprovisioning
    provisioning.update_rule_group(content.FOLDER_UID, content.GROUP, group, disable_provenance=True)
    yield f"alert rules: {len(group['rules'])}"


def _there(ask: Any) -> bool:
    """Whether Grafana has it. Raises GrafanaException for any other answer."""
    try:
        ask()
    except GrafanaClientError as error:
        if error.status_code == NOT_FOUND:
            return False
        raise
    return True


def _why(url: str, error: GrafanaException) -> str:
    if error.status_code in (401, 403):
        return f"Grafana at {url} refuses the token; it takes one of a service account with the role Admin"
    return f"Grafana at {url} refused: {error.status_code} {str(error.message)[:300]}"
