"""Secrets on the command lines of known programs: `mysql -pSECRET`, `curl -u user:SECRET`, `echo SECRET | passwd`. Called by
`bot.redact`."""

import re
from collections.abc import Iterator

from msgspec import Struct

from bot.redaction.named import BARE
from bot.redaction.needles import Needles, Runs
from bot.redaction.plain import is_plain
from bot.redaction.rules import Rule, compiled, secrets, value
from bot.redaction.spans import Span

_WORD = (
    r"(?:\"(?P<secret_double>[^\"\n]{1,400})|'(?P<secret_single>[^'\n]{1,400})"
    rf"|(?![-\"'|>&;])(?P<secret>{BARE.replace('{1,4096}', '{1,400}')}))"
)
_LINE = r"[^\n|;&]{0,300}"
"""As far as one command goes."""


class Command(Struct, frozen=True):
    """`programs` are how names begin, `option` is what may follow a blank anywhere on the line."""

    programs: tuple[str, ...]
    option: str


def _command(programs: str, option: str) -> Command:
    return Command(tuple(programs.split(",")), rf"[ \t]{option}")


COMMANDS = (
    _command("mysql,mariadb,mycli,xtrabackup,mydumper", f"-p{_WORD}"),
    _command("sshpass", rf"-p[ \t]*{_WORD}"),
    _command("docker login,podman login,skopeo login,buildah login,registry login,nerdctl login,oras login,az login,oc login", rf"-p[ \t=]*{_WORD}"),
    _command("mongo,influx,clickhouse,cqlsh,ssh-keygen", rf"-[pPN][ \t]+{_WORD}"),
    _command("sqlcmd,bcp,mosquitto_,ipmitool,zip,unzip", rf"-P[ \t]*{_WORD}"),
    _command("plink,pscp,psftp", rf"-pw[ \t]+{_WORD}"),
    _command("redis-cli,valkey-cli,keydb-cli", rf"(?:-a|--pass)[ \t]+{_WORD}"),
    _command("ldap", rf"-w[ \t]*{_WORD}"),
    _command("ldappasswd", rf"-[as][ \t]*{_WORD}"),
    _command("7z,unrar,rar", f"-h?p{_WORD}"),
    _command("curl,http,wget,xh", r"(?:-[a-zA-Z]{0,8}[uU]|-a|--user|--proxy-user|--auth)[ \t=]*[\"']?[^\s:\"']{1,100}:(?P<secret>[^\s\"']{1,400})"),
    _command("smbclient,rpcclient,smbget,net ", r"-U[ \t]*[\"']?[^\s%\"']{1,100}%(?P<secret>[^\s\"']{1,200})"),
    _command("htpasswd", rf"-[a-zA-Z]{{0,6}}b[a-zA-Z]{{0,6}}[ \t]+(?:-\S{{1,20}}[ \t]+){{0,4}}[^\s-]\S{{0,200}}[ \t]+[^\s-]\S{{0,100}}[ \t]+{_WORD}"),
    _command("rabbitmqctl", rf"(?:add_user|change_password|authenticate_user)[ \t]+\S{{1,100}}[ \t]+{_WORD}"),
    _command("mc", rf"alias[ \t]+set[ \t]+\S{{1,100}}[ \t]+\S{{1,200}}[ \t]+\S{{1,100}}[ \t]+{_WORD}"),
    _command("useradd,usermod", rf"-p[ \t]+{_WORD}"),
    _command("snmp", rf"-[cAX][ \t]+{_WORD}"),
    _command("xfreerdp,wfreerdp", f"/p:{_WORD}"),
    _command("nmcli,iwctl", rf"(?:password|--passphrase)[ \t]+{_WORD}"),
    _command("net use", r"\\\\\S{1,200}[ \t]+(?![/*])(?P<secret>\S{1,200})"),
    _command("wg set", r"(?P<secret>[A-Za-z0-9+/]{43}=)"),
)  # fmt: skip
_PROGRAMS = Needles((program, each) for each in COMMANDS for program in each.programs)


def spans(text: str, there: Runs | None) -> Iterator[Span]:
    """The secret words of every such command. `there` is of the text."""
    for program, command in _PROGRAMS.of(there):
        yield from _options(text, program, command.option)


def _options(text: str, program: str, option: str) -> Iterator[Span]:
    """After each place of a program. What was searched once is not searched again: a line may be full of its name."""
    searched = 0
    for start, end in _lines(text, program):
        for short in compiled(option).finditer(text, max(searched, start), end):
            match = compiled(option).match(text, short.start())  # whole, where the line was cut
            if match and not is_plain(value(match)):
                yield from secrets(match)
        searched = max(searched, end)


def _lines(text: str, program: str) -> Iterator[Span]:
    """What stands after each place of a program, up to the end of its command."""
    at = text.find(program)
    if at < 0:
        return
    begins = compiled(rf"(?<![\w-]){re.escape(program)}[\w.-]{{0,20}}(?=[ \t])({_LINE})")
    while at >= 0:
        line = begins.match(text, at)
        if line:
            yield line.span(1)
        at = text.find(program, at + len(program))


_SAYS = r"(?:echo|printf)[ ](?:-\w[ ])?[\"']?"

PIPES = (
    Rule("openssl", ("pass:",), r"(?<=[ \"'])pass:(?P<secret>[^\s\"']{1,200})", judge=lambda match: not is_plain(value(match))),
    Rule("chpasswd", ("chpasswd",), r"chpasswd[ \t]*<<<[ \t]*[\"']?[^\s:\"']{1,100}:(?P<secret>[^\s\"']{1,200})"),
    Rule("to chpasswd", ("echo ", "printf "), rf"{_SAYS}[^\s:\"'|]{{1,100}}:(?P<secret>[^\s\"'|]{{1,200}})[\"']?[ ]*\|[ ]*(?:sudo[ ])?(?:chpasswd|chgpasswd)"),
    Rule(
        "to a prompt",
        ("echo ", "printf "),
        rf"{_SAYS}(?P<secret>[^\s\"'|]{{1,200}})[\"']?[ ]*\|[ ]*(?:sudo[ ]-\w{{0,3}}S|passwd|[a-z]{{1,20}} login|su\b|cryptsetup|gpg|kinit|smbpasswd)",
        judge=lambda match: not is_plain(value(match)),
    ),
    Rule(".pgpass", (":5432:", ":5433:", ":6432:"), r":[0-9]{4}:[^:\s]{1,100}:[^:\s]{1,100}:(?P<secret>\S{1,200})"),
)  # fmt: skip
