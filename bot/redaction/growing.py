"""How much of a text that is still being written can be shown: nothing before the cut is a part of a secret, whatever comes behind it.
Called by `bot.redact`.

Most secrets are one word, or stand behind what names them: for these it is enough to hold the word that is not finished. Some are
known only by what stands behind them, or are several words long; they are held from where they may begin.
"""

from collections.abc import Iterable, Iterator

from bot.redaction.rules import compiled
from bot.redaction.spans import Span

_LINE = "[A-Za-z0-9+/=_]"
_BREAK = r"(?:\s|\\{1,4}[nrt]|[>|\"',:]|-(?!-)){1,100}"
_MARK = r"(?:-{0,5}|-----EN?|-----END(?: [A-Za-z0-9 -]{0,80})?)"
_END = rf"(?:{_LINE}{{1,20000}}(?:{_BREAK})?)?(?:\\{{1,4}}|{_MARK})\Z"
_GROUP = "[1-9A-HJ-NP-Za-km-z]"
_LINES = rf"(?<!{_LINE})(?:{_LINE}{{16,20000}}+{_BREAK})++|\A{_LINE}{{1,15}}{_BREAK}(?:{_LINE}{{16,20000}}+{_BREAK})*+"
"""Lines of a private key whose mark would be behind them; where a text begins the first may be cut off."""
_GROUPS = rf"\bEs{_GROUP}{{2}}(?:[ ]{_GROUP}{{4}}){{0,10}}(?:[ ]{_GROUP}{{0,4}})?\Z"
"""A recovery key of Matrix: twelve of them."""
_OPENED = (
    r"((?:echo|printf)[ ](?:-\w?[ ]?)?[\"']?[^\s\"'|]{0,400}[\"']?[ ]*(?:\|[ ]*.{0,40})?)\Z",
    r"(<[A-Za-z])",
    r"(?i:password|identified by)[ ]{1,4}('(?:[^'\\]|\\.|''){0,400}\\?|\"(?:[^\"\\]|\\.){0,400}\\?)\Z",
    r"[:=][ ]?((\\{1,7}[\"'])(?:(?!\2).){0,400})\Z",
)
"""In the last line, from the first group on: one word that may be piped to a prompt, what stands in a tag, and in quotes that
are still to be closed."""
_MANIFEST = r"^[ \t]*(?:- )?(?:data|stringData):[ \t]*$|\"(?:data|stringData)\\{0,3}\"\s{0,20}:"
"""Where the kind may stand below it."""
_QUOTE = r"(?<![A-Za-z0-9\\])([\"'`])"


def settled(text: str, spans: Iterable[Span], forms: Iterable[str]) -> int:
    """Where to cut. `spans` are the secrets found in it so far, `forms` those that the bot holds."""
    cut = max((text.rfind(blank) for blank in " \n\t"), default=-1) + 1
    for at in _held(text):
        cut = min(cut, at)
    for form in forms:
        cut = min(cut, len(text) - _begun(text, form))
    # Last: a secret that goes over the cut is held whole.
    for start, end in sorted(spans, reverse=True):
        cut = start if start < cut < end or (start < cut and end == len(text)) else cut
    return cut


def _held(text: str) -> Iterator[int]:
    for lines in compiled(_LINES).finditer(text):
        if compiled(_END).match(text, lines.end()):
            yield lines.start()
    for pattern in (_GROUPS, _MANIFEST):
        if found := compiled(pattern).search(text):
            yield found.start()
    line = text.rfind("\n") + 1
    for pattern in _OPENED:
        if found := compiled(pattern).search(text, line):
            yield found.start(1)
    if (quote := _open_quote(text, line)) >= 0:
        yield quote


def _open_quote(text: str, line: int) -> int:
    """Where a quote begins that is not closed; -1 where there is none."""
    at = line
    while opened := compiled(_QUOTE).search(text, at):
        closed = text.find(opened[1], opened.end())
        if closed < 0:
            return opened.start()
        at = closed + 1
    return -1


def _begun(text: str, form: str) -> int:
    """How many letters at the end of the text may begin `form`. Only one of several words is not held as a word."""
    if not any(letter.isspace() for letter in form):
        return 0
    tail = text[-len(form) + 1 :]
    at = tail.find(form[0])
    while at >= 0:
        if form.startswith(tail[at:]):
            return len(tail) - at
        at = tail.find(form[0], at + 1)
    return 0
