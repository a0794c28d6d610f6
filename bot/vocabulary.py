"""The words around a name by which an agent is addressed, and those that are never one. Used by `bot.hub`."""

POLITE = frozenset(
    (
        "please",
        "pls",
        "hey",
        "hi",
        "hello",
        "ok",
        "okay",
        "can",
        "could",
        "would",
        "you",
        "and",
        "now",
    )
)
TELLING = frozenset(("tell", "ask"))
ADDRESSING = TELLING | {"have", "let", "get", "make"}
THEN = frozenset(("to", "about", "for", "if", "whether", "that"))
ASKING = frozenset(
    ("what", "which", "how", "who", "when", "where", "why", "is", "are", "does", "do", "has")
)
PEOPLE = frozenset(
    (
        "me",
        "us",
        "him",
        "her",
        "them",
        "it",
        "you",
        "everyone",
        "all",
        "about",
        "for",
        "to",
        "the",
        "if",
    )
)
PLACES = frozenset(("on", "at"))
LEADING = PLACES | {"of", "from", "in", "for"}
ARTICLES = frozenset(("the", "agent", "host", "server", "machine"))
NO_AGENT = PEOPLE | frozenset(
    (
        "a", "an", "this", "that", "port", "ports", "disk", "disks", "any", "each", "every", "my", "our", "your", "his", "top",
        "demand", "time", "boot", "http", "https", "tcp", "udp", "localhost", "site", "sites", "which", "what", "hold", "line",
    )
)  # fmt: skip
VALUE_FOLLOWS = frozenset(("called", "named", "site", "name", "domain", "user", "host"))
