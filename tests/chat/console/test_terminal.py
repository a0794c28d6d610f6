"""The console at a real terminal: a pseudo-terminal with the program behind it, typed at as a person would."""

import fcntl
import os
import pty
import re
import select
import struct
import subprocess
import sys
import termios
import time
from pathlib import Path

import pytest

PROGRAM = Path(__file__).with_name("program.py")
PATIENCE = 30
"""Seconds until a test that sees nothing gives up."""


class Screen:
    """The person's side of the terminal."""

    def __init__(self):
        self._master, slave = pty.openpty()
        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 40, 100, 0, 0))
        environment = {**os.environ, "TERM": "xterm-256color", "PROMPT_TOOLKIT_NO_CPR": "1"}
        self.process = subprocess.Popen(
            [sys.executable, str(PROGRAM), "terminal", "alice", "yes"],
            stdin=slave,
            stdout=slave,
            stderr=slave,
            env=environment,
            start_new_session=True,
        )
        os.close(slave)
        self.raw = ""
        self.read = 0

    def type(self, words):
        os.write(self._master, f"{words}\r".encode())

    def press(self, key):
        os.write(self._master, key)

    def sees(self, words):
        """Read on until the words have been on the screen; what was there from the last call until then."""
        until = time.monotonic() + PATIENCE
        while words not in (seen := _without_escapes(self.raw)[self.read :]):
            assert time.monotonic() < until, f"{words!r} never came: {seen!r}"
            self._read()
        end = seen.index(words) + len(words)
        self.read += end
        return seen[:end]

    def _read(self):
        if select.select([self._master], [], [], 1)[0]:
            try:
                self.raw += os.read(self._master, 1 << 16).decode("utf-8", "replace")
            except OSError as error:
                raise AssertionError(f"the program ended: {self.raw!r}") from error

    def ends(self):
        until = time.monotonic() + PATIENCE
        while self.process.poll() is None and time.monotonic() < until:
            if select.select([self._master], [], [], 0.1)[0]:
                try:
                    os.read(self._master, 1 << 16)
                except OSError:
                    break
        return self.process.wait(PATIENCE)

    def close(self):
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        os.close(self._master)


def _without_escapes(raw):
    return re.sub(r"\x1b\[[0-?]*[ -/]*[@-~]|\x1b[=>]|\x1b\][^\x07]*\x07", "", raw)


@pytest.fixture
def screen():
    there = Screen()
    yield there
    there.close()


def test_a_plan_is_shown_approved_and_its_end_is_printed_once(screen):
    banner = screen.sees("alice ›")
    assert "infra listens, you are alice" in banner
    screen.type("plan it")
    card = screen.sees("/show: site.conf")
    assert "┃ Plan 7f3a · pending" in card
    assert "✅ approve   ❌ reject" in card
    screen.sees("alice (plan 7f3a) ›")
    screen.type("/show")
    screen.sees("server {}")
    screen.sees("alice (plan 7f3a) ›")
    screen.type("/as bob")
    screen.sees("You are bob now.")
    screen.sees("bob (plan 7f3a) ›")
    screen.type("+")
    end = screen.sees("all done")
    assert "Plan 7f3a · done" in end
    screen.sees("bob ›")
    screen.press(b"\x04")
    assert screen.ends() == 0


def test_a_question_is_answered_in_plain_words(screen):
    screen.sees("alice ›")
    screen.type("ask me")
    screen.sees("Which port?")
    screen.sees("alice (question) ›")
    screen.type("8080")
    screen.sees("heard '8080' by alice addressed=False")
    screen.sees("alice ›")
    screen.type("/quit")
    assert screen.ends() == 0


def test_ctrl_c_ends_nothing_and_says_what_does(screen):
    screen.sees("alice ›")
    screen.press(b"half a line\x03")
    screen.sees("/quit or Ctrl-D ends this")
    screen.sees("alice ›")
    screen.type("tell bob a secret")
    screen.sees("to bob alone")
    screen.sees("alice ›")
    screen.press(b"\x04")
    assert screen.ends() == 0
