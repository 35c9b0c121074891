//! Responses in the form of CMS: status, headers, XML bodies and failure details (rest.md 2 and 6).

use std::fmt::Display;

use crate::simulator::switches::{EmptyList, Missing, Switches};
use crate::simulator::world::World;
use crate::simulator::xml::{DECLARATION, Xml};

use super::request::BadParameter;

/// A change of the world that happens after the response.
pub(crate) type DelayedChange = Box<dyn FnOnce(&mut World, i64) + Send>;

pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(&'static str, String)>,
    pub(crate) body: String,
    pub(crate) later: Option<(u64, DelayedChange)>,
}

impl Reply {
    pub(crate) fn status(status: u16) -> Self {
        Self { status, headers: Vec::new(), body: String::new(), later: None }
    }

    /// 200 with an empty body, the response to PUT and DELETE (TR).
    pub(crate) fn empty() -> Self {
        Self::status(200)
    }

    /// The response to POST: the new object's path in `Location`, no body (TR, AP).
    pub(crate) fn created(collection: &str, id: impl Display) -> Self {
        let mut reply = Self::empty();
        reply.headers.push(("Location", format!("/api/v1/{collection}/{id}")));
        reply
    }

    pub(crate) fn xml(xml: Xml, switches: &Switches) -> Self {
        let mut reply = Self::empty();
        reply.headers.push(("Content-Type", "text/xml".to_owned()));
        if switches.xml_declaration {
            reply.body.push_str(DECLARATION);
        }
        reply.body.push_str(&xml.finish());
        reply
    }

    /// A page of a list: `total` counts all matching objects, not only those on the page (AP).
    pub(crate) fn list(tag: &str, total: usize, items: &str, switches: &Switches) -> Self {
        let mut xml = Xml::default();
        if items.is_empty() && switches.empty_list == EmptyList::SelfClosing {
            xml.raw(&format!("<{tag} total=\"{total}\"/>"));
        } else {
            xml.open_with(tag, &[("total", &total)]).raw(items).close(tag);
        }
        Self::xml(xml, switches)
    }

    pub(crate) fn failure(status: u16, reason: &str, switches: &Switches) -> Self {
        let mut xml = Xml::default();
        xml.open("failureDetails").raw(&format!("<{reason} />")).close("failureDetails");
        let mut reply = Self::xml(xml, switches);
        reply.status = status;
        reply
    }

    /// The response about an unknown object. Sources contradict each other, so it is a switch (rest.md 6).
    pub(crate) fn missing(reason: &str, reading: bool, switches: &Switches) -> Self {
        let status = match (switches.missing, reading) {
            (Missing::Bare404, _) => return Self::status(404),
            (Missing::Body404, _) | (Missing::Documented, true) => 404,
            (Missing::Body400, _) | (Missing::Documented, false) => 400,
        };
        Self::failure(status, reason, switches)
    }

    /// The words of the attributes are a guess (J prints pairs; rest.md 6).
    pub(crate) fn parameter_error(parameter: &str, switches: &Switches) -> Self {
        let reason = format!(r#"parameterError parameter="{parameter}" error="invalidValue""#);
        Self::failure(400, &reason, switches)
    }

    pub(crate) fn bad(bad: &BadParameter, switches: &Switches) -> Self {
        Self::parameter_error(bad.0, switches)
    }

    /// 401 with an empty body (TR, CMS 2.0).
    pub(crate) fn unauthorized() -> Self {
        let mut reply = Self::status(401);
        reply.headers.push(("WWW-Authenticate", r#"Basic realm="acano""#.to_owned()));
        reply
    }
}
