"""Durable runs: claim, journal, verify, roll back, ask when in doubt."""
