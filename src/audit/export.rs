//! The log as a file: CSV for spreadsheets, JSON lines for programs, in pieces of bounded size. Knows no HTTP.

use rusqlite::Connection;

use super::filter::LogFilter;
use super::query::{COLUMNS, Cursor, LogLine, apart, find_entries};
use super::times::rfc3339;
use crate::db::{Db, DbError};

/// Lines in one piece, and entries looked at for it.
const PIECE: usize = 500;
const LOOKED_AT: usize = 20_000;

/// Excel takes a file without this mark for one in the code page of its country, and spoils every name that isn't plain ASCII. Programs that
/// would stumble over it have the JSON lines.
const BYTE_ORDER_MARK: &str = "\u{feff}";

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ExportFormat {
    /// RFC 4180 with a byte order mark; cells that a spreadsheet would take for formulas begin with an apostrophe.
    Csv,
    /// One object a line, texts as they are.
    JsonLines,
}

/// Everything that a filter lets through, piece by piece. Between two pieces nothing is held but a place in the log: a slow reader holds up
/// neither the database nor its clean-up.
#[derive(Debug)]
pub struct Export {
    db: Db,
    conn: Option<Connection>,
    filter: LogFilter,
    form: ExportFormat,
    stage: ExportStage,
}

#[derive(Debug, Clone, Copy)]
enum ExportStage {
    Head,
    After(Option<Cursor>),
    End,
}

impl Export {
    pub(super) fn new(db: Db, filter: LogFilter, form: ExportFormat) -> Self {
        Self { db, conn: None, filter, form, stage: ExportStage::Head }
    }

    /// The next piece of the file, which may be empty; None at its end.
    pub async fn piece(&mut self) -> Result<Option<String>, DbError> {
        let before = match self.stage {
            ExportStage::Head => {
                self.stage = ExportStage::After(None);
                return Ok(Some(self.form.head()));
            }
            ExportStage::After(before) => before,
            ExportStage::End => return Ok(None),
        };
        let filter = self.filter.clone();
        let reading = apart(self.db.clone(), self.conn.take(), move |conn| find_entries(conn, &filter, before, PIECE, LOOKED_AT));
        let (conn, slice) = reading.await?;
        self.conn = Some(conn);
        self.stage = slice.next.map_or(ExportStage::End, |next| ExportStage::After(Some(next)));
        Ok(Some(slice.lines.iter().map(|line| self.form.line(line)).collect()))
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

/// A cell in quotes. Strangers choose names: one that a spreadsheet would run is made a text by an apostrophe. Every cell is quoted, so that
/// none begins anew after a separator in it, whatever the reader takes for a separator.
fn cell(text: &str) -> String {
    // A spreadsheet skips these before it looks for a formula: spaces, control characters, invisible ones.
    let skipped = |c: char| c.is_whitespace() || c.is_control() || matches!(c, '\u{200b}'..='\u{200f}' | '\u{2060}' | '\u{feff}');
    // The wide forms are formulas in East Asian versions.
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
    fn the_columns_are_those_of_the_head() {
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
    fn a_json_line_is_one_line_with_texts_as_they_are() {
        let text = ExportFormat::JsonLines.line(&line());
        assert_eq!(text.matches('\n').count(), 1);
        let json: serde_json::Value = serde_json::from_str(&text).expect("JSON");
        assert_eq!((json["at"].as_str(), json["name"].as_str()), (Some("2025-11-24T16:00:00.123Z"), Some("=HYPERLINK(\"http://evil\")")));
        assert!(json["waited_ms"].is_null());
    }
}
