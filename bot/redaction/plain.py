"""Words that stand where a secret could and are none. Asked by the rules that go by a name or a place."""

from bot.redaction.rules import compiled

_TEXT = """
    a about after again all also always am an and any are as asked at be because been before but by can cannot changed could
    did do does done during each either empty enter entered even every expired expires expiry fail failed failing fails for
    forgotten from get given had has have he her his how i if in incorrect into invalid is issue it its just last less like
    long lost made make many may maximum me mean minimum mismatch missing more most must my need needed needs never new no
    none nor not nothing now of off ok okay old on once one only or other our out over please policy prompt read refused
    rejected required reset rotated same set she should show so some still success successful such than that the their them
    then there these they this those to too try unchanged unset until up updated use used user using valid via wait was we
    weak were what when where whether which while who whose why will with without would wrong yes you your
    true false null nil undefined nan void default defaults disabled enabled optional unknown unlimited auto automatic manual
    string str text bytes integer int number bool boolean object dict list any secretstr char varchar
    password passwd passphrase token secret key apikey credentials example placeholder redacted hidden masked filtered
    removed omitted sensitive protected encrypted vaulted generated provided interactive stdin
    bearer basic digest md5 sha1 sha256 sha512 files systemd compat sss nis winbind scram-sha-256 bcrypt ldap pam peer trust
    der die das ist ein eine nicht und oder für von mit im zu falsch fehlt ja nein wurde wird kann
    el la los las un una es no sí y o de del en con para por que se fue está falta
"""
_WORDS = frozenset(_TEXT.split())
_REFERENCE = r"""(?x)
    \$[A-Z_][A-Z0-9_]* | \$[a-z_]+ | \$\w+/[\w./-]* | \$[0-9@*] | \$\{[^}]*\}? | \$\(.*  # of a shell
    | \{\{.* | \{%.* | \{[\w.]*\}?                                      # of a template
    | <[a-z\ _-]*>? | <[^<>]*> | %\(\w+\)[sd] | %[sdvq] | %[A-Z0-9_]+%
    | \[[a-z\ ]*\]? | \[[A-Z\ ]*\]? | \([a-z\ ]*\)? | [*•xX._-]+ | …                    # blanks
    | !(?:vault|secret|env\w*|ref|sub|get\w*|include)\b.* | ENC\[.*
    | (?:env|file|vault|secret|ref|arn|op|awssm|keyring|credstash|sops|ssm|gcpsm):[\w/.$:{}@-]+
    | (?:os|process|sys|config|settings|self|this|cls|args|options|opts|params|request|req|var|local|data|module|secrets|values)
      \.[\w.$\[\]"'()]+                                                 # of a program
    | (?:\w+\.){0,5}(?:get\w*|env|environ|lookup|read\w*|input|prompt|str|bytes|decrypt|decode|encode|quote|format|Secret\w*
      |uuid4|token_\w+|random\w*|generate\w*|file|Field)[(\[].*
    | (?:[~.]{1,2}|/(?:etc|var|run|home|root|opt|usr|tmp|srv|mnt|dev|proc|app|data|config|secrets))/[\w./@+-]*
"""


def is_plain(text: str) -> bool:
    """Whether this is a word, a blank to fill in, a reference or a path, rather than a secret."""
    return text.casefold() in _WORDS or compiled(_REFERENCE).fullmatch(text) is not None


def is_mixed(text: str) -> bool:
    """Whether it has a digit beside a letter, as no word has."""
    return any(each.isdigit() for each in text) and any(each.isalpha() for each in text)


def is_number(text: str) -> bool:
    """A count, a size, a time: digits and the signs among them."""
    return not text.strip("0123456789.,:+-")


_NAMED = r"[a-z0-9.-]+/[a-z0-9._-]+|[A-Za-z_.]+[(\[].*"
"""Of a cluster, with its namespace: `default/regcred`; of a program, a call or an item: `found["token"]`."""
_OURS = r"secret:(?![a-f0-9-]{16})[a-z0-9][a-z0-9-]{0,63}"
"""How a request names a secret that the bot is to look up."""


def is_named(place: str, text: str) -> bool:
    """Whether this says where a secret is, rather than the secret; `place` is the text with the name before it."""
    return (
        compiled(_NAMED).fullmatch(text) is not None or compiled(_OURS).fullmatch(place) is not None
    )
