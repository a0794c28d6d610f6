"""Markdown in, argv out: format, compiler, guard, library and search of capabilities."""
