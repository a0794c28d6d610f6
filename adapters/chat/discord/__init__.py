"""Discord: guilds, threads, buttons, slash commands and reactions, through discord.py."""
