"""What Slack refuses, as one of our errors with a sentence and its mend. Called by `web`."""

from collections.abc import Mapping
from typing import Any

from bot.model.errors import ParleyError, PermanentError, TemporaryError

DEAD_LOGIN = frozenset(
    {"invalid_auth", "not_authed", "account_inactive", "token_revoked", "token_expired"}
)
"""Reasons of a PermanentError after which nothing will work any more."""

PASSING = frozenset(
    {"internal_error", "fatal_error", "service_unavailable", "request_timeout", "team_added_to_org"}
)
LIMITED = frozenset({"ratelimited", "rate_limited", "message_limit_exceeded"})
DEFAULT_WAIT = 30.0
"""Seconds to wait where Slack limits us and does not say for how long."""

_MENDS = {
    "not_in_channel": "Invite the bot: /invite @infra in that channel.",
    "channel_not_found": "Invite the bot there; a private channel is hidden from it until then.",
    "is_archived": "Unarchive the channel, or ask in another one.",
    "restricted_action": "Let the bot post there, in the channel's settings.",
    "restricted_action_thread_locked": "Unlock the thread, or ask in a new one.",
    "message_not_found": "It may have been deleted.",
    "msg_too_long": "Make it shorter.",
    "user_not_in_channel": "That person has left the channel.",
    "not_allowed_token_type": "bot_token begins with xoxb-, app_token with xapp-.",
    "link_disabled": "Switch Socket Mode on in the app's settings.",
}


def refused(
    instance: str,
    method: str,
    status: int,
    answer: Mapping[str, Any],
    headers: Mapping[str, str],
    *,
    token: str = "bot_token",
) -> ParleyError:
    """The error for an answer that is not ok. `token` is the setting that was used."""
    code = str(answer.get("error") or f"HTTP_{status}")
    if status == 429 or code in LIMITED:
        what = f"Slack limits how fast the bot may call {method}."
        after = _seconds(headers)
        return TemporaryError(what, "It goes on by itself.", after=after, reason="rate_limited")
    if status >= 500 or status < 200 or 300 <= status < 400 or code in PASSING:
        what = f"Slack answers {method} with {code}."
        return TemporaryError(what, "See status.slack.com if this goes on.", reason="server")
    if code in DEAD_LOGIN:
        what = f"Slack does not accept the {token} of [chat.{instance}] ({code})."
        mend = f"Install the app again and put its new token into {token}."
        return PermanentError(what, mend, reason=code)
    if code == "missing_scope":
        needed = str(answer.get("needed") or "of deploy/slack-manifest.yaml")
        what = f"Slack refuses {method}: the app lacks the scope {needed}."
        return PermanentError(what, "Add it and install the app again.", reason=code)
    if status == 200 and "ok" not in answer:
        what = f"What answers {method} is not Slack."
        return TemporaryError(what, f"Check api_url in [chat.{instance}].", reason="server")
    return PermanentError(f"Slack refuses {method}: {code}.", _MENDS.get(code, ""), reason=code)


def unreachable(url: str) -> TemporaryError:
    """No answer at all."""
    mend = "Check that it can be reached from here."
    return TemporaryError(f"Slack at {url} does not answer.", mend, reason="unreachable")


def _seconds(headers: Mapping[str, str]) -> float:
    told = headers.get("Retry-After", "")
    return float(told) if told.isdecimal() else DEFAULT_WAIT
