"""Chat platforms, each with the same file names: settings, socket, translate, render, adapter."""
