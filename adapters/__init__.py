"""Everything that speaks to the outside: a folder per kind, a folder per system. Found by entry points, loaded when configured."""
