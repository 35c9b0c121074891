//! One REST request in the form that resources use: method, path segments, parameters. It has no HTTP types.

use crate::simulator::id::Id;

use super::form;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Method {
    Get,
    Post,
    Put,
    Delete,
}

#[derive(Debug)]
pub(crate) struct Request {
    pub(crate) method: Method,
    /// Segments below `/api/v1`, as written; collection names are compared without case (rest.md 2).
    pub(crate) segments: Vec<String>,
    pub(crate) query: Vec<(String, String)>,
    pub(crate) form: Vec<(String, String)>,
}

/// A parameter with an invalid value.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct BadParameter(pub(crate) &'static str);

impl Request {
    pub(crate) fn new(method: Method, path: &str, query: &str, body: &str) -> Self {
        Self {
            method,
            segments: path.split('/').filter(|s| !s.is_empty()).map(form::decode).collect(),
            query: form::parse(query),
            form: form::parse(body),
        }
    }

    /// The segments in lower case, for matching collection names.
    pub(crate) fn shape(&self) -> Vec<String> {
        self.segments.iter().map(|s| s.to_ascii_lowercase()).collect()
    }

    pub(crate) fn filter(&self, name: &str) -> Option<&str> {
        find(&self.query, name).filter(|v| !v.is_empty())
    }

    pub(crate) fn number(&self, name: &str) -> Option<usize> {
        self.filter(name)?.parse().ok()
    }

    /// A form value. Some clients send the parameters of a bulk PUT in the query (rest.md 5, J).
    pub(crate) fn value(&self, name: &str) -> Option<&str> {
        find(&self.form, name).or_else(|| find(&self.query, name))
    }

    pub(crate) fn boolean(&self, name: &'static str) -> Result<Option<bool>, BadParameter> {
        match self.value(name) {
            None => Ok(None),
            Some("true") => Ok(Some(true)),
            Some("false") => Ok(Some(false)),
            Some(_) => Err(BadParameter(name)),
        }
    }

    pub(crate) fn id(&self, name: &'static str) -> Result<Option<Id>, BadParameter> {
        match self.value(name) {
            None | Some("") => Ok(None),
            Some(text) => Id::parse(text).map(Some).ok_or(BadParameter(name)),
        }
    }
}

fn find<'a>(pairs: &'a [(String, String)], name: &str) -> Option<&'a str> {
    pairs.iter().find(|(n, _)| n == name).map(|(_, value)| value.as_str())
}
