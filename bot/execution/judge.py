"""Whether an outcome is good. Used by `steps` and `recovery`."""

from bot.model.runs import Outcome

CLOSED_PIPE = 141


def good(outcome: Outcome, exits: tuple[int, ...]) -> bool:
    """Every stage ended well: the last with one of `exits`, an earlier one also with 0 or by a pipe that was closed."""
    if outcome.fault or outcome.exit is None:
        return False
    *earlier, last = outcome.exits or (outcome.exit,)
    return last in exits and all(code in {0, CLOSED_PIPE, *exits} for code in earlier)
