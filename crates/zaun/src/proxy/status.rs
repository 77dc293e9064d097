//! The status page and the metrics, on loopback.

use std::convert::Infallible;
use std::fmt::Write;
use std::sync::atomic::Ordering;

use http_body_util::Full;
use hyper::body::{Bytes, Incoming};
use hyper::header::{CONTENT_TYPE, HOST};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use tokio::net::TcpListener;
use tokio::sync::Semaphore;
use zaun_proxy::Proxy;

/// Readers at once: a browser and some collectors.
const MAX_READERS: usize = 16;

/// Serves until the process ends.
pub async fn serve(listener: TcpListener, proxy: Proxy) {
    let readers = std::sync::Arc::new(Semaphore::new(MAX_READERS));
    loop {
        let Ok(reader) = readers.clone().acquire_owned().await else { return };
        let Ok((socket, _)) = listener.accept().await else { continue };
        let proxy = proxy.clone();
        tokio::spawn(async move {
            let _reader = reader;
            let service = service_fn(|request| {
                let answer = answer(&request, &proxy);
                async move { Ok::<_, Infallible>(answer) }
            });
            let _ =
                http1::Builder::new().keep_alive(false).serve_connection(TokioIo::new(socket), service).await;
        });
    }
}

fn answer(request: &Request<Incoming>, proxy: &Proxy) -> Response<Full<Bytes>> {
    // A page of another site cannot read this one by a name that leads here.
    let host = request.headers().get(HOST).and_then(|host| host.to_str().ok()).unwrap_or_default();
    let name = host.rsplit_once(':').map_or(host, |(name, _)| name);
    let (status, kind, text) = match request.uri().path() {
        _ if !matches!(name, "localhost" | "127.0.0.1" | "[::1]") => {
            (StatusCode::FORBIDDEN, "text/plain", "ask by a loopback address\n".to_owned())
        }
        "/" => (StatusCode::OK, "text/plain; charset=utf-8", page(proxy)),
        "/metrics" => (StatusCode::OK, "text/plain; version=0.0.4", metrics(proxy)),
        _ => (StatusCode::NOT_FOUND, "text/plain", "there are / and /metrics\n".to_owned()),
    };
    let mut response = Response::new(Full::new(Bytes::from(text)));
    *response.status_mut() = status;
    response.headers_mut().insert(CONTENT_TYPE, hyper::header::HeaderValue::from_static(kind));
    response
}

/// The counters by name, with what they mean.
fn counters(proxy: &Proxy) -> [(&'static str, &'static str, u64); 8] {
    let counters = proxy.counters();
    let read = |counter: &std::sync::atomic::AtomicU64| counter.load(Ordering::Relaxed);
    [
        ("accepted_total", "Connections that were accepted", read(&counters.accepted)),
        ("overflow_total", "Connections that found no room", read(&counters.overflow)),
        ("strangers_total", "Strangers that were shown the cover site", read(&counters.strangers)),
        ("replays_total", "Headers and hellos that were used before", read(&counters.replays)),
        ("unknown_dc_total", "Clients that named no data centre", read(&counters.unknown_dc)),
        ("no_path_total", "Clients for whom no path was open", read(&counters.no_path)),
        ("path_failures_total", "Paths that failed", counters.failed_paths()),
        (
            "connections",
            "Connections now",
            u64::try_from(counters.connections.load(Ordering::Relaxed)).unwrap_or(u64::MAX),
        ),
    ]
}

/// Prometheus's text format.
fn metrics(proxy: &Proxy) -> String {
    let mut out = String::new();
    for (name, help, value) in counters(proxy) {
        let kind = if name.ends_with("_total") { "counter" } else { "gauge" };
        let _ = writeln!(out, "# HELP zaun_proxy_{name} {help}.\n# TYPE zaun_proxy_{name} {kind}");
        let _ = writeln!(out, "zaun_proxy_{name} {value}");
    }
    let _ = writeln!(out, "# TYPE zaun_proxy_pooled gauge\nzaun_proxy_pooled {}", proxy.pooled());
    let _ = writeln!(out, "# TYPE zaun_proxy_remembered gauge\nzaun_proxy_remembered {}", proxy.remembered());
    let imitated = proxy.imitated().len();
    let _ = writeln!(out, "# TYPE zaun_proxy_imitated_sites gauge\nzaun_proxy_imitated_sites {imitated}");
    let _ = writeln!(out, "# TYPE zaun_proxy_sessions_total counter");
    for (kind, count) in proxy.counters().routes() {
        let _ = writeln!(out, "zaun_proxy_sessions_total{{path=\"{kind}\"}} {count}");
    }
    let _ = writeln!(out, "# TYPE zaun_proxy_secret_bytes_total counter");
    for user in proxy.users() {
        let (name, usage) = (label(&user.name), &user.usage);
        let (up, down) = (usage.up_bytes.load(Ordering::Relaxed), usage.down_bytes.load(Ordering::Relaxed));
        let _ = writeln!(out, "zaun_proxy_secret_bytes_total{{secret=\"{name}\",direction=\"up\"}} {up}");
        let _ = writeln!(out, "zaun_proxy_secret_bytes_total{{secret=\"{name}\",direction=\"down\"}} {down}");
    }
    let _ = writeln!(out, "# TYPE zaun_proxy_secret_connections gauge");
    for user in proxy.users() {
        let connections = user.usage.connections.load(Ordering::Relaxed);
        let _ =
            writeln!(out, "zaun_proxy_secret_connections{{secret=\"{}\"}} {connections}", label(&user.name));
    }
    out
}

/// A value of a label, escaped.
fn label(text: &str) -> String {
    text.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n")
}

/// The same for people.
fn page(proxy: &Proxy) -> String {
    let mut out = String::from("Zaun proxy\n\n");
    for (name, help, value) in counters(proxy) {
        let _ = writeln!(out, "{value:>12}  {help} ({name})");
    }
    let _ = writeln!(out, "\nSecrets: connections, addresses, bytes up, bytes down");
    for user in proxy.users() {
        let usage = &user.usage;
        let (up, down) = (usage.up_bytes.load(Ordering::Relaxed), usage.down_bytes.load(Ordering::Relaxed));
        let connections = usage.connections.load(Ordering::Relaxed);
        let _ = writeln!(out, "{connections:>6} {:>6} {up:>14} {down:>14}  {}", usage.addresses(), user.name);
    }
    let _ = writeln!(out, "\nCover sites that are imitated");
    for (domain, profile) in proxy.imitated() {
        let _ = writeln!(out, "  {domain}: {profile}");
    }
    let _ = writeln!(out, "\nPaths");
    for standing in proxy.standings() {
        let state = match standing.rests {
            Some(rests) => format!("rests for {} s: {}", rests.as_secs(), standing.error),
            None if standing.won => format!("carried data last, open in {} ms", standing.connect.as_millis()),
            None => "waits for its turn".to_owned(),
        };
        let _ = writeln!(out, "  {}: {} {state}", standing.target, standing.path);
    }
    out
}
