"""What `dev` prints itself: where everything is, and what came of playing it once."""

import os
import shlex
import sys
from collections.abc import Iterable
from pathlib import Path

from rich.console import Console
from rich.text import Text

from receiver.cli.dev.house import House
from receiver.cli.dev.once import Stage
from receiver.cli.dev.report import Concerned, findings, mail_findings, table
from receiver.cli.folder import USUAL
from receiver.cli.output import is_good, print_findings
from receiver.registry import installed, load_handler
from receiver.settings import SHADOW
from receiver.simulator import Scenario
from receiver.telemetry import Redactor

MAGIC_LINK = "https://dash.nectarclimate.com/p/connect/{publicCompanyId}/workflow/{connectionMagicLinkSecret}"


def greet(out: Console, house: House, story: Scenario | None, *, once: bool) -> None:
    """What runs where, what to try, and how to stop."""
    data = f", data in {house.folder.resolve()}" if house.owns_redis else ""
    rows = {
        "Webhooks": house.address.webhook_url,
        "Health": house.around.health_url,
        "Nectar": f"{house.simulator.url} (a stand-in: nothing here reaches the real one)",
        "Inbox": f"{house.simulator.url}/inbox (for mail to {house.inbox.host}:{house.inbox.port})",
        "Redis": Redactor().text(house.around.redis_url) + data,
        "Handlers": ", ".join(house.around.handler_names) or "none",
    }
    if not once:
        rows |= {"Try": _hint(house.folder), "Stop": "Ctrl-C"}
    out.print("Nectar Router is up.", style="bold")
    for note in house.notes:
        out.print(note, style="yellow", markup=False)
    out.print()
    for label, value in rows.items():
        out.print(Text.assemble((f"  {label:<10}", "bold"), value), soft_wrap=True)
    out.print()
    if story is not None:
        out.print(f"Playing {story.name}: {story.about}.", markup=False)
    out.print("At the end of a line: milliseconds since Nectar's webhook was accepted.\n", style="dim")


def _hint(folder: Path) -> str:
    program = Path(sys.argv[0])
    # In a virtual environment below this folder, which another terminal may not have activated.
    below = program.is_relative_to(Path.cwd())
    name = str(program.relative_to(Path.cwd())) if below else program.name
    where = "" if folder == USUAL else f" --data {shlex.quote(str(folder))}"
    return f"{name} send password-incorrect{where}"


async def run_once(out: Console, house: House, story: Scenario) -> int:
    """Play the story, and show what came of it; the exit code."""
    handlers = house.around.handler_names
    stage = Stage(house.simulator, house.inbox, house.history, handlers)
    scenes = await stage.play(story)
    connection = house.simulator.connections[stage.connection]
    dead = await house.history.dead_letters(stage.connection)
    found = [*findings(scenes, stage.connection, _concerned(handlers), dead)]
    if "email" in handlers:
        found += mail_findings(scenes, connection["workflowOwnerEmail"], _link(house, stage.connection))
    out.print()
    out.print(table(scenes, stage.connection))
    print_findings(found)
    return 0 if is_good(found) else 1


def _concerned(names: Iterable[str]) -> Concerned:
    provided = installed()
    handlers = {name: load_handler(provided[name.removesuffix(SHADOW)]) for name in names}
    return lambda changed: [name for name, handler in handlers.items() if handler.concerns(changed)]


def _link(house: House, connection_id: str) -> str | None:
    """What the first mail must lead to; None: no link is to be made."""
    kind = os.environ.get("RECONNECT_LINK") or "magic-link"
    if kind == "magic-link":
        return MAGIC_LINK.format_map(house.simulator.connections[connection_id])
    if kind == "none":
        return None
    made = (one for one in house.simulator.invitations if one["connectionId"] == connection_id)
    return str(next(made, {"invitationUrl": "an invitation"})["invitationUrl"])
