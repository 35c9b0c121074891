//! One HTML page: the values that all pages have in common, and those of its template.

use axum::response::Html;
use minijinja::value::{Serde, Value};
use serde::Serialize;

use crate::accounts::User;

use super::language::Language;
use super::templates::{TemplateValues, Templates, values};

pub(in crate::http) struct HtmlPage<'a> {
    templates: &'a Templates,
    values: TemplateValues,
}

#[derive(Serialize)]
struct SignedInUser<'a> {
    name: &'a str,
    role: &'static str,
}

impl<'a> HtmlPage<'a> {
    /// A page without forms, which does not show who is signed in.
    pub(in crate::http) fn new(templates: &'a Templates, language: Language) -> Self {
        let mut values = values! { "version" => env!("CARGO_PKG_VERSION"), "lang" => language.code };
        // The base comes from the configuration and is a URL's path already: its slashes stay unescaped.
        values.insert("base", Value::from_safe_string(templates.base().to_owned()));
        Self { templates, values }
    }

    /// Forms on the page carry this token.
    pub(in crate::http) fn with_csrf_token(mut self, token: &str) -> Self {
        self.values.insert("csrf", Value::from(token));
        self
    }

    pub(in crate::http) fn with_user(mut self, user: &User) -> Self {
        let shown = SignedInUser { name: &user.name, role: user.role.as_str() };
        self.values.insert("user", Value::from(Serde(shown)));
        self
    }

    pub(in crate::http) fn render(mut self, template: &str, own: TemplateValues) -> Result<Html<String>, minijinja::Error> {
        self.values.insert("page_name", Value::from(template.trim_end_matches(".html")));
        self.values.extend(own);
        self.templates.render(template, &self.values).map(Html)
    }
}
