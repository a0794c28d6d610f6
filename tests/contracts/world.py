"""The configuration that every platform is started with: two agents, three people, a pack of slow things."""

from pathlib import Path

OPERATORS = ("alice", "bob")
KNOWN = (*OPERATORS, "guest")
STRANGERS = ("mallory", "otherbot")
"""Accounts that no [[people]] names; the second is another team's bot."""

PACK = """\
# Slow things

## Aliases
- slow

## How to look around first
- Aliases: look around
- Risk: change
- Example: look around

```bash
touch {marks}/looked
```

### Preview
```bash
sleep 3
```

## How to mark slowly
- Aliases: mark slowly
- Risk: change
- Example: mark slowly

```bash
touch {marks}/begun
sleep 30
touch {marks}/ended
```

### Rollback
```bash
rm -f -- {marks}/begun {marks}/ended
```

## Parameters
| name  | type | rule       | description        |
|-------|------|------------|--------------------|
| marks | path | from agent | where the marks go |
"""

CONFIGURATION = """\
[bot]
data = "data"

{chat}

[capabilities]
paths = ["packs"]

[[agents]]
name = "web1"
target = "local:"
packs = ["demo-site", "linux-facts"]
level = 3
vars = {{ root = "{folder}/sites", port = {port} }}

[[agents]]
name = "box"
target = "local:"
packs = ["slow-things"]
level = 3
vars = {{ marks = "{folder}/marks" }}
"""


def write(
    folder: Path,
    port: int,
    chat: str,
    account_key: str,
    accounts: dict[str, str],
    more: dict[str, str] | None = None,
) -> Path:
    """parley.toml and its pack below `folder`. `accounts` are by person; `more` are further operators."""
    (folder / "marks").mkdir(exist_ok=True)
    pack = folder / "packs" / "slow-things"
    pack.mkdir(parents=True, exist_ok=True)
    (pack / "slow-things.md").write_text(PACK, encoding="utf8")
    text = CONFIGURATION.format(chat=chat, folder=folder, port=port)
    operators = {name: accounts[name] for name in OPERATORS} | (more or {})
    for name, account in {**operators, "guest": accounts["guest"]}.items():
        roles = '["operator"]' if name in operators else "[]"
        text += f'\n[[people]]\nname = "{name}"\nroles = {roles}\n{account_key} = "{account}"\n'
    path = folder / "parley.toml"
    path.write_text(text, encoding="utf8")
    return path
