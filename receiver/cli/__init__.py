"""`nectar-router`: runs the whole thing on one machine, checks a deployment, sends examples.

Exit codes: 0 good, 1 failed, 2 wrong usage.
"""

import sys

import typer

from receiver.cli import commands, journal_commands
from receiver.cli.handlers import group as handlers_group
from receiver.cli.output import Failed

__all__ = ["main"]

app = typer.Typer(
    help="Nectar Router: from Nectar's webhooks to your own tools.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,  # they print the values of variables, and some of those are secrets
)
for command in (commands.dev, commands.check, commands.send, commands.simulate):
    app.command()(command)
for journal_command in journal_commands.COMMANDS:
    app.command()(journal_command)
app.add_typer(handlers_group, name="handlers")


def main() -> int:
    """The program. Its exit code, unless a command has ended the process itself."""
    try:
        app()
    except KeyboardInterrupt:
        return 130
    except Exception as error:
        from receiver.settings import SettingsError  # only now: `--help` is to be quick

        if not isinstance(error, Failed | SettingsError):
            raise
        sys.stdout.flush()
        print(error, file=sys.stderr)
        return 1
    return 0
