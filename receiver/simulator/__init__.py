"""A stand-in Nectar: serves connections, posts signed webhooks, and gets into trouble when asked to.

Tests, `nectar-router dev` and `nectar-router simulate` all use it; the router itself never does.
"""

from receiver.simulator.faults import Fault, Faults
from receiver.simulator.inbox import Inbox
from receiver.simulator.mail import Mail
from receiver.simulator.scenarios import SCENARIOS, Scenario, Step, burst, play
from receiver.simulator.sender import Attempt, Message, Outcome, Sender
from receiver.simulator.simulator import Simulator

__all__ = [
    "SCENARIOS",
    "Attempt",
    "Fault",
    "Faults",
    "Inbox",
    "Mail",
    "Message",
    "Outcome",
    "Scenario",
    "Sender",
    "Simulator",
    "Step",
    "burst",
    "play",
]
