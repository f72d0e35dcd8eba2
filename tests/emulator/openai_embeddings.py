"""OpenAI's embeddings."""

from __future__ import annotations

import base64
import hashlib
import struct
from collections.abc import Mapping, Sequence
from typing import Any, Final

from tests.emulator.answering import tokens
from tests.emulator.openai_common import failed, headers
from tests.emulator.script import Answer, Asked
from tests.emulator.wire import Wire

_SIZE: Final = 8


def _asked(path: str, body: Mapping[str, Any], key: str) -> Asked:
    given = body.get("input", "")
    texts: Sequence[Any] = [given] if isinstance(given, str) else given
    # The texts and the encoding travel in `tools` and `schema`, which no embedding has.
    return Asked(
        model=body.get("model", ""),
        prompt="",
        tools={f"{number}": {"text": str(text)} for number, text in enumerate(texts)},
        schema={"encoding": body.get("encoding_format", "float")},
        stream=False,
        include_usage=True,
        tokens=sum(tokens(text) for text in texts),
        key=key,
    )


def _plain(answer: Answer) -> dict[str, Any]:
    encoded = (answer.asked.schema or {}).get("encoding") == "base64"
    vectors = [_vector(about["text"]) for about in answer.asked.tools.values()]
    data = [
        {"object": "embedding", "index": index, "embedding": _base64(vector) if encoded else vector} for index, vector in enumerate(vectors)
    ]
    charged = {} if answer.say.cost is None else {"cost": answer.say.cost}
    used = {"prompt_tokens": answer.input, "total_tokens": answer.input, **charged}
    return {"object": "list", "data": data, "model": answer.asked.model, "usage": used, **answer.say.extra}


def _vector(text: str) -> list[float]:
    return [byte / 256 for byte in hashlib.sha256(text.encode()).digest()[:_SIZE]]


def _base64(vector: Sequence[float]) -> str:
    return base64.b64encode(struct.pack(f"<{len(vector)}f", *vector)).decode()


WIRE: Final = Wire(
    name="openai-embeddings",
    asked=_asked,
    plain=_plain,
    events=lambda answer: (),
    failed=failed,
    stream_error=lambda asked: b"",
    headers=headers,
)
