//! Sends one HTTP request to one Call Bridge and reads its typed response. Decides neither order nor pace (see `queue`).

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use base64::Engine;
use reqwest::header::{AUTHORIZATION, DATE, HeaderValue, LOCATION, RETRY_AFTER};
use reqwest::{Response as HttpResponse, StatusCode};

use super::request::Request;
use super::response::Response;
use super::xml::Element;
use crate::clock::Now;
use crate::cms::connect::{FastestAddress, Resolver, SystemResolver};
use crate::cms::tls::TrustError;
use crate::cms::{tls, wire_text};
use crate::config::{BridgeConfig, Secret, Timing};
use crate::text::cut;

/// Larger than any page of any collection; a bigger body is a fault.
const MAX_BODY: usize = 8 << 20;
/// A connection that ends within this time after a request was being closed for idleness at that moment.
const SOON: Duration = Duration::from_millis(500);
const TOKEN_HEADER: &str = "X-Cisco-CMS-Auth-Token";

/// Why a request has no usable response.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RequestError {
    /// 401. Repeating it can lock the account (rest.md section 1).
    #[error("the user name or password was refused (401)")]
    Unauthorized,
    #[error("the user may not do this (403)")]
    Forbidden,
    /// 404, or a 4xx whose reason ends in `DoesNotExist`: normal between list and detail (rest.md section 6). A path that the bridge does
    /// not know, too.
    #[error("it is gone ({0})")]
    Gone(String),
    #[error("refused: {reason} ({status})")]
    Refused { status: u16, reason: String },
    #[error("busy (503)")]
    Busy { retry_after: Option<Duration> },
    /// The bridge may or may not have carried the request out.
    #[error("no answer within {0:?}")]
    TimedOut(Duration),
    /// Nothing was sent: there was no connection.
    #[error("not reachable: {0}")]
    Unreachable(String),
    /// The connection ended before the response: the bridge may or may not have carried the request out. `soon`: it ended so shortly after the
    /// request that the bridge had most likely closed a connection that it took for idle.
    #[error("the connection ended before the answer: {why}")]
    Closed { why: String, soon: bool },
    /// Nothing was sent: the certificate is not trusted.
    #[error("{0}")]
    Untrusted(String),
    #[error("an answer that cannot be read: {0}")]
    Garbled(String),
    /// Usher did not send it: the bridge is paused, or not followed any more.
    #[error("not sent: {0}")]
    Withheld(String),
    /// The requester withdrew it before it was sent.
    #[error("taken back before it was sent")]
    Withdrawn,
}

impl RequestError {
    /// Whether the bridge responded with anything at all: it is alive.
    pub fn answered(&self) -> bool {
        !matches!(
            self,
            RequestError::TimedOut(_)
                | RequestError::Unreachable(_)
                | RequestError::Closed { .. }
                | RequestError::Untrusted(_)
                | RequestError::Withheld(_)
                | RequestError::Withdrawn
        )
    }

    /// Whether the request was sent and may have been, or may yet be, carried out.
    pub fn leaves_open(&self) -> bool {
        matches!(self, RequestError::TimedOut(_) | RequestError::Closed { .. } | RequestError::Garbled(_))
    }
}

/// The REST client of one bridge. Cheap to clone.
#[derive(Debug, Clone)]
pub(crate) struct RestClient {
    /// Keeps connections for the next request.
    http: reqwest::Client,
    /// Opens a connection for each request.
    unpooled: reqwest::Client,
    base: String,
    authorization: HeaderValue,
    timeout: Duration,
    fastest: FastestAddress,
    ended: EndedConnections,
}

/// A connection that is idle for this long is closed: a firewall on the way may have forgotten it without a word.
const IDLE: Duration = Duration::from_secs(15);

impl RestClient {
    pub(crate) fn new(bridge: &BridgeConfig, timing: &Timing) -> Result<Self, TrustError> {
        Self::with_names(bridge, timing, Arc::new(SystemResolver))
    }

    fn with_names(bridge: &BridgeConfig, timing: &Timing, names: Arc<dyn Resolver>) -> Result<Self, TrustError> {
        let port = reqwest::Url::parse(&bridge.url).ok().and_then(|url| url.port_or_known_default()).unwrap_or_default();
        let fastest = FastestAddress::new(names, port, timing.connect_timeout);
        let tls = tls::client_config(&bridge.trust)?;
        let client = |idle: usize| {
            reqwest::Client::builder()
                .tls_backend_preconfigured(tls.clone())
                .no_proxy()
                .redirect(reqwest::redirect::Policy::none())
                .retry(reqwest::retry::never())
                .dns_resolver(Arc::new(fastest.clone()))
                .connect_timeout(timing.connect_timeout)
                .tcp_nodelay(true)
                .http1_only()
                .pool_max_idle_per_host(idle)
                .pool_idle_timeout(IDLE)
                .user_agent(concat!("Usher/", env!("CARGO_PKG_VERSION")))
                .build()
                .map_err(|error| TrustError::Setup(rustls::Error::General(deepest(&error))))
        };
        Ok(Self {
            http: client(usize::MAX)?,
            unpooled: client(0)?,
            base: format!("{}/api/v1", bridge.url),
            authorization: basic(&bridge.username, &bridge.password),
            timeout: timing.rest_timeout,
            fastest,
            ended: EndedConnections::default(),
        })
    }

    /// Sets how long one response may take.
    pub(crate) fn set_timeout(&mut self, timeout: Duration) {
        self.timeout = timeout;
    }

    /// Sends one request. Sends the credentials at once: waiting for the challenge would cost a 401 each time.
    pub(crate) async fn send(&self, request: &Request) -> Result<Response, RequestError> {
        let began = Instant::now();
        let response = self.send_with_retry(request).await.map_err(|error| self.request_error(&error, began))?;
        let status = response.status();
        if let (Request::Token(_), StatusCode::OK) = (request, status) {
            return token(&response);
        }
        let retry_after = retry_after(&response);
        let created = matches!(request, Request::AddCdrReceiver(..)).then(|| location(&response)).flatten();
        let body = self.body(response, began).await;
        match status {
            status if status.is_success() => read(request, &body?).map(|response| created.map_or(response, Response::Created)),
            StatusCode::UNAUTHORIZED => Err(RequestError::Unauthorized),
            StatusCode::FORBIDDEN => Err(RequestError::Forbidden),
            StatusCode::SERVICE_UNAVAILABLE => Err(RequestError::Busy { retry_after }),
            status => Err(refusal(status, &body.unwrap_or_default())),
        }
    }

    /// A server may close a connection at the moment in which it is used again. A request that only reads is then sent once more, on a new
    /// connection. A mutation is not: the requester first reads its effect, and the next request uses a new connection.
    async fn send_with_retry(&self, request: &Request) -> Result<HttpResponse, reqwest::Error> {
        let reads = matches!(request, Request::Token(_)) || request.method() == reqwest::Method::GET;
        if self.ended.is_often(reads) {
            return self.send_once(&self.unpooled, request).await;
        }
        match self.send_once(&self.http, request).await {
            Err(error) if is_ended(&error) => {
                self.ended.add();
                if reads { self.send_once(&self.unpooled, request).await } else { Err(error) }
            }
            sent => sent,
        }
    }

    async fn send_once(&self, http: &reqwest::Client, request: &Request) -> Result<HttpResponse, reqwest::Error> {
        let mut builder = http.request(request.method(), format!("{}{}", self.base, request.path()));
        builder = builder.header(AUTHORIZATION, self.authorization.clone()).timeout(self.timeout);
        if request.method() != reqwest::Method::GET {
            builder = builder.form(&request.form());
        }
        let sent = builder.send().await;
        if sent.as_ref().is_err_and(reqwest::Error::is_connect) {
            self.fastest.forget();
        }
        sent
    }

    async fn body(&self, mut response: HttpResponse, began: Instant) -> Result<String, RequestError> {
        let mut body = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(|error| self.request_error(&error, began))? {
            if body.len() + chunk.len() > MAX_BODY {
                return Err(RequestError::Garbled(format!("a body of more than {MAX_BODY} bytes")));
            }
            body.extend_from_slice(&chunk);
        }
        // The charset is not in the header; the bodies are UTF-8 (rest.md section 2).
        Ok(String::from_utf8(body).unwrap_or_else(|error| String::from_utf8_lossy(error.as_bytes()).into_owned()))
    }

    fn request_error(&self, error: &reqwest::Error, began: Instant) -> RequestError {
        match error {
            error if error.is_timeout() => RequestError::TimedOut(self.timeout),
            error if error.is_body() || error.is_decode() => RequestError::Garbled(deepest(error)),
            error => match tls::why_not_trusted(error) {
                Some(why) => RequestError::Untrusted(why),
                None if error.is_connect() => RequestError::Unreachable(tls::why_no_handshake(error).unwrap_or_else(|| deepest(error))),
                None => RequestError::Closed { why: deepest(error), soon: began.elapsed() < SOON },
            },
        }
    }
}

/// Counts connections that ended just when they were used again. Cheap to clone.
#[derive(Debug, Clone, Default)]
struct EndedConnections(Arc<Mutex<VecDeque<Instant>>>);

impl EndedConnections {
    /// After this many within this time, no connection is used twice.
    const OFTEN: usize = 3;
    const WITHIN: Duration = Duration::from_secs(60);

    fn add(&self) {
        let mut ended = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        ended.push_back(Instant::now());
        if ended.len() > Self::OFTEN {
            ended.pop_front();
        }
    }

    /// Whether to use a new connection. For a mutation one is too many: it can't simply be sent again.
    fn is_often(&self, reads: bool) -> bool {
        let ended = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let recent = ended.iter().filter(|at| at.elapsed() < Self::WITHIN).count();
        recent >= if reads { Self::OFTEN } else { 1 }
    }
}

/// Whether the connection ended before any byte of the response came.
fn is_ended(error: &reqwest::Error) -> bool {
    use std::io::ErrorKind::{BrokenPipe, ConnectionAborted, ConnectionReset, UnexpectedEof};
    if error.is_connect() || error.is_timeout() || error.is_body() || error.is_decode() {
        return false;
    }
    let mut cause: Option<&(dyn std::error::Error + 'static)> = Some(error);
    while let Some(error) = cause {
        let by_io = error.downcast_ref::<std::io::Error>().map(std::io::Error::kind);
        if by_io.is_some_and(|kind| matches!(kind, BrokenPipe | ConnectionAborted | ConnectionReset | UnexpectedEof)) {
            return true;
        }
        if error
            .downcast_ref::<hyper::Error>()
            .is_some_and(|error| error.is_incomplete_message() || error.is_closed() || error.is_canceled())
        {
            return true;
        }
        cause = error.source();
    }
    false
}

fn basic(username: &str, password: &Secret) -> HeaderValue {
    let pair = base64::engine::general_purpose::STANDARD.encode(format!("{username}:{}", password.expose()));
    let mut value = HeaderValue::from_str(&format!("Basic {pair}")).expect("base64 is a valid header value");
    value.set_sensitive(true);
    value
}

fn token(response: &HttpResponse) -> Result<Response, RequestError> {
    let value = response.headers().get(TOKEN_HEADER).and_then(|value| value.to_str().ok()).filter(|value| !value.is_empty());
    value.map(|value| Response::Token(Secret::new(value))).ok_or_else(|| RequestError::Garbled(format!("no header {TOKEN_HEADER}")))
}

/// The id of the object that a POST created: the last segment of its `Location` (rest.md section 2).
fn location(response: &HttpResponse) -> Option<Arc<str>> {
    let path = response.headers().get(LOCATION)?.to_str().ok()?.trim();
    path.rsplit('/').next().filter(|id| !id.is_empty()).map(|id| id.to_ascii_lowercase().into())
}

/// `Retry-After` in seconds or as a date (RFC 9110, 10.2.3); any other text counts as absent, and a pause is cut to a day.
fn retry_after(response: &HttpResponse) -> Option<Duration> {
    let header = |name| response.headers().get(name).and_then(|value| value.to_str().ok());
    let now = header(DATE).and_then(date).unwrap_or_else(|| Now::read().unix_ms / 1000);
    pause(header(RETRY_AFTER)?, now)
}

fn pause(text: &str, now: i64) -> Option<Duration> {
    const LONGEST: f64 = 24.0 * 3600.0;
    let seconds = wire_text::number(text).or_else(|| date(text).map(|at| at.saturating_sub(now).max(0) as f64))?;
    (seconds >= 0.0).then(|| Duration::from_secs_f64(seconds.min(LONGEST)))
}

fn date(text: &str) -> Option<i64> {
    time::OffsetDateTime::parse(text.trim(), &time::format_description::well_known::Rfc2822).ok().map(|at| at.unix_timestamp())
}

fn read(request: &Request, body: &str) -> Result<Response, RequestError> {
    if matches!(request, Request::Mutate(_) | Request::AddCdrReceiver(..) | Request::SetCdrReceiver(..) | Request::RemoveCdrReceiver(_)) {
        // Success is 200 with nothing in it; one product client treats any failure body as an error, even on 2xx (rest.md section 2).
        return match Element::parse(body) {
            Ok(root) if root.is("failureDetails") => Err(refusal(StatusCode::OK, body)),
            _ => Ok(Response::Done),
        };
    }
    let root = Element::parse(body).map_err(|error| RequestError::Garbled(error.to_string()))?;
    if root.is("failureDetails") {
        return Err(refusal(StatusCode::OK, body));
    }
    Response::read(request, &root).ok_or_else(|| RequestError::Garbled(format!("<{}>", cut(&root.name, 40))))
}

/// CMS's reasons are the children of `failureDetails`; status codes contradict each other in the field (rest.md section 6).
fn refusal(status: StatusCode, body: &str) -> RequestError {
    let reasons = match Element::parse(body) {
        Ok(root) if root.is("failureDetails") => {
            wire_text::bounded(&root.children.iter().map(reason).collect::<Vec<_>>().join(", ")).to_owned()
        }
        _ => String::new(),
    };
    if status == StatusCode::NOT_FOUND || reasons.ends_with("DoesNotExist") || reasons.ends_with("unrecognizedObject") {
        return RequestError::Gone(if reasons.is_empty() { status.as_u16().to_string() } else { reasons });
    }
    let reason = if reasons.is_empty() { "without a reason".to_owned() } else { reasons };
    RequestError::Refused { status: status.as_u16(), reason }
}

fn reason(element: &Element) -> String {
    let mut words = vec![element.name.clone()];
    words.extend(element.attributes.iter().map(|(key, value)| format!("{key}={value}")));
    words.extend(element.children.iter().map(|child| format!("{}={}", child.name, child.text.trim())));
    words.join(" ")
}

/// The innermost cause: the outer ones repeat the address and say little.
fn deepest(error: &dyn std::error::Error) -> String {
    let mut cause = error;
    while let Some(inner) = cause.source() {
        cause = inner;
    }
    cause.to_string()
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;
    use crate::cms::rest::mutation::Mutation;
    use crate::model::Action;

    #[rstest]
    #[case(404, "", RequestError::Gone("404".into()))]
    #[case(400, "<?xml version=\"1.0\"?><failureDetails><callDoesNotExist /></failureDetails>", RequestError::Gone("callDoesNotExist".into()))]
    #[case(400, "<failureDetails><unrecognizedObject/></failureDetails>", RequestError::Gone("unrecognizedObject".into()))]
    #[case(400, "<failureDetails><participantDoesNotExist/></failureDetails>", RequestError::Gone("participantDoesNotExist".into()))]
    #[case(400, "<failureDetails><parameterError parameter=\"deactivated\" error=\"invalidValue\" /></failureDetails>",
        RequestError::Refused { status: 400, reason: "parameterError parameter=deactivated error=invalidValue".into() })]
    #[case(500, "oops", RequestError::Refused { status: 500, reason: "without a reason".into() })]
    fn the_reason_of_a_failure_counts_before_its_status(#[case] status: u16, #[case] body: &str, #[case] expected: RequestError) {
        assert_eq!(refusal(StatusCode::from_u16(status).expect("status"), body), expected);
    }

    #[rstest]
    #[case("3", Some(3.0))]
    #[case(" 3 ", Some(3.0))]
    #[case("1.5", Some(1.5))]
    #[case("0", Some(0.0))]
    #[case("18446744073709551615", Some(86400.0))]
    #[case("99999999999999999999999999", Some(86400.0))]
    #[case("1e300", Some(86400.0))]
    #[case("-1", None)]
    #[case("NaN", None)]
    #[case("inf", None)]
    #[case("soon", None)]
    #[case("", None)]
    #[case("Sun, 06 Nov 1994 08:49:47 GMT", Some(10.0))]
    #[case("Sun, 06 Nov 1994 08:49:07 GMT", Some(0.0))]
    #[case("Fri, 31 Dec 9999 23:59:59 GMT", Some(86400.0))]
    #[case("Sun, 99 Nov 1994 08:49:47 GMT", None)]
    fn a_pause_is_read_in_any_spelling_and_never_longer_than_a_day(#[case] written: &str, #[case] expected: Option<f64>) {
        assert_eq!(pause(written, 784_111_777).map(|pause| pause.as_secs_f64()), expected);
    }

    #[test]
    fn a_failure_body_on_a_200_is_no_success() {
        let body = "<failureDetails><participantCannotBeModified /></failureDetails>";
        let admit = Request::Mutate(Mutation::new(&Action::Admit, &"p".into()));
        assert!(matches!(read(&admit, body), Err(RequestError::Refused { .. })));
        assert!(matches!(read(&admit, ""), Ok(Response::Done)));
        assert!(matches!(read(&Request::RemoveCdrReceiver("r".into()), ""), Ok(Response::Done)));
    }
}
