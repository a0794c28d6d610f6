"""What holds for every shipped pack."""

import subprocess
import sys
from pathlib import Path

import pytest
from msgspec.structs import replace

from bot.model.plans import Agent, Draft, Step
from bot.model.ports import Request, Wanted
from bot.model.sections import Refusal, Risk, Section
from bot.planner.offline import OfflinePlanner
from capabilities.guard import StepGuard
from capabilities.render import SectionRenderer
from capabilities.rules import value_of
from tests.packs.machine import PACKS, SHIPPED, shipped

LIBRARY = shipped()
SECTIONS = LIBRARY.sections()
EVERY = pytest.mark.parametrize("section", SECTIONS, ids=lambda section: section.id)


async def hears(words: str, *packs: str) -> Draft:
    """What the offline planner makes of a request to an agent with these packs: a draft, without any question."""
    planner = OfflinePlanner(LIBRARY, SectionRenderer())
    idea = await planner.plan(Request(words, (Agent("web1", "local:", packs, level=3),)))
    assert isinstance(idea, Wanted), idea
    return idea.drafts[0]


@pytest.mark.parametrize("pack", SHIPPED)
def test_the_public_validator_passes(pack: str) -> None:
    validator = Path(sys.executable).with_name("agentskills")
    done = subprocess.run(
        [validator, "validate", PACKS / pack], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_packs_load_without_a_word_of_complaint() -> None:
    assert LIBRARY.problems == ()
    assert set(LIBRARY.packs) == set(SHIPPED)


def test_the_capabilities_that_were_asked_for_are_there() -> None:
    ids = {section.id for section in SECTIONS}
    facts = [
        "disk-space",
        "memory",
        "load",
        "uptime",
        "processes",
        "open-ports",
        "services",
        "system-log",
    ]
    assert {f"linux-facts/show-the-{fact}" for fact in facts} <= ids
    sites = "list-the-sites add-a-reverse-proxy add-a-static-site remove-a-site show-the-error-log test-the-configuration"
    assert {f"nginx-sites/{site}" for site in sites.split()} <= ids
    assert {"demo-site/create-a-site", "demo-site/list-the-sites", "demo-site/remove-a-site"} <= ids


@EVERY
def test_every_section_renders_with_its_examples(section: Section) -> None:
    given = {
        slot.name: value_of(slot, slot.example)
        for slot in section.slots
        if slot.example and not slot.from_agent
    }
    answer = SectionRenderer().render(section, given, Agent("web1", "local:", SHIPPED))
    assert not isinstance(answer, Refusal), answer
    assert {slot.name for slot in section.slots} == set(answer[0])


@EVERY
def test_the_guard_lets_every_section_pass(section: Section, tmp_path: Path) -> None:
    """With the example values, on a machine whose floor is elsewhere; and not where the floor is in the way."""
    agent = Agent("web1", "local:", SHIPPED, level=section.level)
    given = {
        slot.name: value_of(slot, slot.example)
        for slot in section.slots
        if slot.example and not slot.from_agent
    }
    answer = SectionRenderer().render(section, given, agent)
    assert not isinstance(answer, Refusal)
    slots, done = answer
    step = Step(
        "s1",
        agent,
        "local:",
        section,
        slots,
        done.actions,
        done.preview,
        done.verify,
        done.rollback,
    )
    assert StepGuard((tmp_path,)).check(step) is None
    below = StepGuard((tmp_path,)).check(
        replace(step, agent=replace(agent, level=section.level - 1))
    )
    assert below is not None
    assert below.rule == "level"


@EVERY
def test_every_section_is_run_by_a_test_of_its_pack(section: Section) -> None:
    tests = Path(__file__).with_name(f"test_{section.pack.replace('-', '_')}.py").read_text()
    assert section.id.partition("/")[2] in tests


@EVERY
def test_whatever_changes_something_can_look_verify_and_undo(section: Section) -> None:
    if section.pack == "linux-facts":
        assert section.risk is Risk.READ
    if section.risk is Risk.READ:
        assert section.level == 0
        return
    assert section.preview is not None
    assert section.preview.compare == "lines"
    assert section.verify is not None
    assert section.verify.within > 0
    assert bool(section.rollback) is not section.irreversible


@EVERY
async def test_a_section_answers_to_its_own_examples(section: Section) -> None:
    assert section.examples
    for example in section.examples:
        assert (await hears(example, section.pack)).section == section.id


@pytest.mark.parametrize(
    ("words", "found", "slots"),
    [
        ("disk space", "linux-facts/show-the-disk-space", {}),
        ("disk", "linux-facts/show-the-disk-space", {}),
        ("what is using the disk?", "linux-facts/show-what-uses-the-disk", {}),
        ("what uses the disk in /var?", "linux-facts/show-what-uses-the-disk", {"folder": "/var"}),
        ("how much free disk space do you have?", "linux-facts/show-the-disk-space", {}),
        ("is the disk full?", "linux-facts/show-the-disk-space", {}),
        ("show me the memory", "linux-facts/show-the-memory", {}),
        ("how much memory is used?", "linux-facts/show-the-memory", {}),
        ("how much disk space is used?", "linux-facts/show-the-disk-space", {}),
        (
            "show the nginx config of shop.example.org",
            "nginx-sites/show-the-configuration-of-a-site",
            {"domain": "shop.example.org"},
        ),
        ("how much ram is left?", "linux-facts/show-the-memory", {}),
        ("load", "linux-facts/show-the-load", {}),
        ("uptime please", "linux-facts/show-the-uptime", {}),
        ("how long have you been up?", "linux-facts/show-the-uptime", {}),
        ("list the running processes", "linux-facts/show-the-processes", {}),
        ("top 5 processes", "linux-facts/show-the-processes", {"count": "5"}),
        ("which process is using the cpu?", "linux-facts/show-the-processes", {}),
        ("who is using the memory?", "linux-facts/show-the-processes-that-use-the-memory", {}),
        ("which ports are open?", "linux-facts/show-the-open-ports", {}),
        ("which ports are listening?", "linux-facts/show-the-open-ports", {}),
        ("listening ports", "linux-facts/show-the-open-ports", {}),
        (
            "serve shop.example.org from port 8080",
            "nginx-sites/add-a-reverse-proxy",
            {"domain": "shop.example.org", "port": "8080"},
        ),
        (
            "what is listening on port 8080?",
            "linux-facts/show-what-listens-on-a-port",
            {"port": "8080"},
        ),
        ("which services are running?", "linux-facts/show-the-services", {}),
        ("services", "linux-facts/show-the-services", {}),
        ("failed services", "linux-facts/show-the-failed-services", {}),
        (
            "what is the status of the service nginx?",
            "linux-facts/show-the-status-of-a-service",
            {"service": "nginx"},
        ),
        ("show the logs", "linux-facts/show-the-system-log", {}),
        (
            "show the last 20 lines of the system log",
            "linux-facts/show-the-system-log",
            {"lines": "20"},
        ),
        (
            "show the log of the service nginx",
            "linux-facts/show-the-log-of-a-service",
            {"service": "nginx"},
        ),
        ("show the error log", "nginx-sites/show-the-error-log", {}),
        (
            "show the last 5 lines of the error log",
            "nginx-sites/show-the-error-log",
            {"lines": "5"},
        ),
        (
            "add a reverse proxy for shop.example.org to port 8080",
            "nginx-sites/add-a-reverse-proxy",
            {"domain": "shop.example.org", "port": "8080"},
        ),
        (
            "set up a reverse proxy from shop.example.org to port 3000 please",
            "nginx-sites/add-a-reverse-proxy",
            {"domain": "shop.example.org", "port": "3000"},
        ),
        (
            "please create a new static site docs.example.org",
            "nginx-sites/add-a-static-site",
            {"domain": "docs.example.org"},
        ),
        (
            "delete the site shop.example.org",
            "nginx-sites/remove-a-site",
            {"domain": "shop.example.org"},
        ),
        ("test the configuration", "nginx-sites/test-the-configuration", {}),
        ("is the nginx config valid?", "nginx-sites/test-the-configuration", {}),
        ("list the sites", "nginx-sites/list-the-sites", {}),
        ("which sites do you have?", "nginx-sites/list-the-sites", {}),
    ],
)
async def test_plain_requests_to_a_web_server(
    words: str, found: str, slots: dict[str, str]
) -> None:
    draft = await hears(words, "linux-facts", "nginx-sites")
    assert (draft.section, draft.slots) == (found, slots)


@pytest.mark.parametrize(
    ("words", "found", "slots"),
    [
        ("create a site called hello", "demo-site/create-a-site", {"name": "hello"}),
        ("make a website named hello", "demo-site/create-a-site", {"name": "hello"}),
        ("add a site called shop", "demo-site/create-a-site", {"name": "shop"}),
        ("list the sites", "demo-site/list-the-sites", {}),
        ("show the page of the site hello", "demo-site/show-the-page-of-a-site", {"name": "hello"}),
        ("remove the site called hello", "demo-site/remove-a-site", {"name": "hello"}),
        ("delete the website hello", "demo-site/remove-a-site", {"name": "hello"}),
        ("what is using the disk?", "linux-facts/show-what-uses-the-disk", {}),
    ],
)
async def test_plain_requests_in_the_demo(words: str, found: str, slots: dict[str, str]) -> None:
    draft = await hears(words, "linux-facts", "demo-site")
    assert (draft.section, draft.slots) == (found, slots)
