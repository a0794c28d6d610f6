"""What a Slack workspace knows and answers, method by method. The half of `slack_fake` that needs no socket."""

import itertools
import time
from typing import Any

from tests.servers.slack_limits import faults, view_faults

Json = dict[str, Any]

BOT = "U0BOT"
PAGE = 50


class Workspace:
    """Channels C1 and D1 (direct, with alice), and what was asked of it. `journal` is what the bot did, in order; `gone` what
    became of a channel, as Slack's word for it; `sent` are people's files."""

    def __init__(self) -> None:
        self.channels: dict[str, list[Json]] = {"C1": [], "D1": []}
        self.calls: list[tuple[str, Json]] = []
        self.ephemeral: list[Json] = []
        self.journal: list[tuple[str, Json]] = []
        self.tabs: dict[str, Json] = {}
        self.sent: dict[str, Json] = {}
        self.gone: dict[str, str] = {}
        self.opened = 0
        self.url = ""
        self._ids = itertools.count(1)
        self._last = 0.0

    def stamp(self) -> str:
        self._last = max(self._last + 0.000002, time.time())
        return f"{self._last:.6f}"

    def say(self, user: str, text: str, channel: str = "C1", **rest: Any) -> Json:
        """A person's message, stored; the event is for `send`."""
        message = {"type": "message", "user": user, "text": text, "ts": self.stamp(), **rest}
        self.channels[channel].append(message)
        return {**message, "channel": channel, "event_ts": message["ts"]}

    def react(self, user: str, name: str, channel: str, stamp: str, *, on: bool = True) -> Json:
        """A person's reaction, stored; its event."""
        users = self._find(channel, stamp).setdefault("_reactions", {}).setdefault(name, [])
        users.append(user) if on else users.remove(user)
        kind = "reaction_added" if on else "reaction_removed"
        item = {"type": "message", "channel": channel, "ts": stamp}
        return {
            "type": kind,
            "user": user,
            "reaction": name,
            "item": item,
            "event_ts": self.stamp(),
        }

    def delete(self, channel: str, stamp: str) -> Json:
        """Somebody deletes a message; its event."""
        message = self._find(channel, stamp)
        self.channels[channel].remove(message)
        return {
            "type": "message",
            "subtype": "message_deleted",
            "channel": channel,
            "deleted_ts": stamp,
            "previous_message": message,
            "ts": self.stamp(),
        }

    def close(self, channel: str, why: str) -> None:
        """Nothing can be said there any more, for the reason that Slack calls so."""
        self.channels.pop(channel)
        self.gone[channel] = why

    def bring(self, name: str, **about: Any) -> Json:
        """A file that somebody sends, for a message's `files`."""
        id = f"F{next(self._ids)}"
        there = self.url.replace("/api/", f"/files/{id}/{name}")
        file = {"id": id, "name": name, "url_private_download": there, **about}
        self.sent[id] = file
        return file

    def shown(self, reference: str) -> Json:
        """A message as it is now."""
        channel, _, stamp = reference.partition("/")
        return self._find(channel, stamp)

    def called(self, method: str) -> list[Json]:
        return [body for name, body in self.calls if name == method]

    def answer(self, method: str, body: Json) -> Json:
        known = getattr(self, "_do_" + method.replace(".", "_"), None)
        return known(body) if known else {"error": "unknown_method"}

    def _find(self, channel: str, stamp: str) -> Json:
        return next((each for each in self.channels.get(channel, []) if each["ts"] == stamp), {})

    def _do_auth_test(self, body: Json) -> Json:
        return {
            "user_id": BOT,
            "bot_id": "B0BOT",
            "user": "infra",
            "team_id": "T1",
            "url": "https://acme.slack.com/",
        }

    def _do_apps_connections_open(self, body: Json) -> Json:
        self.opened += 1
        where = f"/socket/{self.opened}"
        return {"url": self.url.replace("http", "ws").replace("/api/", where)}

    def _do_chat_postMessage(self, body: Json) -> Json:
        if body["channel"] not in self.channels:
            return {"error": self.gone.get(body["channel"], "channel_not_found")}
        if faults(body):
            return {"error": "invalid_blocks"}
        kept = {
            key: body[key]
            for key in ("text", "blocks", "attachments", "metadata", "thread_ts")
            if key in body
        }
        message = {**kept, "type": "message", "user": BOT, "bot_id": "B0BOT", "ts": self.stamp()}
        self.channels[body["channel"]].append(message)
        self.journal.append(("post", {**message, "channel": body["channel"]}))
        return {"channel": body["channel"], "ts": message["ts"]}

    def _do_chat_update(self, body: Json) -> Json:
        message = self._find(body["channel"], body["ts"])
        if not message:
            return {"error": "message_not_found"}
        if faults(body) or len(body["text"]) > 4_000:
            return {"error": "msg_too_long"}
        message |= {key: body[key] for key in ("text", "blocks", "attachments", "metadata")}
        self.journal.append(("edit", {**message, "channel": body["channel"]}))
        return {"channel": body["channel"], "ts": body["ts"]}

    def _do_chat_delete(self, body: Json) -> Json:
        self.channels[body["channel"]].remove(self._find(body["channel"], body["ts"]))
        return {}

    def _do_chat_postEphemeral(self, body: Json) -> Json:
        if faults(body):
            return {"error": "invalid_blocks"}
        self.ephemeral.append(body)
        stamp = self.stamp()
        self.journal.append(("whisper", {**body, "ts": stamp}))
        return {"message_ts": stamp}

    def _do_conversations_open(self, body: Json) -> Json:
        return {"channel": {"id": "D1"}}

    def _do_users_conversations(self, body: Json) -> Json:
        return {"channels": [{"id": channel} for channel in self.channels]}

    def _do_conversations_history(self, body: Json) -> Json:
        roots = [each for each in self.channels[body["channel"]] if "thread_ts" not in each]
        return self._page([self._counted(each, body) for each in roots[::-1]], body)

    def _do_conversations_replies(self, body: Json) -> Json:
        lines = self.channels[body["channel"]]
        inside = [each for each in lines if body["ts"] in {each["ts"], each.get("thread_ts")}]
        return self._page(inside, body)

    def _counted(self, root: Json, body: Json) -> Json:
        replies = [
            e["ts"] for e in self.channels[body["channel"]] if e.get("thread_ts") == root["ts"]
        ]
        return root | ({"latest_reply": replies[-1], "thread_ts": root["ts"]} if replies else {})

    def _page(self, lines: list[Json], body: Json) -> Json:
        new = [each for each in lines if float(each["ts"]) > float(body.get("oldest", 0))]
        start = int(body.get("cursor") or 0)
        page = new[start : start + PAGE]
        hide = {"_reactions"} | (set() if body.get("include_all_metadata") else {"metadata"})
        shown = [{key: each[key] for key in each if key not in hide} for each in page]
        more = str(start + PAGE) if start + PAGE < len(new) else ""
        return {"messages": shown, "response_metadata": {"next_cursor": more}}

    def _do_reactions_add(self, body: Json) -> Json:
        users = self._find(body["channel"], body["timestamp"]).setdefault("_reactions", {})
        users = users.setdefault(body["name"], [])
        if BOT in users:
            return {"error": "already_reacted"}
        users.append(BOT)
        self.journal.append(("react", body))
        return {}

    def _do_reactions_remove(self, body: Json) -> Json:
        users = (
            self._find(body["channel"], body["timestamp"])
            .get("_reactions", {})
            .get(body["name"], [])
        )
        if BOT not in users:
            return {"error": "no_reaction"}
        users.remove(BOT)
        return {}

    def _do_reactions_get(self, body: Json) -> Json:
        message = self._find(body["channel"], body["timestamp"])
        if not message:
            return {"error": "message_not_found"}
        there = message.get("_reactions", {})
        listed = [
            {"name": name, "users": users, "count": len(users)}
            for name, users in there.items()
            if users
        ]
        return {"message": {"ts": message["ts"], "reactions": listed}}

    def _do_views_open(self, body: Json) -> Json:
        if view_faults(body["view"]):
            return {"error": "invalid_arguments"}
        return {"view": {**body["view"], "id": f"V{next(self._ids)}"}}

    def _do_files_getUploadURLExternal(self, body: Json) -> Json:
        id = f"F{next(self._ids)}"
        return {"file_id": id, "upload_url": self.url.replace("/api/", f"/upload/{id}")}

    def _do_views_publish(self, body: Json) -> Json:
        if view_faults(body["view"]):
            return {"error": "invalid_arguments"}
        self.tabs[body["user_id"]] = body["view"]
        return {"view": body["view"]}

    def _do_files_info(self, body: Json) -> Json:
        file = self.sent.get(body["file"])
        return {"file": file} if file else {"error": "file_not_found"}

    def _do_files_completeUploadExternal(self, body: Json) -> Json:
        for file in body["files"]:
            self.journal.append(("file", {**body, **file}))
        return {"files": body["files"]}
