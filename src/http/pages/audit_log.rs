//! The log of actions for administrators: a page with search and filters, and the same as a file. What is in it is the log's matter.

use std::collections::HashMap;

use axum::body::Body;
use axum::extract::{Extension, Query, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use futures_util::stream;
use serde::Serialize;

use crate::audit::{AuditEvent, Cursor, ExportFormat, LogFilter, LogLine, ModeratorFilter, parse, rfc3339};
use crate::clock::now_ms;
use crate::text::cut;

use super::login::Auth;
use super::request_context::Browser;
use super::templates::{Page, context};
use crate::http::audit;
use crate::http::error::Failure;
use crate::http::middleware::real_ip::Client;
use crate::http::state::{Shared, Site};

/// Entries on one page.
const SHOWN: usize = 100;
/// Of the filter of an export, in its entry.
const LONGEST_DETAIL: usize = 300;

/// The filter as it stands in an address: what is empty is left out.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
struct Asked {
    #[serde(skip_serializing_if = "String::is_empty")]
    q: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    meeting: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    person: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    moderator: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    action: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    from: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    to: String,
}

/// A time that can't be read, by the name of its field.
#[derive(Debug, PartialEq, Eq)]
struct Unreadable(&'static str);

impl Asked {
    fn new(mut query: HashMap<String, String>) -> Self {
        let mut take = |key| query.remove(key).unwrap_or_default().trim().to_owned();
        Self {
            q: take("q"),
            meeting: take("meeting"),
            person: take("person"),
            moderator: take("moderator"),
            action: take("action"),
            from: take("from"),
            to: take("to"),
        }
    }

    fn filter(&self) -> Result<LogFilter, Unreadable> {
        let given = |text: &str| Some(text.to_owned()).filter(|text| !text.is_empty());
        let time = |text: &str, key| match text {
            "" => Ok(None),
            text => parse(text).map(Some).ok_or(Unreadable(key)),
        };
        Ok(LogFilter {
            text: self.q.clone(),
            meeting: given(&self.meeting),
            person: given(&self.person),
            moderator: ModeratorFilter::parse(&self.moderator),
            action: given(&self.action),
            from: time(&self.from, "from")?,
            to: time(&self.to, "to")?,
        })
    }
}

/// One line of the page: as it is stored, and what is drawn of it.
#[derive(Serialize)]
struct Shown {
    #[serde(flatten)]
    line: LogLine,
    /// `2026-11-22 17:44:05`
    time: String,
    waited: Option<String>,
}

pub(in crate::http) async fn page(
    State(site): State<Shared>,
    auth: Auth,
    browser: Browser,
    Query(query): Query<HashMap<String, String>>,
) -> Result<Response, Failure> {
    let user = auth.user.ok_or(Failure::Forbidden)?;
    let before: Option<Cursor> = query.get("before").and_then(|text| text.parse().ok());
    let asked = Asked::new(query);
    let (status, own) = match asked.filter() {
        Ok(filter) => {
            let slice = site.log.page(filter, before, SHOWN).await?;
            let looked_to = slice.looked_to(SHOWN).map(moment);
            let next = slice.next.map(|next| next.to_string());
            let lines: Vec<Shown> = slice.lines.into_iter().map(shown).collect();
            (StatusCode::OK, context! { "lines" => lines, "next" => next, "looked_to" => looked_to, "first" => before.is_none() })
        }
        // Nothing is shown rather than everything.
        Err(Unreadable(key)) => {
            let key = if key == "from" { "log.error_from" } else { "log.error_to" };
            let lines: [Shown; 0] = [];
            (
                StatusCode::BAD_REQUEST,
                context! { "lines" => lines, "error" => key, "error_args" => HashMap::from([("example", "2026-11-22T17:44")]) },
            )
        }
    };
    let mut all = context! {
        "filter" => asked,
        "from_field" => field(&asked.from),
        "to_field" => field(&asked.to),
        "nobody" => ModeratorFilter::NOBODY,
        "moderators" => moderators(&site).await?,
        "actions" => AuditEvent::ALL.iter().map(|action| action.word()).collect::<Vec<_>>(),
        "unwritten" => site.log.unwritten(),
    };
    all.extend(own);
    Ok((status, Page::user(&site, &browser, &user).render("log.html", all)?).into_response())
}

pub(in crate::http) async fn csv(
    state: State<Shared>,
    client: Extension<Client>,
    auth: Auth,
    query: Query<HashMap<String, String>>,
) -> Response {
    export(state, client, auth, query, ExportFormat::Csv, "text/csv; charset=utf-8; header=present", "csv").await
}

pub(in crate::http) async fn json_lines(
    state: State<Shared>,
    client: Extension<Client>,
    auth: Auth,
    query: Query<HashMap<String, String>>,
) -> Response {
    export(state, client, auth, query, ExportFormat::JsonLines, "application/x-ndjson", "jsonl").await
}

/// The file is made while it is sent, as fast as the browser takes it. Where the log can't be read on, the connection breaks off: a file that
/// ends too early must not look whole. The export is an entry before anything is sent.
async fn export(
    State(site): State<Shared>,
    Extension(client): Extension<Client>,
    auth: Auth,
    Query(query): Query<HashMap<String, String>>,
    form: ExportFormat,
    mime: &str,
    ending: &str,
) -> Response {
    let asked = Asked::new(query);
    let (Some(user), Ok(filter)) = (auth.user, asked.filter()) else { return Failure::Form.into_response() };
    let what = if asked == Asked::default() { String::new() } else { serde_json::to_string(&asked).unwrap_or_default() };
    let entry = audit::done(&audit::actor(&user, client.address), AuditEvent::Export);
    site.log.record(entry.detail(cut(format!("{ending} {what}").trim(), LONGEST_DETAIL))).await;
    let pieces = stream::try_unfold(site.log.report(filter, form), |mut report| async move {
        match report.piece().await {
            Ok(piece) => Ok(piece.map(|piece| (piece, report))),
            Err(error) => {
                tracing::error!(%error, "an export of the log broke off");
                Err(std::io::Error::other(error))
            }
        }
    });
    let day = rfc3339(now_ms());
    let name = format!("attachment; filename=\"usher-log-{}.{ending}\"", day.split('T').next().unwrap_or_default());
    ([(header::CONTENT_TYPE, mime.to_owned()), (header::CONTENT_DISPOSITION, name)], Body::from_stream(pieces)).into_response()
}

/// Names to choose from; entries of users who are no longer there are found by typing theirs.
async fn moderators(site: &Site) -> Result<Vec<String>, Failure> {
    Ok(site.accounts.list().await?.into_iter().map(|user| user.name.to_string()).collect())
}

fn shown(line: LogLine) -> Shown {
    Shown { time: moment(line.at), waited: line.waited_ms.map(duration), line }
}

/// `2026-11-22 17:44:05`, UTC.
fn moment(ms: i64) -> String {
    rfc3339(ms).replace('T', " ").chars().take(19).collect()
}

/// What a field for date and time holds: `2026-11-22T17:44`, UTC.
fn field(text: &str) -> String {
    parse(text).map(rfc3339).unwrap_or_default().chars().take(16).collect()
}

/// A wait as on the desk: 0:48, 12:05, 1:02:03.
fn duration(ms: i64) -> String {
    let all = ms.max(0) / 1000;
    let (h, m, s) = (all / 3600, all / 60 % 60, all % 60);
    if h > 0 { format!("{h}:{m:02}:{s:02}") } else { format!("{m}:{s:02}") }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    fn asked(pairs: &[(&str, &str)]) -> Asked {
        Asked::new(pairs.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect())
    }

    #[test]
    fn an_address_says_the_whole_filter() {
        let asked = asked(&[("q", " bo "), ("moderator", "(nobody)"), ("action", "user_add"), ("from", "2026-11-22T17:44Z"), ("x", "1")]);
        let filter = asked.filter().expect("a filter");
        let from = parse("2026-11-22T17:44:00Z");
        assert_eq!(
            filter,
            LogFilter {
                text: "bo".into(),
                moderator: Some(ModeratorFilter::Nobody),
                action: Some("user_add".into()),
                from,
                ..LogFilter::default()
            }
        );
        assert_eq!(
            serde_json::to_string(&asked).expect("JSON"),
            r#"{"q":"bo","moderator":"(nobody)","action":"user_add","from":"2026-11-22T17:44Z"}"#
        );
    }

    #[test]
    fn a_time_that_is_none_is_named() {
        assert_eq!(asked(&[("to", "tomorrow")]).filter(), Err(Unreadable("to")));
    }

    #[rstest]
    #[case(48_900, "0:48")]
    #[case(725_000, "12:05")]
    #[case(3_723_000, "1:02:03")]
    #[case(-5, "0:00")]
    fn a_wait_is_written_as_on_the_desk(#[case] ms: i64, #[case] expected: &str) {
        assert_eq!(duration(ms), expected);
    }
}
