"""Language models: what `bot.planner` asks, said to the services of others or to one's own. A folder for each SDK."""
