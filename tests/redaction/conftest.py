"""The attacks' real process and pack: what a command shows, a file's name and a message may hold a token."""

from tests.acceptance.conftest import bots, configure, sites
from tests.hostile.conftest import box, marks

__all__ = ["bots", "box", "configure", "marks", "sites"]
