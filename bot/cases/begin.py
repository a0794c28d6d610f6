"""A request in its own words goes to the hub and the planner. Called by the request case, and by the question case when a late
request is still wanted."""

from bot import hub
from bot.cases.pursue import Wish, pursue
from bot.cases.rooms import agents_in
from bot.house import Effect, House
from bot.model.plans import Draft
from bot.model.ports import Idea, Request, Unclear, Unknown


async def begin(house: House, wish: Wish) -> Effect:
    """What comes of it. Raises TemporaryError where a target cannot be reached."""
    return await pursue(house, wish, await _idea(house, wish))


async def _idea(house: House, wish: Wish) -> Idea:
    match hub.route(wish.request, agents_in(house, wish.conversation)):
        case hub.Routed(agents=agents, text=text):
            return await house.planner.plan(Request(text, agents))
        case hub.Unsure(question=question, choices=choices):
            return Unclear("agent", question, choices, Draft("", ""))
        case hub.Nobody(why=why):
            return Unknown(why)
