"""The nine flaws that receivers of webhooks have, each as a change to a copy of the router's code."""

import shutil
from dataclasses import dataclass
from pathlib import Path

import receiver
from tests.chaos.bench import Plan
from tests.chaos.load import Shares

SOURCE = Path(receiver.__file__).parent
SHORT = Plan(faults=(), seconds=2, connections=40, patience=20)


@dataclass(frozen=True)
class Edit:
    """Another text in a file of the router."""

    file: str
    old: str
    new: str


@dataclass(frozen=True)
class Flaw:
    """What is done wrong, and which figure of the bench must tell."""

    name: str
    edits: tuple[Edit, ...]
    caught_by: str
    plan: Plan = SHORT

    def plant(self, folder: Path) -> Path:
        """A flawed copy of the router; what to put on PYTHONPATH."""
        shutil.copytree(SOURCE, folder / "receiver", ignore=shutil.ignore_patterns("__pycache__"))
        for edit in self.edits:
            file = folder / "receiver" / edit.file
            text = file.read_text()
            assert text.count(edit.old) == 1, f"{edit.file} no longer holds this once:\n{edit.old}"
            file.write_text(text.replace(edit.old, edit.new))
        return folder


FLAWS = (
    Flaw(
        "acknowledge before commit",
        (
            Edit(
                "web/webhook.py",
                "            receipt = await self._intake.accept(message)\n",
                "            import asyncio\n"
                "            asyncio.ensure_future(self._intake.accept(message))\n"
                '            return JSONResponse({"id": "", "status": "accepted"}, 202)\n',
            ),
        ),
        "acknowledged, not in the journal",
        Plan(faults=("redis-readonly",), connections=40, patience=20),
    ),
    Flaw(
        "check-then-insert deduplication",
        (
            Edit(
                "journal/scripts/accept.lua",
                "local seen, ids = remembered(message, memory)",
                "local _, ids = remembered(message, memory)\nlocal seen = false",
            ),
            Edit(
                "journal/intake.py",
                '        flags = compact(message.flags) if message.flags else ""\n',
                '        seen = await self._store.run("seen", message.id, MESSAGE_MEMORY)\n'
                "        if seen:\n"
                "            return Receipt(Reception.DUPLICATE, seen)\n"
                '        flags = compact(message.flags) if message.flags else ""\n',
            ),
        ),
        "messages recorded twice",
        Plan(faults=(), seconds=3, connections=40, patience=20, shares=Shares(at_once=0.5)),
    ),
    Flaw(
        "after a crash the target is asked under another key",
        (
            Edit(
                "dispatch/delivery.py",
                'f"{self.claim.work}:{version}:{fetched}"',
                'f"{self.claim.work}:{version}:{self.claim.token}"',
            ),
        ),
        "attempts at one version with another key",
        Plan(faults=("worker-kill",), rate=5, connections=100, patience=20),
    ),
    Flaw(
        "no record of what was done",
        (
            Edit(
                "journal/deliveries.py",
                'await self._store.run("record_step", *fence, self._base(), step, text)',
                "fence",
            ),
        ),
        "steps run twice without either",
        Plan(faults=("worker-kill",), rate=5, connections=100, patience=20),
    ),
    Flaw(
        "effect before deduplication",
        (
            Edit(
                "journal/scripts/accept.lua",
                "  count('duplicate')\n",
                "  count('duplicate')\n  want(connection, seen, interval)\n",
            ),
        ),
        "fetches with no new event behind them",
        Plan(faults=(), seconds=3, connections=40, patience=20, shares=Shares(at_once=0.5)),
    ),
    Flaw(
        "order assumed: what came while a fetch was under way is taken for older",
        (
            Edit(
                "dispatch/refreshing.py",
                "        found = await self._nectar.details(connection)\n",
                "        found = await self._nectar.details(connection)\n"
                "        known = await self._fetches.known(connection)\n",
            ),
        ),
        "fetches begun before an event that they cover",
        Plan(faults=("nectar-slow",), connections=40, patience=20),
    ),
    Flaw(
        "signature checked after parsing",
        (
            Edit(
                "web/webhook.py",
                "        message_id = self._authenticate(headers, body)\n"
                "        try:\n"
                "            understood = understand(message_id, body)\n",
                "        try:\n"
                "            understood = understand(_claimed_id(headers), body)\n"
                "            message_id = self._authenticate(headers, body)\n",
            ),
        ),
        "intruders read, kept or acknowledged",
        Plan(faults=(), seconds=2, connections=40, patience=20, shares=Shares(intruders=0.5)),
    ),
    Flaw(
        "stale signature taken",
        (Edit("signature.py", "TOLERANCE = 5 * 60\n", "TOLERANCE = 50 * 60\n"),),
        "intruders read, kept or acknowledged",
        Plan(faults=(), seconds=2, connections=40, patience=20, shares=Shares(intruders=0.5)),
    ),
    Flaw(
        "secrets and personal data logged",
        (
            Edit(
                "dispatch/refreshing.py",
                "        found = await self._nectar.details(connection)\n",
                "        found = await self._nectar.details(connection)\n"
                "        secret = found.connection_magic_link_secret.get_secret_value()\n"
                "        print(secret, found.username, flush=True)\n",
            ),
        ),
        "secrets or personal data in a log",
    ),
)
