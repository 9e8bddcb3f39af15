//! What a collector of OpenTelemetry is told of a request, if the program has one: names are those
//! of the semantic conventions for HTTP. It stays out of the log, whose lines have a request's id.

use axum::http::{HeaderMap, Method, StatusCode};
use opentelemetry::global;
use opentelemetry_http::HeaderExtractor;
use tracing::Span;
use tracing_opentelemetry::OpenTelemetrySpanExt;

/// Makes the span go on with the trace that the headers name (`traceparent`), if they do.
pub(super) fn join(span: &Span, headers: &HeaderMap) {
    let parent = global::get_text_map_propagator(|it| it.extract(&HeaderExtractor(headers)));
    // Without a collector there is no trace to join.
    let _ = span.set_parent(parent);
}

/// Says what the request was and what became of it.
pub(super) fn describe(span: &Span, method: &Method, path: &str, status: StatusCode) {
    if span.is_disabled() {
        return;
    }
    span.set_attribute("http.request.method", method.to_string());
    span.set_attribute("url.path", path.to_owned());
    span.set_attribute("http.response.status_code", i64::from(status.as_u16()));
}
