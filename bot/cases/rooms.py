"""Which agents may be spoken to in a room. Called by the request, question and command cases."""

from bot.house import House
from bot.model.people import Conversation
from bot.model.plans import Agent


def agents_in(house: House, conversation: Conversation) -> tuple[Agent, ...]:
    """The agents that are allowed there; one without rooms is allowed everywhere."""
    return tuple(
        agent for agent in house.agents if not agent.rooms or conversation.room in agent.rooms
    )
