"""The words that need no planner, and the sentences that only look like them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.words import Again, Ballot, Cancel, Hold, Resume, Settle, Show, Stop, Undo, Unlock, parse

COMMANDS = [
    ("help", Show("help")),
    ("Help!", Show("help")),
    ("?", Show("help")),
    ("what can you do?", Show("help")),
    ("status", Show("status")),
    ("  plans ", Show("plans")),
    ("show plans", Show("plans")),
    ("approvals", Show("approvals")),
    ("agents", Show("agents")),
    ("audit", Show("audit")),
    ("Show audit!", Show("audit")),
    ("audit the firewall", None),
    ("capabilities", Show("capabilities")),
    ("capabilities reverse proxy", Show("capabilities", "reverse proxy")),
    ("stop", Stop()),
    ("STOP!", Stop()),
    ("stop everything", Stop()),
    ("stop: the disk burns", Stop("the disk burns")),
    ("stop because of the release", Stop("of the release")),
    ("stop everything — the disk burns", Stop("the disk burns")),
    ("resume", Resume()),
    ("start again", Resume()),
    ("start again, it is mended", Resume("it is mended")),
    ("unlock web1 bob went home", Unlock("web1", "bob went home")),
    ("unlock web1: bob went home", Unlock("web1", "bob went home")),
    ("unlock web1", Unlock("web1")),
    ("cancel", Cancel()),
    ("cancel 7F3A", Cancel("7f3a")),
    ("cancel plan 7f3a.", Cancel("7f3a")),
    ("cancel it", Cancel()),
    ("resume 7f3a", Resume("", "7f3a")),
    ("hold", Hold()),
    ("Hold it.", Hold()),
    ("hold plan 7F3A", Hold("7f3a")),
    ("undo", Undo()),
    ("undo this", Undo()),
    ("undo 7f3a", Undo("7f3a")),
    ("roll back 7f3a", Undo("7f3a")),
    ("roll it back!", Undo()),
    ("try again", Again()),
    ("try it again", Again()),
    ("ask again 7f3a", Again("7f3a")),
    ("retry 7f3a", Again("7f3a")),
    ("approve", Ballot("approve")),
    ("Approve.", Ballot("approve")),
    ("approve it please", None),
    ("approve please", Ballot("approve")),
    ("approve 7f3a", Ballot("approve", "7f3a")),
    ("approve plan 7f3a", Ballot("approve", "7f3a")),
    ("approve 7f3a looks good", Ballot("approve", "7f3a", "looks good")),
    ("approve 7f3a: looks good", Ballot("approve", "7f3a", "looks good")),
    ("approve: looks good", Ballot("approve", "", "looks good")),
    ("approve because it looks good", Ballot("approve", "", "it looks good")),
    ("reject — wait for the release", Ballot("reject", "", "wait for the release")),
    ("reject, not now", Ballot("reject", "", "not now")),
    ("reject 7f3a", Ballot("reject", "7f3a")),
    ("done", Settle("done")),
    ("Not done.", Settle("not done")),
    ("retry", Settle("retry")),
    ("roll back", Settle("roll back")),
    ("rollback", Settle("roll back")),
]

REQUESTS = [
    "",
    "   ",
    "stop nginx",
    "stop the site hello",
    "start nginx again",
    "resume the download",
    "cancel the print job",
    "hold on",
    "hold the invoices of example.org",
    "undo?",
    "undo the change of yesterday",
    "roll back the release",
    "try again tomorrow",
    "try nginx -t",
    "ask web1 about disk space",
    "status of nginx",
    "approve the invoice workflow",
    "reject mails from example.org",
    "approve?",
    "approve 7f3a?",
    "approve at 22:00",
    "approve 7f3a after the backup",
    "approve: only if bob agrees",
    "approved",
    "I approve",
    "do not approve",
    "don't stop",
    "done with it",
    "not",
    "helpful",
    "unlock",
    "approve " + "x" * 700,
]


@pytest.mark.parametrize(("text", "command"), COMMANDS)
def test_commands_by_mention(text, command):
    assert parse(text, addressed=True) == command


@pytest.mark.parametrize("text", REQUESTS)
def test_requests_are_no_commands(text):
    assert parse(text, addressed=True) is None


def test_a_reply_may_give_its_reason_at_once():
    assert parse("reject wait for the release") == Ballot("reject", "", "wait for the release")
    assert parse("approve ship it") == Ballot("approve", "", "ship it")
    assert parse("approve when the tests are green") is None
    assert parse("reject until the tests are green") == Ballot(
        "reject", "", "until the tests are green"
    )


@given(st.text(max_size=700), st.booleans())
def test_any_text_is_read(text, addressed):
    parse(text, addressed)


@given(
    st.sampled_from(["approve", "approve 7f3a", "approve:"]),
    st.sampled_from(["if", "after", "at", "not", "unless"]),
    st.text(max_size=40),
)
def test_no_condition_is_an_approval(verb, condition, rest):
    assert parse(f"{verb} {condition} {rest}") is None
