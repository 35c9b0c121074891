//! The audit log for administrators: a page with search and filters, and exports as files. `audit` defines its contents.

use std::collections::HashMap;
use std::sync::Arc;

use axum::body::Body;
use axum::extract::{Extension, Query, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use futures_util::stream;
use serde::Serialize;
use serde_json::json;

use crate::audit::{AuditEvent, Cursor, ExportFormat, LogFilter, LogLine, ModeratorFilter, parse, rfc3339};
use crate::clock::now_ms;
use crate::text::cut;

use super::audit_entries;
use super::failed_form::FailedForm;
use super::request_context::RequestContext;
use crate::http::error::PageError;
use crate::http::html::templates::values;
use crate::http::middleware::auth::Auth;
use crate::http::middleware::real_ip::ClientInfo;
use crate::http::state::AppState;

/// Entries on one page.
const SHOWN: usize = 100;
/// Characters of an export's filter that its entry shows.
const LONGEST_DETAIL: usize = 300;

/// The filter as it is in an address, without empty fields.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
struct FilterFields {
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

/// The names of the fields with an unreadable time.
#[derive(Debug, PartialEq, Eq)]
struct InvalidTimes(Vec<&'static str>);

impl FilterFields {
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

    fn filter(&self) -> Result<LogFilter, InvalidTimes> {
        let given = |text: &str| Some(text.to_owned()).filter(|text| !text.is_empty());
        let mut invalid = Vec::new();
        let mut time = |text: &str, field| {
            let at = parse(text);
            if at.is_none() && !text.is_empty() {
                invalid.push(field);
            }
            at
        };
        let (from, to) = (time(&self.from, "from"), time(&self.to, "to"));
        if !invalid.is_empty() {
            return Err(InvalidTimes(invalid));
        }
        Ok(LogFilter {
            text: self.q.clone(),
            meeting: given(&self.meeting),
            person: given(&self.person),
            moderator: ModeratorFilter::parse(&self.moderator),
            action: given(&self.action),
            from,
            to,
        })
    }
}

/// One line of the page: as it is stored, and the wait in the form that the page shows.
#[derive(Serialize)]
struct ShownLine {
    #[serde(flatten)]
    line: LogLine,
    /// Unix milliseconds.
    at_ms: i64,
    waited: Option<String>,
}

pub(in crate::http) async fn page(
    State(state): State<Arc<AppState>>,
    auth: Auth,
    context: RequestContext,
    Query(query): Query<HashMap<String, String>>,
) -> Result<Response, PageError> {
    let user = auth.user.ok_or(PageError::Forbidden)?;
    let before: Option<Cursor> = query.get("before").and_then(|text| text.parse().ok());
    let fields = FilterFields::new(query);
    let (status, own) = match fields.filter() {
        Ok(filter) => {
            let slice = state.audit_log.page(filter, before, SHOWN).await?;
            let looked_to = slice.searched_back_to(SHOWN);
            let next = slice.next.map(|next| next.to_string());
            let lines: Vec<ShownLine> = slice.lines.into_iter().map(shown).collect();
            (StatusCode::OK, values! { "lines" => lines, "next" => next, "looked_to" => looked_to, "first" => before.is_none() })
        }
        // A filter that can't be read shows nothing rather than everything.
        Err(InvalidTimes(invalid)) => (StatusCode::BAD_REQUEST, failed_filter(&fields, invalid).values()),
    };
    let mut all = values! {
        "filter" => fields,
        "from_field" => field(&fields.from),
        "to_field" => field(&fields.to),
        "nobody" => ModeratorFilter::NOBODY,
        "moderators" => moderators(&state).await?,
        "actions" => AuditEvent::all().map(|action| action.wire_name()).collect::<Vec<_>>(),
        "unwritten" => state.audit_log.unwritten(),
    };
    all.extend(own);
    Ok((status, context.user_page(&state, &user).render("log.html", all)?).into_response())
}

pub(in crate::http) async fn csv(
    state: State<Arc<AppState>>,
    client: Extension<ClientInfo>,
    auth: Auth,
    query: Query<HashMap<String, String>>,
) -> Response {
    export(state, client, auth, query, ExportFormat::Csv, "text/csv; charset=utf-8; header=present", "csv").await
}

pub(in crate::http) async fn json_lines(
    state: State<Arc<AppState>>,
    client: Extension<ClientInfo>,
    auth: Auth,
    query: Query<HashMap<String, String>>,
) -> Response {
    export(state, client, auth, query, ExportFormat::JsonLines, "application/x-ndjson", "jsonl").await
}

fn failed_filter(fields: &FilterFields, invalid: Vec<&'static str>) -> FailedForm {
    let failed = FailedForm::new("filter").keep("from", &fields.from).keep("to", &fields.to);
    let key = |field: &str| if field == "from" { "log.error_from" } else { "log.error_to" };
    invalid.into_iter().fold(failed, |failed, field| failed.field_with(field, key(field), json!({ "example": "2026-11-22T17:44" })))
}

/// Writes the file while it is sent, as fast as the browser takes it. Where the log can't be read on, the connection breaks off, because a file
/// that ends too early must not look whole. The export's own entry is written before anything is sent.
async fn export(
    State(state): State<Arc<AppState>>,
    Extension(client): Extension<ClientInfo>,
    auth: Auth,
    Query(query): Query<HashMap<String, String>>,
    form: ExportFormat,
    mime: &str,
    ending: &str,
) -> Response {
    let fields = FilterFields::new(query);
    let (Some(user), Ok(filter)) = (auth.user, fields.filter()) else { return PageError::Form.into_response() };
    let what = if fields == FilterFields::default() { String::new() } else { serde_json::to_string(&fields).unwrap_or_default() };
    let entry = audit_entries::done(&audit_entries::actor(&user, client.address), AuditEvent::Export);
    state.audit_log.record(entry.detail(cut(format!("{ending} {what}").trim(), LONGEST_DETAIL))).await;
    let pieces = stream::try_unfold(state.audit_log.export(filter, form), |mut export| async move {
        match export.next_chunk().await {
            Ok(piece) => Ok(piece.map(|piece| (piece, export))),
            Err(error) => {
                tracing::error!(%error, "export of the audit log broken off");
                Err(std::io::Error::other(error))
            }
        }
    });
    let day = rfc3339(now_ms());
    let name = format!("attachment; filename=\"usher-log-{}.{ending}\"", day.split('T').next().unwrap_or_default());
    ([(header::CONTENT_TYPE, mime.to_owned()), (header::CONTENT_DISPOSITION, name)], Body::from_stream(pieces)).into_response()
}

/// Names to choose from. For removed users a name can be typed.
async fn moderators(state: &AppState) -> Result<Vec<String>, PageError> {
    Ok(state.accounts.list().await?.into_iter().map(|user| user.name.to_string()).collect())
}

fn shown(line: LogLine) -> ShownLine {
    ShownLine { at_ms: line.at, waited: line.waited_ms.map(duration), line }
}

/// The value of a field for date and time: `2026-11-22T17:44`, UTC.
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

    fn fields(pairs: &[(&str, &str)]) -> FilterFields {
        FilterFields::new(pairs.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect())
    }

    #[test]
    fn an_address_says_the_whole_filter() {
        let fields = fields(&[("q", " bo "), ("moderator", "(nobody)"), ("action", "user_add"), ("from", "2026-11-22T17:44Z"), ("x", "1")]);
        let filter = fields.filter().expect("a filter");
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
            serde_json::to_string(&fields).expect("JSON"),
            r#"{"q":"bo","moderator":"(nobody)","action":"user_add","from":"2026-11-22T17:44Z"}"#
        );
    }

    #[test]
    fn unreadable_times_are_named() {
        assert_eq!(fields(&[("to", "tomorrow")]).filter(), Err(InvalidTimes(vec!["to"])));
        let both = [("from", "yesterday"), ("to", "tomorrow")];
        assert_eq!(fields(&both).filter(), Err(InvalidTimes(vec!["from", "to"])));
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
