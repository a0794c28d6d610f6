"""Host names and web addresses: what may stand in one, and which places nobody may be sent to.

Called by the type table for `hostname`, `fqdn` and `url` values, and by `render` for every rendered web address, so
that a host joined into `http://{ip}/` meets the same rule as a whole `url`.
"""

import ipaddress
import re
from collections.abc import Iterator, Sequence

_LABEL = r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
# The last label is never all digits: what looks like an IP address is of type `ip`.
_LAST = r"(?![0-9]+\Z)(?!0[xX])" + _LABEL
HOSTNAME = rf"(?:{_LABEL}\.)*{_LAST}"
FQDN = rf"(?:{_LABEL}\.)+{_LAST}"

_URL = re.compile(r"(https?)://([^/?]*)([/?].*)?", re.ASCII)
_AUTHORITY = re.compile(r"([A-Za-z0-9.-]+)(?::([0-9]{1,5}))?", re.ASCII)
_HOSTNAME = re.compile(HOSTNAME, re.ASCII)

METADATA_NAMES = frozenset(
    {
        "metadata",
        "metadata.goog",
        "metadata.google.internal",
        "instance-data",
        "instance-data.ec2.internal",
    }
)
METADATA_NETWORKS = tuple(
    ipaddress.ip_network(text)
    for text in (
        "169.254.0.0/16",
        "fe80::/10",
        "fd00:ec2::/32",
        "100.100.100.200/32",
        "192.0.0.192/32",
    )
)


def forbidden(host: str) -> bool:
    """Whether that host is a cloud's metadata service or another link-local address."""
    bare = host.rstrip(".").lower()
    if bare in METADATA_NAMES:
        return True
    try:
        address = ipaddress.ip_address(bare)
    except ValueError:
        return False
    mapped = getattr(address, "ipv4_mapped", None) or address
    return any(mapped in network for network in METADATA_NETWORKS)


def is_host(host: str) -> bool:
    """Whether that is a host name or an IPv4 address, written the usual way."""
    if _HOSTNAME.fullmatch(host):
        return True
    try:
        ipaddress.IPv4Address(host)
    except ValueError:
        return False
    return True


def url_fault(value: str, hosts: tuple[str, ...] = ()) -> str | None:
    """Why a web address is refused, as the end of a sentence; None when it is fine. `hosts` are those allowed
    (`*.example.org` for what is below it), none for any."""
    split = _URL.fullmatch(value)
    if split is None:
        return "is no http or https address"
    if "@" in split[2]:
        return "has a user name or password in it"
    authority = _AUTHORITY.fullmatch(split[2])
    if authority is None or not is_host(authority[1]) or int(authority[2] or 1) > 65535:
        return "has no proper host and port"
    return _host_fault(authority[1], hosts) or _climbs(split[3] or "")


def _host_fault(host: str, hosts: tuple[str, ...]) -> str | None:
    if forbidden(host):
        return "leads to a metadata address"
    if not hosts or any(_allows(rule.lower(), host.lower()) for rule in hosts):
        return None
    return f"leads to a host that is not one of {', '.join(hosts)}"


def _climbs(rest: str) -> str | None:
    return "has '..' in its path" if ".." in rest.split("?", 1)[0].split("/") else None


def _allows(rule: str, host: str) -> bool:
    return host.endswith(rule[1:]) if rule.startswith("*.") else host == rule


NETWORK = frozenset({"curl", "wget", "ping", "nc"})
"""Programs that go wherever any of their words says."""


def argv_fault(argv: Sequence[str]) -> str | None:
    """The host in a rendered command that nobody may be sent to; None when there is none."""
    anywhere = argv[0].rpartition("/")[2] in NETWORK
    for word in argv[1:]:
        for host in _hosts(word, anywhere=anywhere):
            if forbidden(host):
                return host
    return None


def _hosts(word: str, *, anywhere: bool) -> Iterator[str]:
    for authority in re.findall(r"[A-Za-z][A-Za-z0-9+.-]*://([^/?#\s]*)", word):
        host = authority.rpartition("@")[2]
        yield host[1:].partition("]")[0] if host.startswith("[") else host.partition(":")[0]
    if anywhere:
        # `--resolve name:80:ADDRESS` and the like: every part of the word, and the word itself for IPv6.
        yield word
        yield from re.split(r"[/:@,=\[\]]", word)
