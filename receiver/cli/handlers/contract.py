"""`nectar-router handlers check`: does a handler keep the contract?"""

from collections.abc import Iterator
from dataclasses import asdict

from rich.text import Text

from receiver.cli.handlers.loading import Filled, find_handler, read_filled
from receiver.cli.output import console, print_json
from receiver.telemetry import Redactor
from receiver.testing import Finding, Report, Scene, contract_report


def run(name: str, *, as_json: bool) -> int:
    """Play the scenes and print what was found; the exit code. Raises Failed."""
    handler = find_handler(name)
    filled = read_filled(handler, make_up=True)
    redactor = Redactor()
    redactor.hide_options(filled.options)
    report = contract_report(handler, filled.options)
    if as_json:
        found = redactor.value(asdict(report))
        print_json({"ok": not report.findings, "made_up": list(filled.made_up), **found})
    else:
        out = console()
        for line in _lines(report, filled):
            out.print(Text(redactor.text(line.plain), line.style) if line.plain else line, soft_wrap=True)
    return 1 if report.findings else 0


def _lines(report: Report, filled: Filled) -> Iterator[Text]:
    if filled.made_up:
        yield Text(f"Options made up, since they are not set: {', '.join(filled.made_up)}.", "dim")
    yield from map(_scene, report.scenes)
    for finding in report.findings:
        yield from _finding(finding)
    yield Text()
    if report.findings:
        yield Text(f"{report.handler} does not keep the contract yet.", "bold red")
    else:
        yield Text(f"{report.handler} keeps the contract in {len(report.scenes)} scenes.", "green")


def _scene(scene: Scene) -> Text:
    verdict = "failed" if scene.findings else "ok"
    told = f"{verdict:<9}{scene.told}: {', '.join(scene.went)}"
    named = f"  ({', '.join(scene.findings)})" if scene.findings else ""
    return Text(f"{told}{named}", "red" if scene.findings else "")


def _finding(finding: Finding) -> Iterator[Text]:
    yield Text()
    yield Text(f"{finding.name}: {finding.wrong}", "bold red")
    yield Text(f"  seen: {'; '.join(finding.scenes)}")
    yield from (Text(f"  {line}") for line in finding.mend.splitlines())
