"""What a LiteLLM request asks of a model, for observers that want to know; nothing is read before they do. Imports nothing of LiteLLM."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from taskroute.types import Sent
from taskroute_litellm.asked_deployments import own_parameters
from taskroute_litellm.asked_kinds import asked_for
from taskroute_litellm.asking import Params
from taskroute_litellm.conversation import Endpoint
from taskroute_litellm.genai_messages import definitions, input_messages, instructions


class Asks:
    """Tells what is asked. `params` gives the `litellm_params` that a model of the policy is called with; None where it has none."""

    def __init__(self, endpoint: Endpoint, arguments: Mapping[str, Any], params: Callable[[str], Params | None]) -> None:
        self._endpoint: Endpoint = endpoint
        self._arguments = arguments
        self._params = params
        self._chosen: dict[str, Mapping[str, Any]] = {}
        """What went to the latest deployment of each model, the latest model last."""

    def chose(self, model: str, sent: Mapping[str, Any]) -> None:
        """Note what LiteLLM sends to the deployment that it has taken for a model, which is what a guardrail has left of the request."""
        self._chosen.pop(model, None)
        self._chosen[model] = sent

    def sent(self, model: str) -> Sent:
        """Return what a model of the policy is asked for."""
        chosen = self._chosen.get(model)
        if chosen is not None:
            # A deployment is called by its provider's name of the model; where that is not told, the policy knows better.
            return asked_for({}, [own_parameters(chosen)], self._endpoint)._replace(is_certain=chosen.get("model") != model)
        params = self._params(model)
        # A group of deployments is what its own settings say, whatever the policy calls it.
        return asked_for(self._arguments, [*map(own_parameters, _each(params))], self._endpoint)._replace(is_certain=params is not None)

    def messages(self) -> Sequence[Mapping[str, Any]]:
        """Return the conversation without its system instructions."""
        return input_messages(self._endpoint, self._last())

    def instructions(self) -> Sequence[Mapping[str, Any]]:
        """Return the parts of the system instructions."""
        return instructions(self._endpoint, self._last())

    def tools(self) -> Sequence[Mapping[str, Any]]:
        """Return the tools on offer."""
        return definitions(self._last())

    def _last(self) -> Mapping[str, Any]:
        return next(reversed(self._chosen.values()), self._arguments)


def _each(params: Params | None) -> Sequence[Mapping[str, Any]]:
    if params is None:
        return ()
    return (params,) if isinstance(params, Mapping) else params
