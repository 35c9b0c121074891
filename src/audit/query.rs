//! Queries of the log, newest first, from a cursor on: a bounded number of entries at a time. Writes nothing.
//!
//! SQLite finds entries by meeting, participant, moderator and time with its indexes; the results are scanned for a text and an action.

use std::borrow::Cow;

use rusqlite::types::Value;
use rusqlite::{Connection, Row, params_from_iter};
use serde::{Serialize, Serializer};

use super::filter::{EntryMatcher, LogFilter, ModeratorFilter};
use super::times::rfc3339;
use crate::db::{Db, DbError};
use crate::text::normalize::caseless;

/// The most entries scanned for one page. With a rare text, the page says how far back it has searched, and the next one goes on from there.
const MAX_SCANNED: usize = 50_000;

/// The fields of a [`LogLine`], in their order.
pub(super) const COLUMNS: &str = "id,at,user,address,action,scope,person,name,person_address,meeting,meeting_name,bridge,result,reason,\
                                  waited_ms,detail,space,tenant,bridge_id,action_id,corrects";

/// One entry as stored; also one line of an export, with these names.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct LogLine {
    pub id: i64,
    /// Unix milliseconds; in exports RFC 3339, UTC.
    #[serde(serialize_with = "as_text")]
    pub at: i64,
    pub user: String,
    pub address: String,
    pub action: String,
    pub scope: String,
    pub person: String,
    pub name: String,
    pub person_address: String,
    pub meeting: String,
    pub meeting_name: String,
    pub bridge: String,
    pub result: String,
    pub reason: String,
    pub waited_ms: Option<i64>,
    pub detail: String,
    /// CMS's ids, like the next two; empty in entries of older versions.
    pub space: String,
    pub tenant: String,
    pub bridge_id: String,
    /// Unique; empty in entries of older versions.
    pub action_id: String,
    /// The `action_id` of the entry that this one corrects.
    pub corrects: String,
}

fn as_text<S: Serializer>(at: &i64, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&rfc3339(*at))
}

/// A position in the log: just after this entry, that is, older than it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cursor {
    pub at: i64,
    pub id: i64,
}

impl std::fmt::Display for Cursor {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}-{}", self.at, self.id)
    }
}

impl std::str::FromStr for Cursor {
    type Err = std::num::ParseIntError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (at, id) = text.split_once('-').unwrap_or((text, ""));
        Ok(Self { at: at.parse()?, id: id.parse()? })
    }
}

/// The result of one query.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogPage {
    pub lines: Vec<LogLine>,
    /// The position to go on from; None at the end of the log.
    pub next: Option<Cursor>,
}

impl LogPage {
    /// How far back the log was searched, if the limit was reached before `want` lines were found.
    pub fn searched_back_to(&self, want: usize) -> Option<i64> {
        self.next.filter(|_| self.lines.len() < want).map(|next| next.at)
    }
}

/// Up to `want` lines that are older than `before`, from at most `max_scanned` entries.
pub fn find_entries(
    conn: &Connection,
    filter: &LogFilter,
    before: Option<Cursor>,
    want: usize,
    max_scanned: usize,
) -> rusqlite::Result<LogPage> {
    let matcher = EntryMatcher::new(filter);
    let filter = with_stored_name(conn, filter)?;
    let (statement, values) = statement(&filter, before);
    let mut query = conn.prepare_cached(&statement)?;
    let mut rows = query.query(params_from_iter(values))?;
    let (mut lines, mut last, mut scanned) = (Vec::new(), None, 0);
    while let Some(row) = rows.next()? {
        // There are more entries, so the page has a next one.
        if lines.len() >= want || scanned >= max_scanned {
            return Ok(LogPage { lines, next: last });
        }
        let line = line(row)?;
        (last, scanned) = (Some(Cursor { at: line.at, id: line.id }), scanned + 1);
        if matcher.matches(&line) {
            lines.push(line);
        }
    }
    Ok(LogPage { lines, next: None })
}

/// The filter with the moderator's name as it is stored; it may have been typed in another case.
fn with_stored_name<'a>(conn: &Connection, filter: &'a LogFilter) -> rusqlite::Result<Cow<'a, LogFilter>> {
    let Some(ModeratorFilter::User(typed)) = &filter.moderator else { return Ok(Cow::Borrowed(filter)) };
    let key = caseless(typed);
    let mut names: Vec<String> = Vec::new();
    let mut query = conn.prepare_cached(USER_NAMES)?;
    let mut rows = query.query([])?;
    while let Some(row) = rows.next()? {
        let name: String = row.get(0)?;
        if name == *typed {
            return Ok(Cow::Borrowed(filter));
        }
        if caseless(&name) == key {
            names.push(name);
        }
    }
    let moderator = names.pop().map(ModeratorFilter::User);
    Ok(moderator.map_or(Cow::Borrowed(filter), |found| Cow::Owned(LogFilter { moderator: Some(found), ..filter.clone() })))
}

/// All users who caused an entry. Takes one step of the index per user, regardless of the number of entries.
const USER_NAMES: &str = "WITH RECURSIVE everybody(who) AS (
       SELECT min(user) FROM log
       UNION ALL SELECT (SELECT min(user) FROM log WHERE user > who) FROM everybody WHERE who IS NOT NULL LIMIT 10000)
     SELECT who FROM everybody WHERE who IS NOT NULL";

fn statement(filter: &LogFilter, before: Option<Cursor>) -> (String, Vec<Value>) {
    let mut conditions: Vec<&str> = Vec::new();
    let mut values: Vec<Value> = Vec::new();
    let mut add = |condition, value: Value| {
        conditions.push(condition);
        values.push(value);
    };
    if let Some(person) = &filter.person {
        // The index leaves out empty values; SQLite uses it only with this condition.
        add("person <> '' AND person = ?", person.clone().into());
    }
    if let Some(meeting) = &filter.meeting {
        add("meeting <> '' AND meeting = ?", meeting.clone().into());
    }
    if let Some(moderator) = &filter.moderator {
        add("user = ?", moderator.name().to_owned().into());
    }
    if let Some(from) = filter.from {
        add("at >= ?", from.into());
    }
    if let Some(to) = filter.to {
        add("at < ?", to.into());
    }
    if let Some(before) = before {
        add("(at, id) < (?, ?)", before.at.into());
        values.push(before.id.into());
    }
    let conditions = if conditions.is_empty() { String::new() } else { format!("WHERE {}", conditions.join(" AND ")) };
    (format!("SELECT {COLUMNS} FROM log {conditions} ORDER BY at DESC, id DESC"), values)
}

fn line(row: &Row<'_>) -> rusqlite::Result<LogLine> {
    Ok(LogLine {
        id: row.get(0)?,
        at: row.get(1)?,
        user: row.get(2)?,
        address: row.get(3)?,
        action: row.get(4)?,
        scope: row.get(5)?,
        person: row.get(6)?,
        name: row.get(7)?,
        person_address: row.get(8)?,
        meeting: row.get(9)?,
        meeting_name: row.get(10)?,
        bridge: row.get(11)?,
        result: row.get(12)?,
        reason: row.get(13)?,
        waited_ms: row.get(14)?,
        detail: row.get(15)?,
        space: row.get(16)?,
        tenant: row.get(17)?,
        bridge_id: row.get(18)?,
        action_id: row.get(19)?,
        corrects: row.get(20)?,
    })
}

/// Runs `work` on a blocking thread, with a connection apart from the database's own threads.
pub(super) async fn on_own_connection<T: Send + 'static>(
    db: Db,
    conn: Option<Connection>,
    work: impl FnOnce(&Connection) -> rusqlite::Result<T> + Send + 'static,
) -> Result<(Connection, T), DbError> {
    let reading = tokio::task::spawn_blocking(move || {
        let conn = conn.map_or_else(|| db.open_reader(), Ok)?;
        let found = work(&conn)?;
        Ok((conn, found))
    });
    reading.await.map_err(|_| DbError::Ended)?
}

pub(super) async fn page(db: Db, filter: LogFilter, before: Option<Cursor>, want: usize) -> Result<LogPage, DbError> {
    let (_, page) = on_own_connection(db, None, move |conn| find_entries(conn, &filter, before, want, MAX_SCANNED)).await?;
    Ok(page)
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;
    use crate::audit::{AuditEvent, AuditSubject, Entry, ModeratorFilter, table};
    use crate::db::open_connection;

    const START: i64 = 1_764_000_000_000;

    /// Fifty participants in five meetings, one entry per minute, by two moderators or nobody.
    fn filled() -> (tempfile::TempDir, Connection) {
        let dir = tempfile::tempdir().expect("directory");
        let conn = open_connection(dir.path()).expect("database");
        let entries: Vec<Entry> = (0..50_i64)
            .map(|n| {
                let user = ["mo", "max", ""][n as usize % 3];
                let subject = AuditSubject {
                    person: format!("person-{n}").into(),
                    name: format!("Zoë {n}").into(),
                    meeting: format!("meeting-{}", n % 5).into(),
                    meeting_name: format!("Board {}", n % 5).into(),
                    ..AuditSubject::default()
                };
                Entry { at: START + n * 60_000, user: user.into(), ..Entry::elsewhere(AuditEvent::LetIn).about(subject) }
            })
            .collect();
        table::insert(&conn, &entries, 0).expect("added");
        (dir, conn)
    }

    fn all(conn: &Connection, filter: &LogFilter, want: usize, max_scanned: usize) -> Vec<i64> {
        let (mut ids, mut before) = (Vec::new(), None);
        loop {
            let page = find_entries(conn, filter, before, want, max_scanned).expect("a page");
            assert!(page.lines.len() <= want);
            ids.extend(page.lines.iter().map(|line| line.id));
            before = page.next;
            if before.is_none() {
                return ids;
            }
        }
    }

    #[rstest]
    #[case::everything(LogFilter::default(), 50)]
    #[case::person(LogFilter { person: Some("person-7".into()), ..LogFilter::default() }, 1)]
    #[case::meeting(LogFilter { meeting: Some("meeting-2".into()), ..LogFilter::default() }, 10)]
    #[case::moderator(LogFilter { moderator: ModeratorFilter::parse("mo"), ..LogFilter::default() }, 17)]
    #[case::nobody(LogFilter { moderator: ModeratorFilter::parse("(nobody)"), ..LogFilter::default() }, 16)]
    #[case::moderator_in_another_case(LogFilter { moderator: ModeratorFilter::parse("MO"), ..LogFilter::default() }, 17)]
    #[case::moderator_in_wide_letters(LogFilter { moderator: ModeratorFilter::parse("ｍｏ"), ..LogFilter::default() }, 17)]
    #[case::no_such_moderator(LogFilter { moderator: ModeratorFilter::parse("m"), ..LogFilter::default() }, 0)]
    #[case::from(LogFilter { from: Some(START + 40 * 60_000), ..LogFilter::default() }, 10)]
    #[case::to(LogFilter { to: Some(START + 40 * 60_000), ..LogFilter::default() }, 40)]
    #[case::text(LogFilter { text: " zoË 1".into(), ..LogFilter::default() }, 11)]
    #[case::text_without_accents(LogFilter { text: "ZOE 1".into(), ..LogFilter::default() }, 11)]
    #[case::text_decomposed(LogFilter { text: "zoe\u{308} 1".into(), ..LogFilter::default() }, 11)]
    #[case::text_in_wide_letters(LogFilter { text: "ｚｏｅ 1".into(), ..LogFilter::default() }, 11)]
    #[case::text_of_a_meeting(LogFilter { text: "board 4".into(), ..LogFilter::default() }, 10)]
    #[case::action(LogFilter { action: Some("let_in".into()), ..LogFilter::default() }, 50)]
    #[case::no_such_action(LogFilter { action: Some("let".into()), ..LogFilter::default() }, 0)]
    #[case::no_pattern(LogFilter { text: "%".into(), ..LogFilter::default() }, 0)]
    #[case::all_of_it(LogFilter { text: "zoë".into(), meeting: Some("meeting-0".into()), moderator: ModeratorFilter::parse("mo"), from: Some(START + 60_000), ..LogFilter::default() }, 3)]
    fn what_is_asked_for_is_found_once_and_newest_first_however_it_is_cut(#[case] filter: LogFilter, #[case] expected: usize) {
        let (_dir, conn) = filled();
        let whole = all(&conn, &filter, 100, 1000);
        assert_eq!(whole.len(), expected);
        assert!(whole.is_sorted_by(|a, b| a > b), "{whole:?}");
        for (want, max_scanned) in [(1, 1000), (7, 1000), (100, 1), (3, 7), (50, 50)] {
            assert_eq!(all(&conn, &filter, want, max_scanned), whole, "{want} of {max_scanned}");
        }
    }

    #[test]
    fn a_page_that_reaches_its_limit_says_how_far_it_searched() {
        let (_dir, conn) = filled();
        let rare = LogFilter { text: "zoë 3".into(), ..LogFilter::default() };
        let page = find_entries(&conn, &rare, None, 100, 15).expect("a page");
        assert_eq!((page.lines.len(), page.searched_back_to(100)), (5, Some(START + 35 * 60_000)));
        let whole = find_entries(&conn, &rare, None, 100, 50).expect("a page");
        assert_eq!((whole.lines.len(), whole.searched_back_to(100)), (11, None));
    }

    #[test]
    fn entries_of_the_same_millisecond_are_all_found() {
        let (_dir, conn) = filled();
        let same: Vec<Entry> = (0..5).map(|_| Entry { at: START, ..Entry::elsewhere(AuditEvent::LetIn) }).collect();
        table::insert(&conn, &same, 0).expect("added");
        assert_eq!(all(&conn, &LogFilter::default(), 2, 1000).len(), 55);
    }

    #[rstest]
    #[case(LogFilter::default(), "log_by_time")]
    #[case(LogFilter { from: Some(1), to: Some(2), ..LogFilter::default() }, "log_by_time")]
    #[case(LogFilter { person: Some("p".into()), from: Some(1), ..LogFilter::default() }, "log_by_person")]
    #[case(LogFilter { meeting: Some("m".into()), to: Some(1), ..LogFilter::default() }, "log_by_meeting")]
    #[case(LogFilter { moderator: ModeratorFilter::parse("mo"), ..LogFilter::default() }, "log_by_user")]
    fn no_query_reads_or_sorts_the_whole_table(#[case] filter: LogFilter, #[case] index: &str) {
        let (_dir, conn) = filled();
        for before in [None, Some(Cursor { at: START, id: 7 })] {
            let (statement, values) = statement(&filter, before);
            let mut plan = conn.prepare(&format!("EXPLAIN QUERY PLAN {statement}")).expect("a plan");
            let steps = plan.query_map(params_from_iter(values), |row| row.get::<_, String>(3)).expect("steps");
            let steps: Vec<String> = steps.collect::<Result<_, _>>().expect("texts");
            assert!(steps.len() == 1 && steps[0].contains(index), "{statement}: {steps:?}");
        }
    }

    #[test]
    fn a_cursor_survives_formatting_and_parsing() {
        let cursor = Cursor { at: START, id: 12 };
        assert_eq!(cursor.to_string().parse(), Ok(cursor));
        assert!("nonsense".parse::<Cursor>().is_err());
    }
}
