"""taskroute for LiteLLM. The name is reserved: this version has no LiteLLM hook."""

__all__: list[str] = []
