"""The loops that keep a house going, one module each; `bot.app` starts them in its one TaskGroup."""
