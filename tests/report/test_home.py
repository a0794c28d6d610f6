"""A person's own page, in words."""

from bot.model.reports import Line, Page
from bot.report.home import page, stranger
from tests.report.making import NOW, WEB1, view_of


def test_what_waits_what_runs_and_who_can_do_things():
    waiting = view_of("pending", needed=("1 operator",), expires_at=NOW)
    made = page([(waiting, "C1/1.2")], [(view_of("running"), None)], [WEB1])
    (first, approvals), (second, plans), (third, agents) = made.sections
    assert (first, second, third) == ("Waiting for your approval", "Running", "Agents")
    assert approvals[0].message == "C1/1.2"
    assert approvals[0].text.startswith("`7f3a` change · Add a reverse proxy for shop.example.org")
    assert "needs 1 operator" in approvals[0].text
    assert plans[0].text.startswith("`7f3a` running · Add a reverse proxy")
    assert agents == (Line("`web1` (also nginx) · level 2 · nginx-sites, linux-facts"),)


def test_an_empty_page_says_so():
    texts = [line.text for _, lines in page([], [], []).sections for line in lines]
    assert texts == ["Nothing waits for your approval.", "Nothing runs.", "There are no agents."]


def test_a_stranger_reads_how_to_be_added():
    made = stranger("I do not know this account.\x1b[31m")
    assert made == Page((("", (Line("I do not know this account."),)),))
