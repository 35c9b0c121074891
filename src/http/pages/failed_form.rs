//! A form that was refused, for the page that shows it again: an error at each field, and the typed values that stay. Checks nothing.

use std::collections::BTreeMap;

use minijinja::value::{Serde, Value};
use serde::Serialize;
use serde_json::json;

use crate::accounts::{AccountError, MAX_PASSWORD, MIN_PASSWORD};
use crate::http::html::templates::TemplateValues;
use crate::text::cut;

/// Characters of a typed value that a page shows again. No field of a page takes more.
const LONGEST_KEPT: usize = 200;

#[derive(Debug, Serialize)]
pub(super) struct FailedForm {
    /// The name of the form in its template.
    form: &'static str,
    /// The account that the form is about, on a page with one form for each.
    about: Option<String>,
    errors: Vec<FieldError>,
    kept: BTreeMap<&'static str, String>,
}

#[derive(Debug, Serialize)]
struct FieldError {
    /// The field's name; None: the error is about the whole form.
    field: Option<&'static str>,
    /// The key of its text in `web/i18n`.
    key: &'static str,
    args: serde_json::Value,
}

impl FailedForm {
    pub(super) fn new(form: &'static str) -> Self {
        Self { form, about: None, errors: Vec::new(), kept: BTreeMap::new() }
    }

    pub(super) fn about(mut self, account: &str) -> Self {
        self.about = Some(cut(account, LONGEST_KEPT).to_owned());
        self
    }

    /// Shows this value again. Never call it with a password.
    pub(super) fn keep(mut self, field: &'static str, value: &str) -> Self {
        self.kept.insert(field, cut(value, LONGEST_KEPT).to_owned());
        self
    }

    pub(super) fn field(mut self, field: &'static str, key: &'static str) -> Self {
        self.errors.push(FieldError { field: Some(field), key, args: json!({}) });
        self
    }

    pub(super) fn field_with(mut self, field: &'static str, key: &'static str, args: serde_json::Value) -> Self {
        self.errors.push(FieldError { field: Some(field), key, args });
        self
    }

    /// Adds an error that no field can put right.
    pub(super) fn whole(mut self, key: &'static str, args: serde_json::Value) -> Self {
        self.errors.push(FieldError { field: None, key, args });
        self
    }

    /// Adds a broken rule for accounts, at the field that it is about. `fields` are those of the form.
    pub(super) fn rule(self, rule: &AccountError, fields: &[&'static str]) -> Self {
        match field_of(rule).filter(|field| fields.contains(field)) {
            Some(field) => self.field_with(field, rule.key(), rule_args(rule)),
            None => self.whole(rule.key(), rule_args(rule)),
        }
    }

    pub(super) fn is_refused(&self) -> bool {
        !self.errors.is_empty()
    }

    /// The value for the template, and the name of the field that gets the focus.
    pub(super) fn values(self) -> TemplateValues {
        let focus = self.errors.iter().find_map(|error| error.field);
        BTreeMap::from([("focus", Value::from(focus)), ("failed", Value::from(Serde(self)))])
    }
}

fn field_of(rule: &AccountError) -> Option<&'static str> {
    match rule {
        AccountError::Name(_) | AccountError::Taken(_) => Some("name"),
        AccountError::PasswordShort | AccountError::PasswordLong | AccountError::PasswordGuessable | AccountError::PasswordControl => {
            Some("password")
        }
        AccountError::LastAdmin(_) => Some("role"),
        AccountError::Unknown(_) => None,
    }
}

/// The values for the catalog's text of a broken rule.
fn rule_args(rule: &AccountError) -> serde_json::Value {
    match rule {
        AccountError::PasswordShort => json!({ "min": MIN_PASSWORD }),
        AccountError::PasswordLong => json!({ "max": MAX_PASSWORD }),
        AccountError::Name(name) | AccountError::Taken(name) | AccountError::Unknown(name) | AccountError::LastAdmin(name) => {
            json!({ "name": name })
        }
        AccountError::PasswordGuessable | AccountError::PasswordControl => json!({}),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_field_with_an_error_gets_the_focus() {
        let form = FailedForm::new("add").whole("error.user_unknown", json!({})).field("role", "error.role_invalid");
        assert_eq!(form.values()["focus"].as_str(), Some("role"));
        assert!(FailedForm::new("add").whole("error.user_unknown", json!({})).values()["focus"].is_none());
    }

    #[test]
    fn a_rule_is_at_its_field_only_if_the_form_has_it() {
        let rule = AccountError::LastAdmin("ana".into());
        let at = |fields| FailedForm::new("role").rule(&rule, fields).errors[0].field;
        assert_eq!((at(&["role"]), at(&[])), (Some("role"), None));
    }

    #[test]
    fn a_kept_value_is_bounded() {
        let form = FailedForm::new("add").keep("name", &"é".repeat(10_000));
        assert!(form.kept["name"].len() <= 2 * LONGEST_KEPT);
    }
}
