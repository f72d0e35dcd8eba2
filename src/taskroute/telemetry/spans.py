"""OpenTelemetry spans of a routed call: one `route …` span, and under it one span for each model that was tried, such as `chat …`.

Where something else writes the latter, each is an event on the route span.

Nothing that a prompt or an answer says is written unless the policy or the environment says so: exceptions leave their type and
failure class, never their message.
"""

from __future__ import annotations

import time
from collections.abc import Callable

from opentelemetry import trace
from opentelemetry.trace import TracerProvider

from taskroute.telemetry import attributes as names
from taskroute.telemetry import describe
from taskroute.telemetry.beside import is_suppressed
from taskroute.telemetry.call_spans import CallSpans
from taskroute.telemetry.describe import KnownModel
from taskroute.telemetry.file_tracer import FileTracerProvider
from taskroute.telemetry.filed_span import context_in_file
from taskroute.telemetry.route_context import opened
from taskroute.telemetry.scope import own_version
from taskroute.telemetry.settings import SILENT, Telling
from taskroute.telemetry.unrecorded import Unrecorded, unrecorded
from taskroute.types import Call

__all__ = ["CallSpans", "KnownModel", "SpanObserver"]


class SpanObserver:
    """Writes spans for every call that the tracer provider records; costs a few microseconds when there is none.

    Every router has one; another among its `observers` tells each call once more; `Router(tracer_provider=…)` says where its own goes.
    Without `tracer_provider` the global one is used, also when it is set later. `models` looks a model up by its name in the policy,
    `telling` says what is written of the next call: `lambda: router.telling` for what the router's policy says.
    """

    def __init__(
        self,
        *,
        tracer_provider: TracerProvider | None = None,
        models: Callable[[str], KnownModel | None],
        telling: Callable[[], Telling] = lambda: SILENT,
        wall_clock: Callable[[], int] = time.time_ns,
    ) -> None:
        self._telling = telling
        # The global provider's tracer is a proxy until a provider is set, and the real one from then on.
        self._tracer = trace.get_tracer(names.SCOPE, own_version(), tracer_provider)
        self._models = models
        self._wall_clock = wall_clock
        self._is_idle = tracer_provider.is_idle if isinstance(tracer_provider, FileTracerProvider) else _never

    def begin(self, call: Call, at: float) -> CallSpans | Unrecorded | None:
        """Open the route span and return what follows the call; None where there is no SDK, or no spans are wanted."""
        if self._is_idle():
            opened(context_in_file(trace.get_current_span()))
            return None
        if is_suppressed():
            opened(None)
            return None
        start = self._wall_clock()
        attributes = describe.of_call(call)
        route = self._tracer.start_span(
            names.ROUTE_SPAN, attributes=attributes, start_time=start, record_exception=False, set_status_on_exception=False
        )
        opened(context_in_file(route))
        if not route.is_recording():
            return unrecorded(route)
        return CallSpans(
            route,
            tracer=self._tracer,
            models=self._models,
            call=call,
            telling=self._telling(),
            zero=start - int(at * 1e9),
            attributes=attributes,
        )


def _never() -> bool:
    return False
