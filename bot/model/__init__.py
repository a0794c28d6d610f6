"""Frozen values and ports, a module per noun. Everybody imports from here; it imports only the standard library."""
