"""The commands as they are typed. What they do is imported when they run: `--help` is to be quick."""

from pathlib import Path
from typing import Annotated

import typer

JSON = typer.Option("--json", help="Print one JSON document.")
FOLDER = typer.Option(help="Folder of `nectar-router dev`, where Redis keeps its data.")


def dev(
    once: Annotated[
        bool, typer.Option("--once", help="Play one connection's story, show what became of it, and end.")
    ] = False,
    handlers: Annotated[
        str,
        typer.Option(
            envvar="HANDLERS", help="Handlers to run, by commas. Their options come from the environment."
        ),
    ] = "email,log",
    scenario: Annotated[
        str, typer.Option(help="What to play when all is up; `none`: nothing. An unknown name lists them.")
    ] = "reconnect",
    data: Annotated[Path | None, FOLDER] = None,
    port: Annotated[
        int | None, typer.Option(help="Port of the webhook endpoint; 8000 if it is free.")
    ] = None,
    simulator_port: Annotated[
        int | None, typer.Option(help="Port of the stand-in Nectar; 8010 if it is free.")
    ] = None,
    inbox_port: Annotated[
        int | None, typer.Option(help="Port of the mail server; 8025 if it is free.")
    ] = None,
) -> None:
    """Run everything on this machine: web, worker, Redis, a stand-in Nectar and a mail server.

    Nothing of it reaches a real Nectar or a real mailbox. With REDIS_URL set, that Redis is used.
    """
    from receiver.cli.dev import Wishes, run

    wishes = Wishes(once, handlers, scenario, data, port, simulator_port, inbox_port)
    raise typer.Exit(run(wishes))


def check(
    offline: Annotated[
        bool, typer.Option("--offline", help="Settings and handlers' options only; needs no network.")
    ] = False,
    as_json: Annotated[bool, JSON] = False,
) -> None:
    """Check the settings, Redis, Nectar's API and each handler, and say what to do about what is wrong."""
    from receiver.cli.checking import run

    raise typer.Exit(run(offline=offline, as_json=as_json))


def send(
    fixture: Annotated[
        str, typer.Argument(help="A situation (`password-incorrect`) or a payload (`connection-updated`).")
    ] = "",
    file: Annotated[
        Path | None, typer.Option(help="A file to send instead, as it is; `-`: standard input.")
    ] = None,
    url: Annotated[
        str, typer.Option(help="Endpoint. By default that of `dev` in this folder, or port 8000 here.")
    ] = "",
    secret: Annotated[
        str, typer.Option(help="What to sign with. By default that of `dev`, or NECTAR_WEBHOOK_SECRET.")
    ] = "",
    message_id: Annotated[
        str, typer.Option("--id", help="The message's id; one used before makes a duplicate.")
    ] = "",
    event_type: Annotated[str, typer.Option("--type", help="The event's type.")] = "",
    connection: Annotated[str, typer.Option(help="Id of the connection that it is about.")] = "",
    data: Annotated[Path | None, FOLDER] = None,
) -> None:
    """Sign an example and post it to a running endpoint. Exit code 0 when it is answered 2xx."""
    from receiver.cli.sending import Order, run

    order = Order(fixture, file, url, secret, message_id, event_type, connection, data)
    raise typer.Exit(run(order))


def simulate(
    port: Annotated[int, typer.Option(help="Port; 0: any free one.")] = 8010,
    target: Annotated[str, typer.Option(help="Endpoint that webhooks go to; none: they are not sent.")] = "",
    secret: Annotated[
        str, typer.Option(envvar="NECTAR_WEBHOOK_SECRET", help="What to sign webhooks with.")
    ] = "",
    api_key: Annotated[str, typer.Option(help="The key that the API asks for.")] = "example-api-key",
    scenario: Annotated[str, typer.Option(help="What to play at the start.")] = "",
    compress: Annotated[
        float,
        typer.Option(min=0, help="Factor on the waits between the attempts at a webhook; 0.01 is quick."),
    ] = 1.0,
) -> None:
    """Run the stand-in Nectar alone: its API, and signed webhooks with their retries."""
    from receiver.cli.simulating import run

    run(port=port, target=target, secret=secret, api_key=api_key, scenario=scenario, compress=compress)
