"""What is a secret in a text from outside: the bot's own, and whatever has the shape or the place of one. Asked by `bot.redact`."""
