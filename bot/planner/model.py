"""The planner with models: shortlist, question, picks, at most two corrections; then whoever is next, the offline planner last.
Called by `bot.cases.think` and `parley eval`; implements `ports.Planner`.

A model picks sections and fills slots. It never writes a command, and nothing that it says is run before people have approved
what the picks became.
"""

import asyncio
import logging

from msgspec.structs import replace

from bot.model.errors import ParleyError, PermanentError
from bot.model.ports import Catalogue, Clock, Idea, Planner, Renderer, Request, Unclear
from bot.model.roles import Role
from bot.planner.asking import Bill, Listener
from bot.planner.briefs import Brief
from bot.planner.offline import LONGEST
from bot.planner.prompt import for_outside
from bot.planner.router import Provider, Router
from bot.planner.session import ASK_AGAIN, HandOver, Paused, Session
from bot.planner.shortlist import packs
from bot.planner.supervisor import supervise
from bot.planner.team import own_part, team

log = logging.getLogger(__name__)

SECONDS = 180.0
"""Of thinking about one request. Whoever asked waits, and their thread with them."""


class ModelPlanner:
    """`offline` plans where no model may or can."""

    def __init__(
        self,
        catalogue: Catalogue,
        renderer: Renderer,
        router: Router,
        offline: Planner,
        clock: Clock,
    ) -> None:
        self._catalogue = catalogue
        self._renderer = renderer
        self._router = router
        self._offline = offline
        self._clock = clock

    async def plan(self, request: Request, listener: Listener | None = None) -> Idea:
        """What the request comes to. `listener` hears an answer in words while it is being written. Raises nothing for what a provider
        does."""
        if (
            not self._catalogue.sections(packs(request))
            or len(request.text) > LONGEST
            or request.alone
        ):
            return await self._without(request, request.alone, Bill())
        note, bill = request.private, Bill()
        for provider in self._router.allowed(private=bool(request.private)):
            try:
                async with asyncio.timeout(SECONDS):
                    idea = await self._ask(provider, request, bill, listener)
            except TimeoutError:
                note = f"{provider.name} took more than {SECONDS:.0f} s over it."
                break
            except ParleyError as error:
                log.warning("model %s: %s", provider.name, error)
                note = f"{provider.name} could not be asked: {error}"
                continue
            thought = replace(bill.thought, note=note, people=request.people)
            return replace(idea, thought=thought)
        note = note or self._router.trouble(private=bool(request.private))
        return await self._without(request, note, bill)

    async def _ask(
        self, provider: Provider, request: Request, bill: Bill, listener: Listener | None
    ) -> Idea:
        """One provider's idea: of a supervisor and specialists, where agents of several roles may be needed. Raises
        TemporaryError, PermanentError."""
        if not provider.local:
            request = for_outside(request)
            if not request.agents:
                raise PermanentError("All whom this is for are private.", reason="private")
        session = Session(
            *(self._catalogue, self._renderer, self._router, self._clock),
            *(provider, bill, listener),
        )
        roles = team(request)
        if len(roles) > 1:
            return await supervise(session, request, roles)
        return await _alone(session, request, roles[0] if roles else None)

    async def _without(self, request: Request, note: str, bill: Bill) -> Idea:
        """The offline planner knows no conversation: what answers a question is read together with what was asked for."""
        text = f"{request.before} {request.text}".strip()
        idea = await self._offline.plan(replace(request, text=text))
        # Whoever gave up on the way was paid for it, but the idea is nobody's outside.
        thought = replace(bill.thought, provider="", note=note)
        return replace(idea, thought=thought)


async def _alone(session: Session, request: Request, role: Role | None) -> Idea:
    """Planned by one; for a role, with what its own agents can do."""
    own = own_part(request, role) if role else request
    found = await session.plan(own, Brief(role) if role else None)
    return Unclear("words", ASK_AGAIN) if isinstance(found, HandOver | Paused) else found
