"""taskroute for LangChain: a chat model, a middleware, and ways to tag and to rewrite what is there."""

from typing import TYPE_CHECKING, Any

from taskroute_langchain.chat_model import RoutedChatModel
from taskroute_langchain.stages import stage, task
from taskroute_langchain.wrap import WrapResult, wrap, wrap_report

if TYPE_CHECKING:
    from taskroute_langchain.base_cache import TaskrouteCache
    from taskroute_langchain.decision_model import DecisionModelClassifier as DecisionModelClassifier
    from taskroute_langchain.decision_model import RouterDecisionModel as RouterDecisionModel
    from taskroute_langchain.middleware import RoutingMiddleware

# Not with `import *`: older releases of langchain-core have no decision models.
__all__ = ["RoutedChatModel", "RoutingMiddleware", "TaskrouteCache", "WrapResult", "stage", "task", "wrap", "wrap_report"]


def __getattr__(name: str) -> Any:
    # Agents need the langchain package, chains only langchain-core.
    if name == "RoutingMiddleware":
        from taskroute_langchain.middleware import RoutingMiddleware

        return RoutingMiddleware
    if name == "TaskrouteCache":
        from taskroute_langchain.base_cache import TaskrouteCache

        return TaskrouteCache
    if name in ("DecisionModelClassifier", "RouterDecisionModel"):
        from taskroute_langchain import decision_model

        return getattr(decision_model, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
