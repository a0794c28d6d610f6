"""The last look: whatever differs from section and slots, or leaves the agent's bounds, is refused by a named rule."""

from pathlib import Path

import pytest
from msgspec.structs import replace

from bot.model.plans import Agent, Step
from bot.model.sections import Exec, Refusal, Risk, Section, Value, Write
from capabilities.guard import StepGuard
from capabilities.render import SectionRenderer
from capabilities.seal import seal
from tests.capabilities.making import section

AGENT = Agent("web1", "local:/srv", ("pack",), level=3, vars={"root": "/srv"})
ROWS = "| name | name | | |\n| root | path | from agent | |"
BLOCK = "mkdir {root}/{name}\ncat > {root}/{name}/x <<'END'\n{name}\nEND\nls {root} | wc -l"
REST = "### Preview\n```bash\nls {root}\n```\n### Verify\n```bash\ntest -e {root}/{name}\n```\n### Rollback\n```bash\nrm -f {root}/{name}/x\nrmdir {root}/{name}\n```"


def step(made: Section, slots: dict[str, Value], agent: Agent = AGENT) -> Step:
    result = SectionRenderer().render(made, slots, agent)
    assert not isinstance(result, Refusal), result
    values, rendered = result
    return Step(
        "1",
        agent,
        "here",
        made,
        values,
        rendered.actions,
        rendered.preview,
        rendered.verify,
        rendered.rollback,
    )


def good() -> Step:
    return step(section(BLOCK, rows=ROWS, rest=REST), {"name": "hello"})


def rule(found: Step, floor: tuple[Path, ...] = ()) -> str | None:
    refusal = StepGuard(floor).check(found)
    assert refusal is None or refusal.why
    return refusal.rule if refusal else None


def test_what_was_planned_passes() -> None:
    assert rule(good()) is None


def test_every_changed_byte_is_seen() -> None:
    plan = good()
    other = Exec((("mkdir", "/srv/other"),))
    assert rule(replace(plan, actions=(other, *plan.actions[1:]))) == "rendering"
    assert rule(replace(plan, actions=plan.actions[:-1])) == "rendering"
    assert rule(replace(plan, actions=(*plan.actions, other))) == "rendering"
    assert rule(replace(plan, preview=())) == "rendering"
    assert rule(replace(plan, verify=(other,))) == "rendering"
    assert rule(replace(plan, rollback=(other,))) == "rendering"
    write = plan.actions[1]
    assert isinstance(write, Write)
    assert (
        rule(
            replace(
                plan,
                actions=(plan.actions[0], replace(write, content="hello\r\n"), plan.actions[2]),
            )
        )
        == "rendering"
    )


def test_slots_must_be_those_of_the_agent() -> None:
    plan = good()
    assert rule(replace(plan, slots={**plan.slots, "root": "/etc"})) == "slots"
    assert rule(replace(plan, slots={**plan.slots, "name": "other"})) == "rendering"
    assert rule(replace(plan, slots={**plan.slots, "name": "-rf"})) == "option"
    assert rule(replace(plan, slots={"root": "/srv"})) == "required"
    assert rule(replace(plan, slots={**plan.slots, "more": "x"})) == "unknown slot"


def test_a_changed_section_is_seen() -> None:
    plan = good()
    assert rule(replace(plan, section=replace(plan.section, level=0))) == "section hash"
    assert rule(replace(plan, section=replace(plan.section, rollback=()))) == "section hash"
    assert rule(replace(plan, section=replace(plan.section, source="elsewhere.md", line=9))) is None


@pytest.mark.parametrize(("level", "expected"), [(0, "level"), (1, "level"), (2, None), (3, None)])
def test_the_agent_s_ceiling(level: int, expected: str | None) -> None:
    made = section(BLOCK, rows=ROWS, rest=REST)
    assert made.risk is Risk.CHANGE
    assert rule(step(made, {"name": "hello"}, replace(AGENT, level=level))) == expected


def test_a_lower_level_than_the_risk_asks_for_counts_for_nothing() -> None:
    made = section(BLOCK, rows=ROWS, rest=REST)
    forged = replace(made, level=0)
    forged = replace(forged, hash=seal(forged))
    assert rule(step(forged, {"name": "hello"}, replace(AGENT, level=1))) == "level"


def test_the_agent_s_packs() -> None:
    assert rule(step(section("ls"), {}, replace(AGENT, packs=("other",)))) == "pack"


class TestFloor:
    FLOOR = (Path("/var/parley"), Path("/etc/parley/parley.toml"))

    def rule(self, block: str, target: str = "local:/srv", **slots: str) -> str | None:
        rows = "\n".join(f"| {name} | path | | |" for name in slots)
        made = section(block, rows=rows)
        return rule(step(made, dict(slots), replace(AGENT, target=target)), self.FLOOR)

    @pytest.mark.parametrize(
        "block",
        [
            "touch /var/parley/x",
            "rm -rf /var/parley",
            "rm -rf /var",
            "mv /var /x",
            "rm -rf /",
            "chmod -R 777 /",
            "cp /x /etc/parley/parley.toml",
            "cp -r /var /x",
            "curl -o /var/parley/x http://x/",
            "cat /var/parley/keys/audit",
            "dd if=/dev/zero of=/var/parley/x",
            "dd if=/x of=/dev/sda",
            "mkfs.ext4 /dev/sda1",
            "wipefs /dev/nvme0n1",
            "tee /dev/mem",
            "unheard-of --data=/var/parley",
            "unheard-of -d/var/parley",
            "find /var -delete",
            "find / -delete",
            "cat > /var/parley/x <<'END'\nEND",
            "cat > /etc/parley/parley.toml <<'END'\nEND",
            "touch /srv/../var/parley/x",
            "touch //var/parley/x",
        ],
    )
    def test_is_refused(self, block: str) -> None:
        assert self.rule(block) == "floor"

    @pytest.mark.parametrize(
        "block",
        ["ls /", "df -h /", "du -x /var", "find / -name x", "touch /var/parley2", "rm -r /srv/x", "ls /dev/sda", "curl -o /dev/null http://x/var/parley",
         "cat > /srv/x <<'END'\nEND", "chmod 644 /srv/x", "mkdir x"],
    )  # fmt: skip
    def test_is_left_alone(self, block: str) -> None:
        assert self.rule(block) is None

    def test_a_value_that_leads_there(self) -> None:
        assert self.rule("rm -f {p}", p="/var/parley/parley.db") == "floor"
        assert self.rule("cat > {p} <<'END'\nEND", p="/var/parley/parley.db") == "floor"
        assert self.rule("rm -rf {p}", p="/") == "floor"
        assert self.rule("rm -f {p}", p="/srv/x") is None

    def test_relative_paths_without_a_root_are_the_bot_s_own(self) -> None:
        assert self.rule("mkdir x", target="local:") == "floor"
        assert self.rule("rm -f parley.db", target="local:/var/parley") == "floor"

    def test_a_link_is_followed(self, tmp_path: Path) -> None:
        (tmp_path / "own").mkdir()
        (tmp_path / "link").symlink_to(tmp_path / "own")
        made = section("touch {p}/x", rows="| p | path | | |")
        found = step(made, {"p": str(tmp_path / "link")})
        assert rule(found, (tmp_path / "own",)) == "floor"
        assert rule(found, (tmp_path / "other",)) is None


@pytest.mark.parametrize(
    ("block", "type_", "value"),
    [
        ("curl http://{x}/latest", "ip", "169.254.169.254"),
        ("curl http://{x}/latest", "hostname", "metadata.google.internal"),
        ("curl http://{x}:80/", "hostname", "METADATA"),
        ("curl --resolve a.b:80:{x} http://a.b/", "ip", "169.254.169.254"),
        ("ping -c 1 {x}", "ip", "fe80::1"),
        ("curl {x}", "ip", "::ffff:169.254.169.254"),
        ("curl {x}", "url", "http://169.254.169.254/"),
    ],
)
def test_metadata_addresses_are_no_place_to_go(block: str, type_: str, value: str) -> None:
    result = SectionRenderer().render(
        section(block, rows=f"| x | {type_} | | |"), {"x": value}, AGENT
    )
    assert isinstance(result, Refusal)
    assert "metadata" in result.why
