"""What to do about each kind of event, one module a case. `bot.flow` picks the case; each returns an `Effect`."""
