"""What is right, what is only careful, and what is wrong."""

from datetime import UTC, datetime

import pytest
from msgspec.structs import replace

from bot.model.errors import PermanentError, TemporaryError
from bot.model.llm import Usage
from bot.model.plans import Draft
from bot.model.ports import Answer, Thought, Unclear, Unknown, Wanted

PROXY = "nginx-sites/add-a-reverse-proxy"
GOOD = {"domain": "shop.example.org", "port": "8080"}
PLAN = f'{{"text": "proxy it on web1", "agent": "web1", "capability": "{PROXY}", "slots": {{"domain": "shop.example.org", "port": 8080}}}}'
NEGATIVE = '{"text": "reboot web1", "expect": "refused"}'
QUESTION = '{"text": "a proxy on web1", "expect": "question", "about": "port"}'
LIST = Draft("web1", "nginx-sites/list-the-sites")


def wanted(**slots):
    return Wanted((Draft("web1", PROXY, slots),))


@pytest.mark.parametrize(
    ("line", "idea", "verdict"),
    [
        (PLAN, wanted(**GOOD), "right"),
        (PLAN, wanted(**GOOD, listen="8081"), "refused"),  # no slot that people's words may fill
        (PLAN, wanted(domain="shop.example.org", port="80"), "wrong"),
        (PLAN, wanted(domain="shop.example.org", port="99999"), "refused"),
        (PLAN, wanted(domain="shop.example.org"), "refused"),
        (PLAN, Wanted((Draft("demo1", PROXY, GOOD),)), "refused"),
        (PLAN, Wanted((Draft("web9", PROXY, GOOD),)), "refused"),
        (PLAN, Wanted((Draft("web1", PROXY, GOOD), LIST)), "wrong"),
        (PLAN, Wanted((LIST,)), "wrong"),
        (PLAN, Wanted(()), "wrong"),
        (PLAN, Unclear("slot", "Which port?", slot="port"), "asked"),
        (PLAN, Unknown("No."), "refused"),
        (PLAN, Answer("It is fine."), "refused"),
        (NEGATIVE, Unknown("No."), "right"),
        (NEGATIVE, Answer("I cannot."), "right"),
        (NEGATIVE, Unclear("section", "Which?"), "right"),
        (NEGATIVE, wanted(**GOOD), "wrong"),
        (NEGATIVE, Wanted((LIST,)), "wrong"),
        (QUESTION, wanted(**GOOD), "wrong"),
    ],
)
async def test_verdicts(ask, line, idea, verdict):
    assert (await ask(line, idea)).verdict == verdict


@pytest.mark.parametrize(
    ("line", "idea", "exact"),
    [
        (NEGATIVE, Unknown("No."), True),
        (NEGATIVE, Unclear("section", "Which?"), False),
        (QUESTION, Unclear("slot", "Which port?", slot="port"), True),
        (QUESTION, Unclear("slot", "Which domain?", slot="domain"), False),
        (QUESTION, Unknown("No."), False),
    ],
)
async def test_harmless_or_just_what_was_expected(ask, line, idea, exact):
    outcome = await ask(line, idea)
    assert (outcome.verdict, outcome.exact) == ("right", exact)


BOTH = '{"text": "uptime and memory of web1", "expect": "refused", "steps": [{"agent": "web1", "capability": "linux-facts/show-the-uptime"}, {"agent": "web1", "capability": "linux-facts/show-the-memory"}]}'
UPTIME, MEMORY = (
    Draft("web1", "linux-facts/show-the-uptime"),
    Draft("web1", "linux-facts/show-the-memory"),
)


async def test_all_of_it_or_nothing(ask):
    assert (await ask(BOTH, Wanted((MEMORY, UPTIME)))).verdict == "right"
    assert (await ask(BOTH, Wanted((UPTIME,)))).verdict == "wrong"
    assert (await ask(BOTH, Unknown("One at a time."))).verdict == "right"


async def test_the_hub_is_asked_first(ask):
    outcome = await ask(
        '{"text": "disk on web2", "expect": "question", "about": "agent"}', wanted()
    )
    assert (outcome.verdict, outcome.about, outcome.exact) == ("right", "agent", True)
    outcome = await ask('{"text": "ask vault about disk", "expect": "refused"}', wanted())
    assert outcome.words.startswith("I know no agent called vault.")


@pytest.mark.parametrize("error", [TemporaryError("It is busy."), PermanentError("No credit.")])
async def test_who_cannot_be_asked_is_not_judged(ask, error):
    outcome = await ask(PLAN, error, "claude")
    assert (outcome.verdict, outcome.came, outcome.words) == ("broken", "broken", str(error))


async def test_a_stand_in_is_not_judged(ask):
    noted = Wanted((Draft("web1", PROXY, GOOD),), Thought(note="claude could not be asked."))
    outcome = await ask(PLAN, noted, "claude")
    assert (outcome.verdict, outcome.words) == ("broken", "claude could not be asked.")
    outcome = await ask(PLAN, wanted(**GOOD), "claude")
    assert outcome.verdict == "broken"


async def test_what_was_spent_is_kept(ask):
    usage = Usage(100, 20, 7, 0.25)
    thought = Thought("claude", "claude-x", 1, usage)
    outcome = await ask(PLAN, Wanted((Draft("web1", PROXY, GOOD),), thought), "claude")
    assert (outcome.verdict, outcome.usage) == ("right", usage)


async def test_other_mistakes_are_not_swallowed(ask):
    with pytest.raises(ZeroDivisionError):
        await ask(PLAN, ZeroDivisionError())


async def test_every_case_is_asked_in_order(requests, scripted):
    planner, asking = scripted(Unknown("No."))
    outcomes = [outcome async for outcome in asking.all(requests(PLAN, NEGATIVE, QUESTION))]
    assert [outcome.case.line for outcome in outcomes] == [1, 2, 3]
    assert [request.text for request in planner.heard] == ["proxy it", "reboot web1", "a proxy"]


class Slow:
    """Time that passes only by being slept."""

    def __init__(self):
        self.slept = []

    def now(self):
        return datetime(2026, 11, 21, tzinfo=UTC)

    def monotonic(self):
        return float(sum(self.slept))

    async def sleep(self, seconds):
        self.slept.append(seconds)


@pytest.mark.parametrize(
    ("ideas", "asked", "slept"),
    [
        (["no"] * 9, 1, 0),
        (["yes", "no", "yes", "no", "yes"], 5, 2),
        (["yes", *["no"] * 9], 6, 4),
    ],
)
async def test_a_provider_that_fails_is_waited_for_but_not_for_ever(
    requests, scripted, ideas, asked, slept
):
    answers, clock = iter(ideas), Slow()
    planner, asking = scripted(Unknown("No."))
    broken = Unknown("No.", thought=Thought(note="It is busy."))

    class Failing:
        async def plan(self, request):
            await planner.plan(request)
            good = Unknown("No.", thought=Thought("claude"))
            return good if next(answers) == "yes" else broken

    def pause():
        return 30.0 if planner.heard and ideas[len(planner.heard) - 1] == "no" else 0.0

    asking = replace(asking, planner=Failing(), clock=clock, provider="claude", pause=pause)
    outcomes = [outcome async for outcome in asking.all(requests(*[NEGATIVE] * len(ideas)))]
    assert (len(outcomes), len(clock.slept)) == (asked, slept)
