"""The machine the bot itself runs on, with or without bubblewrap."""
