"""`nectar-router handlers ...` as it is typed. As in commands.py, the work is imported when it is done."""

from pathlib import Path
from typing import Annotated

import typer

from receiver.cli.commands import JSON

__all__ = ["group"]

Name = Annotated[str, typer.Argument(metavar="NAME", help="As `nectar-router handlers` lists it.")]
AsJson = Annotated[bool, JSON]
Check = Annotated[
    bool, typer.Option("--check", help="Also ask the targets of those that are enabled, as `check` does.")
]

group = typer.Typer(
    help="List the installed handlers, make a new one, run one, check one. Alone: list.",
    invoke_without_command=True,
)


@group.callback()
def handlers(ctx: typer.Context, check: Check = False, as_json: AsJson = False) -> None:
    """What `nectar-router handlers` does without a sub-command: it lists."""
    if ctx.invoked_subcommand is None:
        list_handlers(check=check, as_json=as_json)
    elif check or as_json:
        raise typer.BadParameter(f"put options behind `{ctx.invoked_subcommand}`.")


@group.command("list")
def list_handlers(check: Check = False, as_json: AsJson = False) -> None:
    """List the installed handlers: options and which are set, schedule, health, and what is wrong."""
    from receiver.cli.handlers.listing import run

    run(check=check, as_json=as_json)


@group.command()
def new(
    name: Annotated[str, typer.Argument(help="Its name in HANDLERS, such as `pager` or `acme-crm`.")],
    folder: Annotated[Path, typer.Option("--in", help="Where to make the folder NAME.")] = Path(),
) -> None:
    """Make a package with a handler, its options, its stand-in and its tests, ready to be installed."""
    from receiver.cli.handlers.scaffold import run

    run(name, folder)


@group.command("run")
def run_handler(
    name: Name,
    fixture: Annotated[str, typer.Option(help="A situation to show it; an unknown one lists them.")] = "",
    connection: Annotated[
        str, typer.Option(help="Id of a connection to fetch with NECTAR_API_KEY and show it.")
    ] = "",
    file: Annotated[
        Path | None, typer.Option(help="A connection as Nectar's GET answers it; `-`: standard input.")
    ] = None,
    previous: Annotated[
        str, typer.Option("--previous", help="The status that it last handled; without: it never saw this.")
    ] = "",
    dry_run: Annotated[
        bool,
        typer.Option("--dry-run", help="Send nothing: show what would be sent. Its stand-in answers."),
    ] = False,
    made_up_options: Annotated[
        bool,
        typer.Option("--made-up-options", help="With --dry-run: make up required options that are not set."),
    ] = False,
) -> None:
    """Run one handler here and now, without Redis, and say what the router would make of it.

    Without --dry-run it really sends. Exit code 0 when it is done, has skipped it, or wants to see it later.
    """
    from receiver.cli.handlers.running import Order, run
    from receiver.cli.handlers.situation import Choice

    order = Order(name, Choice(fixture, connection, file), previous, dry_run, made_up_options)
    raise typer.Exit(run(order))


@group.command("check")
def check_handler(name: Name, as_json: AsJson = False) -> None:
    """Run a handler through the contract's scenes against its stand-in. Exit code 1 when it breaks a rule."""
    from receiver.cli.handlers.contract import run

    raise typer.Exit(run(name, as_json=as_json))


@group.command()
def setup(
    name: Name,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Ask the target what it has, and make nothing.")
    ] = False,
) -> None:
    """Make what a handler needs at its target, such as properties. Run again: only what is missing."""
    from receiver.cli.handlers.setting_up import run

    run(name, dry_run=dry_run)


@group.command()
def shadow(
    name: Name,
    limit: Annotated[int, typer.Option(min=1, max=1000, help="Deliveries to show.")] = 20,
    after: Annotated[str, typer.Option(help="Where the page before ended, as it said.")] = "",
    as_json: AsJson = False,
) -> None:
    """Show what a handler in shadow mode would have sent, the newest delivery first."""
    from receiver.cli.handlers.shadowing import run

    run(name, limit, after, as_json=as_json)
