"""A span for each request, of servers and functions; none and no SDK unless a collector is named."""

from __future__ import annotations

import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import closing
from pathlib import Path

import pytest
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export import SpanExporter, SpanExportResult
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from services import app, tracing
from services.app import create_app
from services.errors import InputError
from services.tracing import HIDDEN, flush, provider_over, shared_provider
from tests.services.http_api import HttpApiOver
from tests.services.rest_served import KEY, in_process, parts

TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"
CALLER = {"traceparent": f"00-{TRACE}-00f067aa0ba902b7-01"}


@pytest.fixture
def exporter(monkeypatch: pytest.MonkeyPatch) -> Iterator[InMemorySpanExporter]:
    """Collects the spans of applications that are made in the test."""
    exporter = InMemorySpanExporter()
    provider = provider_over(exporter)
    for module in (app, tracing):
        monkeypatch.setattr(module, "shared_provider", lambda: provider)
    yield exporter
    provider.shutdown()


def the_span(exporter: InMemorySpanExporter) -> ReadableSpan:
    flush()
    (span,) = exporter.get_finished_spans()
    exporter.clear()
    return span


def test_a_request_is_a_span_of_the_callers_trace_without_its_query(
    exporter: InMemorySpanExporter, tmp_path: Path
) -> None:
    context, _, _ = parts(tmp_path)
    local = in_process(create_app(context))
    with closing(HttpApiOver(context)) as gateway:
        for ask in (local, lambda path, headers: gateway.ask("GET", path, headers)):
            ask("/people-count/S001?mode=latest&key=secret", KEY | CALLER)
            span = the_span(exporter)
            assert span.name == "GET /people-count/{stop_id}"
            assert f"{span.context.trace_id:032x}" == TRACE
            found = dict(span.attributes or {})
            expected = {"http.request.method": "GET", "url.path": "/people-count/S001", "url.query": HIDDEN}
            assert expected.items() <= found.items()
            assert found["http.response.status_code"] == 400, "key is no parameter here"
            assert span.resource.attributes["service.name"] == "bus-simulator"
            assert "secret" not in span.to_json()


class HungExporter(SpanExporter):
    """Waits until it is released, as for a collector that doesn't answer."""

    def __init__(self) -> None:
        self.released, self.batches, self.sent = threading.Event(), 0, 0

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        self.batches += 1
        self.released.wait(20)
        self.sent += len(spans)
        return SpanExportResult.SUCCESS


def test_a_collector_that_does_not_answer_holds_no_invocation_for_long(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    exporter = HungExporter()
    provider = provider_over(exporter)
    monkeypatch.setattr(tracing, "shared_provider", lambda: provider)
    for _ in range(2):
        with provider.get_tracer("test").start_as_current_span("request"):
            pass
        flush()
        assert (exporter.batches, exporter.sent) == (1, 0)
    exporter.released.set()
    provider.shutdown()
    assert exporter.sent == 2


def test_without_a_collector_nothing_is_recorded(monkeypatch: pytest.MonkeyPatch) -> None:
    shared_provider.cache_clear()
    assert shared_provider() is None
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:4318")
    monkeypatch.setenv("OTEL_SDK_DISABLED", "true")
    shared_provider.cache_clear()
    assert shared_provider() is None
    monkeypatch.delenv("OTEL_SDK_DISABLED")
    monkeypatch.setitem(sys.modules, "opentelemetry.exporter.otlp.proto.http.trace_exporter", None)
    shared_provider.cache_clear()
    with pytest.raises(InputError, match=r"pip install 'bus-simulator\[tracing\]'"):
        shared_provider()
