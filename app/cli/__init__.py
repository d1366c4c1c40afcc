"""The command line `touchline`: every command and its options; the work is done beside."""

# ruff: noqa: PLC0415 - a command imports what it needs when it runs, so that help is quick

import gc
import signal
import sys
from pathlib import Path
from typing import Annotated

import typer

from app.cli.export_command import export_records
from app.cli.import_command import import_rows
from app.cli.options import DataDirOption
from app.cli.problems import explained
from app.domain.access.api_keys import KeyKind

app = typer.Typer(
    help="Touchline: lead management on Postgres.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
keys_app = typer.Typer(help="API keys.", no_args_is_help=True)
workspaces_app = typer.Typer(help="Workspaces.", no_args_is_help=True)
spool_app = typer.Typer(help="Submissions that wait on the disk.", no_args_is_help=True)
app.add_typer(keys_app, name="keys")
app.add_typer(workspaces_app, name="workspaces")
app.add_typer(spool_app, name="spool")
app.command("export")(export_records)
app.command("import")(import_rows)


def main() -> None:
    """The console script: what an operator can put right is one line on stderr and exit code 1."""
    # The collector finds nothing to free among modules that stay, and would look at them again and
    # again: importing takes an eighth less time so.
    gc.set_threshold(300_000, 50, 1000)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that what was started is stopped
    try:
        app(prog_name="touchline")
    except Exception as error:
        line = explained(error)
        if line is None:
            raise
        sys.stderr.write(f"touchline: {line}\n")
        sys.exit(1)


@app.command("serve")
def serve_api(
    *,
    host: Annotated[
        str | None,
        typer.Option(
            help="Address to listen on [TOUCHLINE_HOST, else 127.0.0.1].", show_default=False
        ),
    ] = None,
    port: Annotated[
        int | None,
        typer.Option(
            help="Port, 0 for any free one [TOUCHLINE_PORT, else 8000].",
            min=0,
            max=65535,
            show_default=False,
        ),
    ] = None,
    data_dir: DataDirOption = None,
    demo_data: Annotated[
        bool, typer.Option(help="Fill the demo workspace with leads on the first run.")
    ] = True,
) -> None:
    """Serve the API.

    Without TOUCHLINE_DATABASE_URL it runs a Postgres of its own, with a demo workspace.
    """
    from app.cli.serve import serve
    from app.cli.settings import read_settings

    serve(read_settings(host=host, port=port, data_dir=data_dir), demo_data=demo_data)


@app.command("worker")
def run_worker(*, data_dir: DataDirOption = None) -> None:
    """Do the background work."""
    from app.cli.settings import read_settings
    from app.cli.worker import work

    work(read_settings(data_dir=data_dir))


@app.command("migrate")
def migrate_schema(*, data_dir: DataDirOption = None) -> None:
    """Bring the schema up to date.

    It needs TOUCHLINE_DATABASE_OWNER_URL, and gives the service's roles the password of
    TOUCHLINE_DATABASE_URL. Without either it works on the embedded Postgres.
    """
    from app.cli.migrate import migrate
    from app.cli.settings import read_settings

    migrate(read_settings(data_dir=data_dir))


@app.command("seed")
def seed_workspace(
    *,
    workspace: Annotated[str, typer.Option(help="Slug of the workspace to fill.")] = "demo",
    data_dir: DataDirOption = None,
) -> None:
    """Fill a workspace with a demo history.

    Some hundred leads with months of touches, the same ones every time. A workspace that has
    them is left alone; one that does not exist is made.
    """
    from app.cli.seed import seed
    from app.cli.settings import read_settings

    seed(read_settings(data_dir=data_dir), workspace)


@keys_app.command("create")
def create_key(
    *,
    workspace: Annotated[str, typer.Option(help="Slug or id of the workspace.")],
    kind: Annotated[
        KeyKind, typer.Option(help="Secret for servers, publishable for web pages.")
    ] = KeyKind.SECRET,
    scopes: Annotated[
        str | None,
        typer.Option(help="Scopes, with commas between [all of the kind].", show_default=False),
    ] = None,
    name: Annotated[str, typer.Option(help="What the key is for.")] = "command line",
    expires_in_days: Annotated[
        int | None, typer.Option(min=1, max=36500, help="Days [never].", show_default=False)
    ] = None,
    data_dir: DataDirOption = None,
) -> None:
    """Make an API key.

    Prints the key, alone, on stdout. It cannot be shown again.
    """
    from app.cli.keys import create_key, parse_scopes
    from app.cli.settings import read_settings

    create_key(
        read_settings(data_dir=data_dir),
        workspace=workspace,
        kind=kind,
        scopes=parse_scopes(scopes, kind),
        name=name,
        expires_in_days=expires_in_days,
    )


@workspaces_app.command("create")
def create_workspace(
    slug: Annotated[str, typer.Argument(help="Short name: a-z, 0-9 and hyphens.")],
    *,
    name: Annotated[
        str | None, typer.Option(help="Name for people [the slug].", show_default=False)
    ] = None,
    country: Annotated[
        str | None,
        typer.Option(
            help="Country of phone numbers without one, such as DE [none].", show_default=False
        ),
    ] = None,
    currency: Annotated[str, typer.Option(help="Currency where none is given.")] = "EUR",
    time_zone: Annotated[str, typer.Option(help="Such as Europe/Berlin.")] = "UTC",
    data_dir: DataDirOption = None,
) -> None:
    """Make a workspace.

    It needs TOUCHLINE_DATABASE_OWNER_URL. Prints the id, alone, on stdout.
    """
    from app.cli.settings import read_settings
    from app.cli.workspaces import create_workspace

    create_workspace(
        read_settings(data_dir=data_dir),
        slug,
        name or slug,
        country=country,
        currency=currency,
        time_zone=time_zone,
    )


@spool_app.command("inspect")
def inspect_spool(
    path: Annotated[
        Path | None,
        typer.Argument(
            help="The spool, or one directory in it [TOUCHLINE_SPOOL_DIR].", show_default=False
        ),
    ] = None,
    *,
    data_dir: DataDirOption = None,
) -> None:
    """Show what the spool holds.

    A line for each process that has or had one; exit code 1 when something is damaged.
    """
    from app.cli.settings import read_settings
    from app.cli.spool import inspect, spool_key
    from app.services.intake.opening import SPOOL_PURPOSE

    settings = read_settings(data_dir=data_dir)
    inspect(path or settings.spool_root, spool_key(settings, SPOOL_PURPOSE))


@spool_app.command("replay")
def replay_spool(
    path: Annotated[
        Path | None,
        typer.Argument(
            help="The spool, or one directory in it [TOUCHLINE_SPOOL_DIR].", show_default=False
        ),
    ] = None,
    *,
    data_dir: DataDirOption = None,
) -> None:
    """Bring to the database what an ended process left.

    A running service does this by itself for its own spool. What is there already changes nothing.
    """
    from app.cli.settings import read_settings
    from app.cli.spool_replay import replay_spool

    replay_spool(read_settings(data_dir=data_dir), path)


@spool_app.command("export")
def export_spool(
    path: Annotated[Path, typer.Argument(help="The spool, or one directory in it.")],
    output: Annotated[Path, typer.Argument(help="File to make; a line of JSON for each record.")],
    *,
    data_dir: DataDirOption = None,
) -> None:
    """Write the records of a spool to a file.

    In the clear, whether Postgres has them or not; the spool stays as it is.
    """
    from app.adapters.envelopes import describe
    from app.cli.settings import read_settings
    from app.cli.spool import export, spool_key
    from app.services.intake.opening import SPOOL_PURPOSE

    export(path, output, spool_key(read_settings(data_dir=data_dir), SPOOL_PURPOSE), describe)


@app.command("openapi")
def write_openapi(
    *,
    output: Annotated[
        Path,
        typer.Option(help="File to write or to check; - is stdout."),
    ] = Path("openapi.yaml"),
    check: Annotated[
        bool,
        typer.Option("--check", help="Write nothing; exit 1 when the file differs."),
    ] = False,
) -> None:
    """Write the OpenAPI document as YAML."""
    from app.cli.openapi import check_document, write_document

    if check:
        check_document(output)
    else:
        write_document(output)


@app.command("doctor")
def run_doctor(*, data_dir: DataDirOption = None) -> None:
    """Check the installation.

    Versions, settings, rights, schema, disk and clock; exit code 1 when something is wrong.
    """
    from app.cli.doctor import examine
    from app.cli.settings import read_settings

    examine(read_settings(data_dir=data_dir))
