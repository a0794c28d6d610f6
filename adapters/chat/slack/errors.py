"""What Slack refuses, as one of our errors with a sentence and its mend. Called by `web`."""

from collections.abc import Mapping
from typing import Any

from bot.model.errors import LoginError, ParleyError, PermanentError, TemporaryError

DEAD_LOGIN = frozenset(
    {"invalid_auth", "not_authed", "account_inactive", "token_revoked", "token_expired"}
)
"""Reasons of a LoginError: nothing will work any more."""

PASSING = frozenset(
    {"internal_error", "fatal_error", "service_unavailable", "request_timeout", "team_added_to_org"}
)
LIMITED = frozenset({"ratelimited", "rate_limited", "message_limit_exceeded"})
DEFAULT_WAIT = 30.0
"""Seconds to wait where Slack limits us and does not say for how long."""

_SENTENCES = {
    "not_in_channel": (
        "I am not in that channel.",
        "Invite the bot: /invite @infra in that channel.",
    ),
    "channel_not_found": (
        "That channel is gone, or hidden from me.",
        "Invite the bot there; a private channel is hidden from it until then.",
    ),
    "is_archived": ("That channel is archived.", "Unarchive the channel, or ask in another one."),
    "restricted_action": (
        "I may not post in that channel.",
        "Let the bot post there, in the channel's settings.",
    ),
    "restricted_action_thread_locked": (
        "That thread is locked.",
        "Unlock the thread, or ask in a new one.",
    ),
    "restricted_action_read_only_channel": (
        "Only some may post in that channel.",
        "Let the bot post there, in the channel's settings.",
    ),
    "restricted_action_thread_only_channel": (
        "In that channel only threads may be answered.",
        "Ask in a thread there, or in another channel.",
    ),
    "restricted_action_non_threadable_channel": (
        "That channel has no threads.",
        "Ask in another one.",
    ),
    "message_not_found": (
        "That message was deleted.",
        "Ask again for a new one; `plans` shows what became of a plan.",
    ),
    "cant_update_message": ("That message is not mine to change.", "Ask again for a new one."),
    "edit_window_closed": (
        "This workspace lets nobody edit messages that old.",
        "Let apps edit theirs, in the workspace's settings.",
    ),
    "thread_not_found": ("The message that thread hangs on was deleted.", "Ask in a new thread."),
    "cannot_reply_to_message": (
        "The message that thread hangs on takes no replies.",
        "Ask in a new thread.",
    ),
    "msg_too_long": ("That message is too long for Slack.", "Make it shorter."),
    "user_not_in_channel": ("That person has left the channel.", "Write to them directly."),
    "file_not_found": ("That file was not found.", "It may have been deleted; send it again."),
    "file_deleted": ("That file was deleted.", "Send it again."),
    "not_allowed_token_type": (
        "Slack wants another kind of token there.",
        "bot_token begins with xoxb-, app_token with xapp-.",
    ),
    "link_disabled": ("Socket Mode is switched off.", "Switch it on in the app's settings."),
    "not_enabled": (
        "The Home tab is switched off for this Slack app.",
        "Switch it on in the app's settings, or install the app from deploy/slack-manifest.yaml.",
    ),
}
"""What happened and its mend, by Slack's own word."""


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
        return LoginError(what, mend, reason=code)
    if code == "missing_scope":
        needed = str(answer.get("needed") or "of deploy/slack-manifest.yaml")
        what = f"Slack refuses {method}: the app lacks the scope {needed}."
        return PermanentError(what, "Add it and install the app again.", reason=code)
    if status == 200 and "ok" not in answer:
        what = f"What answers {method} is not Slack."
        return TemporaryError(what, f"Check api_url in [chat.{instance}].", reason="server")
    said, mend = _SENTENCES.get(code, ("", ""))
    what = f"Slack refuses {method} ({code})." if not said else f"{said} (Slack: {code})"
    return PermanentError(what, mend or "See api.slack.com/methods.", reason=code)


def unreachable(url: str) -> TemporaryError:
    """No answer at all."""
    mend = "Check that it can be reached from here."
    return TemporaryError(f"Slack at {url} does not answer.", mend, reason="unreachable")


def _seconds(headers: Mapping[str, str]) -> float:
    told = headers.get("Retry-After", "")
    return float(told) if told.isdecimal() else DEFAULT_WAIT
