"""Whether an outcome is good. Used by `steps` and `recovery`."""

from bot.model.errors import TemporaryError
from bot.model.ports import Outputs
from bot.model.runs import Outcome
from bot.model.sections import Verify

CLOSED_PIPE = 141


def good(outcome: Outcome, exits: tuple[int, ...]) -> bool:
    """Every stage ended well: the last with one of `exits`, an earlier one also with 0 or by a pipe that was closed."""
    if outcome.fault or outcome.exit is None:
        return False
    *earlier, last = outcome.exits or (outcome.exit,)
    return last in exits and all(code in {0, CLOSED_PIPE, *exits} for code in earlier)


async def proves(outcome: Outcome, verify: Verify, outputs: Outputs) -> bool:
    """Whether a look of Verify shows what was expected; `expect` is searched in the raw standard output."""
    if not good(outcome, verify.exits):
        return False
    if verify.expect is None:
        return True
    try:
        found = await outputs.search(verify.expect, outcome.output, lines=False, most=1)
    except TemporaryError:  # what nobody could search in shows nothing
        return False
    return bool(found)
