"""From words to drafts of plans. Never writes a command: picks sections and fills slots."""
