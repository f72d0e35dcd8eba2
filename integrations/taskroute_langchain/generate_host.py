"""LangChain's `generate` as the host of a plan, which legacy chains call."""

from __future__ import annotations

from typing import Any

from langchain_core.language_models import BaseChatModel
from langchain_core.outputs import ChatGeneration, LLMResult
from langchain_core.runnables import RunnableBinding

from taskroute.errors import ConfigurationError
from taskroute.execution.validate import Expected
from taskroute.steps import Attempt
from taskroute.types import Reply
from taskroute_langchain.genai_output import said_together
from taskroute_langchain.host import ChatHost
from taskroute_langchain.record import run_config


class GenerateHost(ChatHost):
    """Performs the attempts of one call of `generate`: one list of messages, one `LLMResult`."""

    def _arguments(self, attempt: Attempt, *, exact: bool = False) -> tuple[BaseChatModel, dict[str, Any]]:
        target, kwargs = self.target(attempt, exact=exact)
        runnable: Any = target
        while isinstance(runnable, RunnableBinding):
            runnable, kwargs = runnable.bound, {**runnable.kwargs, **kwargs}  # pyright: ignore[reportUnknownMemberType, reportUnknownVariableType]
        if not isinstance(runnable, BaseChatModel):
            raise ConfigurationError(
                f"{attempt.model!r} binds tools as a {type(runnable).__name__}, which has no generate(); "
                "call it through invoke() or stream()"
            )
        config = run_config(self.config, attempt)
        about = {key: config.get(key) for key in ("callbacks", "tags", "metadata", "run_name", "run_id")}
        return runnable, {**about, **kwargs}

    def expects(self, attempt: Attempt, reply: Reply) -> Expected:
        generations = reply.answer.generations[0]
        return super().expects(attempt, reply)._replace(answer=getattr(generations[0], "message", None) if generations else None)

    def answer(self, attempt: Attempt) -> Reply:
        model, kwargs = self._arguments(attempt, exact=True)
        return self._generated(attempt, model.generate([self.input], **kwargs))

    async def aanswer(self, attempt: Attempt) -> Reply:
        model, kwargs = self._arguments(attempt)
        return self._generated(attempt, await model.agenerate([self.input], **kwargs))

    def _generated(self, attempt: Attempt, result: LLMResult) -> Reply:
        marked = [self._marked(attempt, generation) for generation in result.generations[0]]
        first = marked[0][1] if marked else Reply(answer=None)
        fresh = LLMResult(generations=[[generation for generation, _ in marked]], llm_output=result.llm_output, run=result.run)
        if attempt.told:
            first = first._replace(said=said_together([reply.said for _, reply in marked]))
        return first._replace(answer=fresh)

    def _marked(self, attempt: Attempt, generation: Any) -> tuple[Any, Reply]:
        if not isinstance(generation, ChatGeneration):
            return generation, Reply(answer=None)
        reply = self.reply(attempt, generation.message)
        return ChatGeneration(message=reply.answer, generation_info=generation.generation_info), reply
