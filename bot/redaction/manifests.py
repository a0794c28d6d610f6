"""What `kubectl get secret -o yaml` and `-o json` show: every value of a Secret's data. Called by `bot.redact`."""

from collections.abc import Iterator

from bot.redaction.rules import compiled
from bot.redaction.spans import DOT, Span

_KIND = r"kind\\{0,3}\"?\s{0,20}:\s{0,20}\\{0,3}\"?Secret\b"
_YAML = r"^(?P<indent>[ \t]*(?:- )?)(?:data|stringData):[ \t]*\n(?P<block>(?:(?P=indent)[ \t]+\S[^\n]*(?:\n|\Z)){1,2000})"
_VALUE = r"^[ \t]+(?:[\w.\"'-]{1,253}:[ \t]*(?:[|>][+-]?$)?)?(?P<secret>[^\n]*)$"
_JSON = r"\\{0,3}\"(?:data|stringData)\\{0,3}\"\s{0,20}:\s{0,20}\{(?P<block>[^{}]{1,100000})\}"
_MEMBER = r":\s{0,20}\\{0,3}\"(?P<secret>[^\"\\]{1,100000})"


def spans(text: str) -> Iterator[Span]:
    """Only where the text says that it is a Secret."""
    if "Secret" in text and compiled(_KIND).search(text):
        yield from _members(text, _YAML, _VALUE)
        yield from _members(text, _JSON, _MEMBER)


def _members(text: str, outer: str, inner: str) -> Iterator[Span]:
    """The values in every block."""
    for block in compiled(outer).finditer(text):
        for line in compiled(inner).finditer(text, *block.span("block")):
            if line["secret"].strip(DOT + " "):
                yield line.span("secret")
