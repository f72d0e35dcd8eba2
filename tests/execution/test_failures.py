"""Exceptions of the real clients end in the right failure class, and none of the clients is imported for it."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from typing import Any

import aiohttp
import anthropic
import httpx
import litellm.exceptions
import openai
import pytest
from langchain.agents.structured_output import StructuredOutputValidationError
from langchain_core import exceptions as langchain
from langchain_core.callbacks import BaseCallbackHandler
from langchain_core.language_models import FakeListChatModel
from langchain_core.messages import AIMessage
from langgraph.errors import GraphInterrupt
from litellm.exceptions import MidStreamFallbackError
from openai.types.chat import ChatCompletion

from taskroute import ConfigurationError, IncompleteStreamError
from taskroute.execution.failures import Failure, classify, retry_after, status_of

# openai 3 is typed for another httpx, and takes this one.
REQUEST: Any = httpx.Request("POST", "https://api.example/v1")


def response(status: int, headers: dict[str, str] | None = None) -> Any:
    return httpx.Response(status, headers=headers, request=REQUEST)


def of_openai(kind: type[openai.APIStatusError], status: int, body: Any = None, **headers: Any) -> Exception:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    # A body's code and type become attributes of the exception, as the client's own errors have them.
    return kind("no", response=response(status, named), body=body)  # pyright: ignore[reportArgumentType]


def of_anthropic(kind: type[anthropic.APIStatusError], status: int, message: str = "no") -> Exception:
    return kind(message, response=response(status), body={"error": {"message": message}})


def in_a_stream(original: Exception) -> Exception:
    return MidStreamFallbackError(message="broke", model="m", llm_provider="p", original_exception=original)


class ClientError(Exception):
    """What a client raises from the error of the client below it."""


def wrapped(error: Exception) -> Exception:
    outer = ClientError("it did not work")
    outer.__cause__ = error
    return outer


class Status(Exception):
    """What a client that nobody has heard of raises."""

    def __init__(self, code: int) -> None:
        super().__init__(f"HTTP {code}")
        self.code = code


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (of_openai(openai.RateLimitError, 429), "rate_limit"),
        (of_openai(openai.AuthenticationError, 401), "auth"),
        (of_openai(openai.PermissionDeniedError, 403), "auth"),
        (of_openai(openai.NotFoundError, 404), "not_found"),
        (of_openai(openai.BadRequestError, 400), "bad_request"),
        (of_openai(openai.BadRequestError, 400, {"code": "context_length_exceeded"}), "context_overflow"),
        (of_openai(openai.UnprocessableEntityError, 422), "bad_request"),
        (of_openai(openai.InternalServerError, 500), "server_error"),
        (of_openai(openai.InternalServerError, 503), "server_error"),
        (openai.APIConnectionError(request=REQUEST), "connection"),
        (openai.APITimeoutError(request=REQUEST), "timeout"),
        (openai.APIError("the server had an error", REQUEST, body=None), "server_error"),
        (of_anthropic(anthropic.RateLimitError, 429), "rate_limit"),
        (of_anthropic(anthropic.InternalServerError, 529), "server_error"),
        (of_anthropic(anthropic.BadRequestError, 400, "prompt is too long: 210000 tokens > 200000 maximum"), "context_overflow"),
        (of_anthropic(anthropic.BadRequestError, 400, "Your credit balance is too low to access the API"), "rate_limit"),
        (of_anthropic(anthropic.APIStatusError, 413, "request_too_large"), "context_overflow"),
        (anthropic.APITimeoutError(request=REQUEST), "timeout"),
        (httpx.ConnectError("refused"), "connection"),
        (httpx.ReadTimeout("slow"), "timeout"),
        (httpx.RemoteProtocolError("peer closed connection without sending complete message body"), "connection"),
        (httpx.HTTPStatusError("bad", request=REQUEST, response=response(503)), "server_error"),
        (httpx.HTTPStatusError("bad", request=REQUEST, response=response(429)), "rate_limit"),
        (litellm.exceptions.RateLimitError("no", "openai", "m"), "rate_limit"),
        (litellm.exceptions.ContextWindowExceededError("no", "m", "openai"), "context_overflow"),
        (litellm.exceptions.ContentPolicyViolationError("no", "m", "openai"), "refusal"),
        (litellm.exceptions.Timeout("no", "m", "openai"), "timeout"),
        (litellm.exceptions.ServiceUnavailableError("no", "openai", "m"), "server_error"),
        (litellm.exceptions.APIConnectionError("no", "openai", "m"), "connection"),
        (litellm.exceptions.AuthenticationError("no", "openai", "m"), "auth"),
        (litellm.exceptions.BadRequestError("no", "m", "openai"), "bad_request"),
        (langchain.ModelRateLimitError("no"), "rate_limit"),
        (langchain.ModelAPIError("no"), "server_error"),
        (langchain.ModelConnectionError("no"), "connection"),
        (langchain.ModelTimeoutError("no"), "timeout"),
        (langchain.ModelAuthenticationError("no"), "auth"),
        (langchain.ModelPermissionDeniedError("no"), "auth"),
        (langchain.ModelNotFoundError("no"), "not_found"),
        (langchain.ModelInvalidRequestError("no"), "bad_request"),
        (langchain.ContextOverflowError("no"), "context_overflow"),
        (langchain.OutputParserException("no"), "invalid_output"),
        (StructuredOutputValidationError("no", ValueError("no"), AIMessage("no")), "invalid_output"),
        (of_openai(openai.BadRequestError, 400, {"code": "model_not_found"}), "not_found"),
        (of_anthropic(anthropic.BadRequestError, 400, "Output blocked by content filtering policy"), "refusal"),
        (openai.APIError("Rate limit reached for requests", REQUEST, body=None), "rate_limit"),
        (openai.APIError("maximum context length is 8192 tokens", REQUEST, body=None), "context_overflow"),
        (aiohttp.ClientPayloadError("not completed: 400"), "connection"),
        (aiohttp.ServerDisconnectedError(), "connection"),
        (aiohttp.ServerTimeoutError("slow"), "timeout"),
        (litellm.exceptions.APIConnectionError("Unable to get json response - Expecting value", "anthropic", "m"), "server_error"),
        (in_a_stream(litellm.exceptions.RateLimitError("no", "gemini", "m")), "rate_limit"),
        (in_a_stream(litellm.exceptions.APIConnectionError("anything", "gemini", "m")), "server_error"),
        (wrapped(Status(413)), "context_overflow"),
        (IncompleteStreamError("mistralai"), "server_error"),
        (TimeoutError("30s"), "timeout"),
        (ConnectionResetError("reset"), "connection"),
        (json.JSONDecodeError("bad", "{", 1), "server_error"),
        (Status(429), "rate_limit"),
        (Status(401), "auth"),
        (Status(418), "bad_request"),
        (Status(599), "server_error"),
        (KeyError("choices"), "unknown"),
        (ValueError("No generation chunks were returned"), "server_error"),
        (ConfigurationError("models.new: cannot be built"), "not_found"),
        (ValueError("mine"), "unknown"),
        (openai.LengthFinishReasonError(completion=ChatCompletion.model_construct(usage=None)), "truncated"),
        (GraphInterrupt(), "control"),
        (asyncio.CancelledError(), "control"),
        (KeyboardInterrupt(), "control"),
        (GeneratorExit(), "control"),
    ],
    ids=lambda value: value if isinstance(value, str) else type(value).__module__.split(".")[0] + "." + type(value).__name__,
)
def test_each_exception_has_its_class(error: BaseException, kind: str) -> None:
    assert classify(error).kind == kind


def test_a_used_up_quota_is_a_rate_limit_that_does_not_pass() -> None:
    failure = classify(of_openai(openai.RateLimitError, 429, {"code": "insufficient_quota"}))
    assert (failure.kind, failure.passes) == ("rate_limit", False)


def of_google(message: str, wait: str | None) -> Exception:
    """Return a 429 as Google's client raises it: the body is kept in `details`."""
    details: list[dict[str, str]] = [{"@type": "type.googleapis.com/google.rpc.QuotaFailure"}]
    if wait is not None:
        details.append({"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": wait})
    error: Any = Status(429)
    error.details = {"error": {"code": 429, "message": message, "details": details}}
    return error


@pytest.mark.parametrize(("wait", "found"), [("7s", 7.0), ("0.5s", 0.5), ("soon", None), (None, None)])
def test_a_wait_in_the_body_is_kept_and_says_that_the_quota_comes_back(wait: str | None, found: float | None) -> None:
    failure = classify(of_google("You exceeded your current quota, please check your plan and billing details.", wait))
    assert failure == Failure("rate_limit", found, passes=found is not None)


def test_a_spent_credit_does_not_come_back_whatever_the_headers_say() -> None:
    failure = classify(of_openai(openai.RateLimitError, 429, {"code": "insufficient_quota"}, retry_after="5"))
    assert (failure.kind, failure.passes) == ("rate_limit", False)


def test_the_wait_is_found_where_litellm_keeps_it_and_below_a_wrapper() -> None:
    error: Any = litellm.exceptions.RateLimitError("no", "anthropic", "m")
    error.litellm_response_headers = {"retry-after": "7"}
    assert retry_after(error) == 7.0
    assert retry_after(wrapped(of_openai(openai.RateLimitError, 429, retry_after="3"))) == 3.0


def test_errors_that_hold_each_other_are_read_to_an_end() -> None:
    one, other = Status(429), wrapped(Status(404))
    one.__cause__, other.__cause__ = other, one
    assert classify(one).kind == "rate_limit"
    itself: Any = wrapped(Status(404))
    itself.__cause__ = itself.original_exception = itself
    assert classify(itself).kind == "unknown"
    first: Any = Status(429)
    second: Any = Status(404)
    first.original_exception, second.original_exception = second, first
    assert classify(first).kind in ("rate_limit", "not_found")


@pytest.mark.parametrize("fault", [KeyError("choices"), ValueError("mine"), RuntimeError("mine")])
def test_a_fault_of_the_code_is_unknown_whatever_it_was_raised_from(fault: Exception) -> None:
    fault.__cause__ = of_openai(openai.AuthenticationError, 401)
    assert classify(fault) == Failure("unknown", passes=False)


def test_a_wrapper_of_a_client_is_what_it_wraps() -> None:
    assert classify(wrapped(httpx.ReadTimeout("slow"))).kind == "timeout"


def test_a_request_that_was_no_json_stays_a_bad_request() -> None:
    message = "We could not parse the JSON body of your request: Expecting value: line 1 column 1 (char 0)"
    assert classify(of_openai(openai.BadRequestError, 400, {"message": message})).kind == "bad_request"


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"retry_after": "7"}, 7.0),
        ({"retry_after": "0.25"}, 0.25),
        ({"retry_after_ms": "1500", "retry_after": "9"}, 1.5),
        ({"retry_after": "Wed, 21 Oct 2026 07:28:10 GMT", "date": "Wed, 21 Oct 2026 07:28:00 GMT"}, 10.0),
        ({"retry_after": "Wed, 21 Oct 2026 07:27:00 GMT", "date": "Wed, 21 Oct 2026 07:28:00 GMT"}, 0.0),
        ({"retry_after": "Wed, 21 Oct 2026 07:28:10 GMT"}, None),
        ({"retry_after": "soon"}, None),
        ({"retry_after": "-1"}, None),
        ({"retry_after": "nan"}, None),
        ({}, None),
    ],
)
def test_reads_how_long_the_provider_asks_to_wait(headers: dict[str, str], seconds: float | None) -> None:
    assert retry_after(of_openai(openai.RateLimitError, 429, **headers)) == seconds


class Odd(Exception):
    headers = 7
    status_code = True
    response = "text"


def test_odd_exceptions_are_read_without_failing() -> None:
    assert (classify(Odd()).kind, status_of(Odd()), retry_after(Odd())) == ("unknown", None, None)


def test_no_client_is_imported() -> None:
    code = (
        "import sys; from taskroute.execution.failures import classify; classify(ValueError()); "
        "print([m for m in ('openai','anthropic','httpx','litellm','langchain_core','langgraph') if m in sys.modules])"
    )
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "[]"


@pytest.mark.parametrize(
    ("message", "kind"),
    [
        ("This model's maximum context length is 8192 tokens. However, you requested 10412 tokens", "context_overflow"),
        ("Prompt contains 140412 tokens, too large for model with 131072 maximum context length", "context_overflow"),
        ("Your input exceeds the context window of this model.", "context_overflow"),
        ("Request size exceeds model context window", "context_overflow"),
        ("The request exceeds the model's context window", "context_overflow"),
        ("input length and `max_tokens` exceed context limit: 178959 + 64000 > 200000, decrease input length", "context_overflow"),
        ("prompt is too long: 210412 tokens > 200000 maximum", "context_overflow"),
        ("The input token count (1050412) exceeds the maximum number of tokens allowed (1048576).", "context_overflow"),
        ("too many tokens: total number of tokens in the prompt cannot exceed 4081", "context_overflow"),
        ("Request payload size exceeds the limit: 20971520 bytes.", "context_overflow"),
        ("Output blocked by content filtering policy", "refusal"),
        ("The response was filtered due to the prompt triggering Azure OpenAI's content management policy.", "refusal"),
        ("Invalid prompt: your prompt was flagged as potentially violating our usage policy.", "refusal"),
        ("API key not valid. Please pass a valid API key.", "auth"),
        ("Your credit balance is too low to access the API", "rate_limit"),
        # What is only quoted says nothing.
        ("Invalid schema for response_format 'billing_report': missing required", "bad_request"),
        ("Invalid 'tools[0].function.name': 'context window resizer' does not match", "bad_request"),
        ("unknown field: 'invalid_model'", "bad_request"),
        ("messages.0: unexpected text 'my api_key_invalid and insufficient_quota'", "bad_request"),
        ('{"detail": [{"input": "{\\"code\\": \\"model_not_found\\"}"}]}', "bad_request"),
        ("Failed to parse tool call arguments as JSON: Expecting value: line 1 column 1 (char 0)", "bad_request"),
    ],
)
def test_a_bad_request_is_what_its_provider_says_and_not_what_it_quotes(message: str, kind: str) -> None:
    assert classify(of_openai_saying(message)).kind == kind


def of_openai_saying(message: str) -> Exception:
    return openai.BadRequestError(message, response=response(400), body=None)


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        ("context_length_exceeded", "context_overflow"),
        ("model_not_found", "not_found"),
        ("invalid_api_key", "auth"),
        ("content_filter", "refusal"),
        ("content_policy_violation", "refusal"),
        ("invalid_prompt", "refusal"),
        ("insufficient_quota", "rate_limit"),
        ("invalid_json_schema", "bad_request"),
    ],
)
def test_a_code_says_what_a_bad_request_is_as_an_attribute_and_in_a_body(code: str, kind: str) -> None:
    assert classify(of_openai(openai.BadRequestError, 400, {"code": code})).kind == kind
    assert classify(of_openai_saying(json.dumps({"error": {"message": "no", "code": code}}))).kind == kind
    assert classify(of_openai_saying(f"Error code: 400 - { ({'error': {'code': code}}) }")).kind == kind


def test_a_limit_of_a_free_plan_passes_although_it_speaks_of_billing() -> None:
    error = openai.RateLimitError(
        "Rate limit reached. You can increase your rate limit by adding a payment method at /account/billing.",
        response=response(429),
        body={"code": "rate_limit_exceeded"},
    )
    assert classify(error) == Failure("rate_limit", passes=True)


class Contrary(Exception):
    """Fails at whatever is asked of it."""

    status_code = 429

    def __str__(self) -> str:
        raise RuntimeError("no text")

    @property
    def response(self) -> Any:
        raise RuntimeError("no response")

    @property
    def body(self) -> Any:
        whole: dict[Any, Any] = {("a", "tuple"): 1}
        whole["itself"] = whole
        return whole


def test_an_exception_that_fails_when_it_is_read_is_known_by_what_is_left() -> None:
    assert classify(Contrary()) == Failure("rate_limit", passes=True)


@pytest.mark.parametrize(
    "fault", [json.JSONDecodeError("bad", "{", 1), ConnectionError("mine"), ValueError("No generation chunks were returned")]
)
def test_what_a_callback_raises_is_unknown_whatever_it_is(fault: Exception) -> None:
    class Raising(BaseCallbackHandler):
        raise_error = True

        def on_llm_end(self, *args: Any, **kwargs: Any) -> None:
            raise fault

    with pytest.raises(type(fault)) as caught:
        FakeListChatModel(responses=["fine"]).invoke("hi", {"callbacks": [Raising()]})
    assert classify(caught.value).kind == "unknown"
