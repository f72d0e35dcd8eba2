"""What a caller of `litellm.completion` asked for, out of what LiteLLM hands to a custom provider."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from taskroute.errors import ConfigurationError
from taskroute.reading import as_mapping, as_text
from taskroute.warn import warn_once
from taskroute_litellm.call import Endpoint

_HANDED_ON: Final = ("metadata", "litellm_metadata", "api_version", "drop_params", "ssl_verify")
"""What LiteLLM keeps apart from the parameters of a call, and every model may be given."""
_ANSWERED_HERE: Final = ("stream", "max_retries", "model")
_WRITTEN: Final = ("user_api_key", "model_group", "model_info", "deployment")
"""How the names begin of what LiteLLM's routers and proxies write into the metadata of a request."""
_OF_ONE_PROVIDER: Final = ("api_key", "api_base", "client")


def asked_of(endpoint: Endpoint, handed: Mapping[str, Any]) -> dict[str, Any]:
    """Return the arguments of the call as the caller wrote them. Raises ConfigurationError for those that belong to one provider.

    LiteLLM renames `max_completion_tokens`, and leaves out `user` and, with `drop_params`, what it does not expect of a custom provider;
    what it took note of for its logs has them all.
    """
    _refuse_of_one_provider(handed)
    sent = {name: value for name, value in as_mapping(handed.get("optional_params")).items() if value is not None}
    noted = as_mapping(getattr(handed.get("logging_obj"), "optional_params", None))
    if noted.get("max_completion_tokens") is not None and "max_tokens" not in noted:
        sent.pop("max_tokens", None)
    for name, value in noted.items():
        if value is not None:
            sent.setdefault(str(name), value)
    if sent.get("max_retries"):
        warn_once(
            "litellm",
            "num_retries",
            "num_retries= (or max_retries=) of a call to a policy has LiteLLM carry out the whole policy again when all of its models "
            "have failed; write 'retry' into the policy instead",
        )
    for name in _ANSWERED_HERE:
        sent.pop(name, None)
    kept = as_mapping(handed.get("litellm_params"))
    sent.update({name: kept[name] for name in _HANDED_ON if kept.get(name) is not None})
    if handed.get("headers"):
        sent["extra_headers"] = dict(handed["headers"])
    if handed.get("timeout") is not None:
        sent["timeout"] = handed["timeout"]
    name = "input" if endpoint == "embedding" else "messages"
    return {**sent, "model": handed["model"], name: handed[name]}


def session_of(handed: Mapping[str, Any]) -> str | None:
    """Return the session that the caller has named beside the metadata; none that LiteLLM took from the id of a trace."""
    kept = as_mapping(handed.get("litellm_params"))
    session = as_text(kept.get("litellm_session_id"))
    return None if session in (kept.get("litellm_trace_id"), as_mapping(kept.get("metadata")).get("trace_id")) else session


def _refuse_of_one_provider(handed: Mapping[str, Any]) -> None:
    found = [f"{name}=" for name in _OF_ONE_PROVIDER if handed.get(name) is not None]
    if found:
        raise ConfigurationError(
            f"{', '.join(found)} of a call to a policy could go to a provider that it is not meant for; "
            "write 'api_key_env' and 'base_url' under the model in the policy instead"
        )


def own_metadata(given: Any) -> dict[str, Any]:
    """Return metadata without what a router or proxy wrote into it: the attempts are not calls of theirs, nor to be billed by them."""
    return {key: value for key, value in as_mapping(given).items() if not str(key).startswith(_WRITTEN)}
