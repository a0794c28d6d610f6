"""What was said long ago is told to a model in a line each: shorter, and nothing else than what was said."""

from hypothesis import given
from hypothesis import strategies as st

from bot.cases.think import TURNS, summed
from bot.model.llm import Said
from bot.model.sections import Slot
from bot.planner.evident import stands
from tests.planner.conftest import SECTIONS

(REMOVE,) = (each for each in SECTIONS if each.id == "nginx-sites/remove-a-site")
SINCE = [Said("user", "ok")] * TURNS
WORD = st.text("abc.-/ü", min_size=1, max_size=70)
WORDS = st.lists(WORD, max_size=6) | st.lists(WORD, min_size=40, max_size=60)


def told(text: str) -> str:
    """An old turn as a model is told it."""
    return summed([Said("user", text), *SINCE])[0].text


@given(WORDS)
def test_an_old_turn_is_cut_in_whole_words(words: list[str]) -> None:
    line = told(" ".join(words)).split()
    assert line == words[: len(line)]
    left = words[len(line) :]
    assert not left or len(" ".join([*line, left[0]])) > 160, "and no shorter than it must be"


@given(st.integers(100, 170))
def test_no_name_comes_of_half_a_name(place: int) -> None:
    """Wherever it is cut: what is told is the name that was said, or none."""
    text = f"{'so ' * 60}"[:place] + " remove shop.example.org.uk please"
    line = told(text)
    domain = Slot("domain", "fqdn")
    assert not stands(REMOVE, domain, "shop.example.org", [line])
    assert ("shop" in line) == stands(REMOVE, domain, "shop.example.org.uk", [line])


def test_the_newest_are_told_as_they_were() -> None:
    long = Said("user", "word\n" * 700)
    assert summed([long] * TURNS) == [long] * TURNS


@given(st.integers(1_200, 1_400), st.sampled_from(" \n\t"))
def test_what_is_pasted_is_cut_in_whole_words_too(count: int, gap: str) -> None:
    text = f"so{gap}" * count + "remove shop.example.org.uk please, " + "and so on " * 200
    (told,) = summed([Said("user", text)])
    assert text.startswith(told.text)
    assert len(told.text) <= 4_000
    assert not stands(REMOVE, Slot("domain", "fqdn"), "shop.example.org", [told.text])
    assert told.text.split() == text.split()[: len(told.text.split())]
