"""The words people read, made once: values in, `Report` out. `bot.flow` calls it, chat adapters lay it out.

Nothing here reads a store, a clock or a network. An empty paragraph is a blank line.
"""
