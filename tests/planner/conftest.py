"""Sections as the shipped packs have them, a catalogue over the real index, and the real type check."""

from collections.abc import Sequence

import pytest

from bot.model.plans import Agent
from bot.model.ports import Hit
from bot.model.sections import Risk, Section, Slot
from bot.planner.offline import OfflinePlanner
from capabilities.render import SectionRenderer
from capabilities.search import Index

PREFIX = Slot("prefix", "path", "from agent", from_agent=True, default="/etc/nginx", root="/")
DOMAIN = Slot(
    "domain", "fqdn", description="public name, e.g. app.example.com", example="shop.example.org"
)
PORT = Slot("port", "port", description="local TCP port of the application", example="8080")
ROOT = Slot("root", "path", "under /srv", "folder with the files", example="/srv/www", root="/srv")
LINES = Slot(
    "lines",
    "int",
    "1..1000; default 50",
    "log lines to show",
    False,
    default="50",
    minimum=1,
    maximum=1000,
)
NAME = Slot("name", "name", description="the site's name", example="hello")

NGINX = ("nginx", "vhost", "virtual host", "reverse proxy")


def made(
    id: str,
    title: str,
    aliases: str,
    risk: Risk = Risk.READ,
    slots: tuple[Slot, ...] = (),
    **more: str,
) -> Section:
    pack = id.partition("/")[0]
    pack_aliases = {
        "nginx-sites": NGINX,
        "demo-site": ("demo",),
        "linux-facts": ("linux", "machine"),
    }[pack]
    named = tuple(filter(None, aliases.split(", ")))
    return Section(id, pack, title, risk, 0, (), slots, named, pack_aliases, **more)


SECTIONS = (
    made("nginx-sites/list-sites", "list sites", "show sites, which sites, list of sites", slots=(PREFIX,)),
    made("nginx-sites/add-a-reverse-proxy", "add a reverse proxy", "new site, serve a domain, proxy a domain to a port", Risk.CHANGE, (PREFIX, DOMAIN, PORT)),
    made("nginx-sites/add-a-static-site", "add a static site", "serve files, serve a folder", Risk.CHANGE, (PREFIX, DOMAIN, ROOT)),
    made("nginx-sites/remove-a-site", "remove a site", "delete a site, drop a site", Risk.CHANGE, (PREFIX, DOMAIN)),
    made("nginx-sites/show-the-error-log", "show the error log", "nginx errors, error log", slots=(PREFIX, LINES)),
    made("nginx-sites/test-the-configuration", "test the configuration", "check the configuration, nginx config test, check config", slots=(PREFIX,)),
    made("linux-facts/disk", "see how full the disks are", "disk, disk space, free space, disk usage, using the disk"),
    made("linux-facts/memory", "see the memory", "memory, ram, free memory, swap"),
    made("linux-facts/load", "see the load", "load, load average, cpu, busy"),
    made("linux-facts/uptime", "see the uptime", "uptime, how long up, last reboot, running since"),
    made("linux-facts/processes", "list processes", "processes, top processes"),
    made("linux-facts/ports", "list open ports", "listening ports, ports, what listens"),
    made("linux-facts/services", "list services", "services, failed services, is it running, service status, running"),
    made("linux-facts/logs", "show the system log", "system log, logs, journal", slots=(LINES,)),
    made("demo-site/create-a-site", "create a site", "make a site, new demo site", Risk.CHANGE, (NAME,)),
    made("demo-site/list-sites", "list sites", "show sites", slots=()),
    made("demo-site/remove-a-site", "remove a site", "delete a site", Risk.CHANGE, (NAME,)),
)  # fmt: skip

WEB1 = Agent("web1", "local:", ("linux-facts", "nginx-sites"), 2, ("nginx", "web"))
DEMO = Agent("here", "local:", ("demo-site", "linux-facts"), 2)


class Shelf:
    """A catalogue over fixed sections."""

    def __init__(self, sections: Sequence[Section]) -> None:
        self._sections = {section.id: section for section in sections}
        self._index = Index(sections)

    def section(self, id: str) -> Section | None:
        return self._sections.get(id)

    def search(self, query: str, limit: int = 8, packs: Sequence[str] | None = None) -> list[Hit]:
        return self._index.search(query, limit, packs)

    def sections(self, packs: Sequence[str] | None = None) -> Sequence[Section]:
        return [each for each in self._sections.values() if packs is None or each.pack in packs]


@pytest.fixture(scope="session")
def shelf() -> Shelf:
    return Shelf(SECTIONS)


@pytest.fixture(scope="session")
def planner(shelf: Shelf) -> OfflinePlanner:
    return OfflinePlanner(shelf, SectionRenderer())


@pytest.fixture(scope="session")
def web1() -> Agent:
    return WEB1


@pytest.fixture(scope="session")
def here() -> Agent:
    return DEMO
