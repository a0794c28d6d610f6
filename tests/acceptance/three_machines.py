"""Three agents that keep what they were told in files: real targets come later. Used by the acceptance tests of whole workflows."""

from collections.abc import Mapping
from pathlib import Path

from tests.servers.scripted_model import ScriptedModel, asking

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
{more}
"""
MACHINES = ("pve1", "dns1", "mon1")


def furnish(yard: Path) -> None:
    """Where the three agents keep their things, and their packs."""
    for name in MACHINES:
        (yard / name).mkdir()
    (yard / "pve1" / "next").write_text("created, address 192.0.2.17\n", encoding="utf8")
    (yard / "mon1" / "allowed").touch()
    (yard / "packs").mkdir()
    for name, text in PACKS.items():
        (yard / "packs" / f"{name}.md").write_text(text, encoding="utf8")


def tables(yard: Path, model: ScriptedModel, more: Mapping[str, str] = {}) -> str:
    """The configuration of the model and of the three agents; `more` are further lines of an agent."""
    agents = (
        AGENT.format(name=name, pack=pack, folder=yard / name, more=more.get(name, ""))
        for name, pack in zip(MACHINES, PACKS, strict=True)
    )
    return f'{asking(model)}\n[capabilities]\npaths = ["packs"]\n{"".join(agents)}'
