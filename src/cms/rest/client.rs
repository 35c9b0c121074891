//! One HTTP request to one Call Bridge and its typed answer. Decides nothing: no retry, no order, no pace (see `queue`).

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use base64::Engine;
use reqwest::header::{AUTHORIZATION, DATE, HeaderValue, LOCATION, RETRY_AFTER};
use reqwest::{Response, StatusCode};

use super::request::Ask;
use super::response::Answer;
use super::xml::Element;
use crate::clock::Now;
use crate::cms::dial::{Lookup, Nearest, System};
use crate::cms::tls::TrustError;
use crate::cms::{text, tls};
use crate::config::{BridgeConfig, Secret, Timing};
use crate::text::cut;

/// Larger than any page of any collection; a bigger body is a fault.
const MAX_BODY: usize = 8 << 20;
/// A connection that ends so shortly after a request was sent on it was being closed for idleness at that moment.
const SOON: Duration = Duration::from_millis(500);
const TOKEN_HEADER: &str = "X-Cisco-CMS-Auth-Token";

/// Why a request gave no answer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AskError {
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
    /// It may or may not have been carried out.
    #[error("no answer within {0:?}")]
    TimedOut(Duration),
    /// Nothing was sent: there was no connection.
    #[error("not reachable: {0}")]
    Unreachable(String),
    /// The connection ended before the answer: the request may or may not have been carried out. `soon`: so shortly after it was sent that
    /// the bridge had most likely closed a connection that it took for idle.
    #[error("the connection ended before the answer: {why}")]
    Closed { why: String, soon: bool },
    /// Nothing was sent: the certificate is not believed.
    #[error("{0}")]
    Untrusted(String),
    #[error("an answer that cannot be read: {0}")]
    Garbled(String),
    /// Usher did not send it: the bridge is paused, or followed no more.
    #[error("not sent: {0}")]
    Withheld(String),
    /// Who asked for it took it back before it was sent.
    #[error("taken back before it was sent")]
    Withdrawn,
}

impl AskError {
    /// The bridge said something, whatever it was: it is alive.
    pub fn answered(&self) -> bool {
        !matches!(
            self,
            AskError::TimedOut(_)
                | AskError::Unreachable(_)
                | AskError::Closed { .. }
                | AskError::Untrusted(_)
                | AskError::Withheld(_)
                | AskError::Withdrawn
        )
    }

    /// The request was sent, and nothing tells whether it was, or will be, carried out.
    pub fn leaves_open(&self) -> bool {
        matches!(self, AskError::TimedOut(_) | AskError::Closed { .. } | AskError::Garbled(_))
    }
}

#[derive(Debug, Clone)]
pub(crate) struct Client {
    /// Keeps connections for the next request.
    http: reqwest::Client,
    /// Makes a connection for each request.
    fresh: reqwest::Client,
    base: String,
    authorization: HeaderValue,
    timeout: Duration,
    nearest: Nearest,
    ended: Ended,
}

/// A connection that is not used for so long is given up: something on the way may have forgotten it without a word.
const IDLE: Duration = Duration::from_secs(15);

impl Client {
    pub(crate) fn new(bridge: &BridgeConfig, timing: &Timing) -> Result<Self, TrustError> {
        Self::with_names(bridge, timing, Arc::new(System))
    }

    fn with_names(bridge: &BridgeConfig, timing: &Timing, names: Arc<dyn Lookup>) -> Result<Self, TrustError> {
        let port = reqwest::Url::parse(&bridge.url).ok().and_then(|url| url.port_or_known_default()).unwrap_or_default();
        let nearest = Nearest::new(names, port, timing.connect_timeout);
        let tls = tls::client_config(&bridge.trust)?;
        let client = |idle: usize| {
            reqwest::Client::builder()
                .tls_backend_preconfigured(tls.clone())
                .no_proxy()
                .redirect(reqwest::redirect::Policy::none())
                .retry(reqwest::retry::never())
                .dns_resolver(Arc::new(nearest.clone()))
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
            fresh: client(0)?,
            base: format!("{}/api/v1", bridge.url),
            authorization: basic(&bridge.username, &bridge.password),
            timeout: timing.rest_timeout,
            nearest,
            ended: Ended::default(),
        })
    }

    /// How long one answer may take from now on.
    pub(crate) fn set_timeout(&mut self, timeout: Duration) {
        self.timeout = timeout;
    }

    /// Sends one request. The credentials go along at once: waiting for the challenge would cost a 401 each time.
    pub(crate) async fn ask(&self, ask: &Ask) -> Result<Answer, AskError> {
        let began = Instant::now();
        let response = self.send(ask).await.map_err(|error| self.transport(&error, began))?;
        let status = response.status();
        if let (Ask::Token(_), StatusCode::OK) = (ask, status) {
            return token(&response);
        }
        let retry_after = retry_after(&response);
        let created = matches!(ask, Ask::AddCdrReceiver(..)).then(|| location(&response)).flatten();
        let body = self.body(response, began).await;
        match status {
            status if status.is_success() => read(ask, &body?).map(|answer| created.map_or(answer, Answer::Created)),
            StatusCode::UNAUTHORIZED => Err(AskError::Unauthorized),
            StatusCode::FORBIDDEN => Err(AskError::Forbidden),
            StatusCode::SERVICE_UNAVAILABLE => Err(AskError::Busy { retry_after }),
            status => Err(refusal(status, &body.unwrap_or_default())),
        }
    }

    /// A server may close a connection at the moment in which it is used again. What only reads is then asked once more, on a new one. A
    /// change is not: whoever wants it reads first what became of it, and finds the next one on a new connection.
    async fn send(&self, ask: &Ask) -> Result<Response, reqwest::Error> {
        let reads = matches!(ask, Ask::Token(_)) || ask.method() == reqwest::Method::GET;
        if self.ended.is_often(reads) {
            return self.request(&self.fresh, ask).await;
        }
        match self.request(&self.http, ask).await {
            Err(error) if is_ended(&error) => {
                self.ended.note();
                if reads { self.request(&self.fresh, ask).await } else { Err(error) }
            }
            sent => sent,
        }
    }

    async fn request(&self, http: &reqwest::Client, ask: &Ask) -> Result<Response, reqwest::Error> {
        let mut request = http.request(ask.method(), format!("{}{}", self.base, ask.path()));
        request = request.header(AUTHORIZATION, self.authorization.clone()).timeout(self.timeout);
        if ask.method() != reqwest::Method::GET {
            request = request.form(&ask.form());
        }
        let sent = request.send().await;
        if sent.as_ref().is_err_and(reqwest::Error::is_connect) {
            self.nearest.doubt();
        }
        sent
    }

    async fn body(&self, mut response: Response, began: Instant) -> Result<String, AskError> {
        let mut body = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(|error| self.transport(&error, began))? {
            if body.len() + chunk.len() > MAX_BODY {
                return Err(AskError::Garbled(format!("a body of more than {MAX_BODY} bytes")));
            }
            body.extend_from_slice(&chunk);
        }
        // The charset is not in the header; the bodies are UTF-8 (rest.md section 2).
        Ok(String::from_utf8(body).unwrap_or_else(|error| String::from_utf8_lossy(error.as_bytes()).into_owned()))
    }

    fn transport(&self, error: &reqwest::Error, began: Instant) -> AskError {
        match error {
            error if error.is_timeout() => AskError::TimedOut(self.timeout),
            error if error.is_body() || error.is_decode() => AskError::Garbled(deepest(error)),
            error => match tls::mistrust(error) {
                Some(why) => AskError::Untrusted(why),
                None if error.is_connect() => AskError::Unreachable(tls::nothing_in_common(error).unwrap_or_else(|| deepest(error))),
                None => AskError::Closed { why: deepest(error), soon: began.elapsed() < SOON },
            },
        }
    }
}

/// How often connections ended just when they were used again. Cheap to clone.
#[derive(Debug, Clone, Default)]
struct Ended(Arc<Mutex<VecDeque<Instant>>>);

impl Ended {
    /// After so many in so long a connection is not used twice.
    const OFTEN: usize = 3;
    const WITHIN: Duration = Duration::from_secs(60);

    fn note(&self) {
        let mut ended = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        ended.push_back(Instant::now());
        if ended.len() > Self::OFTEN {
            ended.pop_front();
        }
    }

    /// For a change one is too often: it can't simply be asked for again.
    fn is_often(&self, reads: bool) -> bool {
        let ended = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let recent = ended.iter().filter(|at| at.elapsed() < Self::WITHIN).count();
        recent >= if reads { Self::OFTEN } else { 1 }
    }
}

/// The connection ended before anything of the answer was there.
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

fn token(response: &Response) -> Result<Answer, AskError> {
    let value = response.headers().get(TOKEN_HEADER).and_then(|value| value.to_str().ok()).filter(|value| !value.is_empty());
    value.map(|value| Answer::Token(Secret::new(value))).ok_or_else(|| AskError::Garbled(format!("no header {TOKEN_HEADER}")))
}

/// The id of what a POST made: the last segment of its `Location` (rest.md section 2).
fn location(response: &Response) -> Option<Arc<str>> {
    let path = response.headers().get(LOCATION)?.to_str().ok()?.trim();
    path.rsplit('/').next().filter(|id| !id.is_empty()).map(|id| id.to_ascii_lowercase().into())
}

/// In seconds or as a date (RFC 9110, 10.2.3); what is neither counts as absent, and no pause is believed that is longer than a day.
fn retry_after(response: &Response) -> Option<Duration> {
    let header = |name| response.headers().get(name).and_then(|value| value.to_str().ok());
    let now = header(DATE).and_then(date).unwrap_or_else(|| Now::read().unix_ms / 1000);
    pause(header(RETRY_AFTER)?, now)
}

fn pause(text: &str, now: i64) -> Option<Duration> {
    const LONGEST: f64 = 24.0 * 3600.0;
    let seconds = text::number(text).or_else(|| date(text).map(|at| at.saturating_sub(now).max(0) as f64))?;
    (seconds >= 0.0).then(|| Duration::from_secs_f64(seconds.min(LONGEST)))
}

fn date(text: &str) -> Option<i64> {
    time::OffsetDateTime::parse(text.trim(), &time::format_description::well_known::Rfc2822).ok().map(|at| at.unix_timestamp())
}

fn read(ask: &Ask, body: &str) -> Result<Answer, AskError> {
    if matches!(ask, Ask::Change(_) | Ask::AddCdrReceiver(..) | Ask::SetCdrReceiver(..) | Ask::RemoveCdrReceiver(_)) {
        // Success is 200 with nothing in it; one product client treats any failure body as an error, even on 2xx (rest.md section 2).
        return match Element::parse(body) {
            Ok(root) if root.is("failureDetails") => Err(refusal(StatusCode::OK, body)),
            _ => Ok(Answer::Done),
        };
    }
    let root = Element::parse(body).map_err(|error| AskError::Garbled(error.to_string()))?;
    if root.is("failureDetails") {
        return Err(refusal(StatusCode::OK, body));
    }
    Answer::read(ask, &root).ok_or_else(|| AskError::Garbled(format!("<{}>", cut(&root.name, 40))))
}

/// CMS's reasons are the children of `failureDetails`; status codes contradict each other in the field (rest.md section 6).
fn refusal(status: StatusCode, body: &str) -> AskError {
    let reasons = match Element::parse(body) {
        Ok(root) if root.is("failureDetails") => text::bounded(&root.children.iter().map(reason).collect::<Vec<_>>().join(", ")).to_owned(),
        _ => String::new(),
    };
    if status == StatusCode::NOT_FOUND || reasons.ends_with("DoesNotExist") || reasons.ends_with("unrecognizedObject") {
        return AskError::Gone(if reasons.is_empty() { status.as_u16().to_string() } else { reasons });
    }
    let reason = if reasons.is_empty() { "without a reason".to_owned() } else { reasons };
    AskError::Refused { status: status.as_u16(), reason }
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
    use crate::cms::rest::mutation::Change;

    #[rstest]
    #[case(404, "", AskError::Gone("404".into()))]
    #[case(400, "<?xml version=\"1.0\"?><failureDetails><callDoesNotExist /></failureDetails>", AskError::Gone("callDoesNotExist".into()))]
    #[case(400, "<failureDetails><unrecognizedObject/></failureDetails>", AskError::Gone("unrecognizedObject".into()))]
    #[case(400, "<failureDetails><participantDoesNotExist/></failureDetails>", AskError::Gone("participantDoesNotExist".into()))]
    #[case(400, "<failureDetails><parameterError parameter=\"deactivated\" error=\"invalidValue\" /></failureDetails>",
        AskError::Refused { status: 400, reason: "parameterError parameter=deactivated error=invalidValue".into() })]
    #[case(500, "oops", AskError::Refused { status: 500, reason: "without a reason".into() })]
    fn a_failure_is_told_by_its_reason_before_its_status(#[case] status: u16, #[case] body: &str, #[case] expected: AskError) {
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
        let admit = Ask::Change(Change::Admit("p".into()));
        assert!(matches!(read(&admit, body), Err(AskError::Refused { .. })));
        assert!(matches!(read(&admit, ""), Ok(Answer::Done)));
        assert!(matches!(read(&Ask::RemoveCdrReceiver("r".into()), ""), Ok(Answer::Done)));
    }
}
