"""The nginx plan of the design's cards, and views of it in every state."""

from datetime import UTC, datetime, timedelta
from typing import Any

from bot.model.approvals import Mark, Vote
from bot.model.people import Account, Conversation
from bot.model.plans import Agent, Plan, Step
from bot.model.runs import Attempt, Run, StepResult
from bot.model.sections import Exec, Risk, Section, Slot, Verify, Write
from bot.report.view import PlanView

NOW = datetime(2026, 11, 20, 14, 2, 4, tzinfo=UTC)
PLAN = "0199a0000000700080000000" + "00007f3a"
AVAILABLE = "/etc/nginx/sites-available/shop.example.org"
ENABLED = "/etc/nginx/sites-enabled/shop.example.org"
CURL = Exec(
    (
        (
            "curl",
            "-sS",
            "--max-time",
            "10",
            "--resolve",
            "shop.example.org:80:127.0.0.1",
            "http://shop.example.org/",
        ),
    )
)
NGINX = Section(
    "nginx-sites/add-a-reverse-proxy",
    "nginx-sites",
    "Add a reverse proxy",
    Risk.CHANGE,
    2,
    (),
    slots=(
        Slot("prefix", "path", from_agent=True),
        Slot("domain", "fqdn"),
        Slot("port", "port"),
    ),
    verify=Verify((), r"^[234]\d\d$", 10.0),
)
WEB1 = Agent("web1", "local:", ("nginx-sites", "linux-facts"), 2, aliases=("nginx",))
COMMANDS = (
    Exec((("test", "!", "-e", AVAILABLE),)),
    Write(AVAILABLE, "server { listen 80; }\n"),
    Exec((("ln", "-s", AVAILABLE, ENABLED),)),
    Exec((("nginx", "-t"),)),
    Exec((("nginx", "-s", "reload"),)),
)
STEP = Step(
    "1",
    WEB1,
    "local:root@here",
    NGINX,
    {"prefix": "/etc/nginx", "domain": "shop.example.org", "port": "8080"},
    COMMANDS,
    preview=(Exec((("ls", "-1", "/etc/nginx/sites-enabled"),)),),
    verify=(CURL,),
    rollback=(
        Exec((("rm", "-f", "--", ENABLED, AVAILABLE),)),
        Exec((("nginx", "-s", "reload"),)),
    ),
)
REQUEST = "add a reverse proxy for shop.example.org to port 8080 on web1"
ROOM = Conversation("console", "console", "t1")


def plan_of(*steps: Step, **more: Any) -> Plan:
    return Plan(
        **{
            "id": PLAN,
            "revision": 1,
            "request": REQUEST,
            "requesters": ("alice",),
            "conversation": ROOM,
            "steps": steps or (STEP,),
            **more,
        }
    )


def vote(person: str, verdict: Any = "approve", reason: str = "") -> Vote:
    at = NOW - timedelta(seconds=4)
    return Vote(person, Account("console", person), "d" * 64, verdict, at, "reaction", reason)


def mark(person: str, kind: Any, word: Any = "") -> Mark:
    at = NOW - timedelta(seconds=64)
    return Mark(kind, person, Account("console", person), at, "reaction", word)


def attempt(index: int, phase: Any = "do", state: Any = "done", **more: Any) -> Attempt:
    where: Any = {"do": COMMANDS, "verify": (CURL,), "rollback": STEP.rollback}[phase]
    action = more.pop("action", None) or where[index]
    started = NOW - timedelta(seconds=57)
    return Attempt(f"a{phase}{index}", "r1", "1", phase, index, action, state, started, NOW, **more)


def run_of(state: Any = "running", **more: Any) -> Run:
    return Run(
        **{
            "id": "r1",
            "plan": PLAN,
            "revision": 1,
            "state": state,
            "started_at": NOW - timedelta(seconds=4),
            "total": 5,
            **more,
        }
    )


def ended_run(state: Any, *attempts: Attempt, **more: Any) -> Run:
    began, ended = NOW - timedelta(seconds=6), NOW
    step = StepResult("1", more.pop("step", "done"), 0, began, ended, "reloaded\n")
    return run_of(state, started_at=began, ended_at=ended, steps=(step,), attempts=attempts, **more)


def view_of(state: Any = "pending", plan: Plan | None = None, **more: Any) -> PlanView:
    return PlanView(plan or plan_of(), "d" * 64, state, NOW, **more)
