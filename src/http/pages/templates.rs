//! Draws pages from templates/. Knows no routes; who is logged in is handed over.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::response::Html;
use minijinja::value::{Kwargs, Serde, Value};
use minijinja::{AutoEscape, Environment, State};
use rust_embed::RustEmbed;
use serde::Serialize;
use time::OffsetDateTime;
use time::macros::format_description;

use crate::accounts::User;

use super::i18n::catalog::Catalogues;
use super::i18n::language::{ENGLISH, Language};
use super::request_context::Browser;
use crate::http::state::Site;

#[derive(RustEmbed)]
#[folder = "templates"]
struct Files;

/// What a template is given, by name.
pub(in crate::http) type Context = BTreeMap<&'static str, Value>;

/// `context! { "name" => value }`, where a value is anything that serialises.
macro_rules! context {
    ($($name:literal => $value:expr),* $(,)?) => {
        std::collections::BTreeMap::from([$(($name, minijinja::value::Value::from(minijinja::value::Serde(&$value)))),*])
    };
}
pub(in crate::http) use context;

#[derive(Debug)]
pub(in crate::http) struct Templates {
    drawn_by: (Arc<Environment<'static>>, Arc<Catalogues>),
}

impl Templates {
    pub(in crate::http) fn new() -> Self {
        Self { drawn_by: load() }
    }

    /// In a debug build the files are read again for each page, so that an edit shows at once.
    fn current(&self) -> (Arc<Environment<'static>>, Arc<Catalogues>) {
        if cfg!(debug_assertions) { load() } else { self.drawn_by.clone() }
    }

    pub(in crate::http) fn catalogues(&self) -> Arc<Catalogues> {
        self.current().1
    }
}

fn load() -> (Arc<Environment<'static>>, Arc<Catalogues>) {
    let catalogues = Arc::new(Catalogues::load());
    let mut environment = Environment::new();
    environment.set_auto_escape_callback(|_| AutoEscape::Html);
    environment.set_loader(|name| Ok(Files::get(name).map(|file| String::from_utf8_lossy(&file.data).into_owned())));
    environment.add_filter("moment", moment);
    let words = catalogues.clone();
    environment.add_function("t", move |state: &State<'_, '_>, key: String, args: Kwargs| {
        let language = state.lookup("lang");
        words.of(language.as_ref().and_then(Value::as_str).unwrap_or(ENGLISH)).translate(&key, &args)
    });
    (Arc::new(environment), catalogues)
}

/// An instant, in milliseconds since 1970, for plain_pages.js to say in the viewer's language and zone; until then, and without it, in UTC.
fn moment(ms: i64) -> Value {
    let format = |form| OffsetDateTime::from_unix_timestamp_nanos(i128::from(ms) * 1_000_000).ok()?.format(form).ok();
    let machine = format(format_description!("[year]-[month]-[day]T[hour]:[minute]:[second].[subsecond digits:3]Z"));
    let human = format(format_description!("[year]-[month]-[day] [hour]:[minute] UTC"));
    let (machine, human) = (machine.unwrap_or_default(), human.unwrap_or_default());
    Value::from_safe_string(format!("<time datetime=\"{machine}\" data-moment>{human}</time>"))
}

/// One page being drawn: what all pages are given.
pub(in crate::http) struct Page<'a> {
    site: &'a Site,
    common: Context,
}

#[derive(Serialize)]
struct Shown<'a> {
    name: &'a str,
    role: &'static str,
}

impl<'a> Page<'a> {
    /// A page that doesn't say who is logged in.
    pub(in crate::http) fn nobody(site: &'a Site, language: Language) -> Self {
        let mut common = context! { "version" => env!("CARGO_PKG_VERSION"), "lang" => language.code };
        // From the configuration, and a URL's path already: its slashes stay slashes.
        common.insert("base", Value::from_safe_string(site.base().to_owned()));
        Self { site, common }
    }

    pub(in crate::http) fn form(site: &'a Site, browser: &Browser) -> Self {
        let mut page = Self::nobody(site, browser.language);
        page.common.insert("csrf", Value::from(browser.token.0.as_str()));
        page
    }

    pub(in crate::http) fn user(site: &'a Site, browser: &Browser, user: &User) -> Self {
        let mut page = Self::form(site, browser);
        let shown = Shown { name: &user.name, role: user.role.as_str() };
        page.common.insert("user", Value::from(Serde(shown)));
        page
    }

    pub(in crate::http) fn render(mut self, template: &str, own: Context) -> Result<Html<String>, minijinja::Error> {
        self.common.extend(own);
        let (environment, _) = self.site.templates.current();
        environment.get_template(template)?.render(Value::from(Serde(&self.common))).map(Html)
    }
}
