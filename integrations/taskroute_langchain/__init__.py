"""taskroute for LangChain: a chat model, a middleware, and two ways to tag what is there."""

from taskroute_langchain.chat_model import RoutedChatModel

__all__ = ["RoutedChatModel"]
