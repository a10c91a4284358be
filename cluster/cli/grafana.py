"""`grafana provision`, `grafana push`: boards and alert rules into Grafana."""

from pathlib import Path
from typing import Annotated

import typer

from actors.errors import UserError
from cluster.cli.options import Home
from cluster.home import config

app = typer.Typer(no_args_is_help=True, help="Boards and alert rules for Grafana.")

Prometheus = Annotated[
    str | None, typer.Option("--prometheus", help="Address of Prometheus as Grafana sees it.", metavar="URL")
]


@app.command()
def provision(home: Home = None, prometheus: Prometheus = None) -> None:
    """Write a folder from which Grafana provisions itself when it starts; needs no token.

    Examples: `mnemosyne grafana provision`, `mnemosyne grafana provision --prometheus http://127.0.0.1:9091`.
    """
    from dashboards.grafana.content import provision as write

    folder = config.make_home(config.resolve_home(home)) / "grafana" / "provisioning"
    try:
        write(folder, prometheus or config.prometheus_url())
    except OSError as error:
        raise UserError(f"{folder} cannot be written: {error.strerror}") from None
    typer.echo(f"Start Grafana with GF_PATHS_PROVISIONING={folder}")


@app.command()
def push(
    url: Annotated[str | None, typer.Option(help="Address of Grafana; else GRAFANA_URL.", metavar="URL")] = None,
    token_file: Annotated[
        Path | None, typer.Option(help="File with a service account's token; else GRAFANA_TOKEN.", metavar="FILE")
    ] = None,
    prometheus: Prometheus = None,
) -> None:
    """Put folder, data source, boards and alert rules into a Grafana that runs; doing it again changes nothing more.

    Examples: `mnemosyne grafana push --token-file token`, `mnemosyne grafana push --url http://grafana:3000`.
    """
    token = _token(token_file)
    from dashboards.grafana.push import push as put

    for line in put(url or config.grafana_url(), token, prometheus or config.prometheus_url()):
        typer.echo(line)


def _token(file: Path | None) -> str:
    try:
        token = file.read_text(encoding="utf-8").strip() if file else config.grafana_token()
    except (OSError, UnicodeDecodeError) as error:
        raise UserError(f"{file} cannot be read: {error}") from None
    if not token:
        raise UserError(
            "there is no token; make one for a service account in Grafana, then --token-file or GRAFANA_TOKEN"
        )
    return token
