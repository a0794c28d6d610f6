"""The keys to encrypted rooms: past restarts and SIGKILL, late, never, lost, used up."""

import asyncio
import json
from datetime import datetime, timedelta
from pathlib import Path

import pytest

pytest.importorskip("vodozemac", reason="the extra matrix-nio[e2e] is not installed")

from adapters.chat.matrix.encryption import UNREADABLE
from bot.clock import SystemClock
from bot.model.errors import PermanentError
from tests.chat.matrix.scenes import Bench, card, joined, killed, outgoing, until_stored
from tests.chat.matrix.secrecy import ENCRYPTION, Phone, Secret, in_clear, numbers, shown, texts
from tests.servers.matrix_driver import Json
from tests.servers.synapse import Synapse, User


async def test_a_restart_reads_on(secret: Secret) -> None:
    await secret.carol.say(secret.room, "infra: one")
    await secret.ears.until(lambda events: texts(events) == ["one"])
    cursor = await secret.ears.stop()
    await secret.chat.close()
    for number in range(60):
        await secret.carol.say(secret.room, f"infra: while away {number}")
    chat = secret.bench.chat()
    ears = secret.bench.hear(chat, cursor)
    wanted = [f"while away {number}" for number in range(60)]
    assert texts(await ears.until(lambda events: len(events) >= 60)) == wanted
    await chat.send(outgoing("k1", "post", secret.room, "", report=card("back")))
    assert await shown(secret.carol, secret.room, secret.bot) == ["back"]


async def test_a_limited_sync_is_decrypted(secret: Secret, phone: Phone, synapse: Synapse) -> None:
    """More than one sync holds, from several people: older pages are read, and their keys came to the device."""
    cursor = await secret.ears.stop()
    others = [await phone(synapse.register(f"eve{next(numbers)}")) for _ in range(3)]
    for each in others:
        await secret.carol.invite(secret.room, each.user)
        await each.join(secret.room)
    for number in range(50):
        for each in (secret.carol, *others):
            await each.say(secret.room, f"infra: {each.user} {number}")
    ears = secret.bench.hear(secret.bench.chat(), cursor)
    heard = await ears.until(lambda events: len(events) >= 200)
    assert len({event.id for event in heard}) == len(heard) == 200


class Ahead(SystemClock):
    """A clock that a test may set forward."""

    ahead = timedelta()

    def now(self) -> datetime:
        return super().now() + self.ahead


async def test_a_key_that_comes_after_its_message(secret: Secret) -> None:
    """Even past a restart: the message waits in the data folder."""
    keys = await secret.carol.keep_key(secret.room)
    await secret.carol.say(secret.room, "infra: too early")
    await in_clear(secret.carol, secret.room, "infra: in clear")
    await secret.ears.until(lambda events: texts(events) == ["in clear"])
    cursor = await secret.ears.stop()
    await secret.chat.close()
    ears = secret.bench.hear(secret.bench.chat(), cursor)
    for each in keys:
        await secret.carol.hand_over(each)
    await ears.until(lambda events: texts(events) == ["too early"])
    await secret.carol.say(secret.room, "infra: next")
    await ears.until(lambda events: texts(events) == ["too early", "next"])


async def test_what_waits_is_kept_until_it_was_stored(secret: Secret) -> None:
    """The process dies right after the commit of the next batch, then right before the commit of the message itself."""
    cursor = await secret.ears.stop()
    await secret.chat.close()
    keys = await secret.carol.keep_key(secret.room)
    await secret.carol.say(secret.room, "infra: too early")
    await in_clear(secret.carol, secret.room, "infra: in clear")
    cursor, heard = await one_batch(secret.bench, cursor)
    assert heard == ["in clear"]
    for each in keys:
        await secret.carol.hand_over(each)
    for _ in range(2):
        assert (await one_batch(secret.bench, cursor))[1] == ["too early"]


async def one_batch(bench: Bench, cursor: str | None) -> tuple[str | None, list[str]]:
    """The next batch that a process hears; it dies before it asks for more."""
    chat = bench.chat()
    heard = chat.listen(cursor)
    async with asyncio.timeout(30):
        batch = await anext(heard)
    return batch.cursor, texts(list(batch.events))


async def test_a_key_that_never_comes(secret: Secret, bench: Bench, phone: Phone) -> None:
    """It is asked for once, and the room is told once, even past a restart."""
    await secret.ears.stop()
    await secret.chat.close()
    clock = bench.clock = Ahead()
    ears = bench.hear(bench.chat(poll=0.2), await secret.ears.placed())
    await secret.carol.keep_key(secret.room)
    for text in ("one", "two"):
        await secret.carol.say(secret.room, f"infra: {text}")
    await in_clear(secret.carol, secret.room, "infra: in clear")
    await ears.until(lambda events: texts(events) == ["in clear"])
    asked: list[object] = []
    async with asyncio.timeout(30):
        while not asked:
            asked += await secret.carol.requests()
    cursor = await ears.stop()
    again = bench.hear(bench.chat(poll=0.2), cursor)
    clock.ahead = timedelta(minutes=2)
    await secret.carol.until(secret.room, lambda found: found[-1].sender == secret.bot)
    await secret.carol.say(secret.room, "infra: three")
    await in_clear(secret.carol, secret.room, "infra: in clear again")
    await again.until(lambda events: texts(events) == ["in clear again"])
    clock.ahead = timedelta(minutes=4)
    await in_clear(secret.carol, secret.room, "infra: and again")
    await again.until(lambda events: len(events) == 2)
    asked += await secret.carol.requests()
    assert len(asked) == 1
    said = [each for each in await secret.carol.messages(secret.room) if each.sender == secret.bot]
    assert [each.text for each in said] == [UNREADABLE]
    assert said[0].thread


async def test_kill_9_loses_nothing(
    bench: Bench, phone: Phone, carol: User, tmp_path: Path
) -> None:
    """Keys are stored before the position moves past them: killed at any moment, everything is heard in the end."""
    heard, driver = tmp_path / "heard", await phone(carol)
    room = await driver.create(bench.user.id, initial_state=[ENCRYPTION])
    async with killed(bench.process(heard)):
        await joined(driver, room, bench.user.id)
    wanted = [f"{number}{word}" for number in range(6) for word in "abcdefgh"]
    for text in wanted:
        if text.endswith("a"):
            process = bench.process(heard)
        for key in await driver.keep_key(room):  # every message has one of its own
            await driver.hand_over(key)
        await driver.say(room, f"infra: {text}")
        if text.endswith("h"):
            async with killed(process):
                pass
    async with killed(bench.process(heard)):
        found = await until_stored(heard, len(wanted))
    assert sorted(found.values()) == sorted(wanted)


async def test_one_time_keys_do_not_run_out(secret: Secret) -> None:
    token = json.loads((secret.bench.data / "matrix-matrix.json").read_text())
    asked = {"one_time_keys": {secret.bot: {token["device"]: "signed_curve25519"}}}
    found = 0
    for _ in range(1000):
        answer = await secret.carol.request("POST", "keys", "claim", body=asked)
        found += bool(answer["one_time_keys"])
        if found == 120:  # more than a device leaves at once
            return
        if not answer["one_time_keys"]:
            await asyncio.sleep(0.05)
    raise AssertionError(f"{found} keys in all")


@pytest.mark.parametrize("broken", ["matrix-matrix.keys.db", "matrix-matrix.key.json"])
async def test_lost_keys_are_said(secret: Secret, broken: str) -> None:
    """A device with other keys would be trusted by nobody; the mend makes a new one."""
    cursor = await secret.ears.stop()
    await secret.chat.close()
    for text in ("", "x" * 5000):
        (secret.bench.data / broken).write_text(text)
        with pytest.raises(PermanentError, match="encryption keys") as caught:
            await secret.bench.hear(secret.bench.chat(), cursor).until(lambda _: False)
        assert caught.value.reason == "keys_lost"
    for kept in secret.bench.data.glob("matrix-matrix.*"):
        kept.unlink()
    ears = secret.bench.hear(secret.bench.chat(), cursor)
    devices: Json = {}
    body = {"device_keys": {secret.bot: []}}
    async with asyncio.timeout(30):
        while len(devices) < 2:
            answer = await secret.carol.request("POST", "keys", "query", body=body)
            devices = answer["device_keys"][secret.bot]
    await secret.carol.say(secret.room, "infra: again")
    await ears.until(lambda events: texts(events) == ["again"])


async def test_what_the_data_folder_holds_is_the_bots_alone(secret: Secret) -> None:
    await secret.carol.say(secret.room, "infra: hello")
    await secret.ears.until(lambda events: len(events) == 1)
    for kept in secret.bench.data.iterdir():
        assert kept.stat().st_mode & 0o777 == 0o600, kept
    assert await asyncio.to_thread((secret.bench.data / "matrix-matrix.keys.db").exists)
