"""A request in its own words goes to the hub and the planner. Called by the request case, and by the question case when a late
request is still wanted."""

from bot import hub
from bot.cases import investigate
from bot.cases.pursue import pursue
from bot.cases.rooms import agents_in
from bot.cases.think import think
from bot.cases.wish import Wish
from bot.house import Effect, House
from bot.model.plans import Draft
from bot.model.ports import Idea, Request, Unclear, Unknown, Wanted


async def begin(house: House, wish: Wish) -> Effect:
    """What comes of it. Raises TemporaryError where a target cannot be reached."""
    begun = await _looked_into(house, wish)
    return begun or await pursue(house, wish, await _idea(house, wish))


async def _looked_into(house: House, wish: Wish) -> Effect | None:
    """A question that no single read answers is an investigation, where there is a model."""
    if not investigate.is_meant(house, wish.request):
        return None
    found = hub.route(wish.request, agents_in(house, wish.conversation), house.roles)
    if not isinstance(found, hub.Routed):
        return None
    idea = await house.planner.plan(Request(found.text, found.agents))
    if isinstance(idea, Wanted):  # one ability is meant: its own rules are the shorter way
        return None
    return investigate.begin(house, wish, found.agents, found.text)


async def _idea(house: House, wish: Wish) -> Idea:
    here = agents_in(house, wish.conversation)
    match hub.route(wish.request, here, house.roles):
        case hub.Routed(agents=agents, text=text):
            asked_of = {each.name for each in agents}
            others = tuple(each for each in here if each.name not in asked_of)
            asked = Request(text, agents, words=wish.request, others=others)
            return await think(house, wish.talk, asked)
        case hub.Unsure(question=question, choices=choices):
            return Unclear("agent", question, choices, Draft("", ""))
        case hub.Nobody(why=why):
            return Unknown(why)
