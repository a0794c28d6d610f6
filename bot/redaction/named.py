"""Secrets that a name stands before: `DB_PASSWORD=…`, `"token": "…"`, `--api-key …`, `<password>…`. Rules for `bot.redact`.

Names that only secrets have take any value; those that other things have too (token, secret, key) take what looks like one.
"""

import re

from bot.redaction.plain import is_mixed, is_named, is_number, is_plain
from bot.redaction.rules import Rule, value

_QUOTE = r"\\{0,7}[\"'`]"
BARE = (
    r"(?:[^\s\"'`\\&<;,]"
    r"|&(?![\w.%\[\]-]{1,40}=|amp;)"
    r"|[;,](?=[^\s\"'\\])(?![\w. -]{1,40}[=:])"
    r"|[\"'`](?=[^\s,:;)\]}\"'`\\<])"
    r"|\\(?![\"'`])"
    r"|<(?!/)){1,4096}(?<![)\]},;.:])"
)
"""A value without quotes: up to a blank, or to what ends it in a query, a list or a string around it."""
_FRESH = r"(?![\"'`\\]|[{\[](?:[\s\"'{\[\]}]|\w{1,40}:))"
"""Neither a quote nor what opens a list or an object stands first."""
VALUE = (
    r"(?:(?P<escaped>\\{1,7}[\"'])(?P<secret_escaped>.{1,4096}?)(?:(?P=escaped)|$)"
    r"|\"(?P<secret_double>(?:[^\"\\\n]|\\.){1,4096})"
    r"|'(?P<secret_single>(?:[^'\\\n]|\\.|''){1,4096})"
    r"|`(?P<secret_back>[^`\n]{1,400})"
    r"|(?<=>)(?P<secret_tag>[^<>\n\"'`]{1,400})(?=</)"
    rf"|{_FRESH}(?P<secret_bare>{BARE}))"
)
_AFTER = r"[0-9]{0,2}(?:[_-](?:value|base|data|hash|plain|text|string))?"
_SIGN = (
    rf"(?:(?:{_QUOTE}|[*_]{{1,2}})?\]?[ \t]*(?P<sign>=>|->|:=|=|:|%3d)(?:[*_]{{1,2}}(?=[ \t]))?[ \t]*(?:[|>][+-]?[ \t]*\n[ \t]+)?"
    rf"|(?:{_QUOTE})?\s{{0,40}},?\s{{0,40}}(?:{_QUOTE})?value(?:{_QUOTE})?[ \t]*(?P<listed>[:=])[ \t]*"
    r"|(?P<tag>>)(?=[^<\n]{1,400}</))"
)
_ONLY = (
    "password passwd passphrase passwort kennwort contraseña contrasena passcode pwd sshpass requirepass masterauth "
    "rediscli_auth"
)
_KEYS = (
    "api access secret private auth account encryption signing master app application license consumer shared preshared "
    "pre-shared pre_shared session storage deploy webhook certificate client root ssh integration ingest routing unseal "
    "recovery jwt hmac encrypt crypt cipher aes backup vault bot smtp sendgrid mailgun stripe twilio openai anthropic datadog "
    "cloudflare hetzner linode pagerduty opsgenie algolia tsig"
)


def _is_secret(match: re.Match[str]) -> bool:
    """After a name that only secrets have."""
    told = value(match)
    if is_plain(told) or len(told) < (4 if match["sign"] == ":" else 3):
        return False
    bare = match["secret_bare"] is not None
    if match[0][:3].casefold() == "pwd" and told.startswith("/"):  # where a shell is
        return False
    return not (bare and _is_json(match) and is_number(told))


def _is_json(match: re.Match[str]) -> bool:
    """Between quotes: then a bare value is a number, and what reads the text again needs it."""
    return '"' in match.string[match.start() : match.start("sign")] if match["sign"] else False


def _looks_secret(match: re.Match[str]) -> bool:
    """After a name that other things have too."""
    told = value(match)
    if is_plain(told) or is_number(told) or is_named(match[0], told):
        return False
    if match["secret_tag"] is not None and " " in told.strip():  # words, more likely
        return is_mixed(told)
    if match["secret_bare"] is not None and (match["sign"] == ":" or match["listed"]):
        return len(told) >= 8 and is_mixed(told)
    return len(told) >= 6


def _looks_password(match: re.Match[str]) -> bool:
    """After a short name, which counts of tests and rules of mail have too."""
    told = value(match)
    if is_plain(told) or is_number(told):
        return False
    bare = match["secret_bare"] is not None and match["sign"] == ":"
    return len(told) >= 6 and (is_mixed(told) or not bare)


def _after_option(match: re.Match[str]) -> bool:
    told = value(match)
    if is_plain(told) or told.startswith(("-", "id=")):
        return False
    if match["only"]:
        return len(told) >= 3
    return len(told) >= 6 and not is_number(told) and (match["known"] is not None or is_mixed(told))


def _is_told(match: re.Match[str]) -> bool:
    """In a sentence: only what no word of it could be."""
    told = value(match)
    return is_mixed(told) and not is_plain(told) and not told.startswith("/")


def _is_filled(match: re.Match[str]) -> bool:
    return not is_plain(value(match))


_KEY = "|".join(rf"(?<={name})|(?<={name}[_ -])" for name in _KEYS.split())
_WORD = r"(?:(?P<known>token|(?:api|access|secret|auth|account|private|certificate)-?key)|secret|credentials?)"

NAMES = (
    Rule("password", tuple(_ONLY.split()), rf"(?:{'|'.join(_ONLY.split())}){_AFTER}{_SIGN}{VALUE}", True, judge=_is_secret),
    Rule("token", ("token", "secret", "credential"), rf"(?<!pveapi)(?<!pbsapi)(?<!pmgapi)(?:token|secret(?:[_-]?(?:string|binary|value|text|data|id))?|credentials?){_AFTER}{_SIGN}{VALUE}", True, judge=_looks_secret),
    Rule("key", ("key",), rf"(?:{_KEY})key(?:[ ][0-9]{{1,2}}(?=:))?{_AFTER}{_SIGN}{VALUE}", True, judge=_looks_secret),
    Rule("psk, pass", ("psk", "pass", "pw"), rf"(?<![a-z])(?:psk|pass|pw){_SIGN}{VALUE}", True, judge=_looks_password),
    Rule(
        "option",
        ("--",),
        rf"(?<![\w-])--(?:[a-z][a-z0-9-]{{0,40}}?-)??(?:(?P<only>password|passwd|passphrase|pass|pwd)|{_WORD})"
        rf"(?:[ \t]{{1,8}}|=){VALUE}",
        True,
        judge=_after_option,
    ),
    Rule(
        "in a sentence",
        ("password", "passphrase", "passwort", "kennwort", "contraseña", "token", "api key", "secret"),
        r"(?:password|passphrase|passwort|kennwort|contraseña|token|api key|secret)"
        r"(?:[ ](?:for|of|on|to|is|für|von|de|para)[ ][\w.@-]{1,40})?[ ](?:is|was|to|ist|war|lautet|es|era)(?:[ ](?:now|jetzt|ahora))?:?[ ]"
        rf"{VALUE.replace('{1,4096}', '{6,200}')}",
        True,
        judge=_is_told,
    ),
    Rule(
        "in quotes",
        ("password", "identified by"),
        r"(?:password|identified by(?:[ ]password)?)[ ]{1,4}"
        r"(?:'(?P<secret_single>(?:[^'\\\n]|\\.|''){3,400})'|\"(?P<secret_double>(?:[^\"\\\n]|\\.){3,400})\")",
        True,
        judge=_is_filled,
    ),
    Rule("PHP", ("define(",), rf"define\([ ]?[\"'][\w]{{0,40}}?(?:password|secret|token|key|salt)\w{{0,10}}[\"'],[ ]{{0,20}}{VALUE}", True, judge=_is_filled),
    Rule("BIND", ('secret "',), r"secret \"(?P<secret>[A-Za-z0-9+/]{20,200}={1,2})\""),
    Rule("netrc", ("login ",), r"login[ \t]+\S{1,100}\s{1,40}password[ \t]+(?P<secret>\S{1,400})", True),
)  # fmt: skip
