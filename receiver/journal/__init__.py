"""All that is kept in Redis: events, snapshots, deliveries. Each transition is one atomic script.

| key | kind | holds |
|---|---|---|
| `events` | stream | the accepted messages, each with its payload; an entry's id is the event's mark |
| `seen:SPAN:END` | hash | ids of the messages of a span of 72 h that end so, each with its event's mark |
| `inbox:CONNECTION` | list | the newest events that no fetch covers yet |
| `connection:CONNECTION` | hash | `wanted` and `covered` marks, version and what it brought, snapshot |
| `changes:CONNECTION` | stream | each version: what changed, status from and to, the events behind it |
| `companies` | hash | changes of each company's connections: what is listed of it is good until the next |
| `refresh:CONNECTION` | hash | the fetch: the token of the hand that has it, failed attempts, and why |
| `deliver:HANDLER:CONNECTION` | hash | the delivery: the same, and the version last handled, memory |
| `steps:HANDLER:CONNECTION` | hash | finished steps of `ctx.once` |
| `due` | sorted set | all work waiting or in hand, by when it is due or its lease ends |
| `fetching` | sorted set | fetches in hand, by when their lease ends |
| `parked:BREAKER`, `breaker:BREAKER`, `breakers` | sorted set, hash, set | work that waits for another side |
| `awaiting:CONNECTION` | hash | handlers to be shown the next fetch, changed or not |
| `dead`, `dead:CONNECTION` | sorted set, hash | what needs a person, and which events it concerns |
| `quarantine`, `quarantined:MESSAGE` | sorted set, hash | authentic messages that do not fit the schema |
| `attempts` | stream | what happened |
| `handlers` | set | names of handlers that have ever had a delivery: each has a line of bells |
| `bells`, `bell` | hash, counter | the arq job last rung for each piece of work; the last number given |
| `wake` | list | tokens for workers that wait for a bell |
| `stats` | hash | counts since the beginning |
| `pace:HANDLER` | string | when the next request of a handler with a `rate` may be made |
| `rehearsed:HANDLER` | stream | what a handler in shadow mode would have done |
| `workers` | sorted set | worker processes, by when they last said that they are there |

All bear the prefix `nectar:`. A mark is the id of an entry of `events`: marks grow with time.
"""

from receiver.journal.deliveries import Deliveries, Ended, LostClaim, Pending, RecordedSteps, kept_memory
from receiver.journal.fetches import Fetched, Fetches, Known
from receiver.journal.gauges import Breaker, Gauges, Observatory
from receiver.journal.intake import Intake, Message, Receipt, Reception
from receiver.journal.leases import Leases
from receiver.journal.pace import Pace
from receiver.journal.rehearsals import Rehearsals, Rehearsed
from receiver.journal.retention import Keep, Pruned, Retention
from receiver.journal.store import Store, compact, connect
from receiver.journal.worklist import NECTAR, RESUME, Claim, Setback, Subject, Worklist, deliver, refresh

__all__ = [
    "NECTAR",
    "RESUME",
    "Breaker",
    "Claim",
    "Deliveries",
    "Ended",
    "Fetched",
    "Fetches",
    "Gauges",
    "Intake",
    "Keep",
    "Known",
    "Leases",
    "LostClaim",
    "Message",
    "Observatory",
    "Pace",
    "Pending",
    "Pruned",
    "Receipt",
    "Reception",
    "RecordedSteps",
    "Rehearsals",
    "Rehearsed",
    "Retention",
    "Setback",
    "Store",
    "Subject",
    "Worklist",
    "compact",
    "connect",
    "deliver",
    "kept_memory",
    "refresh",
]
