"""`python -m tests.pictures record` makes the sessions of docs/pictures anew, `draw` their pictures; names of platforms for some.

`record` needs what `make test` has installed: Synapse for Matrix, tmux for the terminal. It draws as well.
"""

import argparse
import asyncio
import sys

from tests.pictures import album


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.pictures", description=__doc__)
    parser.add_argument("what", choices=("record", "draw"))
    parser.add_argument("names", nargs="*", metavar="PLATFORM", help=", ".join(album.PLATFORMS))
    given = parser.parse_args()
    unknown = sorted(set(given.names) - album.PLATFORMS.keys())
    if unknown:
        parser.error(f"There is no platform {unknown[0]!r}.")
    for name in given.names or album.PLATFORMS:
        if given.what == "record":
            album.keep(name, asyncio.run(album.PLATFORMS[name].record()))
        album.path(name, "svg").write_text(album.drawn(name), encoding="utf8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
