"""Machines and services on which approved actions are performed."""
