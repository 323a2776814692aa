"""The commands that read the journal and replay from it. As in commands.py, the work is imported late."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from receiver.cli.commands import JSON

if TYPE_CHECKING:  # `--help` is to be quick
    from receiver.journal.criteria import Criteria

TIME = "a time in UTC (`2026-11-20T10:00`), or how long ago (`30m`, `2h`, `3d`)"

Connection = Annotated[str, typer.Option("--connection", help="Only of this connection.")]
Company = Annotated[str, typer.Option("--company", help="Only of this company: its id, external id or name.")]
Status = Annotated[str, typer.Option("--status", help="Only connections in this status.")]
Handler = Annotated[str, typer.Option("--handler", help="Only what concerns this handler.")]
Since = Annotated[str, typer.Option("--since", help=f"Not older than this: {TIME}.")]
Until = Annotated[str, typer.Option("--until", help="Not newer than this, written like --since.")]
Limit = Annotated[int, typer.Option("--limit", min=1, max=10_000, help="How many at a time.")]
After = Annotated[str, typer.Option("--after", help="Go on where the page before named this.")]
AsJson = Annotated[bool, JSON]
WorkState = Literal["dead", "parked", "in-hand", "due", "awaiting", "idle"]
EventState = Literal["dead", "parked", "in-hand", "due", "awaiting", "handled"]


def events(
    connection: Connection = "",
    company: Company = "",
    status: Status = "",
    handler: Handler = "",
    state: Annotated[
        EventState | None, typer.Option(help="Only with this still to be done, or done (`handled`).")
    ] = None,
    event_type: Annotated[str, typer.Option("--type", help="Only of this type.")] = "",
    since: Since = "",
    until: Until = "",
    limit: Limit = 50,
    after: After = "",
    as_json: AsJson = False,
) -> None:
    """List accepted events, the newest first, and what is still to be done because of each."""
    asked = _criteria(
        since,
        until,
        connection,
        company=company,
        status=status,
        handler=handler,
        state=state,
        type=event_type,
    )
    _list("events", asked, limit, after, as_json=as_json)


def connections(
    company: Company = "",
    status: Status = "",
    handler: Handler = "",
    state: Annotated[WorkState | None, typer.Option(help="Only with work in this state.")] = None,
    since: Annotated[str, typer.Option(help=f"Only in their status since this or later: {TIME}.")] = "",
    until: Annotated[str, typer.Option(help="Only in their status since this or earlier.")] = "",
    limit: Limit = 50,
    after: After = "",
    as_json: AsJson = False,
) -> None:
    """List connections by id: status, company, and the most urgent of what is to be done."""
    asked = _criteria(since, until, company=company, status=status, handler=handler, state=state)
    _list("connections", asked, limit, after, as_json=as_json)


def deliveries(
    connection: Connection = "",
    company: Company = "",
    status: Annotated[str, typer.Option(help="Only where the handler last handled this status.")] = "",
    handler: Handler = "",
    state: Annotated[WorkState | None, typer.Option(help="Only in this state.")] = None,
    since: Annotated[str, typer.Option(help=f"Only with a last attempt since: {TIME}.")] = "",
    until: Annotated[str, typer.Option(help="Only with a last attempt until.")] = "",
    limit: Limit = 50,
    after: After = "",
    as_json: AsJson = False,
) -> None:
    """List deliveries by name, one for each handler and connection: state and last outcome."""
    asked = _criteria(since, until, connection, company=company, status=status, handler=handler, state=state)
    _list("deliveries", asked, limit, after, as_json=as_json)


def dead(
    connection: Connection = "",
    company: Company = "",
    status: Status = "",
    handler: Handler = "",
    since: Since = "",
    until: Until = "",
    limit: Limit = 50,
    after: After = "",
    as_json: AsJson = False,
) -> None:
    """List the dead letters, the newest first: what nobody tries any more, and why."""
    asked = _criteria(since, until, connection, company=company, status=status, handler=handler)
    _list("dead", asked, limit, after, as_json=as_json)


def quarantine(
    since: Since = "",
    until: Until = "",
    limit: Limit = 50,
    after: After = "",
    as_json: AsJson = False,
) -> None:
    """List the messages in the quarantine, the newest first: authentic, but they did not fit the schema."""
    _list("quarantine", _criteria(since, until), limit, after, as_json=as_json)


def show(
    name: Annotated[
        str, typer.Argument(metavar="ID", help="An event, a message, a connection, or its work by name.")
    ],
    as_json: AsJson = False,
) -> None:
    """Tell the whole story of an event: received, fetched, changed, each attempt at each handler."""
    from receiver.cli.showing import run

    run(name, as_json=as_json)


def replay(
    ids: Annotated[
        list[str] | None, typer.Argument(metavar="ID", help="What `show` takes, one or many.")
    ] = None,
    since: Since = "",
    until: Until = "",
    connection: Connection = "",
    handler: Annotated[
        list[str] | None, typer.Option(help="Show it to this handler only; may be given more than once.")
    ] = None,
    failed: Annotated[
        bool,
        typer.Option(
            "--failed",
            help="Only what is among the dead letters or, without a handler or "
            "connection, in the quarantine.",
        ),
    ] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would be replayed, and end.")] = False,
    rate: Annotated[float, typer.Option(min=0.01, max=10_000, help="Connections a second, at most.")] = 50,
    as_json: AsJson = False,
) -> None:
    """Fetch connections afresh and show them to the handlers again, whether anything has changed or not.

    Many events of one connection are one replay. What is in the quarantine is validated anew.
    """
    from receiver.cli.replaying import Order, run

    ranged = bool(since or until or connection)
    if ids and ranged:
        raise typer.BadParameter("ids, or --since, --until and --connection, not both.")
    if not ids and not ranged and not failed:
        raise typer.BadParameter("say what: ids, --since, --connection, or --failed.")
    order = Order(ids or (), _criteria(since, until, connection), handler or (), failed)
    raise typer.Exit(run(order, rate=rate, dry=dry_run, as_json=as_json))


def _criteria(since: str, until: str, connection: str = "", **others: str | None) -> "Criteria":
    from receiver.cli.moments import read_moment
    from receiver.journal.criteria import Criteria

    given = {name: value for name, value in others.items() if value}
    return Criteria(
        connection=connection.lower(),
        since=read_moment(since, "--since"),
        until=read_moment(until, "--until"),
        **given,
    )


def _list(name: str, asked: "Criteria", limit: int, after: str, *, as_json: bool) -> None:
    from receiver.cli.journal_lists import run

    run(name, asked, limit, after, as_json=as_json)


COMMANDS: tuple[Callable[..., None], ...] = (events, connections, deliveries, dead, quarantine, show, replay)
