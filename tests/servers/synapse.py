"""A real Synapse (pinned in install_synapse.sh) for a test session: its own data, a port the kernel chose, no federation.

Used by tests/chat/matrix and tests/contracts. Everything here blocks: start and stop it from synchronous fixtures.
"""

import base64
import hashlib
import hmac
import json
import os
import secrets
import shutil
import signal
import socket
import subprocess
import tempfile
import time
import urllib.error
import urllib.request
from dataclasses import dataclass
from pathlib import Path
from typing import Any

VERSION = "1.163.2"
SERVER_NAME = "hs.test"
ROOT = Path(__file__).resolve().parents[2]
PYTHON = ROOT / ".venv-synapse" / "bin" / "python"
REGISTRATION_SECRET = "registration-secret-of-the-tests"  # guards nothing: loopback, one session

_FREE = {"per_second": 10_000, "burst_count": 100_000}
_LIMITS: dict[str, Any] = {
    "rc_message": _FREE,
    "rc_registration": _FREE,
    "rc_login": {"address": _FREE, "account": _FREE, "failed_attempts": _FREE},
    "rc_joins": {"local": _FREE, "remote": _FREE},
    "rc_joins_per_room": _FREE,
    "rc_invites": {"per_room": _FREE, "per_user": _FREE, "per_issuer": _FREE},
    "rc_room_creation": _FREE,
    "rc_media_create": _FREE,
    "rc_admin_redaction": _FREE,
}


@dataclass(frozen=True, slots=True)
class User:
    """A registered account and a login of it."""

    id: str
    password: str
    token: str
    device: str


def absent() -> str:
    """Why no Synapse can be started here; empty when one can."""
    if not PYTHON.exists():
        return "Synapse is not installed: run tests/servers/install_synapse.sh"
    return ""


class Synapse:
    """One server. `limited` keeps the server's default rate limits."""

    def __init__(self, *, limited: bool = False) -> None:
        memory = Path("/dev/shm")
        self.folder = Path(
            tempfile.mkdtemp(prefix="synapse-", dir=memory if memory.is_dir() else None)
        )
        self.port = _free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self._process: subprocess.Popen[bytes] | None = None
        self._write_configuration(limited)

    @property
    def pid(self) -> int:
        """The pid of the running server."""
        assert self._process is not None, "the server does not run"
        return self._process.pid

    def start(self) -> None:
        """Start and wait until it answers. Raises RuntimeError with the end of its log when it dies first."""
        with (self.folder / "start.out").open("ab") as out:
            self._process = subprocess.Popen(
                [str(PYTHON), "-m", "synapse.app.homeserver", "-c", str(self._configuration)],
                cwd=self.folder,
                stdout=out,
                stderr=out,
                env={"PATH": os.environ.get("PATH", ""), "LANG": "C.UTF-8"},
            )
        deadline = time.monotonic() + 60
        while not self._answers():
            if self._process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError((self.folder / "start.out").read_text()[-2000:])
            time.sleep(0.05)

    def kill(self) -> None:
        """SIGKILL, by its own pid; the data stays."""
        os.kill(self.pid, signal.SIGKILL)
        assert self._process is not None
        self._process.wait()
        self._process = None

    def close(self) -> None:
        """End it and remove its data."""
        if self._process is not None:
            self.kill()
        shutil.rmtree(self.folder, ignore_errors=True)

    def register(self, name: str) -> User:
        """A new account `@name:hs.test`, logged in."""
        path = "/_synapse/admin/v1/register"
        nonce = self.request("GET", path)["nonce"]
        password = secrets.token_hex(8)
        words = "\0".join((nonce, name, password, "notadmin")).encode()
        mac = hmac.new(REGISTRATION_SECRET.encode(), words, hashlib.sha1).hexdigest()
        body = {"nonce": nonce, "username": name, "password": password, "mac": mac, "admin": False}
        answer = self.request("POST", path, body)
        return User(answer["user_id"], password, answer["access_token"], answer["device_id"])

    def login(self, user: User) -> str:
        """A token of one more session of an account."""
        return self.session(user).token

    def session(self, user: User) -> User:
        """One more session of an account, with a device of its own."""
        body = {
            "type": "m.login.password",
            "identifier": {"type": "m.id.user", "user": user.id},
            "password": user.password,
        }
        answer = self.request("POST", "/_matrix/client/v3/login", body)
        return User(user.id, user.password, answer["access_token"], answer["device_id"])

    def log_out(self, token: str) -> None:
        """Revoke a token."""
        self.request("POST", "/_matrix/client/v3/logout", {}, token)

    def request(
        self, method: str, path: str, body: object = None, token: str = ""
    ) -> dict[str, Any]:
        """One raw request, the JSON answer. Raises urllib.error.HTTPError."""
        headers = {"Content-Type": "application/json"}
        if token:
            headers["Authorization"] = f"Bearer {token}"
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(self.url + path, data, headers, method=method)
        with _DIRECT.open(request, timeout=20) as answer:
            decoded: dict[str, Any] = json.load(answer)
            return decoded

    def _answers(self) -> bool:
        try:
            self.request("GET", "/_matrix/client/versions")
        except (OSError, urllib.error.URLError):
            return False
        return True

    @property
    def _configuration(self) -> Path:
        return self.folder / "homeserver.yaml"

    def _write_configuration(self, limited: bool) -> None:
        folder = self.folder
        seed = base64.b64encode(secrets.token_bytes(32)).decode().rstrip("=")
        (folder / "signing.key").write_text(f"ed25519 a_test {seed}\n")
        logging = {"version": 1, "disable_existing_loggers": False, "root": {"level": "ERROR"}}
        (folder / "log.yaml").write_text(json.dumps(logging))
        settings = {
            "server_name": SERVER_NAME,
            "pid_file": str(folder / "homeserver.pid"),
            "listeners": [
                {
                    "bind_addresses": ["127.0.0.1"],
                    "port": self.port,
                    "tls": False,
                    "type": "http",
                    "resources": [{"names": ["client"], "compress": False}],
                }
            ],
            "database": {"name": "sqlite3", "args": {"database": str(folder / "homeserver.db")}},
            "log_config": str(folder / "log.yaml"),
            "media_store_path": str(folder / "media"),
            "registration_shared_secret": REGISTRATION_SECRET,
            "macaroon_secret_key": secrets.token_hex(8),
            "form_secret": secrets.token_hex(8),
            "signing_key_path": str(folder / "signing.key"),
            "report_stats": False,
            "trusted_key_servers": [],
            "suppress_key_server_warning": True,
            "presence": {"enabled": False},
            "bcrypt_rounds": 4,
            "public_baseurl": self.url + "/",
        }
        limits = {} if limited else _LIMITS
        self._configuration.write_text(json.dumps(settings | limits))  # JSON is YAML


_DIRECT = urllib.request.build_opener(urllib.request.ProxyHandler({}))


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
