//! Traces for a collector of OpenTelemetry: OTLP over HTTP (protobuf).
//!
//! What else there is to say of it is said by the standard's own environment variables, such as
//! `OTEL_EXPORTER_OTLP_HEADERS` and `OTEL_TRACES_SAMPLER`, which the SDK reads.

use std::str::FromStr;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use opentelemetry::global;
use opentelemetry::trace::{SpanKind, TracerProvider};
use opentelemetry_http::{Bytes, HttpClient, HttpError, Request, Response};
use opentelemetry_otlp::{SpanExporter, WithExportConfig, WithHttpConfig};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::error::OTelSdkResult;
use opentelemetry_sdk::propagation::TraceContextPropagator;
use opentelemetry_sdk::trace::{SdkTracer, SdkTracerProvider, SpanData, SpanExporter as Exporter};
use tracing::{info, warn};
use ureq::http::Uri;
use ureq::tls::{RootCerts, TlsConfig};

use crate::failure::Failure;

/// What the traces are of, unless `OTEL_SERVICE_NAME` says something else.
const SERVICE: &str = "boplish";

/// One batch has this long to reach the collector.
const TIMEOUT: Duration = Duration::from_secs(10);

/// What is left when the program ends has this long.
const FAREWELL: Duration = Duration::from_secs(2);

/// An answer of the collector is read up to here.
const MAX_ANSWER: u64 = 64 * 1024;

/// The base address of a collector, to which `/v1/traces` is added.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Collector(String);

impl FromStr for Collector {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || format!("{text:?} is no address such as http://127.0.0.1:4318");
        let uri = Uri::from_str(text).map_err(|_| wrong())?;
        let is_http = matches!(uri.scheme_str(), Some("http" | "https"));
        if !is_http || uri.host().is_none_or(str::is_empty) || uri.query().is_some() {
            return Err(wrong());
        }
        Ok(Self(text.trim_end_matches('/').to_owned()))
    }
}

/// The way to a collector. Dropping it sends what is left.
#[derive(Debug)]
pub(crate) struct Traces(SdkTracerProvider);

impl Traces {
    pub(crate) fn start(collector: &Collector) -> Result<Self, Failure> {
        let exporter = SpanExporter::builder()
            .with_http()
            .with_http_client(Client::new(collector))
            .with_endpoint(format!("{}/v1/traces", collector.0))
            .with_timeout(TIMEOUT)
            .build()
            .map_err(|error| Failure::runtime("can't send traces", error))?;
        let resource = match std::env::var_os("OTEL_SERVICE_NAME") {
            Some(_) => Resource::builder(),
            None => Resource::builder().with_service_name(SERVICE),
        };
        let provider = SdkTracerProvider::builder()
            .with_resource(resource.build())
            .with_batch_exporter(Requests(exporter))
            .build();
        // So that a proxy's traces go on here.
        global::set_text_map_propagator(TraceContextPropagator::new());
        Ok(Self(provider))
    }

    pub(crate) fn tracer(&self) -> SdkTracer {
        self.0.tracer(SERVICE)
    }
}

impl Drop for Traces {
    fn drop(&mut self) {
        if let Err(error) = self.0.shutdown_with_timeout(FAREWELL) {
            warn!(%error, "the last traces may be lost");
        }
    }
}

/// All spans are of requests that the server answers. The log has no fields for that, in which it
/// would stand in each line.
#[derive(Debug)]
struct Requests(SpanExporter);

impl Exporter for Requests {
    async fn export(&self, mut batch: Vec<SpanData>) -> OTelSdkResult {
        for span in &mut batch {
            span.span_kind = SpanKind::Server;
            let mut attributes = span.attributes.iter();
            let method = attributes.find(|it| it.key.as_str() == "http.request.method");
            if let Some(method) = method {
                span.name = method.value.to_string().into();
            }
        }
        self.0.export(batch).await
    }

    fn shutdown_with_timeout(&self, timeout: Duration) -> OTelSdkResult {
        self.0.shutdown_with_timeout(timeout)
    }

    fn force_flush(&self) -> OTelSdkResult {
        self.0.force_flush()
    }

    fn set_resource(&mut self, resource: &Resource) {
        self.0.set_resource(resource);
    }
}

/// Brings batches to the collector, in the thread of the SDK that makes them, and says when that
/// begins to fail and when it works again.
#[derive(Debug)]
struct Client {
    agent: ureq::Agent,
    collector: Collector,
    fails: Mutex<bool>,
}

impl Client {
    fn new(collector: &Collector) -> Self {
        // An earlier one is as good.
        let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
        let tls = TlsConfig::builder().root_certs(RootCerts::PlatformVerifier);
        let config = ureq::Agent::config_builder()
            .tls_config(tls.build())
            .timeout_global(Some(TIMEOUT))
            .http_status_as_error(false)
            .max_redirects(0);
        Self {
            agent: config.build().new_agent(),
            collector: collector.clone(),
            fails: Mutex::new(false),
        }
    }

    fn send(&self, request: Request<Bytes>) -> Result<Response<Bytes>, ureq::Error> {
        let (head, body) = request.into_parts();
        let response = self.agent.run(Request::from_parts(head, &body[..]))?;
        let (head, mut body) = response.into_parts();
        let body = body.with_config().limit(MAX_ANSWER).read_to_vec()?;
        Ok(Response::from_parts(head, body.into()))
    }

    fn tell(&self, failure: Option<String>) {
        // It is whole after every statement that changes it.
        let mut fails = self.fails.lock().unwrap_or_else(PoisonError::into_inner);
        let collector = &self.collector.0;
        match &failure {
            Some(error) if !*fails => warn!(collector, error, "traces are lost"),
            None if *fails => info!(collector, "traces are taken again"),
            Some(_) | None => {}
        }
        *fails = failure.is_some();
    }
}

#[async_trait::async_trait]
impl HttpClient for Client {
    async fn send_bytes(&self, request: Request<Bytes>) -> Result<Response<Bytes>, HttpError> {
        let result = self.send(request);
        self.tell(match &result {
            Ok(response) if response.status().is_success() => None,
            Ok(response) => Some(format!("it answers with {}", response.status())),
            Err(error) => Some(error.to_string()),
        });
        Ok(result?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_collector_is_an_http_address() {
        let base = |text: &str| Collector::from_str(text).map(|it| it.0);
        assert_eq!(
            base("http://127.0.0.1:4318/"),
            Ok("http://127.0.0.1:4318".to_owned())
        );
        let with_path = "https://otel.example/boplish";
        assert_eq!(base(with_path), Ok(with_path.to_owned()));
        for wrong in [
            "",
            "127.0.0.1:4318",
            "grpc://h:4317",
            "http://",
            "http://h/?a",
        ] {
            let error = base(wrong).unwrap_err();
            assert!(error.contains("http://127.0.0.1:4318"), "{error}");
        }
    }
}
