"""What time alone brings about. Knows no other room: `bot.app` gives it jobs."""
