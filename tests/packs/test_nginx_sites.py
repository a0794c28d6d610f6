"""The pack nginx-sites, every section, against a real nginx with a folder and a port of its own."""

import os
from pathlib import Path

from bot.execution import judge
from tests.packs.machine import Machine, Ready, tree
from tests.servers.nginx import Nginx, free_port
from tests.servers.static import serving

OURS = ("temp", "error.log", "nginx.pid", "sites-removed")
SHOP = "shop.example.org"
DOCS = "docs.example.org"


def now(nginx: Nginx) -> dict[str, object]:
    return tree(nginx.prefix, without=OURS)


async def round_trip(ready: Ready, nginx: Nginx) -> None:
    """Preview stable, Verify false before and true after, Rollback exact and harmless the second time."""
    before = now(nginx)
    assert await ready.preview() == await ready.preview()
    assert await ready.unverified_within()
    assert await ready.works()
    assert await ready.verified_within()
    assert now(nginx) != before
    assert await ready.roll_back()
    assert now(nginx) == before
    assert await ready.roll_back()
    assert now(nginx) == before
    assert await ready.unverified_within()


async def test_add_a_reverse_proxy_and_back(web: Machine, nginx: Nginx, port: int) -> None:
    await round_trip(
        web.ready("nginx-sites/add-a-reverse-proxy", domain=SHOP, port=str(port)), nginx
    )


async def test_add_a_static_site_and_back(web: Machine, nginx: Nginx) -> None:
    await round_trip(web.ready("nginx-sites/add-a-static-site", domain=DOCS), nginx)


async def test_list_and_show(web: Machine, nginx: Nginx, port: int) -> None:
    listing = web.ready("nginx-sites/list-the-sites")
    assert await listing.answer() == ""
    add = web.ready("nginx-sites/add-a-reverse-proxy", domain=SHOP, port=str(port))
    assert await add.works()
    assert await listing.answer() == f"{SHOP}\n"
    shown = await web.ready("nginx-sites/show-the-configuration-of-a-site", domain=SHOP).answer()
    assert f"server_name {SHOP};" in shown
    assert f"proxy_pass http://127.0.0.1:{port};" in shown
    assert "proxy_set_header Host $host;" in shown


async def test_a_preview_tells_what_has_changed(web: Machine, port: int) -> None:
    add = web.ready("nginx-sites/add-a-reverse-proxy", domain=SHOP, port=str(port))
    before = await add.preview()
    assert await web.ready("nginx-sites/add-a-static-site", domain=DOCS).works()
    assert await add.preview() != before


async def test_a_proxy_to_a_port_where_nothing_listens_is_not_verified(
    web: Machine, nginx: Nginx
) -> None:
    before = now(nginx)
    dead = web.ready("nginx-sites/add-a-reverse-proxy", domain=SHOP, port=str(free_port()))
    assert await dead.works()
    assert await dead.unverified_within()
    assert await dead.roll_back()
    assert now(nginx) == before


async def test_a_site_that_is_there_is_not_touched(web: Machine, nginx: Nginx, port: int) -> None:
    """The very first command refuses, so nothing is done and nothing will be rolled back."""
    assert await web.ready("nginx-sites/add-a-reverse-proxy", domain=SHOP, port=str(port)).works()
    before = now(nginx)
    for again in (
        web.ready("nginx-sites/add-a-reverse-proxy", domain=SHOP, port="1"),
        web.ready("nginx-sites/add-a-static-site", domain=SHOP),
    ):
        (outcome,) = await again.do()
        assert outcome.exit == 1
        assert now(nginx) == before


async def test_leftovers_of_a_site_stop_it_at_the_first_command(web: Machine, nginx: Nginx) -> None:
    (nginx.prefix / "sites-enabled" / SHOP).symlink_to(nginx.prefix / "nowhere")
    (nginx.prefix / "www" / DOCS).mkdir()
    (nginx.prefix / "www" / DOCS / "index.html").write_text("precious")
    before = now(nginx)
    for ready in (
        web.ready("nginx-sites/add-a-reverse-proxy", domain=SHOP, port="1"),
        web.ready("nginx-sites/add-a-static-site", domain=DOCS),
    ):
        assert len(await ready.do()) == 1
        assert now(nginx) == before


async def test_a_broken_neighbour_is_found_before_the_reload(
    web: Machine, nginx: Nginx, port: int
) -> None:
    broken = nginx.prefix / "sites-enabled" / "broken"
    broken.write_text("server { proxy_passs nowhere; }\n")
    before = now(nginx)
    add = web.ready("nginx-sites/add-a-reverse-proxy", domain=SHOP, port=str(port))
    *_, tested = await add.do()
    assert tested.exit == 1
    assert b'unknown directive "proxy_passs"' in tested.errors
    await add.roll_back()
    assert now(nginx) == before
    broken.unlink()
    assert await add.works()
    assert await add.verified_within()


async def test_remove_a_site_and_back(web: Machine, nginx: Nginx, port: int) -> None:
    add = web.ready("nginx-sites/add-a-reverse-proxy", domain=SHOP, port=str(port))
    assert await add.works()
    assert await add.verified_within()
    await round_trip(web.ready("nginx-sites/remove-a-site", domain=SHOP), nginx)
    assert await add.verified_within()


async def test_removing_a_static_site_keeps_its_pages(web: Machine, nginx: Nginx) -> None:
    assert await web.ready("nginx-sites/add-a-static-site", domain=DOCS).works()
    page = nginx.prefix / "www" / DOCS / "index.html"
    page.write_text("my pages")
    remove = web.ready("nginx-sites/remove-a-site", domain=DOCS)
    assert await remove.works()
    assert await remove.verified_within()
    assert page.read_text() == "my pages"


async def test_an_old_copy_never_replaces_a_newer_site(
    web: Machine, nginx: Nginx, port: int
) -> None:
    add = web.ready("nginx-sites/add-a-reverse-proxy", domain=SHOP, port=str(port))
    remove = web.ready("nginx-sites/remove-a-site", domain=SHOP)
    assert await add.works()
    assert await remove.works()
    assert await add.works()
    newer = nginx.prefix / "sites-available" / SHOP
    newer.write_text(newer.read_text() + "# newer\n")
    stat = newer.stat()
    os.utime(newer, (stat.st_atime, stat.st_mtime + 1))
    await remove.roll_back()
    assert newer.read_text().endswith("# newer\n")
    assert await remove.works()
    assert await remove.roll_back()
    assert newer.read_text().endswith("# newer\n")


async def test_removing_what_is_not_there_does_nothing(web: Machine, nginx: Nginx) -> None:
    before = now(nginx)
    (outcome,) = await web.ready("nginx-sites/remove-a-site", domain=SHOP).do()
    assert outcome.exit == 1
    assert now(nginx) == before
    assert not (nginx.prefix / "sites-removed").exists()


async def test_the_error_log(web: Machine, nginx: Nginx) -> None:
    log = nginx.prefix / "error.log"
    with log.open("a") as lines:
        lines.writelines(f"line {number}\n" for number in range(100))
    shown = await web.ready("nginx-sites/show-the-error-log", lines="3").answer()
    assert shown == "line 97\nline 98\nline 99\n"


async def test_the_configuration(web: Machine, nginx: Nginx) -> None:
    test = web.ready("nginx-sites/test-the-configuration")
    (good,) = await test.do()
    assert judge.good(good, (0,))
    assert b"test is successful" in good.errors
    (nginx.prefix / "sites-enabled" / "broken").write_text("server {\n")
    (bad,) = await test.do()
    assert bad.exit == 1
    assert b"unexpected end of file" in bad.errors


async def test_the_proxy_really_reaches_the_application(
    web: Machine, nginx: Nginx, tmp_path: Path
) -> None:
    """Two sites to two applications: each Verify sees its own."""
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
    with serving(tmp_path / "one") as one, serving(tmp_path / "two") as two:
        first = web.ready(
            "nginx-sites/add-a-reverse-proxy", domain="one.example.org", port=str(one)
        )
        second = web.ready(
            "nginx-sites/add-a-reverse-proxy", domain="two.example.org", port=str(two)
        )
        assert await first.works()
        assert await first.verified_within()
        assert await second.unverified_within()
        assert await second.works()
        assert await second.verified_within()
    assert not await first.verified()
