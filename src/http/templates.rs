//! Draws pages from templates/. Knows no routes; who is logged in is handed over.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::response::Html;
use minijinja::value::{Kwargs, Serde, Value};
use minijinja::{AutoEscape, Environment};
use rust_embed::RustEmbed;
use serde::Serialize;

use crate::accounts::User;

use super::catalogue::Catalogue;
use super::csrf::Token;
use super::site::Site;

#[derive(RustEmbed)]
#[folder = "templates"]
struct Files;

/// What a template is given, by name.
pub(super) type Context = BTreeMap<&'static str, Value>;

/// `context! { "name" => value }`, where a value is anything that serialises.
macro_rules! context {
    ($($name:literal => $value:expr),* $(,)?) => {
        std::collections::BTreeMap::from([$(($name, minijinja::value::Value::from(minijinja::value::Serde(&$value)))),*])
    };
}
pub(super) use context;

#[derive(Debug)]
pub(super) struct Templates {
    drawn_by: (Arc<Environment<'static>>, Arc<Catalogue>),
}

impl Templates {
    pub(super) fn new() -> Self {
        Self { drawn_by: load() }
    }

    /// In a debug build the files are read again for each page, so that an edit shows at once.
    fn current(&self) -> (Arc<Environment<'static>>, Arc<Catalogue>) {
        if cfg!(debug_assertions) { load() } else { self.drawn_by.clone() }
    }

    pub(super) fn catalogue(&self) -> Arc<Catalogue> {
        self.current().1
    }
}

fn load() -> (Arc<Environment<'static>>, Arc<Catalogue>) {
    let catalogue = Arc::new(Catalogue::load());
    let mut environment = Environment::new();
    environment.set_auto_escape_callback(|_| AutoEscape::Html);
    environment.set_loader(|name| Ok(Files::get(name).map(|file| String::from_utf8_lossy(&file.data).into_owned())));
    let words = catalogue.clone();
    environment.add_function("t", move |key: String, args: Kwargs| words.translate(&key, &args));
    (Arc::new(environment), catalogue)
}

/// One page being drawn: what all pages are given.
pub(super) struct Page<'a> {
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
    pub(super) fn nobody(site: &'a Site) -> Self {
        let mut common = context! { "version" => env!("CARGO_PKG_VERSION"), "lang" => "en" };
        // From the configuration, and a URL's path already: its slashes stay slashes.
        common.insert("base", Value::from_safe_string(site.base().to_owned()));
        Self { site, common }
    }

    pub(super) fn form(site: &'a Site, token: &Token) -> Self {
        let mut page = Self::nobody(site);
        page.common.insert("csrf", Value::from(token.0.as_str()));
        page
    }

    pub(super) fn user(site: &'a Site, token: &Token, user: &User) -> Self {
        let mut page = Self::form(site, token);
        let shown = Shown { name: &user.name, role: user.role.as_str() };
        page.common.insert("user", Value::from(Serde(shown)));
        page
    }

    pub(super) fn render(mut self, template: &str, own: Context) -> Result<Html<String>, minijinja::Error> {
        self.common.extend(own);
        let (environment, _) = self.site.templates.current();
        environment.get_template(template)?.render(Value::from(Serde(&self.common))).map(Html)
    }
}
