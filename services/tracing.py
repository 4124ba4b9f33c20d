"""Traces of HTTP requests by OpenTelemetry: off unless its own variables name a collector.

FastAPI makes the spans, and continues the trace of a client that sends `traceparent`. Their attributes are
those of OpenTelemetry's conventions for HTTP servers, without the query, which may hold a key.
"""

from __future__ import annotations

import threading
from functools import cache
from typing import TYPE_CHECKING

from starlette.types import Scope

from services import settings
from services.errors import InputError

if TYPE_CHECKING:
    from fastapi.telemetry import TelemetryConfig
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import SpanExporter

QUERY = "url.query"
HIDDEN = "REDACTED"
FLUSH_S = 0.5
"""How long an invocation waits for a collector at most."""
NO_SDK = (
    "OTEL_EXPORTER_OTLP_ENDPOINT is set, but traces need the extra [tracing]: "
    "pip install 'bus-simulator[tracing]'"
)


@cache
def shared_provider() -> TracerProvider | None:
    """The provider that sends this process's spans to the collector; None if none is set.

    Raises `InputError` without the extra `[tracing]`.
    """
    if not settings.traces_endpoint():
        return None
    try:
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
    except ModuleNotFoundError as error:
        raise InputError(f"{NO_SDK} ({error.name} is missing)") from error
    return provider_over(OTLPSpanExporter())


def provider_over(exporter: SpanExporter) -> TracerProvider:
    """A provider that gives spans to an exporter, from a thread; OTEL_SERVICE_NAME names the service."""
    from opentelemetry.sdk.resources import SERVICE_NAME, Resource
    from opentelemetry.sdk.trace import Span, SpanProcessor, TracerProvider
    from opentelemetry.sdk.trace.export import BatchSpanProcessor

    class QueryHidden(SpanProcessor):
        """Hides the query of a span's URL."""

        def on_start(self, span: Span, parent_context: object = None) -> None:  # noqa: ARG002 - the SDK's
            """Hide it before anything else sees the span."""
            if span.attributes and QUERY in span.attributes:
                span.set_attribute(QUERY, HIDDEN)

    named = {} if settings.traced_service() else {SERVICE_NAME: "bus-simulator"}
    provider = TracerProvider(resource=Resource.create(named))
    provider.add_span_processor(QueryHidden())
    provider.add_span_processor(BatchSpanProcessor(exporter))
    return provider


def is_websocket(scope: Scope) -> bool:
    """Whether a connection is a WebSocket, whose span would last for hours."""
    return bool(scope["type"] == "websocket")


def telemetry_of(provider: TracerProvider | None) -> TelemetryConfig:
    """What FastAPI is to record. It would otherwise look for a provider at each request."""
    if provider is None:
        return {"tracing": False, "metrics": False, "logs": False}
    return {
        "tracing": True,
        "tracer_provider": provider,
        "operation_spans": False,
        "metrics": False,
        "logs": False,
        "exclude": is_websocket,
    }


class _Flushing:
    """One flush at a time, in a thread that callers wait for no longer than `FLUSH_S`.

    The SDK's own flush keeps to no limit: a collector that doesn't answer would hold it for ten seconds.
    """

    def __init__(self) -> None:
        self._thread = threading.Thread()

    def run(self, provider: TracerProvider) -> None:
        """Send what a provider has; go on with the flush before if that hasn't ended."""
        if not self._thread.is_alive():
            self._thread = threading.Thread(target=provider.force_flush, name="traces", daemon=True)
            self._thread.start()
        self._thread.join(FLUSH_S)


_flushing = _Flushing()


def flush() -> None:
    """Send what has been recorded: Lambda stops a container between its invocations."""
    if provider := shared_provider():
        _flushing.run(provider)
