"""The console: `parley chat`, for people at a terminal, and `parley chat --json`, for programs and tests."""
