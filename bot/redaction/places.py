"""Secrets by where they stand: in a header, a URL, a connection string, a password file. Rules for `bot.redact`."""

import binascii
import re
from base64 import b64decode

from bot.redaction.plain import is_mixed, is_plain
from bot.redaction.rules import Rule, value
from bot.redaction.tokens import UUID

_CREDENTIAL = r"[^\s\"'\\,;]{4,8192}"
_COOKIE = r"[^\s=;,\"']{1,200}=[^\s;\"'\\]{1,4096}"
_SCHEMES = (
    "basic|bearer|token|bot|apikey|api-key|key|digest|negotiate|ntlm|oauth|hawk|splunk|geniekey|sharedkey|sharedkeylite|"
    "aws4-hmac-sha256|glsa|sso-key|zoho-oauthtoken|snowflake|ssws|klaviyo-api-key"
)


def _is_credential(match: re.Match[str]) -> bool:
    told = value(match)
    return not is_plain(told) and (
        match["scheme"] is not None or (len(told) >= 8 and is_mixed(told))
    )


def _is_pair(match: re.Match[str]) -> bool:
    """Whether a text after `Basic` is `user:password` in base64."""
    told = value(match)
    try:
        return b":" in b64decode(told + "=" * (-len(told) % 4), validate=True)
    except (binascii.Error, ValueError):
        return False


def _is_filled(match: re.Match[str]) -> bool:
    return not is_plain(value(match))


def _is_mixed(match: re.Match[str]) -> bool:
    return is_mixed(value(match)) and not is_plain(value(match))


HEADERS = (
    Rule(
        "Authorization",
        ("authorization",),
        rf"authorization(?:\\*[\"'])?\]?[ \t]*(?::|=>?|,)[ \t]*(?:\\*[\"'])?(?!p(?:ve|bs|mg)apitoken)(?:(?P<scheme>{_SCHEMES})[ \t]+)?"
        rf"(?P<secret>{_CREDENTIAL}(?:,[ ]?\w{{1,30}}=(?:\"[^\"\n]{{0,400}}\"|[^\s\"',]{{1,400}})){{0,20}})",
        True,
        judge=_is_credential,
    ),
    Rule("Bearer", ("bearer ",), r"(?<![a-z])bearer[ ](?P<secret>[a-z0-9._~+/=-]{16,8192})", True, judge=_is_mixed),
    Rule("Basic", ("basic ",), r"(?<![a-z])basic[ ](?P<secret>[a-z0-9+/]{8,1000}={0,2})", True, judge=_is_pair),
    Rule("Set-Cookie", ("set-cookie",), rf"set-cookie[\"']?:[ \t]*[\"']?(?P<secret>{_COOKIE})", True),
    Rule("Cookie", ("cookie",), rf"(?<!set-)cookie[\"']?:[ \t]*[\"']?(?P<secret>{_COOKIE}(?:;[ ]?{_COOKIE}){{0,60}})", True),
    Rule("docker's auth", ('"auth"',), r"\"auth\"\s{0,10}:\s{0,10}\"(?P<secret>[a-z0-9+/=_-]{8,4000})\"", True),
    Rule("Proxmox", ("apitoken",), rf"(?:pve|pbs|pmg)?apitoken(?:[ =]|:[ ])[^\s!]{{1,200}}![\w.-]{{1,100}}[=:](?P<secret>{UUID})", True),
    Rule("Proxmox, new token", ("full-tokenid",), rf"full-tokenid(?:(?!full-)[^\0]){{0,600}}?\bvalue\b[^\n0-9a-f]{{1,80}}(?P<secret>{UUID})", True),
    Rule("Proxmox, ticket", ("pve:", "pbs:", "pmg:"), r"(?:pve|pbs|pmg)(?:\w{1,12})?:[^\s:]{1,100}:[0-9a-f]{8}:(?P<secret>:[a-z0-9+/=%]{40,2000})", True),
    Rule("Proxmox, form", ("csrfpreventiontoken", "pveauthcookie"), r"(?:csrfpreventiontoken|pveauthcookie)[\"']?[ ]?[:=][ ]?[\"']?(?P<secret>[^\s\"';,]{8,2000})", True),
)  # fmt: skip

URLS = (
    Rule(
        "password in a URL",
        ("://",),
        r"://[^\s/@:\"'<>]{0,100}+:(?P<secret>[^\s@/\"'<>]{1,200}+(?:@[^\s@/\"'<>:]{1,200}(?=@))?(?=@)|(?!\d{1,5}/)[^\s@\"'<>]{1,200}+)"
        r"@(?!sha(?:256|512):)(?=[\w.\[%$-])",
        judge=_is_filled,
    ),
    Rule("token in a URL", ("://",), r"://(?P<secret>[A-Za-z0-9_-]{20,400}+)@", judge=_is_mixed),
    Rule("Oracle", ("thin:",), r"thin:[^/\s]{1,100}/(?P<secret>[^@\s]{1,200})@", True),
    Rule(
        "signature of a URL",
        ("signature=", "sig=", "x-amz-credential=", "googleaccessid="),
        r"(?:(?:x-amz-|x-goog-)?signature|sig|x-amz-credential)=(?P<secret>[a-z0-9%+/=_-]{20,2000})",
        True,
        judge=_is_mixed,
    ),
    Rule("connection string", ("accountkey=", "sharedaccesskey=", "sharedaccesssignature=", "sharedaccesssignature "),
         r"(?:accountkey|sharedaccesskey)=(?P<secret_key>[a-z0-9+/=%]{16,400})|sharedaccesssignature[= ](?P<secret>[^\s;\"']{16,2000})", True),
)  # fmt: skip


_SALTED = r"(?P<secret>[!*]{0,2}\$(?:1|5|6|7|y|gy|apr1|sha1|md5|scrypt)\$[^\s:$\"']{0,80}\$(?:[^\s:$\"']{0,80}\$)?[./A-Za-z0-9=]{20,200})"

HASHES = (
    Rule("crypt", ("$1$", "$5$", "$6$", "$7$", "$y$", "$gy$", "$apr1$", "$sha1$", "$scrypt$"), _SALTED.replace("[!*]{0,2}", "")),
    Rule("bcrypt", ("$2a$", "$2b$", "$2x$", "$2y$"), r"\$2[abxy]\$[0-9]{2}\$[./A-Za-z0-9]{53}"),
    Rule("argon2, pbkdf2", ("$argon2", "$pbkdf2", "pbkdf2_"), r"\$?(?:argon2(?:id|i|d)|pbkdf2[\w-]{0,20})\$[^\s:\"']{20,400}"),
    Rule("LDAP and htpasswd", ("{SHA}", "{SSHA", "{SHA256}", "{SHA512}", "{CRYPT}", "{MD5}", "{SMD5}"), r"\{(?:SHA|SSHA|SMD5|MD5|CRYPT)[0-9]{0,3}\}(?P<secret>[A-Za-z0-9+/=.$]{8,200})"),
    Rule("SCRAM", ("SCRAM-SHA-",), r"SCRAM-SHA-(?:1|256|512)\$[0-9]{3,7}:(?P<secret>[A-Za-z0-9+/=]{8,100}\$[A-Za-z0-9+/=]{20,200}:[A-Za-z0-9+/=]{20,200})"),
)  # fmt: skip

PLACES = HEADERS + URLS + HASHES
