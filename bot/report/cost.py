"""What models have cost, in words. Used by the cards and by `status`."""

from bot.report.safe import line
from bot.store.spending import Sum


def of_plan(spent: Sum) -> str:
    """`Planned by claude-sonnet-5-5 · 1,893 tokens · $0.0071`; "" where no model was asked."""
    return f"Planned by {_models(spent)} · {amount(spent)}" if spent.questions else ""


def of_day(spent: Sum) -> str:
    """`12 questions to claude-sonnet-5-5 today · 22,716 tokens · $0.09`; "" where none was asked."""
    if not spent.questions:
        return ""
    plural = "" if spent.questions == 1 else "s"
    return f"{spent.questions} question{plural} to {_models(spent)} today · {amount(spent)}"


def amount(spent: Sum) -> str:
    """Tokens, and dollars as far as prices are known."""
    count = f"{spent.tokens:,} tokens"
    if spent.unpriced and not spent.dollars:
        return f"{count} · price not known"
    more = " and what has no known price" if spent.unpriced else ""
    return f"{count} · {dollars(spent.dollars)}{more}"


def dollars(much: float) -> str:
    """`$0`, `$0.0004`, `$0.12`, `$3.40`."""
    if not much:
        return "$0"
    return f"${much:.2f}" if much >= 0.1 else f"${max(much, 0.0001):.4f}"


def _models(spent: Sum) -> str:
    return ", ".join(line(each, 60) for each in spent.models) or "a model"
