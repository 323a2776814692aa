"""How often a worker sweeps."""

from receiver.journal.worklist import LEASE, WORKER_GONE
from receiver.worker import pause_after


def test_promise_2_with_little_to_look_through_a_dead_worker_s_work_goes_on_within_10_s() -> None:
    assert LEASE + pause_after(0.01) < 10


def test_of_a_large_backlog_the_looks_take_a_twentieth_of_the_time() -> None:
    assert pause_after(0.2) == 4


def test_however_long_a_sweep_takes_the_next_comes_in_time() -> None:
    """Before the worker is taken for gone, and long before work has been stranded for a minute."""
    assert pause_after(5) + 5 < WORKER_GONE
    assert LEASE + pause_after(60) < 60
