"""One statement of the strict subset into words. Called by `compile`, once, at load; no value is ever seen here.

tree-sitter-bash reads the line with sentinels in place of slots; only an allow-list of nodes passes; shlex reads the
same line and must find the same words. Pipelines, and `cat > PATH <<'WORD'`, are all there is.
"""

import re
import shlex

import tree_sitter
import tree_sitter_bash
from msgspec import Struct
from tree_sitter import Node

from bot.model.sections import Piece, Word
from capabilities.holes import Hole, Sentinels
from capabilities.problems import Broken
from capabilities.units import Unit

_PARSER = tree_sitter.Parser(tree_sitter.Language(tree_sitter_bash.language()))

_ALLOWED = frozenset(
    {
        "program",
        "pipeline",
        "command",
        "command_name",
        "word",
        "number",
        "raw_string",
        "string",
        "string_content",
        "concatenation",
        "redirected_statement",
        "file_redirect",
        "heredoc_redirect",
        "heredoc_start",
        "heredoc_body",
        "heredoc_end",
        "|",
        '"',
        ">",
        "<<",
    }
)

_WHY = {
    "command_substitution": ("$() and backticks are", "Use two sections, or a Returns."),
    "process_substitution": ("<() and >() are", "Use a pipeline."),
    "simple_expansion": ("$VAR is", "Use a {slot}, or single quotes for a literal '$'."),
    "expansion": ("${VAR} is", "Use a {slot}, or single quotes for a literal '$'."),
    "arithmetic_expansion": ("$(( )) is", "Write the number."),
    "brace_expression": ("{1..3} is", "Write the words out, or quote them."),
    "variable_assignment": (
        "NAME=value is",
        "The environment belongs to the target; use the program's options.",
    ),
    "variable_assignments": (
        "NAME=value is",
        "The environment belongs to the target; use the program's options.",
    ),
    "declaration_command": ("export and declare are", "Use the program's options."),
    "unset_command": ("unset is", "Leave it out."),
    "list": (
        "&& and || are",
        "One command a line; a later line runs only when the one before was good.",
    ),
    "&&": ("&& is", "One command a line; a later line runs only when the one before was good."),
    "||": ("|| is", "One command a line; list good exit codes with '- Exit: 0, 1'."),
    ";": ("';' is", "One command a line."),
    ";;": ("';;' is", "One command a line."),
    "&": ("'&' is", "Commands run one after another; quote a literal '&'."),
    "|&": ("'|&' is", "Standard error is kept apart anyway; use '|'."),
    "if_statement": ("if is", "Use 'test' on a line of its own."),
    "for_statement": ("a loop is", "Use a {list...} slot."),
    "c_style_for_statement": ("a loop is", "Use a {list...} slot."),
    "while_statement": ("a loop is", "Use '- Within: 30s' below Verify to wait."),
    "case_statement": ("case is", "Write a section each."),
    "function_definition": ("a function is", "Write the command out."),
    "subshell": ("( ) is", "One command a line."),
    "compound_statement": ("{ } is", "One command a line; quote literal braces."),
    "negated_command": ("'!' before a command is", "List good exit codes with '- Exit: 1'."),
    "test_command": ("[ ] is", "Write 'test'."),
    "herestring_redirect": ("<<< is", "Use cat > PATH <<'WORD'."),
    "ansi_c_string": ("$'' is", "Use single quotes."),
    "translated_string": ('$"" is', "Use single quotes."),
    "file_descriptor": ("a redirection is", "Standard output and error are kept apart anyway."),
    "comment": ("a comment behind a command is", "Give it a line of its own; quote a literal '#'."),
}

_PLAIN = re.compile(r"[A-Za-z0-9_./:=@%+,^-]*", re.ASCII)
_ODD = (
    (re.compile(r"[*?\[\]]"), "a glob is", "Name the files, or quote a literal '*', '?' or '['."),
    (re.compile(r"~"), "'~' is", "Write the whole path."),
    (re.compile(r"[{}]"), "a bare brace is", "Write {{{x}}} for the literal {x}, or quote it."),
    (re.compile(r"\\"), "a backslash is", "Use single quotes."),
    (re.compile(r"[<>]"), "a redirection is", "Only cat > PATH <<'WORD' writes a file."),
)


class Statement(Struct, frozen=True):
    """Words per stage; `target` is the path of `cat > PATH <<'WORD'`, which has no stages."""

    stages: tuple[tuple[Word, ...], ...] = ()
    target: Word | None = None


def read(unit: Unit) -> Statement:
    """The words of one statement. Raises Broken with the unit's line."""
    try:
        return _Reader(unit).statement()
    except UnicodeEncodeError:
        raise Broken(
            unit.line, "The line has characters that cannot be read.", "Save the file as UTF-8."
        ) from None


class _Reader:
    """One reading of one unit: the source with sentinels, and where to complain."""

    def __init__(self, unit: Unit) -> None:
        self.unit = unit
        self.sentinels = Sentinels(unit.text)
        ending = f"\n{unit.word}\n" if unit.word else "\n"
        self.source = f"{self.sentinels.text}{ending}".encode()

    def refuse(self, what: str, mend: str) -> Broken:
        return Broken(self.unit.line, f"In {self.unit.text[:80]!r} {what} not allowed.", mend)

    def statement(self) -> Statement:
        root = _PARSER.parse(self.source).root_node
        self._allow(root)
        if root.has_error or root.child_count != 1:
            raise self.refuse(
                "something that is no simple command is",
                "One command a line; close quotes on the same line.",
            )
        node = root.children[0]
        if node.type == "redirected_statement" or self.unit.word:
            return self._write(node)
        commands = node.named_children if node.type == "pipeline" else [node]
        words = [self._words(command) for command in commands]
        self._agree([token for stage in words for token in (*stage, "|")][:-1])
        return Statement(tuple(self._stage(stage) for stage in words))

    def _allow(self, node: Node) -> None:
        """Refuse the outermost node that is not on the list, naming it; the grammar's errors come last."""
        for child in _walk(node):
            if child.type in _WHY:
                raise self.refuse(*_WHY[child.type])
            if child.is_error or child.is_missing:
                continue
            if child.type not in _ALLOWED and not (child.parent and child.parent.is_error):
                raise self.refuse(
                    f"{child.type.replace('_', ' ')!r} is", "Use plain words, '|' and quotes."
                )

    def _write(self, node: Node) -> Statement:
        kinds = [child.type for child in node.named_children]
        if kinds != ["command", "file_redirect", "heredoc_redirect"] or not self.unit.word:
            raise self.refuse("a redirection is", "Only cat > PATH <<'WORD' writes a file.")
        command, redirect = node.named_children[:2]
        if self._text(command) != "cat" or redirect.children[0].type != ">":
            raise self.refuse("this heredoc is", "Only cat > PATH <<'WORD' writes a file.")
        path = self._value(redirect.named_children[0])
        self._agree(["cat", ">", path, "<<", self.unit.word])
        return Statement(target=self._word(path))

    def _words(self, command: Node) -> list[str]:
        if command.type != "command":
            raise self.refuse(
                f"{command.type.replace('_', ' ')!r} is", "One simple command a stage."
            )
        name, *rest = command.children
        if self.sentinels.has_slot(self._text(name)):
            raise self.refuse("a slot as the program is", "Name the program.")
        return [self._value(name.children[0]), *(self._value(child) for child in rest)]

    def _value(self, node: Node) -> str:
        """What the shell would make of one word: its text without quotes."""
        if node.type == "concatenation":
            self._adjacent(node)
            return "".join(self._value(child) for child in node.children)
        text = self._text(node)
        if node.type in {"raw_string", "string"}:
            return self._quoted(text)
        if node.type not in {"word", "number"}:
            raise self.refuse(f"{node.type.replace('_', ' ')!r} is", "Use plain words and quotes.")
        if text != "!" and not _PLAIN.fullmatch(text):
            raise self._odd(text)
        return text

    def _adjacent(self, node: Node) -> None:
        for before, after in zip(node.children, node.children[1:], strict=False):
            if before.end_byte != after.start_byte:
                raise self.refuse("this word is", "Put it in single quotes.")

    def _quoted(self, text: str) -> str:
        inner = text[1:-1]
        if self.sentinels.has_slot(inner):
            raise self.refuse(
                "a slot in quotes is",
                "Take it out of the quotes; write {{{x}}} for the literal {x}.",
            )
        if text[0] == '"' and re.search(r"[\\$`]", inner):
            raise self.refuse("'\\', '$' or '`' in double quotes is", "Use single quotes.")
        return inner

    def _odd(self, text: str) -> Broken:
        for pattern, what, mend in _ODD:
            if pattern.search(text):
                return self.refuse(what, mend)
        return self.refuse(f"the bare word {text[:40]!r} is", "Put it in single quotes.")

    def _agree(self, words: list[str]) -> None:
        """shlex must read the same words, else nobody knows what is meant."""
        lexer = shlex.shlex(self.sentinels.text, posix=True, punctuation_chars=True)
        lexer.whitespace_split = True
        lexer.commenters = ""
        try:
            tokens = list(lexer)
        except ValueError:
            tokens = []
        if tokens != words:
            raise self.refuse(
                "a line that two readers split differently is", "Use plain words and single quotes."
            )

    def _stage(self, words: list[str]) -> tuple[Word, ...]:
        return tuple(self._word(word) for word in words)

    def _word(self, text: str) -> Word:
        parts = self.sentinels.split(text)
        special = next(
            (part for part in parts if isinstance(part, Hole) and part.form != "one"), None
        )
        if special is None:
            return Word(_merge(parts))
        if len(parts) > 1:
            raise self.refuse("a list or optional slot inside a word is", "Let it stand alone.")
        return Word((Piece(slot=special.name),), special.form, special.flag)

    def _text(self, node: Node) -> str:
        return self.source[node.start_byte : node.end_byte].decode()


def _merge(parts: list[str | Hole]) -> tuple[Piece, ...]:
    pieces: list[Piece] = []
    for part in parts:
        if isinstance(part, Hole):
            pieces.append(Piece(slot=part.name))
        elif pieces and pieces[-1].slot is None:
            pieces[-1] = Piece(pieces[-1].text + part)
        else:
            pieces.append(Piece(part))
    return tuple(pieces)


def _walk(node: Node) -> list[Node]:
    """The nodes below, outermost first."""
    found = [node]
    for current in found:
        found.extend(current.children)
    return found
