"""A pack's file into a compiled page. Called by `pages` for what no earlier start has compiled.

Imported only then, or when the start is over: the readers of Markdown, YAML and shell take longer to import than all kept pages
of a small team to read.
"""

from capabilities.compile import compile_page
from capabilities.disk import PackFile
from capabilities.pages import Compiled
from capabilities.parse import RawFile, parse
from capabilities.problems import Broken, Problem


def compiled(file: PackFile, data: bytes) -> Compiled:
    """What the bytes of that file mean, and what is wrong with them; no page when the whole file is left out."""
    try:
        raw = parse(data, str(file.path), file.pack)
        _named(raw, file)
    except Broken as error:
        what = f"The file is left out: {error.what}"
        return Compiled(None, (Problem(str(file.path), error.line, what, error.mend),))
    if not raw.sections and raw.bare:
        return Compiled(None)  # a Markdown file that is no pack at all
    page = compile_page(raw)
    if raw.sections:
        return Compiled(page, page.problems)
    what = "There is no '## How to …' in it."
    empty = Problem(str(file.path), 1, what, "Write one.", "warning")
    return Compiled(page, (*page.problems, empty))


def _named(raw: RawFile, file: PackFile) -> None:
    if not file.standard:
        return
    if raw.bare:
        raise Broken(1, "SKILL.md has no front matter.", "Begin with '---', name, description.")
    if raw.pack != file.pack:
        what = f"The name {raw.pack!r} is not its folder's, {file.pack!r}."
        raise Broken(1, what, "Rename one of them.")
