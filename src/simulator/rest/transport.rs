//! The path of a REST request from arrival to response: counting, faults, latency, credentials, then the route.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::http::{HeaderMap, Method as HttpMethod, Uri};
use axum::response::Response;
use axum::routing::any;
use futures_util::{StreamExt, stream};
use tokio_util::sync::CancellationToken;

use super::reply::Reply;
use super::request::{Method, Request};
use super::{Context, auth, route};
use crate::simulator::core::{Core, now_ms};
use crate::simulator::events;
use crate::simulator::requests::ChangeRequest;
use crate::simulator::switches::Switches;

/// Long enough for loopback to transfer half a body.
const FLUSH_TIME: Duration = Duration::from_millis(20);

#[derive(Clone)]
struct RestState {
    core: Arc<Core>,
    index: usize,
    running: CancellationToken,
}

pub(crate) fn router(core: Arc<Core>, index: usize, running: CancellationToken) -> Router {
    Router::new().route("/events/{*path}", any(upgrade)).fallback(handle).with_state(RestState { core, index, running })
}

async fn upgrade(State(bridge): State<RestState>, request: axum::extract::Request) -> Response {
    events::socket::upgrade(&bridge.core, bridge.index, request, bridge.running.clone())
}

/// Ends the count of a request in flight, also when the client hangs up.
struct InFlight(RestState);

impl Drop for InFlight {
    fn drop(&mut self) {
        self.0.core.bridges[self.0.index].request_log.finished();
    }
}

async fn handle(State(bridge): State<RestState>, method: HttpMethod, uri: Uri, headers: HeaderMap, body: Bytes) -> Response {
    let arrived = now_ms();
    let request_log = &bridge.core.bridges[bridge.index].request_log;
    request_log.arrived(format!("{method} {}", shape(uri.path())));
    let guard = InFlight(bridge.clone());
    let switches = bridge.core.switches.of(bridge.index);
    let reply = tokio::select! {
        () = bridge.running.cancelled() => Reply::status(503),
        reply = answer(&bridge, &switches, &method, &uri, &headers, &body) => reply,
    };
    let change = (method != HttpMethod::GET).then(|| ChangeRequest {
        at_ms: arrived,
        method: method.to_string(),
        path: uri.to_string(),
        form: String::from_utf8_lossy(&body).into_owned(),
        status: reply.status,
        answered_ms: now_ms(),
    });
    request_log.answered(reply.status, change);
    drop(guard);
    finish(&bridge, reply, &switches)
}

async fn answer(bridge: &RestState, switches: &Arc<Switches>, method: &HttpMethod, uri: &Uri, headers: &HeaderMap, body: &Bytes) -> Reply {
    if switches.rest_hang {
        std::future::pending::<()>().await;
    }
    let jitter = match switches.latency_jitter_ms {
        0 => 0,
        max => rand::random_range(0..=max),
    };
    pause(switches.latency_ms + jitter).await;
    let path = uri.path();
    let concerned = path.strip_prefix("/api/v1").unwrap_or(path).starts_with(&switches.rest_status_under);
    match switches.rest_status {
        _ if !concerned => {}
        0 => {}
        401 => return Reply::unauthorized(),
        503 => return busy(switches),
        status => return Reply::status(status),
    }
    if switches.rate_503 > 0.0 && rand::random::<f64>() < switches.rate_503 {
        return busy(switches);
    }
    let runtime = &bridge.core.bridges[bridge.index];
    if !auth::allowed(&bridge.core, runtime, switches, headers) {
        return Reply::unauthorized();
    }
    let Some((method, path)) = parse_target(method, uri.path()) else {
        return Reply::failure(404, "unrecognizedObject", switches);
    };
    let request = Request::new(method, path, uri.query().unwrap_or(""), &String::from_utf8_lossy(body));
    let changing = method != Method::Get;
    let reply = match switches.put_slow_ms {
        0 => respond(bridge, switches, request),
        _ if !changing => respond(bridge, switches, request),
        slow => respond_delayed(bridge, switches, request, slow).await,
    };
    pause(if changing { switches.put_late_ms } else { switches.get_late_ms }).await;
    reply
}

/// Executes the request after a delay, also when the client has hung up by then.
async fn respond_delayed(bridge: &RestState, switches: &Arc<Switches>, request: Request, slow: u64) -> Reply {
    let (owned, switches) = (bridge.clone(), switches.clone());
    let carried_out = bridge.core.tasks.spawn(async move {
        tokio::select! {
            () = owned.core.cancel.cancelled() => None,
            () = pause(slow) => Some(respond(&owned, &switches, request)),
        }
    });
    carried_out.await.ok().flatten().unwrap_or_else(|| Reply::status(503))
}

fn respond(bridge: &RestState, switches: &Arc<Switches>, request: Request) -> Reply {
    if request.method == Method::Post && request.shape() == ["authtokens"] {
        return token(bridge, switches);
    }
    if switches.put_without_effect && matches!(request.method, Method::Put | Method::Delete) {
        return Reply::empty();
    }
    // `write_participants` delays `deactivated` itself, because it must refuse before the response.
    let late = matches!(request.method, Method::Put | Method::Delete) && request.value("deactivated").is_none();
    if late && switches.effect_delay_ms > 0 {
        let (owned, switches) = (bridge.clone(), switches.clone());
        bridge.core.tasks.spawn(async move {
            tokio::select! {
                () = owned.core.cancel.cancelled() => {}
                () = pause(switches.effect_delay_ms) => {
                    // The response was sent before.
                    let _ = dispatch(&owned, &switches, &request);
                }
            }
        });
        return Reply::empty();
    }
    dispatch(bridge, switches, &request)
}

fn dispatch(bridge: &RestState, switches: &Arc<Switches>, request: &Request) -> Reply {
    let rotation = rotation(bridge, switches, request);
    bridge.core.change_state(|state, now_ms| {
        let context = Context { bridge: bridge.index, switches: switches.clone(), now_ms, rotation };
        route::dispatch(&context, state, request)
    })
}

/// Rotates lists by one more step for each further page.
fn rotation(bridge: &RestState, switches: &Switches, request: &Request) -> usize {
    let further = request.method == Method::Get && request.number("offset").is_some_and(|offset| offset > 0);
    let step = if further { switches.pages_shift } else { 0 };
    bridge.core.bridges[bridge.index].rotation.fetch_add(step, Ordering::Relaxed) + step
}

/// 200 with the token in a header; no client reads the body (events.md 1).
fn token(bridge: &RestState, switches: &Switches) -> Reply {
    if switches.token_status != 0 {
        return match switches.token_status {
            401 => Reply::unauthorized(),
            status => Reply::failure(status, "invalidOperation", switches),
        };
    }
    let mut reply = Reply::empty();
    let token = bridge.core.bridges[bridge.index].tokens.issue();
    reply.headers.push(("X-Cisco-CMS-Auth-Token", token));
    reply
}

fn parse_target<'a>(method: &HttpMethod, path: &'a str) -> Option<(Method, &'a str)> {
    let method = match *method {
        HttpMethod::GET => Method::Get,
        HttpMethod::POST => Method::Post,
        HttpMethod::PUT => Method::Put,
        HttpMethod::DELETE => Method::Delete,
        _ => return None,
    };
    let rest = path.strip_prefix("/api/v1")?;
    (rest.is_empty() || rest.starts_with('/')).then_some((method, rest))
}

/// Replaces the ids in a path.
fn shape(path: &str) -> String {
    let path = path.strip_prefix("/api/v1").unwrap_or(path);
    let parts: Vec<&str> =
        path.split('/').filter(|part| !part.is_empty()).map(|part| if part.len() == 36 { "<id>" } else { part }).collect();
    format!("/{}", parts.join("/"))
}

/// 503 means busy for now (AP); `Retry-After` is a switch.
fn busy(switches: &Switches) -> Reply {
    let mut reply = Reply::status(503);
    if switches.retry_after_s > 0 {
        reply.headers.push(("Retry-After", switches.retry_after_s.to_string()));
    }
    reply
}

async fn pause(ms: u64) {
    if ms > 0 {
        tokio::time::sleep(Duration::from_millis(ms)).await;
    }
}

/// Builds the HTTP response, with the faults that concern bodies.
fn finish(bridge: &RestState, reply: Reply, switches: &Switches) -> Response {
    if let Some((delay, later)) = reply.later {
        let core = bridge.core.clone();
        let cancel = core.cancel.clone();
        core.tasks.clone().spawn(async move {
            tokio::select! {
                () = cancel.cancelled() => {}
                () = pause(delay) => core.change(later),
            }
        });
    }
    let mut response = Response::builder().status(reply.status);
    for (name, value) in &reply.headers {
        response = response.header(*name, value);
    }
    let mut body = reply.body;
    if switches.garbage_xml && !body.is_empty() {
        body = "<?xml version=\"1.0\"?><calls total=\"2\"><call id=\"\u{0}\"><<&nbsp;</cal".to_owned();
    }
    if !switches.rest_replace.is_empty() && body.contains(&switches.rest_replace_beside) {
        body = body.replace(&switches.rest_replace, &switches.rest_replace_with);
    }
    let built = if switches.truncated_body && !body.is_empty() {
        response = response.header("Content-Length", body.len());
        let half: String = body.chars().take(body.chars().count() / 2).collect();
        // The first half must be on its way before the connection breaks; otherwise not even the head arrives.
        let broken = stream::once(async {
            tokio::time::sleep(FLUSH_TIME).await;
            Err(std::io::Error::from(std::io::ErrorKind::ConnectionReset))
        });
        response.body(Body::from_stream(stream::iter([Ok(half)]).chain(broken)))
    } else {
        response.body(Body::from(body))
    };
    // It could fail only for an invalid header value, and these are ASCII.
    built.unwrap_or_default()
}
