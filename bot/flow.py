"""The conductor: which case an event is. Called by `bot.loops.dispatch` for each stored event; the effect it returns is
committed together with the event's `done`.

One message, seven hops, values only go forward: the adapter stores it and translates it · `handle` · the planner drafts ·
the gate decides · the runner runs · the report is made · the adapter sends. A pending approval ends the handling at
once; the click comes back at the first hop as a new event.
"""

from typing import assert_never

from bot.cases import files, reply, request, voice, vote
from bot.cases.stream import ended
from bot.house import Effect, House
from bot.model.events import Click, Event, Message, Reaction


async def handle(house: House, event: Event) -> Effect:
    """What this event changes. Raises TemporaryError or PermanentError with a sentence for its thread."""
    return ended(house, event, await _case(house, event))


async def _case(house: House, event: Event) -> Effect:
    match event:
        case Message() if voice.is_note(event):
            return await voice.handle(house, event)
        case Message() if files.are_meant(event):
            return await files.handle(house, event)
        case Message(addressed=True):
            return await request.handle(house, event)
        case Message():
            return await reply.handle(house, event)
        case Reaction():
            return await vote.reacted(house, event)
        case Click():
            return await vote.clicked(house, event)
        case _:
            assert_never(event)
