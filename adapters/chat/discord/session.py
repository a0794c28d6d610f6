"""Where a gateway connection stopped, so that the next one can resume. Used by `socket`."""

from typing import Any

import yarl
from discord.gateway import DiscordWebSocket


class Session:
    """What a connection needs to go on where the one before it stopped."""

    def __init__(self) -> None:
        self.resume = False
        self._initial = True
        self._session: str | None = None
        self.sequence: int | None = None
        self._gateway: yarl.URL | None = None
        self._stumbled_at: int | None = None

    def parameters(self) -> dict[str, Any]:
        """For `DiscordWebSocket.from_client`."""
        initial, self._initial = self._initial, False
        if not (self.resume and self._session):
            return {"initial": initial}
        return {
            "resume": True,
            "session": self._session,
            "sequence": self.sequence,
            "gateway": self._gateway,
        }

    def keep(self, socket: DiscordWebSocket, *, resume: bool) -> None:
        """Note where a connection stopped."""
        self.resume = resume
        self._session, self.sequence = socket.session_id, socket.sequence
        self._gateway = socket.gateway

    def stumbled(self) -> None:
        """A payload broke the connection. The same one again at the same place: begin anew instead of for ever."""
        if self._stumbled_at == self.sequence:
            self.resume = False
        self._stumbled_at = self.sequence
