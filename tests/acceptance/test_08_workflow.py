"""One wish, several machines: steps that feed each other, one card, one approval, verified as a whole, rolled back in reverse.

Real targets come later; here three agents keep what they were told in files.
"""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.acceptance.conftest import Bot
from tests.servers.scripted_model import ScriptedModel, serving, step

WISH = (
    "@infra Create a debian container on pve1 for my API scanner called api-scanner, "
    "give it a domain at api-scanner.example.org and set up monitoring"
)
PACKS = {
    "containers": """\
# Containers

## Parameters
| name   | type | rule       | description           |
|--------|------|------------|-----------------------|
| folder | path | from agent | where containers are  |
| name   | name |            | the container's name  |

## How to create a container
- Aliases: container, debian container, lxc
- Risk: change
- Parameters: name
- Example: create a container called web
- Returns: ip: ip = regex `address (\\d+\\.\\d+\\.\\d+\\.\\d+)`

```bash
mkdir {folder}/{name}
touch {folder}/{name}/running
cat {folder}/next
```

### Verify
```bash
test -e {folder}/{name}/running
```

### Rollback
```bash
rm -f -d -- {folder}/{name}/running {folder}/{name}
```
""",
    "names": """\
# Names

## Parameters
| name    | type | rule       | description          |
|---------|------|------------|----------------------|
| folder  | path | from agent | where records are    |
| domain  | fqdn |            | the name             |
| address | ip   |            | what it points to    |

## How to add a record
- Aliases: domain, record, dns, give a domain
- Risk: change
- Parameters: domain, address
- Example: point www.example.org to 192.0.2.1

```bash
test ! -e {folder}/{domain}
cat > {folder}/{domain} <<'EOF'
{address}
EOF
```

### Verify
```bash
cat {folder}/{domain}
```
- Expect: `^\\d+\\.\\d+\\.\\d+\\.\\d+$`

### Rollback
```bash
rm -f -- {folder}/{domain}
```
""",
    "monitors": """\
# Monitors

## Parameters
| name    | type | rule       | description          |
|---------|------|------------|----------------------|
| folder  | path | from agent | where monitors are   |
| domain  | fqdn |            | what is watched      |
| address | ip   |            | where it answers     |

## How to watch a host
- Aliases: monitoring, monitor, set up monitoring
- Risk: change
- Parameters: domain, address
- Example: watch www.example.org at 192.0.2.1

```bash
cat > {folder}/{domain}.watch <<'EOF'
{domain} {address}
EOF
ls {folder}/allowed
```

### Rollback
```bash
rm -f -- {folder}/{domain}.watch
```
""",
}
AGENT = """
[[agents]]
name = "{name}"
target = "local:"
packs = ["{pack}"]
level = 3
vars = {{ folder = "{folder}" }}
"""


@pytest.fixture
def model() -> Iterator[ScriptedModel]:
    with serving(ScriptedModel()) as model:
        yield model


@pytest.fixture
def yard(tmp_path: Path) -> Path:
    """Where the three agents keep their things."""
    for name in ("pve1", "dns1", "mon1"):
        (tmp_path / name).mkdir()
    (tmp_path / "pve1" / "next").write_text("created, address 192.0.2.17\n", encoding="utf8")
    (tmp_path / "mon1" / "allowed").touch()
    return tmp_path


@pytest.fixture
def bot(
    configure: Callable[..., Path], bots: Callable[[Path], Bot], model: ScriptedModel, yard: Path
) -> Bot:
    folder = yard / "packs"
    folder.mkdir()
    for name, text in PACKS.items():
        (folder / f"{name}.md").write_text(text, encoding="utf8")
    agents = zip(("pve1", "dns1", "mon1"), PACKS, strict=True)
    more = "".join(AGENT.format(name=name, pack=pack, folder=yard / name) for name, pack in agents)
    llm = f'[llm]\norder = ["openai"]\n[llm.openai]\nmodel = "scripted"\nbase_url = "{model.url}"\n'
    return bots(
        configure(f'{llm}\n[capabilities]\npaths = ["packs"]\n{more}'.replace("\\\n", "\n"))
    )


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
