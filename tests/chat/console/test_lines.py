"""`parley chat --json` over real pipes: bursts, rubbish, edits, repeats, and a reader that does not read."""

import asyncio
import json
import os
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from adapters.chat.console.socket import Output
from bot.model.errors import ConfigurationError, PermanentError
from bot.plugins import find

PROGRAM = Path(__file__).with_name("program.py")


async def test_a_line_becomes_an_event_and_the_end_of_input_ends_it(piped):
    piped.write({"id": "m1", "as": "bob", "text": "@infra hello", "thread": "t1"})
    piped.close_input()
    (event,) = await piped.events()
    assert (event.id, event.account.user, event.text, event.addressed) == (
        "m1",
        "bob",
        "hello",
        True,
    )


async def test_the_same_id_twice_is_two_events(piped):
    line = {"id": "m1", "text": "@infra hello"}
    piped.write(line, line)
    piped.close_input()
    assert [event.id for event in await piped.events()] == ["m1", "m1"]


async def test_a_burst_is_heard_whole_in_order_and_in_few_batches(piped):
    lines = [{"id": f"m{number}", "text": f"@infra {number}"} for number in range(5_000)]
    writer = threading.Thread(target=_write_slowly, args=(piped.stdin, lines))
    writer.start()
    heard, batches = [], 0
    async for batch in piped.chat.listen(None):
        batches += 1
        heard += batch.events
        if len(heard) == len(lines):
            break
    writer.join()
    assert [event.id for event in heard] == [line["id"] for line in lines]
    assert batches < len(lines) / 10


def _write_slowly(descriptor, lines):
    data = b"".join(json.dumps(line).encode() + b"\n" for line in lines)
    for start in range(0, len(data), 30_001):  # cuts lines in two
        os.write(descriptor, data[start : start + 30_001])


async def test_rubbish_is_one_error_line_each_and_the_rest_is_heard(piped):
    async def rubbish():
        loop = asyncio.get_running_loop()
        huge = b'{"text": "' + b"x" * 1_000_000 + b'"}\n'
        good = b'{"id": "m1", "text": "@infra hello"}\n'
        parts = [
            b"{\n",
            b"\n",
            b"\xff\n",
            huge,
            b'{"text": 1}\n',
            good,
            b'{"id": "m2", "text": "last"}',
        ]
        await loop.run_in_executor(None, lambda: [_write_all(piped.stdin, part) for part in parts])
        piped.close_input()

    _, events = await asyncio.gather(rubbish(), piped.events())
    assert [event.id for event in events] == ["m1", "m2"]
    errors = piped.lines(4)
    assert [error["line"] for error in errors] == [1, 3, 4, 5]
    assert all(error["event"] == "error" for error in errors)
    assert "longer than" in errors[2]["text"]
    assert "must be a string" in errors[3]["text"]


def _write_all(descriptor, data):
    while data:
        data = data[os.write(descriptor, data) :]


async def test_posts_edits_and_reactions_are_printed_in_order(piped, said):
    assert await piped.chat.send(said(7)) == "p7"
    assert await piped.chat.send(said(8, "edit", "hello again", message="p7")) == "p7"
    assert await piped.chat.send(said(9, "react", message="m1", emoji="👀")) == "m1"
    post, edit, react = piped.lines(3)
    assert (post["event"], post["message"], post["text"], post["only_to"]) == (
        "post",
        "p7",
        "hello",
        None,
    )
    assert (edit["event"], edit["message"], edit["text"]) == ("edit", "p7", "hello again")
    assert react == {"event": "react", "message": "m1", "emoji": "👀"}


async def test_an_uncertain_post_is_printed_again_under_the_same_id(piped, said):
    await piped.chat.send(said(7))
    await piped.chat.send(said(7, uncertain=True))
    first, again = piped.lines(2)
    assert first == again


async def test_output_that_nobody_reads_yet_holds_up_neither_input_nor_order(piped, said):
    sending = [
        asyncio.ensure_future(piped.chat.send(said(n, text="x" * 5_000))) for n in range(100)
    ]
    piped.write({"id": "m1", "text": "@infra hello"})
    async for batch in piped.chat.listen(None):
        assert batch.events[0].id == "m1"
        break
    assert not all(each.done() for each in sending)
    loop = asyncio.get_running_loop()
    lines = await loop.run_in_executor(None, piped.lines, 100)
    assert [line["message"] for line in lines] == [f"p{n}" for n in range(100)]
    assert await asyncio.gather(*sending) == [f"p{n}" for n in range(100)]


async def test_an_output_that_is_gone_is_an_error_with_the_mend():
    source, stdin = os.pipe()
    stdout, sink = os.pipe()
    os.close(stdout)
    with pytest.raises(PermanentError, match="Nobody reads"):
        await Output(sink).write(b"x")
    for descriptor in (source, stdin, sink):
        os.close(descriptor)


async def test_there_is_nothing_to_reconcile(piped):
    assert await piped.chat.reconcile(()) == ()


def run(lines, *arguments, face="json"):
    """The program with all of its input at once: what it printed, as bytes."""
    done = subprocess.run(
        [sys.executable, str(PROGRAM), face, "alice", *(arguments or ("yes",))],
        input=lines,
        capture_output=True,
        timeout=60,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, b"")
    return done.stdout


def test_a_process_answers_everything_and_ends_with_its_input():
    burst = b"".join(
        b'{"id": "m%d", "as": "bob", "text": "@infra %d"}\n' % (n, n) for n in range(5_000)
    )
    printed = [json.loads(line) for line in run(burst).splitlines()]
    assert [line["message"] for line in printed] == [f"p{n}" for n in range(1, 5_001)]
    assert printed[-1]["text"] == "heard '4999' by bob addressed=True"


def test_input_from_a_regular_file(tmp_path):
    there = tmp_path / "lines"
    there.write_bytes(b'{"text": "@infra hello"}\n')
    with there.open("rb") as stdin, (tmp_path / "out").open("wb") as stdout:
        command = [sys.executable, str(PROGRAM), "json", "alice", "no"]
        assert (
            subprocess.run(command, stdin=stdin, stdout=stdout, timeout=60, check=False).returncode
            == 0
        )
    assert (
        json.loads((tmp_path / "out").read_bytes())["text"]
        == "heard 'hello' by alice addressed=True"
    )


def test_without_the_setting_nobody_speaks_for_somebody_else():
    (line,) = run(b'{"as": "bob", "text": "@infra hello"}\n', "no").splitlines()
    assert json.loads(line)["event"] == "error"
    assert "impersonate = true" in json.loads(line)["text"]


def test_plain_text_without_a_terminal():
    printed = run(
        b"plan it\nwhat is up\n/as bob\n\xff\n@infra hi\n/nope\n", face="terminal"
    ).decode()
    assert "Plan 7f3a · pending\nnginx -t" in printed
    assert "✅ approve   ❌ reject\n/show: site.conf" in printed
    assert "heard 'what is up' by alice" in printed
    assert "You are bob now." in printed
    assert "heard 'hi' by bob addressed=True" in printed
    assert "not UTF-8" in printed
    assert "There is no /nope." in printed


def test_the_adapter_is_found_by_its_entry_point():
    plugin = find("chat", "console")
    assert plugin.settings().impersonate is None
    with pytest.raises(ConfigurationError):
        find("chat", "telegraph")


def test_the_json_face_brings_in_no_terminal_library():
    code = (
        "import sys; from adapters.chat.console.settings import PLUGIN; PLUGIN.load();"
        "print([m for m in ('rich', 'prompt_toolkit') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, timeout=60, check=True)
    assert done.stdout.strip() == b"[]"
