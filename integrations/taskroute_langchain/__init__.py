"""taskroute for LangChain: a chat model, a middleware, and ways to tag and to rewrite what is there."""

from typing import TYPE_CHECKING, Any

from taskroute_langchain.chat_model import RoutedChatModel
from taskroute_langchain.stages import stage, task
from taskroute_langchain.wrap import WrapResult, wrap, wrap_report

if TYPE_CHECKING:
    from taskroute_langchain.base_cache import TaskrouteCache
    from taskroute_langchain.middleware import RoutingMiddleware

__all__ = ["RoutedChatModel", "RoutingMiddleware", "TaskrouteCache", "WrapResult", "stage", "task", "wrap", "wrap_report"]


def __getattr__(name: str) -> Any:
    # Agents need the langchain package, chains only langchain-core.
    if name == "RoutingMiddleware":
        from taskroute_langchain.middleware import RoutingMiddleware

        return RoutingMiddleware
    if name == "TaskrouteCache":
        from taskroute_langchain.base_cache import TaskrouteCache

        return TaskrouteCache
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
