"""The file of requests: what a line says, and what is told about a bad one."""

import json
from contextlib import suppress

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bot.evaluation.requests import Case, Step
from bot.model.errors import ConfigurationError

DISK = '"agent": "web1", "capability": "linux-facts/show-the-disk-space"'


def test_a_plan_has_every_slot_with_its_default(requests):
    line = '{"text": "logs", "agent": "web1", "capability": "nginx-sites/show-the-error-log", "slots": {"lines": 20}, "style": "terse"}'
    case = requests(line).cases[0]
    slots = {"lines": "20", "log": "/var/log/nginx/error.log"}
    step = Step("web1", "nginx-sites/show-the-error-log", slots)
    assert case == Case("logs", "plan", (step,), tags={"style": "terse"}, line=1)


def test_several_agents_are_a_step_each(requests):
    line = (
        '{"text": "x", "agent": ["web1", "demo1"], "capability": "linux-facts/show-the-disk-space"}'
    )
    assert [step.agent for step in requests(line).cases[0].steps] == ["web1", "demo1"]


def test_negatives(requests):
    read = requests(
        '{"text": "a", "expect": "refused"}',
        "",
        '{"text": "b", "expect": "question", "about": "agent"}',
        f'{{"text": "c", "expect": "refused", "steps": [{{{DISK}}}]}}',
    )
    assert [(case.expect, case.about, case.line) for case in read.cases] == [
        ("refused", "", 1),
        ("question", "agent", 3),
        ("refused", "", 4),
    ]
    assert read.cases[2].steps[0].capability == "linux-facts/show-the-disk-space"


def test_the_first_line_may_say_who_is_there(requests):
    head = '{"agents": [{"name": "db1", "packs": ["linux-facts"], "aliases": ["database"]}]}'
    line = '{"text": "x", "agent": "db1", "capability": "linux-facts/show-the-disk-space"}'
    read = requests(head, line)
    assert [(agent.name, agent.aliases, agent.level) for agent in read.agents] == [
        ("db1", ("database",), 3)
    ]
    assert [agent.name for agent in requests(line.replace("db1", "web1")).agents] == [
        "web1",
        "demo1",
    ]


BAD = {
    "{": "no JSON",
    "[]": "no object",
    '{"expect": "refused"}': '"text" is missing',
    '{"text": 1, "expect": "refused"}': '"text" is missing',
    '{"text": "x"}': "nothing is expected",
    '{"text": "x", "expect": "maybe"}': 'Give "refused"',
    '{"text": "x", "expect": "question"}': '"about" belongs to a question',
    '{"text": "x", "expect": "refused", "about": "port"}': '"about" belongs to a question',
    '{"text": "x", "expect": "question", "about": "colour"}': "no capability has a slot 'colour'",
    '{"text": "x", "agent": "web9", "capability": "linux-facts/show-the-disk-space"}': "Known here: web1, demo1",
    '{"text": "x", "agent": "web1"}': "parley capabilities list",
    '{"text": "x", "agent": "web1", "capability": "linux-facts/fly"}': "parley capabilities list",
    '{"text": "x", "agent": "demo1", "capability": "nginx-sites/list-the-sites"}': "demo1 has no capability",
    '{"text": "x", "agent": "web1", "capability": "linux-facts/find-a-process"}': "cannot be rendered",
    f'{{"text": "x", {DISK}, "slots": {{"a": 1}}}}': "cannot be rendered",
    f'{{"text": "x", {DISK}, "slots": []}}': "no object",
    f'{{"text": "x", {DISK}, "slots": {{"a": true}}}}': "no text and no number",
    f'{{"text": "x", {DISK}, "style": 7}}': "the tag 'style'",
    '{"text": "x", "expect": "refused", "steps": {}}': "'steps' is no list",
    '{"text": "x", "expect": "refused", "steps": [1]}': "no object",
    '{"agents": []}': "needs a name of its own",
    '{"agents": [{"name": "a", "packs": ["nope"]}]}': "no pack 'nope'",
    '{"agents": [{"name": "a", "packs": "linux-facts"}]}': "'packs' is no list",
    '{"agents": [{"name": "a", "colour": "red"}]}': "has no 'colour'",
    '{"agents": [{"name": "a", "level": 9}]}': "from 0 to 3",
}


@pytest.mark.parametrize(("line", "words"), BAD.items())
def test_a_bad_line_is_named_with_the_mend(requests, line, words):
    with pytest.raises(ConfigurationError) as caught:
        requests("", line)
    assert "requests.jsonl, line 2: " in str(caught.value)
    assert words in str(caught.value)


def test_bad_files(requests, reader, tmp_path):
    with pytest.raises(ConfigurationError, match="holds no request"):
        requests("", "  ")
    with pytest.raises(ConfigurationError, match="cannot be read"):
        reader.read(tmp_path)
    (tmp_path / "latin").write_bytes(b"\xff\xfe")
    with pytest.raises(ConfigurationError, match="is not UTF-8"):
        reader.read(tmp_path / "latin")


KEYS = st.sampled_from(["text", "agent", "capability", "slots", "expect", "about", "steps", "agents", "style"])  # fmt: skip
VALUES = st.recursive(
    st.sampled_from(
        ["web1", "refused", "question", "plan", "port", "", None, 1, True, "linux-facts/show-the-load"]
    ),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(KEYS, inner, max_size=3),
)  # fmt: skip


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.dictionaries(KEYS, VALUES).map(json.dumps) | st.text(max_size=40))
def test_any_line_is_read_or_refused_in_a_sentence(requests, line):
    with suppress(ConfigurationError):
        requests(line)
