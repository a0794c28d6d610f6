"""Private keys in blocks of lines: PEM, PuTTY, OpenVPN; whole, in base64, or cut off at either end. Called by `bot.redact`."""

from base64 import b64encode
from collections.abc import Iterator

from bot.redaction.rules import Rule, compiled
from bot.redaction.spans import Span

_RULE = "-----"
_KIND = r"(?:[A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?|OpenVPN Static key V1|OpenVPN tls-crypt-v2 (?:client|server) key)-----"
_LONGEST = 40_000
"""Letters of a block; the next mark further on belongs to another."""
_ESCAPED = r"\\{1,4}[nrt]"
_BREAK = r"(?:\s|\\{1,4}[nrt]|[>|+\"',:]|-(?!-)){1,100}"
"""Between two lines of a block: where it is quoted, in a diff or in JSON, there is more than the end of a line."""
_LINE = "[A-Za-z0-9+/=_]"
_HEAD = r"(?:Proc-Type|DEK-Info|Version|Comment|Hash|Charset)\\?:[^\n\\]{0,200}"
_CUT = rf"(?:{_BREAK}(?:{_HEAD}|{_LINE}{{16,20000}}))*(?:{_BREAK}{_LINE}{{1,15}}\Z)?"


def spans(text: str) -> Iterator[Span]:
    """What stands between the marks, or next to one whose other was cut off. The marks stay."""
    if _RULE not in text:
        return
    for match in compiled(rf"-----BEGIN {_KIND}").finditer(text):
        yield _after(text, match.end())
    for match in compiled(rf"-----END {_KIND}").finditer(text):
        yield _before(text, match.start())


def _after(text: str, start: int) -> Span:
    """From the mark to the one that ends the block; without that, as far as there are lines of a key."""
    end = text.find(_RULE, start, start + _LONGEST)
    if end >= 0 and text.startswith("-----END", end):
        return start, end
    cut = compiled(_CUT).match(text, start, len(text) if end < 0 else end)
    return start, cut.end() if cut else start


def _before(text: str, end: int) -> Span:
    """Back from a mark, as far as there are lines of a key. Nothing where another mark is right before."""
    floor = max(0, end - _LONGEST, text.rfind(_RULE, 0, end) + 1)
    lines = compiled(_ESCAPED).sub(lambda match: " " * len(match[0]), text[floor:end])
    at = len(lines)
    for match in reversed(list(compiled(rf"{_LINE}{{1,20000}}").finditer(lines))):
        whole = len(match[0]) >= 16 or at == len(lines) or floor + match.start() == 0
        if not (whole and compiled(_BREAK).fullmatch(lines, match.end(), at)):
            break
        at = match.start()
    return floor + at, end


def _in_base64(kind: str) -> str:
    """How every base64 of such a block begins."""
    mark = f"{_RULE}BEGIN {kind}PRIVATE KEY"
    return b64encode(mark.encode()).decode()[: len(mark) * 8 // 6]


_KINDS = "|".join(
    _in_base64(kind) for kind in ("", "RSA ", "EC ", "DSA ", "OPENSSH ", "ENCRYPTED ")
)

KEYS = (
    Rule("key in base64", (b64encode(b"-----BEGIN ").decode()[:14],), rf"(?:{_KINDS})(?:[A-Za-z0-9+/=]|\n(?=[A-Za-z0-9+/=]{{60}})){{1,40000}}"),
    Rule("docker's configuration in base64", ("eyJhdXRocyI6", "ewogICJhdXRocyI6", "ewoJImF1dGhzIjog", "ewogICAgImF1dGhzIjog"), r"[A-Za-z0-9+/=]{16,40000}"),
    Rule("PuTTY", ("Private-Lines:",), r"Private-Lines: \d{1,4}(?P<secret>(?:\r?\n[A-Za-z0-9+/=]{4,80}(?=\r?\n|\Z)){1,400})"),
)  # fmt: skip
