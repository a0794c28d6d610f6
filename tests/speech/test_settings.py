"""`[speech]`: what it needs, and what `parley check` finds."""

from pathlib import Path
from typing import Any

import pytest

from adapters.speech.settings import PLUGIN
from bot.config import build
from bot.model.errors import ConfigurationError
from tests.servers.speech import service

GOOD = {"url": "http://127.0.0.1:9/v1/", "model": "any"}


def built(tmp_path: Path, **speech: Any) -> Any:
    return build({"speech": speech}, None, tmp_path, {"K": "s3cret"})


def test_without_the_table_nobody_listens(tmp_path: Path) -> None:
    assert built(tmp_path).speech is None


def test_the_key_is_a_secret_that_is_masked(tmp_path: Path) -> None:
    configuration = built(tmp_path, **GOOD, key="env:K")
    settings = configuration.speech.settings
    assert settings.key.get_secret_value() == "s3cret"
    assert configuration.secrets == ("s3cret",)
    assert "s3cret" not in repr(configuration)
    assert (settings.url, settings.megabytes, settings.seconds) == (
        "http://127.0.0.1:9/v1",
        25,
        600,
    )


@pytest.mark.parametrize(
    ("more", "told"),
    [
        ({"model": ""}, "'model'"),
        ({"key": "sk-literal"}, "literal secret"),
        ({"reply": True}, "'reply_model' is missing"),
        ({"languge": "en"}, "Did you mean 'language'?"),
        ({"url": "ftp://x"}, "'url' is no URL"),
        ({"kind": "nobody"}, "no speech adapter"),
    ],
)
def test_what_is_wrong_is_a_sentence(tmp_path: Path, more: dict[str, Any], told: str) -> None:
    with pytest.raises(ConfigurationError, match=told.replace("?", r"\?")):
        built(tmp_path, **{**GOOD, **more})


@pytest.mark.parametrize(
    ("status", "told"),
    [(200, None), (404, None), (401, "The key is refused"), (500, "answers 500")],
)
async def test_check_tries_it(status: int, told: str | None) -> None:
    with service((status, b"", {})) as there:
        settings = PLUGIN.settings.model_validate({**GOOD, "url": there.url})
        assert PLUGIN.probe is not None
        found = await PLUGIN.probe(settings)
    assert found is None if told is None else told in found


async def test_check_says_when_nothing_answers() -> None:
    with service() as gone:
        url = gone.url
    assert PLUGIN.probe is not None
    found = await PLUGIN.probe(PLUGIN.settings.model_validate({**GOOD, "url": url}))
    assert "Nothing answers" in found
