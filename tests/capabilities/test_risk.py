"""Least risk and level from the table; the larger of declared and derived counts."""

import pytest

from bot.model.sections import ExecTemplate, Risk
from capabilities.risk import judge
from tests.capabilities.making import how_to, page, section

READ = (
    "df -hP", "du -xsh /srv", "free -m", "uptime", "ps -eo pid,comm --sort=-rss", "ss -tulpn", "ip -br addr", "ip route get 1.1.1.1",
    "systemctl status nginx", "systemctl is-active nginx", "systemctl list-units --failed --no-pager", "journalctl -u nginx -n 50 --no-pager",
    "tail -n 5 /x", "cat /x", "ls -1", "test ! -e /x", "stat /x", "head -5", "wc -l", "grep -c x /y", "sort -rn -k 2", "cut -d : -f 1",
    "uname -a", "nginx -t", "nginx -T -c /x", "find /x -name y -type f", "date +%s", "sed -n 1,5p", "sed s/a/b/g", "docker ps -a",
    "awk '{print $1}'", "/usr/bin/ls",
)  # fmt: skip
LOW = ("curl -sS -o /dev/null http://x/", "dig +short x", "ping -c 1 x", "curl -I https://x/")
CHANGE = (
    "mkdir -p /x", "rmdir /x", "ln -s /a /b", "touch /x", "rm -f -- /x", "cp -a /a /b", "mv /a /b", "nginx -s reload", "nginx",
    "nginx -t -s stop", "systemctl restart nginx", "systemctl enable x", "curl -o /x http://x/", "curl -X POST http://x/",
    "curl -d a=b http://x/", "curl -sSo/x http://x/", "journalctl --rotate", "date -s 10:00", "sed -i s/a/b/ /x", "ss -K", "chmod 644 /x",
    "kill 5", "tee /x", "docker restart x", "find / -fprint /x",
)  # fmt: skip
DESTROY = (
    "rm -r /x", "rm -rf /x", "rm -fR /x", "rm --recursive /x", "rm --recurs /x", "find /x -delete", "systemctl poweroff",
    "journalctl --vacuum-size=1M", "journalctl --vacuum-s=1M", "docker rm x", "dd if=/a of=/b", "mkfs.ext4 /dev/sda1", "shred /x", "pct destroy 100",
)  # fmt: skip
OUTSIDE = (
    "unheard-of", "/opt/tool", "ip addr add 1.1.1.1/8 dev x", "systemctl edit x", "curl --unknown http://x/", "curl file:///etc/passwd",
    "curl -w @/x http://x/", "curl -w '%output{/x}' http://x/", "sort -o /x /y", "uniq /a /b", "date 01010000", "hostname new",
    "sed 1e /x", "sed 's/a/b/w /x' /y", "awk 'BEGIN{system(\"x\")}'", "find / -frobnicate", "mkdir --frob /x",
)  # fmt: skip


def _words(line: str) -> list[str]:
    [template] = section(line, bullets="- Risk: read").body
    assert isinstance(template, ExecTemplate)
    return ["".join(piece.text for piece in word.pieces) for word in template.stages[0]]


@pytest.mark.parametrize(
    ("line", "risk", "level"),
    [
        *((line, Risk.READ, 0) for line in READ),
        *((line, Risk.LOW, 1) for line in LOW),
        *((line, Risk.CHANGE, 2) for line in CHANGE),
        *((line, Risk.DESTROY, 3) for line in DESTROY),
    ],
)
def test_the_table(line: str, risk: Risk, level: int) -> None:
    derived = judge(_words(line))
    assert (derived.risk, derived.level) == (risk, level)
    made = section(line)
    assert (made.risk, made.level) == (risk, level)


@pytest.mark.parametrize("line", OUTSIDE)
def test_outside_the_table_is_change_at_level_3(line: str) -> None:
    derived = judge(_words(line))
    assert derived.level == 3
    assert derived.risk.rank >= Risk.CHANGE.rank


@pytest.mark.parametrize(
    "line",
    [
        "systemctl {a} nginx",
        "sed s/{a}/b/ /x",
        "awk {a} /x",
        "curl -w {a} http://x/",
        "curl {a}",
        "ip addr {a}",
        "docker {a}",
    ],
)
def test_a_slot_where_the_meaning_is_decided_raises(line: str) -> None:
    made = section(line, rows="| a | name | | |")
    assert (made.risk, made.level) == (Risk.CHANGE, 3)


@pytest.mark.parametrize("line", ["curl {a}", "curl -sS {a}"])
def test_an_address_slot_does_not(line: str) -> None:
    assert section(line, rows="| a | url | | |").risk is Risk.LOW


@pytest.mark.parametrize(
    ("declared", "line", "effective"),
    [
        ("read", "rm /x", Risk.CHANGE),
        ("destroy", "ls", Risk.DESTROY),
        ("low", "ls", Risk.LOW),
        ("change", "rm -r /x", Risk.DESTROY),
    ],
)
def test_the_larger_of_declared_and_derived(declared: str, line: str, effective: Risk) -> None:
    made = section(line, bullets=f"- Risk: {declared}")
    assert made.risk is effective
    assert made.level == effective.rank


def test_a_rollback_counts() -> None:
    made = section("mkdir /srv/x", rest="### Rollback\n```bash\nrm -r /srv/x\n```")
    assert made.risk is Risk.DESTROY


def test_a_pipeline_is_as_risky_as_its_worst_stage() -> None:
    assert section("ls | tee /x | wc -l").risk is Risk.CHANGE


def test_writing_a_file_is_a_change() -> None:
    assert section("cat > /srv/x <<'END'\nEND").risk is Risk.CHANGE


def test_what_cannot_be_undone_says_so() -> None:
    assert section("rm /x").irreversible
    assert not section("rm /x", rest="### Rollback\n```bash\ntouch /x\n```").irreversible
    assert not section("ls").irreversible
    both = page(
        how_to("rm /x", bullets="- Irreversible: yes", rest="### Rollback\n```bash\ntouch /x\n```")
    )
    assert not both.sections
