"""One wish, several machines: steps that feed each other, one card, one approval, verified as a whole, rolled back in reverse."""

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.acceptance.conftest import Bot
from tests.acceptance.three_machines import WISH, furnish, tables
from tests.servers.scripted_model import ScriptedModel, step


@pytest.fixture
def yard(tmp_path: Path) -> Path:
    furnish(tmp_path)
    return tmp_path


@pytest.fixture
def bot(
    configure: Callable[..., Path], bots: Callable[[Path], Bot], model: ScriptedModel, yard: Path
) -> Bot:
    return bots(configure(tables(yard, model)))


def planned(model: ScriptedModel) -> None:
    """What a model makes of the wish."""
    domain = "api-scanner.example.org"
    model.says(
        step("containers/create-a-container", 1, "pve1", name="api-scanner"),
        step("names/add-a-record", 2, "dns1", after=("1",), domain=domain, address="@1.ip"),
        step("monitors/watch-a-host", 3, "mon1", after=("2",), domain=domain, address="@1.ip"),
    )


def test_one_card_for_all_of_it(bot: Bot, model: ScriptedModel, yard: Path) -> None:
    planned(model)
    bot.hears(WISH)
    card = bot.says("plan")
    steps = card["report"]["plan"]["steps"]
    assert [(each["agent"], each["needs"]) for each in steps] == [
        ("pve1", []),
        ("dns1", ["1"]),
        ("mon1", ["2", "1"]),
    ] or [set(each["needs"]) for each in steps] == [set(), {"1"}, {"1", "2"}]
    assert steps[1]["slots"]["address"] == {"output": {"step": "1", "name": "ip", "type": "ip"}}
    assert not (yard / "pve1" / "api-scanner").exists()
    bot.reacts("✅", card["message"])
    result = bot.says("result")
    assert result["text"].startswith("alice, done:")
    assert "192.0.2.17" in result["text"], "how to reach it"
    assert (yard / "dns1" / "api-scanner.example.org").read_text() == "192.0.2.17\n"
    watched = (yard / "mon1" / "api-scanner.example.org.watch").read_text()
    assert watched == "api-scanner.example.org 192.0.2.17\n"


def test_a_failure_at_the_end_rolls_all_of_it_back_in_reverse(
    bot: Bot, model: ScriptedModel, yard: Path
) -> None:
    (yard / "mon1" / "allowed").unlink()
    planned(model)
    bot.hears(WISH)
    card = bot.says("plan")
    bot.reacts("✅", card["message"])
    assert "Rolled back" in bot.says("result")["text"]
    assert not (yard / "pve1" / "api-scanner").exists()
    assert not list((yard / "dns1").iterdir())
    assert not list((yard / "mon1").iterdir())


@pytest.mark.parametrize(
    "said", ["192.0.2.17; touch PWNED", "$(touch PWNED)", "-rf", "", "999.1.1.1"]
)
def test_an_output_that_is_no_address_goes_nowhere(
    bot: Bot, model: ScriptedModel, yard: Path, said: str
) -> None:
    (yard / "pve1" / "next").write_text(f"created, address {said}\n", encoding="utf8")
    planned(model)
    bot.hears(WISH)
    card = bot.says("plan")
    bot.reacts("✅", card["message"])
    text = bot.says("result")["text"]
    if said.startswith("192.0.2.17"):  # the address is what the pattern takes; the rest is nowhere
        assert "done" in text
        assert (yard / "dns1" / "api-scanner.example.org").read_text() == "192.0.2.17\n"
    else:
        assert "failed" in text
        assert not (yard / "pve1" / "api-scanner").exists()
        assert not list((yard / "dns1").iterdir())
    assert not list(yard.rglob("PWNED"))


def test_what_destroys_takes_no_output(bot: Bot, model: ScriptedModel, yard: Path) -> None:
    """People must see what is lost before they say yes."""
    page = (yard / "packs" / "names.md").read_text(encoding="utf8")
    page += "\n## How to clear an address\n- Risk: destroy\n- Irreversible: yes\n- Parameters: address\n- Example: clear 192.0.2.1\n\n```bash\nrm -f -- {folder}/{address}\n```\n"
    (yard / "packs" / "names.md").write_text(page, encoding="utf8")
    model.says(
        step("containers/create-a-container", 1, "pve1", name="api-scanner"),
        step("names/clear-an-address", 2, "dns1", after=("1",), address="@1.ip"),
    )
    bot.kill()
    bot.start()
    bot.hears("@infra create a container on pve1 called api-scanner and clear its address")
    assert "people must see exactly what" in bot.says("refusal")["text"]
