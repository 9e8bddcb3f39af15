//! `/metrics`, as Prometheus reads them.

use std::fmt;

use axum::Extension;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use boplish_directory::{ReasonCounts, Stats};
use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, EncodeLabelSet, EncodeMetric, text};
use prometheus_client::metrics::MetricType;
use prometheus_client::metrics::counter::ConstCounter;
use prometheus_client::metrics::gauge::ConstGauge;
use prometheus_client::metrics::info::Info;
use prometheus_client::registry::Registry;
use tracing::error;

use super::Observer;
use super::numbers::{Kind, NUMBERS};
use super::report::Network;
use crate::accept::Remote;

/// The text format of OpenMetrics 1.0, which Prometheus asks for.
const CONTENT_TYPE: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

pub(super) async fn respond(
    State(observer): State<Observer>,
    Extension(Remote(address)): Extension<Remote>,
    headers: HeaderMap,
) -> Response {
    let networks = match observer.show(address, &headers) {
        Ok(networks) => networks,
        Err(refusal) => return refusal,
    };
    let is_ready = observer.unready().is_none();
    match observer.metrics(networks, is_ready) {
        Ok(text) => {
            let headers = [
                (header::CONTENT_TYPE, CONTENT_TYPE),
                (header::CACHE_CONTROL, "no-store"),
            ];
            (headers, text).into_response()
        }
        Err(error) => {
            error!(%error, "the metrics can't be written");
            StatusCode::INTERNAL_SERVER_ERROR.into_response()
        }
    }
}

impl Observer {
    fn metrics(&self, networks: Vec<Network>, is_ready: bool) -> Result<String, fmt::Error> {
        let meter = &self.0.meter;
        let mut registry = Registry::with_prefix("boplish");
        let build = Info::new([("version", env!("CARGO_PKG_VERSION"))]);
        registry.register("build", "What was built", build);
        let durations = "Seconds until a response began";
        registry.register("response_seconds", durations, meter.durations());
        registry.register_collector(Box::new(Snapshot {
            uptime: meter.uptime().as_secs_f64(),
            is_ready,
            sockets: meter.sockets(),
            refused_sockets: self.0.places.refused(),
            turned_away: self.0.admission.turned_away(),
            responses: meter.responses().collect(),
            networks,
        }));
        let mut text = String::new();
        text::encode(&mut text, &registry)?;
        Ok(text)
    }
}

/// The numbers of one moment.
#[derive(Debug)]
struct Snapshot {
    uptime: f64,
    is_ready: bool,
    sockets: u64,
    refused_sockets: u64,
    turned_away: u64,
    responses: Vec<(&'static str, u64)>,
    networks: Vec<Network>,
}

impl Collector for Snapshot {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> fmt::Result {
        let encoder = &mut encoder;
        let help = "Seconds since the server started";
        gauge(
            encoder,
            "uptime_seconds",
            help,
            ConstGauge::new(self.uptime),
        )?;
        let help = "Whether the server takes newcomers";
        let is_ready = ConstGauge::new(u64::from(self.is_ready));
        gauge(encoder, "ready", help, is_ready)?;
        let help = "Sockets that are open now";
        gauge(encoder, "open_sockets", help, ConstGauge::new(self.sockets))?;
        let counter = MetricType::Counter;
        let help = "Sockets that were dropped, since their address had too many";
        let metric = encoder.encode_descriptor("refused_sockets", help, None, counter)?;
        ConstCounter::new(self.refused_sockets).encode(metric)?;
        let help = "Requests for a WebSocket that were refused by a status, before any network";
        let metric = encoder.encode_descriptor("turned_away", help, None, counter)?;
        ConstCounter::new(self.turned_away).encode(metric)?;
        let responses = self.responses.iter();
        let responses = responses.map(|&(class, count)| ([("class", class)], count));
        let help = "Responses by the class of their status";
        family(encoder, "responses", help, Kind::Total, responses)?;
        for number in &NUMBERS {
            let values = self.networks.iter().map(|Network { name, stats }| {
                let labels = [("network", name.as_str())];
                (labels, (number.of)(stats))
            });
            family(encoder, number.name, number.help, number.kind, values)?;
        }
        let help = "Refused clients by reason";
        self.by_reason(encoder, "refused_for", help, |stats| &stats.refused_for)?;
        let help = "Closed clients by reason";
        self.by_reason(encoder, "closed_for", help, |stats| &stats.closed_for)
    }
}

impl Snapshot {
    fn by_reason(
        &self,
        encoder: &mut DescriptorEncoder<'_>,
        name: &str,
        help: &str,
        counts: fn(&Stats) -> &ReasonCounts,
    ) -> fmt::Result {
        let values = self.networks.iter().flat_map(|Network { name, stats }| {
            counts(stats).iter().map(move |(reason, count)| {
                let labels = vec![
                    ("network", name.clone()),
                    ("code", reason.code().to_string()),
                    ("reason", format!("{reason:?}")),
                ];
                (labels, count)
            })
        });
        family(encoder, name, help, Kind::Total, values)
    }
}

fn gauge(
    encoder: &mut DescriptorEncoder<'_>,
    name: &str,
    help: &str,
    value: impl EncodeMetric,
) -> fmt::Result {
    value.encode(encoder.encode_descriptor(name, help, None, MetricType::Gauge)?)
}

/// Numbers of one name that labels tell apart.
fn family<L: EncodeLabelSet>(
    encoder: &mut DescriptorEncoder<'_>,
    name: &str,
    help: &str,
    kind: Kind,
    values: impl Iterator<Item = (L, u64)>,
) -> fmt::Result {
    let type_ = match kind {
        Kind::Now => MetricType::Gauge,
        Kind::Total => MetricType::Counter,
    };
    let mut metric = encoder.encode_descriptor(name, help, None, type_)?;
    for (labels, value) in values {
        let each = metric.encode_family(&labels)?;
        match kind {
            Kind::Now => ConstGauge::new(value).encode(each)?,
            Kind::Total => ConstCounter::new(value).encode(each)?,
        }
    }
    Ok(())
}
