//! Exports the log: CSV for spreadsheets, JSON lines for programs, in chunks of bounded size. Knows no HTTP.

use rusqlite::Connection;

use super::filter::LogFilter;
use super::query::{COLUMNS, Cursor, LogLine, find_entries, on_own_connection};
use super::times::rfc3339;
use crate::db::{Db, DbError};

/// The most lines of one chunk, and the most entries scanned for it.
const CHUNK: usize = 500;
const MAX_SCANNED: usize = 20_000;

/// Without this mark Excel reads a file in the local code page, and garbles every name that isn't plain ASCII. Programs that can't read the
/// mark can use the JSON lines.
const BYTE_ORDER_MARK: &str = "\u{feff}";

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ExportFormat {
    /// RFC 4180 with a byte order mark; cells that a spreadsheet would take for formulas begin with an apostrophe.
    Csv,
    /// One object per line, with the texts unchanged.
    JsonLines,
}

/// All entries that match a filter, chunk by chunk. Between two chunks only a position in the log is kept, so that a slow reader delays
/// neither the database nor retention.
#[derive(Debug)]
pub struct Export {
    db: Db,
    conn: Option<Connection>,
    filter: LogFilter,
    format: ExportFormat,
    stage: ExportStage,
}

#[derive(Debug, Clone, Copy)]
enum ExportStage {
    Head,
    After(Option<Cursor>),
    End,
}

impl Export {
    pub(super) fn new(db: Db, filter: LogFilter, format: ExportFormat) -> Self {
        Self { db, conn: None, filter, format, stage: ExportStage::Head }
    }

    /// The next chunk of the file, which may be empty; None at the end.
    pub async fn next_chunk(&mut self) -> Result<Option<String>, DbError> {
        let before = match self.stage {
            ExportStage::Head => {
                self.stage = ExportStage::After(None);
                return Ok(Some(self.format.head()));
            }
            ExportStage::After(before) => before,
            ExportStage::End => return Ok(None),
        };
        let filter = self.filter.clone();
        let reading =
            on_own_connection(self.db.clone(), self.conn.take(), move |conn| find_entries(conn, &filter, before, CHUNK, MAX_SCANNED));
        let (conn, page) = reading.await?;
        self.conn = Some(conn);
        self.stage = page.next.map_or(ExportStage::End, |next| ExportStage::After(Some(next)));
        Ok(Some(page.lines.iter().map(|line| self.format.line(line)).collect()))
    }
}

impl ExportFormat {
    fn head(self) -> String {
        match self {
            Self::Csv => format!("{BYTE_ORDER_MARK}{COLUMNS}\r\n"),
            Self::JsonLines => String::new(),
        }
    }

    fn line(self, line: &LogLine) -> String {
        match self {
            Self::Csv => csv(line),
            Self::JsonLines => serde_json::to_string(line).map(|text| text + "\n").unwrap_or_default(),
        }
    }
}

fn csv(line: &LogLine) -> String {
    let (id, at) = (line.id.to_string(), rfc3339(line.at));
    let waited = line.waited_ms.map(|ms| ms.to_string()).unwrap_or_default();
    let cells: [&str; 21] = [
        &id,
        &at,
        &line.user,
        &line.address,
        &line.action,
        &line.scope,
        &line.person,
        &line.name,
        &line.person_address,
        &line.meeting,
        &line.meeting_name,
        &line.bridge,
        &line.result,
        &line.reason,
        &waited,
        &line.detail,
        &line.space,
        &line.tenant,
        &line.bridge_id,
        &line.action_id,
        &line.corrects,
    ];
    cells.map(cell).join(",") + "\r\n"
}

/// A cell in quotes. Participants choose their names: an apostrophe turns a formula into text. Every cell is quoted, so that none is split at
/// a separator inside, whichever separator the spreadsheet uses.
fn cell(text: &str) -> String {
    // Spreadsheets skip spaces, control characters and invisible ones before a formula.
    let skipped = |c: char| c.is_whitespace() || c.is_control() || matches!(c, '\u{200b}'..='\u{200f}' | '\u{2060}' | '\u{feff}');
    // The full-width forms start formulas in East Asian versions.
    let runs = text.trim_start_matches(skipped).starts_with(['=', '+', '-', '@', '＝', '＋', '－', '＠']);
    let apostrophe = if runs || text.starts_with(['\t', '\r', '\n']) { "'" } else { "" };
    format!("\"{apostrophe}{}\"", text.replace('"', "\"\""))
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case::plain("Bo Berg", "\"Bo Berg\"")]
    #[case::empty("", "\"\"")]
    #[case::equals("=1+1", "\"'=1+1\"")]
    #[case::plus("+49 30 1234", "\"'+49 30 1234\"")]
    #[case::minus("-2+3", "\"'-2+3\"")]
    #[case::at("@SUM(A1)", "\"'@SUM(A1)\"")]
    #[case::tab("\t=1", "\"'\t=1\"")]
    #[case::tab_alone("\tx", "\"'\tx\"")]
    #[case::carriage_return("\r=1", "\"'\r=1\"")]
    #[case::line_feed("\n=1", "\"'\n=1\"")]
    #[case::space_before(" =1", "\"' =1\"")]
    #[case::invisible_before("\u{200b}=1", "\"'\u{200b}=1\"")]
    #[case::wide("＝1+1", "\"'＝1+1\"")]
    #[case::after_a_comma("Berg, =1", "\"Berg, =1\"")]
    #[case::after_a_semicolon("x;=1+1", "\"x;=1+1\"")]
    #[case::after_a_line_end("x\r\n=1", "\"x\r\n=1\"")]
    #[case::quotes("say \"hi\"", "\"say \"\"hi\"\"\"")]
    #[case::breaking_out("\",=1,\"", "\"\"\",=1,\"\"\"")]
    #[case::dde("=cmd|' /C calc'!A0", "\"'=cmd|' /C calc'!A0\"")]
    #[case::in_the_middle("a=b", "\"a=b\"")]
    #[case::address("bo@example.org", "\"bo@example.org\"")]
    #[case::letters("Zoë 李", "\"Zoë 李\"")]
    fn a_cell_is_text_to_every_spreadsheet(#[case] text: &str, #[case] expected: &str) {
        assert_eq!(cell(text), expected);
    }

    fn line() -> LogLine {
        LogLine {
            id: 7,
            at: 1_764_000_000_123,
            user: "mo".into(),
            address: "192.0.2.7".into(),
            action: "admit".into(),
            scope: "person".into(),
            person: "p".into(),
            name: "=HYPERLINK(\"http://evil\")".into(),
            person_address: "bo@x".into(),
            meeting: "m".into(),
            meeting_name: "Board\nof \"7\"".into(),
            bridge: "eu-1".into(),
            result: "done".into(),
            reason: String::new(),
            waited_ms: None,
            detail: String::new(),
            space: "s".into(),
            tenant: "t".into(),
            bridge_id: "b".into(),
            action_id: "a".into(),
            corrects: "c".into(),
        }
    }

    #[test]
    fn the_columns_match_the_head() {
        let cells = csv(&line());
        assert!(
            cells.starts_with("\"7\",\"2025-11-24T16:00:00.123Z\",\"mo\",\"192.0.2.7\",")
                && cells.ends_with("\"\",\"\",\"\",\"s\",\"t\",\"b\",\"a\",\"c\"\r\n"),
            "{cells}"
        );
        assert!(cells.contains("\"'=HYPERLINK(\"\"http://evil\"\")\""), "{cells}");
        assert!(
            ExportFormat::Csv.head().starts_with("\u{feff}id,at,user,")
                && ExportFormat::Csv.head().ends_with(",detail,space,tenant,bridge_id,action_id,corrects\r\n")
        );
        let json = serde_json::to_value(line()).expect("JSON");
        let names = COLUMNS.split(',').all(|name| json.get(name).is_some());
        assert!(names && json.as_object().expect("object").len() == COLUMNS.split(',').count());
    }

    #[test]
    fn a_json_line_is_one_line_with_unchanged_texts() {
        let text = ExportFormat::JsonLines.line(&line());
        assert_eq!(text.matches('\n').count(), 1);
        let json: serde_json::Value = serde_json::from_str(&text).expect("JSON");
        assert_eq!((json["at"].as_str(), json["name"].as_str()), (Some("2025-11-24T16:00:00.123Z"), Some("=HYPERLINK(\"http://evil\")")));
        assert!(json["waited_ms"].is_null());
    }
}
