"""Slack: channels, threads, buttons, reactions and edits of one workspace, over Socket Mode or signed HTTP requests."""
