"""FakeRouter: several attempts at one connection, with what the router keeps between them."""

import pytest

from receiver.api import Change, Context, Done, Outcome, RetryLater, handler
from receiver.testing import FakeRouter, make_connection

pytestmark = pytest.mark.anyio

BROKEN, WORKS = make_connection("PASSWORD_INCORRECT"), make_connection("CONNECTED")


@handler("diary", changed={"status"})
async def diary(change: Change, ctx: Context) -> Outcome:
    """Tell the target what was shown, and do one step once."""
    shown = {
        "status": change.connection.status,
        "before": change.previous_status,
        "changed": sorted(change.changed),
        "version": change.version,
        "attempt": ctx.attempt,
        "events": [event.id for event in change.events],
    }

    async def step() -> int:
        (await ctx.http.post("https://diary.example.com/step")).raise_for_status()
        return change.version

    shown["step"] = await ctx.once("step", step)
    (await ctx.http.post("https://diary.example.com/shown", json=shown)).raise_for_status()
    ctx.memory["times"] = int(str(ctx.memory.get("times", 0))) + 1
    return Done()


def shown(router: FakeRouter) -> list[dict[str, object]]:  # type: ignore[type-arg]
    """What the handler was shown at each attempt that came to tell of it."""
    return [sent.json for sent in router.http.requests if sent.path == "/shown" and sent.taken]


def steps(router: FakeRouter) -> int:  # type: ignore[type-arg]
    """How often the step was run."""
    return sum(sent.path == "/step" for sent in router.http.requests)


async def test_the_first_is_a_change_in_all_and_the_next_in_what_changed_since() -> None:
    router = FakeRouter(diary)
    await router.show(BROKEN)
    await router.show(WORKS)
    first, second = shown(router)
    assert (first["before"], first["version"], first["events"]) == (None, 1, ["msg_1"])
    assert "company" in str(first["changed"])
    assert (second["before"], second["version"]) == ("PASSWORD_INCORRECT", 2)
    assert (second["changed"], second["events"]) == (["status"], ["msg_2"])
    assert router.memory == {"times": 2}


async def test_what_changed_adds_up_until_the_handler_succeeds() -> None:
    router = FakeRouter(diary)
    await router.show(BROKEN)
    router.http.refuse(times=1)
    assert (await router.show(make_connection("CONNECTED", username="new"))).went == "retry"
    await router.show(make_connection("WEBSITE_DOWN", username="new"))
    assert shown(router)[-1]["changed"] == ["status", "username"]
    assert shown(router)[-1]["before"] == "PASSWORD_INCORRECT"
    assert shown(router)[-1]["attempt"] == 1


async def test_each_failure_counts_and_memory_is_kept() -> None:
    router = FakeRouter(diary)
    router.http.fail_with(500, times=1, after=1)
    assert (await router.show(BROKEN)).went == "retry"
    await router.show_again()
    assert shown(router)[-1]["attempt"] == 2
    assert steps(router) == 1


async def test_a_target_that_refuses_us_uses_up_no_attempt() -> None:
    router = FakeRouter(diary)
    router.http.fail_with(401, times=1)
    assert (await router.show(BROKEN)).went == "park"
    await router.show_again()
    assert shown(router)[-1]["attempt"] == 1


async def test_a_finished_step_is_recalled_in_a_replay_and_done_anew_for_the_next_version() -> None:
    router = FakeRouter(diary)
    await router.show(BROKEN)
    await router.show_again()
    assert (steps(router), shown(router)[-1]["step"]) == (1, 1)
    await router.show(WORKS)
    assert (steps(router), shown(router)[-1]["step"]) == (2, 2)
    await router.show_again()
    assert steps(router) == 2


async def test_a_step_outlasts_failures_over_newer_versions() -> None:
    router = FakeRouter(diary)
    router.http.refuse(times=1, after=1)
    await router.show(BROKEN)
    await router.show(WORKS)
    assert (steps(router), shown(router)[-1]["step"]) == (1, 1)


async def test_steps_of_an_earlier_success_are_forgotten_with_the_first_step_of_the_next() -> None:
    @handler("steps")
    async def two_steps(change: Change, ctx: Context) -> Outcome:
        async def step(name: str) -> None:
            (await ctx.http.post(f"https://diary.example.com/{name}")).raise_for_status()

        for name in ("one", "two") if change.version == 1 else ("two", "one"):
            await ctx.once(name, lambda name=name: step(name))  # type: ignore[misc]  # a lambda's default
        return Done()

    router = FakeRouter(two_steps)
    await router.show(BROKEN)
    router.http.refuse(times=1, after=1)
    await router.show(WORKS)
    await router.show_again()
    assert [sent.path for sent in router.http.requests if sent.taken] == ["/one", "/two", "/two", "/one"]


async def test_a_death_loses_memory_and_the_step_at_hand_and_nothing_else() -> None:
    router = FakeRouter(diary)
    await router.show(BROKEN)
    router.http.die_after(2)
    assert (await router.show(WORKS)).died
    assert router.memory == {"times": 1}
    await router.show_again()
    assert steps(router) == 2
    assert router.memory == {"times": 2}


async def test_versions_may_be_missed() -> None:
    router = FakeRouter(diary)
    await router.show(BROKEN)
    await router.show(WORKS, missed=3)
    assert shown(router)[-1]["version"] == 5


async def test_who_asks_to_be_shown_it_again_is_at_the_first_attempt_once_more() -> None:
    @handler("later")
    async def later(change: Change, ctx: Context) -> Outcome:
        return RetryLater(60) if not ctx.memory.setdefault("asked") else Done()

    router = FakeRouter(later)
    assert (await router.show(BROKEN)).went == "later"
    assert (await router.show_again()).attempt == 1


async def test_what_the_handler_did_not_ask_for_is_not_shown() -> None:
    router = FakeRouter(diary)
    await router.show(BROKEN)
    with pytest.raises(ValueError, match="asked for status"):
        await router.show(make_connection("PASSWORD_INCORRECT", username="new"))
    with pytest.raises(ValueError, match="show something first"):
        await FakeRouter(diary).show_again()


def test_it_works_in_tests_that_are_no_coroutines() -> None:
    router = FakeRouter(diary)
    assert [router.show_sync(BROKEN).went, router.show_again_sync().went] == ["done", "done"]
