"""`parley eval` as people call it."""

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from bot.cli import main

GOOD = '{"text": "disk on here", "agent": "here", "capability": "linux-facts/show-the-disk-space", "style": "terse"}'
WRONG = '{"text": "disk space on here", "expect": "refused"}'
CONFIGURATION = """
[[agents]]
name = "here"
packs = ["linux-facts"]
"""


@pytest.fixture
def run(tmp_path, capsys):
    def run(*lines: str, line: tuple[str, ...] = (), configuration: str = CONFIGURATION):
        (tmp_path / "parley.toml").write_text(configuration)
        file = tmp_path / "mine.jsonl"
        file.write_text("\n".join(lines), encoding="utf8")
        code = main(["eval", str(file), "-c", str(tmp_path / "parley.toml"), *line])
        said = capsys.readouterr()
        return code, said.out, said.err

    return run


def test_a_table_for_people(run):
    code, out, err = run(GOOD, WRONG)
    assert (code, err) == (0, "")
    assert "WRONG    line 2: disk space on here" in out
    assert "offline" in out
    assert "Of 1 plans expected 1 are right (100.0%)" in out
    assert "WRONG: 1." in out


def test_objects_for_machines(run):
    code, out, _ = run(GOOD, WRONG, line=("--json",))
    first, second, last = map(json.loads, out.splitlines())
    assert code == 0
    assert (first["verdict"], first["came"], first["tags"]) == ("right", "plan", {"style": "terse"})
    assert second["steps"] == [
        {"agent": "here", "capability": "linux-facts/show-the-disk-space", "slots": {}}
    ]
    assert last["planner"] == "offline"
    assert last["summary"]["all"]["wrong"] == 1


def test_one_half(run):
    _, out, _ = run(GOOD, WRONG, line=("--json", "--half", "developed"))
    _, other, _ = run(GOOD, WRONG, line=("--json", "--half", "held-out"))
    assert len(out.splitlines()) + len(other.splitlines()) == 4


def test_a_bad_file_is_one_sentence(run):
    code, out, err = run(GOOD, "{")
    assert (code, out) == (1, "")
    assert "mine.jsonl, line 2: this is no JSON. Give one object a line." in err


def test_an_unknown_planner(run):
    code, _, err = run(GOOD, line=("--planner", "claude"))
    assert code == 1
    assert "There is no planner 'claude'. Known here: offline." in err


def test_the_shipped_requests_are_the_default(tmp_path, capsys):
    (tmp_path / "parley.toml").write_text(CONFIGURATION)
    assert main(["eval", "-c", str(tmp_path / "parley.toml")]) == 0
    assert "WRONG: 0." in capsys.readouterr().out


class Locked(BaseHTTPRequestHandler):
    """A service that knows nobody."""

    def do_POST(self):
        self.rfile.read(int(self.headers["content-length"]))
        body = b'{"error": {"message": "no such key"}}'
        self.send_response(401)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


@pytest.fixture
def locked():
    with ThreadingHTTPServer(("127.0.0.1", 0), Locked) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}/v1"
        server.shutdown()
        thread.join()


def test_a_model_that_cannot_be_asked_is_no_wrong_plan(run, locked):
    pytest.importorskip("openai", reason="the adapter's SDK is an extra")
    more = f'[llm]\norder = ["home"]\n[llm.home]\nkind = "openai"\nmodel = "m"\nbase_url = "{locked}"\n'
    code, out, err = run(GOOD, WRONG, configuration=more + CONFIGURATION)
    assert code == 1
    assert "home could not be asked" in out
    assert "1 could not be asked: errors of the provider, not of the model." in out
    assert "WRONG: 0." in out
    assert "1 requests were not asked: home does not answer." in err
    code, out, _ = run(
        GOOD, WRONG, configuration=more + CONFIGURATION, line=("--planner", "offline")
    )
    assert code == 0
    assert out.splitlines()[-1].startswith("0 tokens")
