"""Interactions: buttons, the change form, slash commands and their completion. Called by the client, a task each.

Discord wants an answer within 3 s, so every interaction is acknowledged before anything else is done with it, exactly once (a
second acknowledgement is error 40060). What it means goes on to `adapter.listen` like everything heard.
"""

import logging
from collections import OrderedDict
from typing import TypeVar

from msgspec import Struct

from adapters.chat.discord import commands, render, translate
from adapters.chat.discord.places import Place, Places, told
from adapters.chat.discord.rest import Json
from adapters.chat.discord.socket import Socket
from bot.model.errors import ParleyError, PermanentError, TemporaryError
from bot.model.events import Event, Message
from bot.model.people import Account, Conversation
from bot.model.ports import Clock

FRESH = 120.0
"""Seconds for which a word to one person alone goes out as an answer to what that person pressed."""

REMEMBERED = 2_000
TRIES = 3
CHANGE = "parley:change"
_COMMAND, _BUTTON, _COMPLETION, _FORM = 2, 3, 4, 5
_LATER, _LATER_EDIT, _CHOICES, _MODAL = 5, 6, 8, 9
Key = TypeVar("Key")
Value = TypeVar("Value")
log = logging.getLogger(__name__)


class Open(Struct, frozen=True):
    """An interaction that may still be answered for its person's eyes alone."""

    token: str
    until: float


class Answers:
    """What one login is asked through buttons and commands. `heard` takes the events on."""

    def __init__(
        self,
        socket: Socket,
        places: Places,
        clock: Clock,
        suggest: commands.Suggest | None,
    ) -> None:
        self._socket = socket
        self._places = places
        self._clock = clock
        self._suggest = suggest
        self._seen: OrderedDict[str, None] = OrderedDict()
        self._open: OrderedDict[tuple[Account, Conversation], Open] = OrderedDict()
        self.roots: OrderedDict[str, tuple[str, str]] = OrderedDict()
        """Where the message stands that an interaction left: channel and message id, by interaction id."""

    def take(self, person: Account, conversation: Conversation) -> str:
        """The token to answer this person with, once; "" when nothing fresh is open there."""
        found = self._open.pop((person, conversation), None)
        return found.token if found and self._clock.monotonic() < found.until else ""

    async def answer(self, data: Json, bot: translate.Bot) -> Event | None:
        """Acknowledge one interaction; the event in it."""
        id = translate.snowflake(data.get("id"))
        if not id or id in self._seen:
            return None
        _keep(self._seen, id, None)
        given = data.get("data")
        given = given if isinstance(given, dict) else {}
        place = self._place(data)
        match data.get("type"):
            case kind if kind == _COMPLETION:
                await self._acknowledge(
                    data, _CHOICES, {"choices": commands.choices(given, self._suggest)}
                )
            case kind if kind == _COMMAND and place:
                return await self._command(data, given, place, bot)
            case kind if kind == _BUTTON and place:
                return await self._button(data, given, place, bot)
            case kind if kind == _FORM and place:
                return await self._form(data, given, place, bot)
        return None

    def _place(self, data: Json) -> Place | None:
        """The channel's object comes with every interaction: nothing need be asked."""
        channel = data.get("channel")
        if not isinstance(channel, dict) or not channel.get("id"):
            return None
        place = told(channel, self._socket.user)
        self._places.learn(place)
        return place

    async def _button(
        self, data: Json, given: Json, place: Place, bot: translate.Bot
    ) -> Event | None:
        action = translate.text_of(given.get("custom_id")).removeprefix(render.PREFIX)
        if action == render.CHANGE:
            await self._acknowledge(data, _MODAL, _form(data))
            return None
        await self._acknowledge(data, _LATER_EDIT)
        click = translate.click(data, place, bot, action)
        if click is not None and click.conversation is not None:
            self._remember(data, click.account, click.conversation)
        return click

    async def _command(
        self, data: Json, given: Json, place: Place, bot: translate.Bot
    ) -> Event | None:
        text = commands.sentence(given)
        await self._acknowledge(data, _LATER)
        if not text:
            return None
        person = translate.author(data)
        root = await self._quote(data, f"<@{person.get('id')}> asks: {render.escaped(text)}")
        return self._message(data, place, bot, text, root, addressed=True)

    async def _form(
        self, data: Json, given: Json, place: Place, bot: translate.Bot
    ) -> Event | None:
        text = _written(given.get("components"))
        await self._acknowledge(data, _LATER)
        if not text:
            return None
        person = translate.author(data)
        await self._quote(data, f"<@{person.get('id')}>: {render.escaped(text)}")
        card = data.get("message")
        root = translate.root_of(card) if isinstance(card, dict) else ""
        return self._message(data, place, bot, text, root, addressed=False)

    def _message(
        self, data: Json, place: Place, bot: translate.Bot, text: str, root: str, *, addressed: bool
    ) -> Message | None:
        """The words as a Message whose id is the interaction's."""
        id, person = str(data["id"]), translate.author(data)
        if not root or not translate.snowflake(person.get("id")):
            return None
        where, account = bot.place(place, root), bot.account(person)
        self._remember(data, account, where)
        fresh = addressed and not place.thread
        return Message(id, where, account, text.strip(), translate.at(id), addressed, fresh)

    def _remember(self, data: Json, person: Account, where: Conversation) -> None:
        until = self._clock.monotonic() + FRESH
        _keep(self._open, (person, where), Open(str(data.get("token", "")), until))

    async def _acknowledge(self, data: Json, kind: int, body: Json | None = None) -> None:
        """The one answer that Discord waits for. That it failed is logged: what was pressed counts all the same."""
        answer: Json = {"type": kind} | ({"data": body} if body is not None else {})
        try:
            await self._socket.rest.request(
                "POST",
                "/interactions/{webhook_id}/{webhook_token}/callback",
                answer,
                webhook_id=str(data["id"]),
                webhook_token=str(data.get("token", "")),
            )
        except ParleyError as error:
            log.warning("an interaction could not be acknowledged: %s", error)

    async def _quote(self, data: Json, content: str) -> str:
        """Put what was asked where everybody sees it; the id of that message, "" where it cannot be put."""
        body = {"content": content[: render.CONTENT], "allowed_mentions": {"parse": []}}
        for attempt in range(TRIES):
            try:
                made = await self._socket.rest.request(
                    "PATCH",
                    "/webhooks/{webhook_id}/{webhook_token}/messages/@original",
                    body,
                    webhook_id=str(data.get("application_id", "")),
                    webhook_token=str(data.get("token", "")),
                )
            except TemporaryError as error:
                await self._clock.sleep(error.after or 0.5 * 2**attempt)
            except PermanentError as error:
                log.error("a command could not be taken: %s", error)  # noqa: TRY400 - a sentence, no traceback
                return ""
            else:
                _keep(self.roots, str(data["id"]), (str(made["channel_id"]), str(made["id"])))
                return str(made["id"])
        log.error("a command could not be taken: Discord did not answer")
        return ""


def _form(data: Json) -> Json:
    """The form behind `change…`."""
    card = data.get("message")
    id = translate.snowflake(card.get("id")) if isinstance(card, dict) else ""
    words = {"type": 4, "custom_id": "words", "style": 2, "required": True, "max_length": 1500}
    label = {"type": 18, "label": "What shall be different?", "component": words}
    return {"custom_id": f"{CHANGE}:{id}", "title": "Change this plan", "components": [label]}


def _written(components: object) -> str:
    """The first text in a form that was sent."""
    for each in components if isinstance(components, list) else []:
        if not isinstance(each, dict):
            continue
        if isinstance(each.get("value"), str):
            return str(each["value"]).strip()
        inner = each.get("components") or [each.get("component")]
        if found := _written(inner):
            return found
    return ""


def _keep(memory: OrderedDict[Key, Value], key: Key, value: Value) -> None:
    memory[key] = value
    if len(memory) > REMEMBERED:
        memory.popitem(last=False)
