//! The template engine over `templates/`, with the catalogs of words. Knows no page.

use std::collections::BTreeMap;
use std::sync::Arc;

use minijinja::value::{Kwargs, Serde, Value};
use minijinja::{AutoEscape, Environment, State};
use rust_embed::RustEmbed;
use time::OffsetDateTime;
use time::macros::format_description;

use super::breakable::breakable;
use super::catalog::Catalogs;
use super::language::ENGLISH;

#[derive(RustEmbed)]
#[folder = "templates"]
struct TemplateFiles;

/// The values that a template gets, by name.
pub(in crate::http) type TemplateValues = BTreeMap<&'static str, Value>;

/// `values! { "name" => value }`, where a value is anything that serialises.
macro_rules! values {
    ($($name:literal => $value:expr),* $(,)?) => {
        std::collections::BTreeMap::from([$(($name, minijinja::value::Value::from(minijinja::value::Serde(&$value)))),*])
    };
}
pub(in crate::http) use values;

#[derive(Debug)]
pub(in crate::http) struct Templates {
    base: String,
    loaded: (Arc<Environment<'static>>, Arc<Catalogs>),
}

impl Templates {
    /// `base`: the path prefix of every address, `""` at the root.
    pub(in crate::http) fn new(base: &str) -> Self {
        Self { base: base.to_owned(), loaded: load() }
    }

    pub(in crate::http) fn base(&self) -> &str {
        &self.base
    }

    pub(in crate::http) fn catalogs(&self) -> Arc<Catalogs> {
        self.current().1
    }

    pub(in crate::http) fn render(&self, template: &str, values: &TemplateValues) -> Result<String, minijinja::Error> {
        let (environment, _) = self.current();
        environment.get_template(template)?.render(Value::from(Serde(values)))
    }

    /// Reads the files again for each page in a debug build, so that an edit shows at once.
    fn current(&self) -> (Arc<Environment<'static>>, Arc<Catalogs>) {
        if cfg!(debug_assertions) { load() } else { self.loaded.clone() }
    }
}

fn load() -> (Arc<Environment<'static>>, Arc<Catalogs>) {
    let catalogs = Arc::new(Catalogs::load());
    let mut environment = Environment::new();
    environment.set_auto_escape_callback(|_| AutoEscape::Html);
    environment.set_loader(|name| Ok(TemplateFiles::get(name).map(|file| String::from_utf8_lossy(&file.data).into_owned())));
    environment.add_filter("moment", moment);
    environment.add_filter("breakable", breakable);
    let words = catalogs.clone();
    environment.add_function("t", move |state: &State<'_, '_>, key: String, args: Kwargs| {
        let language = state.lookup("lang");
        words.of(language.as_ref().and_then(Value::as_str).unwrap_or(ENGLISH)).translate(&key, &args)
    });
    (Arc::new(environment), catalogs)
}

/// An instant in Unix milliseconds, to the minute or with `seconds`. plain_pages.js shows it in the viewer's language and zone; without the
/// script it is shown in UTC.
fn moment(ms: i64, args: Kwargs) -> Result<Value, minijinja::Error> {
    let seconds = args.get::<Option<bool>>("seconds")?.unwrap_or_default();
    args.assert_all_used()?;
    let format = |form| OffsetDateTime::from_unix_timestamp_nanos(i128::from(ms) * 1_000_000).ok()?.format(form).ok();
    let machine = format(format_description!("[year]-[month]-[day]T[hour]:[minute]:[second].[subsecond digits:3]Z"));
    let (style, human) = match seconds {
        true => ("seconds", format(format_description!("[year]-[month]-[day] [hour]:[minute]:[second] UTC"))),
        false => ("minutes", format(format_description!("[year]-[month]-[day] [hour]:[minute] UTC"))),
    };
    let (machine, human) = (machine.unwrap_or_default(), human.unwrap_or_default());
    Ok(Value::from_safe_string(format!("<time datetime=\"{machine}\" data-moment=\"{style}\">{human}</time>")))
}
