"""What is asked: a call, its messages, and what its host sends beside them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final, Literal, NamedTuple, Protocol

from taskroute.values.nothing import NOTHING


class Message(NamedTuple):
    """One message of a call, reduced to what routing may look at."""

    role: str
    """`system`, `user`, `assistant` or `tool`."""
    text: str = ""
    """All text of the message that a model may be sent: its content, the arguments of tool calls, names."""
    media: tuple[str, ...] = ()
    """Kinds of the parts that are not text, one entry a part: `image`, `audio`, `video`, `file`."""


class Kept(NamedTuple):
    """What an earlier decision of the same turn left open: its route, and the models that may still answer, in order."""

    route: str | None
    models: tuple[str, ...]
    stage: str | None = None
    """The stage as it was found then; None when it was not asked for, or not found."""
    task: str | None = None
    """The same of the task."""


class Sent(NamedTuple):
    """What a model is asked for beside the messages, as the GenAI conventions name it. None where the request does not say."""

    temperature: float | None = None
    top_p: float | None = None
    top_k: int | None = None
    max_tokens: int | None = None
    frequency_penalty: float | None = None
    presence_penalty: float | None = None
    stop_sequences: tuple[str, ...] = ()
    seed: int | None = None
    choice_count: int | None = None
    output_type: str | None = None
    """`text`, `json`, `image` or `speech`."""
    reasoning_level: str | None = None
    """`low`, `medium`, `high`… as the request has it."""
    previous_response_id: str | None = None
    service_tier: str | None = None
    dimensions: int | None = None
    """Of the vectors of an embedding."""
    encoding_formats: tuple[str, ...] = ()
    provider: str | None = None
    """The provider, where the policy does not name it."""
    model: str | None = None
    """The provider's own name of the model, where the policy does not say it."""
    server_address: str | None = None
    server_port: int | None = None
    prompt_name: str | None = None
    prompt_version: str | None = None
    is_certain: bool = False
    """Whether provider, model and server are those that will be called, whatever the policy says of the model."""


NOTHING_SENT: Final = Sent()


class Asking(Protocol):
    """Tells observers what a host asks of a model. It is asked when somebody wants to know, in the course of the call, and may raise."""

    def sent(self, model: str) -> Sent:
        """Return what this model of the policy is asked for; its own settings count where the call says nothing."""
        ...

    def messages(self) -> Sequence[Mapping[str, Any]]:
        """Return the conversation without its system instructions, in the shape of `gen_ai.input.messages`."""
        ...

    def instructions(self) -> Sequence[Mapping[str, Any]]:
        """Return the parts of the system instructions, in the shape of `gen_ai.system_instructions`."""
        ...

    def tools(self) -> Sequence[Mapping[str, Any]]:
        """Return the tools on offer, in the shape of `gen_ai.tool.definitions`."""
        ...


class Call(NamedTuple):
    """One request for a model, as any host may make it.

    Give either `prompt` (one user message) or `messages` (the conversation, oldest first).
    """

    prompt: str = ""
    messages: tuple[Message, ...] = ()
    stage: str | None = None
    task: str | None = None
    urgency: str | None = None
    tenant: str | None = None
    user: str | None = None
    session: str | None = None
    pin: str | None = None
    """Name of the one model that may answer."""
    tags: tuple[str, ...] = ()
    metadata: Mapping[str, Any] = NOTHING
    ancestors: tuple[str, ...] = ()
    """Names of the enclosing runs, nearest first, where the host tracks them."""
    tools: tuple[str, ...] = ()
    """Names of the tools that the model may call."""
    parameters: tuple[str, ...] = ()
    """Texts that go with the messages: tool and output schemas, and the other parameters of the call, such as `stop`."""
    output_schema: bool = False
    """Whether the answer must fit a JSON schema."""
    max_tokens: int | None = None
    """Answer tokens asked for, where the call says so."""
    tokens: int | None = None
    """Input tokens as the caller counted them; without it they are estimated."""
    operation: str = "chat"
    """What is asked for, as the GenAI conventions name it: `chat`, `text_completion` or `embeddings`."""
    told_by: str = "explicit"
    """What said `stage` and `task`: `explicit`, or `header` where they came with an HTTP request."""
    traced: bool = False
    """Whether the host knows that something else writes a span of each model's work, with its tokens."""
    cache: Literal["use", "refresh", "bypass"] = "use"
    """`refresh` passes over a stored answer and stores the new one; `bypass` neither reads nor stores."""
    scope: Mapping[str, str] = NOTHING
    """What stands in the cache's scope for `tenant`, `user` or `session`, where a name alone may be another's; other names come on top."""
    max_age: float | None = None
    """Seconds after which a stored answer is too old for this call, and its own for others, where that is less than the policy's `ttl`."""
    kept: Kept | None = None
    """Set inside a turn that has been decided: no route is matched again unless none of these models may answer."""
    streams: bool = False
    """Whether the answer is asked for as a stream."""
    conversation: str | None = None
    """Id of the conversation, where the application has given one; never one that a host made up."""
    asking: Asking | None = None
    """What the host asks, for observers."""
    measured: bool = False
    """Whether the host knows that something else records the GenAI metrics of each model's work."""

    def thread(self) -> tuple[Message, ...]:
        """Return the messages, with `prompt` as a user message at the end."""
        if self.prompt:
            return (*self.messages, Message("user", self.prompt))
        return self.messages

    def question(self) -> str:
        """Return the text of the latest user message, or '' when there is none."""
        if self.prompt:
            return self.prompt
        for message in reversed(self.messages):
            if message.role == "user":
                return message.text
        return ""

    def texts(self) -> Iterator[str]:
        """Yield every text that a model would see."""
        for message in self.messages:
            yield message.text
        if self.prompt:
            yield self.prompt
        yield from self.parameters
