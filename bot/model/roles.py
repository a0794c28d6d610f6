"""What agents are for. Read from the configuration by `bot.roles`; the hub knows roles as names, models plan as their specialists."""

from msgspec import Struct

GENERAL = "general"
"""The role of agents that carry none, where others carry one."""


class Role(Struct, frozen=True):
    """`agents` are the names of those that carry it. `about` is the sentence that a supervisor reads, `prompt` what the specialist
    itself is told besides; `private` prompts are told to models at home only."""

    name: str
    agents: tuple[str, ...]
    about: str = ""
    prompt: str = ""
    private: bool = False
