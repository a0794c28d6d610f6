"""What people write, and what the offline planner makes of it."""

import asyncio
import shlex

import pytest
from msgspec.structs import replace

from bot.model.ports import Request, Unclear, Unknown, Wanted

PROXY, STATIC, REMOVE = (
    "nginx-sites/add-a-reverse-proxy",
    "nginx-sites/add-a-static-site",
    "nginx-sites/remove-a-site",
)
LIST, ERRORS, TEST = (
    "nginx-sites/list-sites",
    "nginx-sites/show-the-error-log",
    "nginx-sites/test-the-configuration",
)
DISK, MEMORY, LOAD, UPTIME = (
    "linux-facts/disk",
    "linux-facts/memory",
    "linux-facts/load",
    "linux-facts/uptime",
)
PROCESSES, PORTS, SERVICES, LOGS = (
    "linux-facts/processes",
    "linux-facts/ports",
    "linux-facts/services",
    "linux-facts/logs",
)
CREATE, DROP, SITES = "demo-site/create-a-site", "demo-site/remove-a-site", "demo-site/list-sites"
SHOP = "domain=shop.example.org"

ON_WEB1 = [
    ("add a reverse proxy for shop.example.org to port 8080", f"{PROXY} {SHOP} port=8080"),
    ("Add a reverse proxy for shop.example.org to port 8080.", f"{PROXY} {SHOP} port=8080"),
    ("please add a reverse proxy for shop.example.org, to port 8080", f"{PROXY} {SHOP} port=8080"),
    (
        "could you please add a reverse proxy from shop.example.org to port 8080?",
        f"{PROXY} {SHOP} port=8080",
    ),
    ("reverse proxy add shop.example.org 8080", f"{PROXY} {SHOP} port=8080"),
    ("add reverse proxy domain=shop.example.org port=8080", f"{PROXY} {SHOP} port=8080"),
    ("add reverse proxy port=8080 domain=shop.example.org", f"{PROXY} {SHOP} port=8080"),
    ('add a reverse proxy, domain "shop.example.org", port "8080"', f"{PROXY} {SHOP} port=8080"),
    ("add a reverse proxy for `shop.example.org` on port `8080`", f"{PROXY} {SHOP} port=8080"),
    ("add a reverse proxy: domain: shop.example.org port: 8080", f"{PROXY} {SHOP} port=8080"),
    ("add a reverse proxy for shop.example.org to localhost:8080", f"{PROXY} {SHOP} port=8080"),
    ("add a reverse proxy for shop.example.org to 127.0.0.1:8080", f"{PROXY} {SHOP} port=8080"),
    ("add a reverse proxy for shop.example.org to :8080", f"{PROXY} {SHOP} port=8080"),
    ("add a reverse proxy for (shop.example.org) to port 8080!", f"{PROXY} {SHOP} port=8080"),
    ("new site shop.example.org on port 8080", f"{PROXY} {SHOP} port=8080"),
    ("we need a new site for shop.example.org, port is 8080", f"{PROXY} {SHOP} port=8080"),
    ("serve a domain: shop.example.org, port 8080", f"{PROXY} {SHOP} port=8080"),
    ("proxy the domain shop.example.org to port 8080", f"{PROXY} {SHOP} port=8080"),
    ("add a revers proxy for shop.example.org to port 8080", "unknown"),
    ("reload nginx", "unknown"),
    ("reboot the machine", "unknown"),
    ("change the port of shop.example.org to 9090", "unknown"),
    ("which files are in the folder", "ask which"),
    ("adding reverse proxies for shop.example.org with port 8080", f"{PROXY} {SHOP} port=8080"),
    ("ADD A REVERSE PROXY FOR shop.example.org TO PORT 8080", f"{PROXY} {SHOP} port=8080"),
    ("add a reverse proxy to 8080 for shop.example.org", f"{PROXY} {SHOP} port=8080"),
    ("add a reverse proxy to port 8080 for shop.example.org, thanks", f"{PROXY} {SHOP} port=8080"),
    (
        "add a reverse proxy for shop.example.org to port 8080 (yes port 8080)",
        f"{PROXY} {SHOP} port=8080",
    ),
    ("add a reverse proxy for shop.example.org", f"ask port {PROXY} {SHOP}"),
    ("add a reverse proxy to port 8080", f"ask domain {PROXY} port=8080"),
    ("add a reverse proxy", f"ask domain {PROXY}"),
    ("add a reverse proxy for shop to port 8080", f"ask domain {PROXY} port=8080"),
    (
        "add a reverse proxy for shop.example.org to port 8080 or port 9090",
        f"ask port {PROXY} {SHOP}",
    ),
    (
        "add a reverse proxy for shop.example.org or blog.example.org to port 8080",
        f"ask domain {PROXY} port=8080",
    ),
    ("add a reverse proxy for shop.example.org to port 99999", f"ask port {PROXY} {SHOP}"),
    ("add a reverse proxy for shop.example.org to port http", f"ask port {PROXY} {SHOP}"),
    ("add a reverse proxy for shop.example.org to port 80a", f"ask port {PROXY} {SHOP}"),
    ("add a reverse proxy for shop.example.org to port=", f"ask port {PROXY} {SHOP}"),
    ("add a reverse proxy for -evil.example.org to port 8080", f"ask domain {PROXY} port=8080"),
    ("add a reverse proxy for shop.example.org; to port 8080", f"ask domain {PROXY} port=8080"),
    (
        "add a reverse proxy for shop.example.org;reboot to port 8080",
        f"ask domain {PROXY} port=8080",
    ),
    (
        "add a reverse proxy for $(touch${IFS}PWNED).example.org to port 8080",
        f"ask domain {PROXY} port=8080",
    ),
    ("add a reverse proxy for sh\u043ep.example.org to port 8080", f"ask domain {PROXY} port=8080"),
    (
        "add a static site for blog.example.org with files in /srv/blog",
        f"{STATIC} domain=blog.example.org root=/srv/blog",
    ),
    (
        "add a static site blog.example.org root /srv/blog",
        f"{STATIC} domain=blog.example.org root=/srv/blog",
    ),
    (
        "add static site domain=blog.example.org root=/srv/blog",
        f"{STATIC} domain=blog.example.org root=/srv/blog",
    ),
    (
        "serve files from /srv/blog as blog.example.org",
        f"{STATIC} domain=blog.example.org root=/srv/blog",
    ),
    (
        "serve the folder /srv/blog at blog.example.org",
        f"{STATIC} domain=blog.example.org root=/srv/blog",
    ),
    ("add a static site for blog.example.org", f"ask root {STATIC} domain=blog.example.org"),
    (
        "add a static site for blog.example.org in /etc/passwd",
        f"ask root {STATIC} domain=blog.example.org",
    ),
    (
        "add a static site for blog.example.org in /srv/../etc",
        f"ask root {STATIC} domain=blog.example.org",
    ),
    ("remove the site shop.example.org", f"{REMOVE} {SHOP}"),
    ("remove site shop.example.org please", f"{REMOVE} {SHOP}"),
    ("delete the site for shop.example.org", f"{REMOVE} {SHOP}"),
    ("drop the shop.example.org site", f"{REMOVE} {SHOP}"),
    ("remove a site", f"ask domain {REMOVE}"),
    ("remove the sites shop.example.org and blog.example.org", f"ask domain {REMOVE}"),
    ("don't remove the site shop.example.org", "unknown"),
    ("do not remove the site shop.example.org", "unknown"),
    ("never remove the site shop.example.org", "unknown"),
    ("list sites", LIST),
    ("list the sites", LIST),
    ("list all sites, please", LIST),
    ("which sites are there?", LIST),
    ("show me the sites", LIST),
    ("give me a list of sites", LIST),
    ("show the error log", ERRORS),
    ("show the nginx error log", ERRORS),
    ("show the last 100 lines of the error log", f"{ERRORS} lines=100"),
    ("error log, 20 lines", f"{ERRORS} lines=20"),
    ("error log lines=20", f"{ERRORS} lines=20"),
    ("error log lines 20", f"{ERRORS} lines=20"),
    ("any nginx errors?", ERRORS),
    ("show the error log, 5000 lines", f"ask lines {ERRORS}"),
    ("show the error log, 0 lines", f"ask lines {ERRORS}"),
    ("test the configuration", TEST),
    ("test nginx's configuration", TEST),
    ("please check the configuration", TEST),
    ("check config", TEST),
    ("is the config of nginx ok? check it", TEST),
    ("disk space", DISK),
    ("disk", DISK),
    ("what is using the disk?", DISK),
    ("what's using the disk", DISK),
    ("how much free space is there?", DISK),
    ("how full are the disks", DISK),
    ("disk usage please", DISK),
    ("how much memory does it have", MEMORY),
    ("memory", MEMORY),
    ("is there enough RAM?", MEMORY),
    ("is it swapping? swap", MEMORY),
    ("what is the load", LOAD),
    ("load average", LOAD),
    ("is the cpu busy?", LOAD),
    ("uptime", UPTIME),
    ("what's the uptime?", UPTIME),
    ("when was the last reboot", UPTIME),
    ("how long has it been up", UPTIME),
    ("list the processes", PROCESSES),
    ("top processes", PROCESSES),
    ("which ports are open? list them", PORTS),
    ("listening ports", PORTS),
    ("what listens on port 8080", PORTS),
    ("is nginx running", SERVICES),
    ("which services failed", SERVICES),
    ("service status", SERVICES),
    ("show the system log", LOGS),
    ("show the journal, 30 lines", f"{LOGS} lines=30"),
    ("logs", LOGS),
    ("", "unknown"),
    ("   ", "unknown"),
    ("?!", "unknown"),
    ("hello there", "unknown"),
    ("make me a coffee", "unknown"),
    ("order pizza for everybody", "unknown"),
    ("restart the machine", "unknown"),
    ("delete the logs", "unknown"),
    ("stop all services", "unknown"),
    ("bitte lösche die Seite shop.example.org", "unknown"),
    ("füge einen Proxy für shop.example.org auf Port 8080 hinzu", "not done"),
    ("Webseite shop.example.org entfernen", "unknown"),
    ("alle logs löschen", "unknown"),
    ("wie voll ist die Platte?", "unknown"),
    ("borra el sitio shop.example.org", "unknown"),
    ("elimina los logs", "unknown"),
    ("añade un proxy para shop.example.org al puerto 8080", "not done"),
    ("cuánta memoria tiene", "unknown"),
    ("rm -rf /", "unknown"),
    ("$(touch PWNED)", "unknown"),
    ("'; touch PWNED; '", "unknown"),
    ('"add a reverse proxy"', "unknown"),
    ("tell me about 'disk space'", "unknown"),
    ("remvoe the site shop.example.org", "not done"),
]

ON_HERE = [
    ("create a site called hello", f"{CREATE} name=hello"),
    ("create a site named hello", f"{CREATE} name=hello"),
    ("create a site hello", f"{CREATE} name=hello"),
    ("create site hello", f"{CREATE} name=hello"),
    ("create a site with the name hello", f"{CREATE} name=hello"),
    ("create a site, name: hello", f"{CREATE} name=hello"),
    ("create a site name=hello", f"{CREATE} name=hello"),
    ('create a site "hello"', f"{CREATE} name=hello"),
    ("create a site called 'hello'", f"{CREATE} name=hello"),
    ("create a site called `hello`.", f"{CREATE} name=hello"),
    ("create a site called “hello”", f"{CREATE} name=hello"),
    ("please make a site called hello-2.example", f"{CREATE} name=hello-2.example"),
    ("could you create a site for me called hello, please?", f"{CREATE} name=hello"),
    ("create a site called logs", f"{CREATE} name=logs"),
    ("create a site called disk", f"{CREATE} name=disk"),
    ('create a site called "list sites"', f"ask name {CREATE}"),
    ("create a site", f"ask name {CREATE}"),
    ("create a site please", f"ask name {CREATE}"),
    ("create a site for me", f"ask name {CREATE}"),
    ("create a site now", f"ask name {CREATE}"),
    ("create a site called", f"ask name {CREATE}"),
    ("hello, create a site", f"ask name {CREATE}"),
    ('create a site "hello" or "world"', f"ask name {CREATE}"),
    ("create a site called hello; rm -rf /", f"ask name {CREATE}"),
    ("create a site called hello;rm", f"ask name {CREATE}"),
    ("create a site called $(touch PWNED)", f"ask name {CREATE}"),
    ('create a site called "$(touch PWNED)"', f"ask name {CREATE}"),
    ("create a site called '; touch PWNED'", f"ask name {CREATE}"),
    ("create a site called ../../etc", f"ask name {CREATE}"),
    ("create a site called -rf", f"ask name {CREATE}"),
    ("create a site called hello|tee", f"ask name {CREATE}"),
    ("create a site called hello && touch PWNED", f"ask name {CREATE}"),
    ("create a site called Hello World", f"ask name {CREATE}"),
    ("create a site called 'Hello World'", f"ask name {CREATE}"),
    ("create a site called hello using the demo", f"{CREATE} name=hello"),
    ("rename the site hello to world", "unknown"),
    ("remove the site hello", f"{DROP} name=hello"),
    ("delete the site called hello", f"{DROP} name=hello"),
    ("remove the site", f"ask name {DROP}"),
    ("remove the site that nobody uses", f"ask name {DROP}"),
    ("create a site called a and remove the site b", "ask which"),
    ("list sites", SITES),
    ("show sites", SITES),
    ("erstelle eine Seite namens hello", "unknown"),
    ("lösche die Seite hello", "unknown"),
    ("crea un sitio llamado hello", "unknown"),
]


def judge(idea):
    match idea:
        case Wanted(drafts):
            return " ".join(
                [drafts[0].section, *(f"{name}={value}" for name, value in drafts[0].slots.items())]
            )
        case Unclear(kind="slot"):
            slots = (f"{name}={value}" for name, value in idea.draft.slots.items())
            return " ".join(["ask", idea.slot, idea.draft.section, *slots])
        case Unclear(kind="section"):
            return "ask which"
        case Unclear(kind="agent"):
            return "ask agent"
        case Unknown():
            return "unknown"


def same(got: str, wanted: str) -> bool:
    if wanted == "not done":
        return got.startswith(("ask", "unknown"))
    return sorted(shlex.split(got)) == sorted(shlex.split(wanted))


@pytest.mark.parametrize(("text", "wanted"), ON_WEB1)
def test_on_web1(planner, web1, text, wanted):
    got = judge(asyncio.run(planner.plan(Request(text, (web1,)))))
    assert same(got, wanted), got


@pytest.mark.parametrize(("text", "wanted"), ON_HERE)
def test_on_the_demo(planner, here, text, wanted):
    got = judge(asyncio.run(planner.plan(Request(text, (here,)))))
    assert same(got, wanted), got


def test_the_table_is_long_enough():
    assert len(ON_WEB1) + len(ON_HERE) >= 120


def test_a_packs_name_decides_between_equal_titles(planner, web1, here):
    both = replace(web1, packs=("nginx-sites", "demo-site"))
    assert judge(asyncio.run(planner.plan(Request("list sites", (both,))))) == "ask which"
    assert judge(asyncio.run(planner.plan(Request("list nginx sites", (both,))))) == LIST
    assert judge(asyncio.run(planner.plan(Request("list the demo sites", (both,))))) == SITES
