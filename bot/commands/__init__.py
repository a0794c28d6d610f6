"""The commands of `parley`, one module each, imported by `bot.cli` only when called."""
