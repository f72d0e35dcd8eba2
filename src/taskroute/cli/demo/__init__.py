"""The demonstration: a RAG chain over texts about taskroute, routed by the policy beside it."""
