//! `/system/cdrReceivers` (cdr.md 1): the receivers of this bridge alone. `cdr` sends the records.

use crate::simulator::cdr::{Cdr, Receivers};
use crate::simulator::id::Id;
use crate::simulator::switches::{CdrFormField, CdrListed, EmptyList};
use crate::simulator::xml::Xml;

use super::reply::Reply;
use super::request::{BadParameter, Request};
use super::{Context, page};

const COLLECTION: &str = "system/cdrReceivers";

/// The bridge's receivers, with the number of foreign ones that the switch sets.
fn receivers<'a>(context: &Context, cdr: &'a mut Cdr) -> &'a mut Receivers {
    let receivers = &mut cdr.feeds[context.bridge].receivers;
    receivers.set_foreign(context.switches.cdr_foreign_receivers.min(context.switches.cdr_slots));
    receivers
}

/// `maximum` is the number of slots (AP).
pub(crate) fn list(context: &Context, cdr: &mut Cdr, request: &Request) -> Reply {
    let (slots, receivers) = (context.switches.cdr_slots, receivers(context, cdr));
    let (total, found) = page::of(receivers.iter(), 0, request, receivers.len());
    let mut xml = Xml::default();
    if found.is_empty() && context.switches.empty_list == EmptyList::SelfClosing {
        xml.raw(&format!("<cdrReceivers total=\"{total}\" maximum=\"{slots}\"/>"));
        return Reply::xml(xml, &context.switches);
    }
    xml.open_with("cdrReceivers", &[("total", &total), ("maximum", &slots)]);
    for receiver in found {
        show(context, &mut xml, receiver.id, receiver.uri.as_deref());
    }
    xml.close("cdrReceivers");
    Reply::xml(xml, &context.switches)
}

pub(crate) fn one(context: &Context, cdr: &mut Cdr, id: Id) -> Reply {
    let Some(receiver) = receivers(context, cdr).find(id) else {
        return Reply::missing("cdrReceiverDoesNotExist", true, &context.switches);
    };
    let mut xml = Xml::default();
    show(context, &mut xml, id, receiver.uri.as_deref());
    Reply::xml(xml, &context.switches)
}

/// The form calls the address `url`, the answer `uri` (PM, AP).
fn show(context: &Context, xml: &mut Xml, id: Id, uri: Option<&str>) {
    let uri = match context.switches.cdr_listed {
        CdrListed::AsGiven => uri.map(str::to_owned),
        CdrListed::Respelled => uri.map(respelled),
        CdrListed::WithoutUri => None,
    };
    xml.open_with("cdrReceiver", &[("id", &id)]).optional_field("uri", uri).close("cdrReceiver");
}

/// Upper-cases scheme and host, which does not change their meaning; it would change that of the path.
fn respelled(uri: &str) -> String {
    let host_end = uri.find("://").map_or(0, |at| at + 3);
    let path = uri[host_end..].find('/').map_or(uri.len(), |at| host_end + at);
    format!("{}{}", uri[..path].to_uppercase(), &uri[path..])
}

pub(crate) fn create(context: &Context, cdr: &mut Cdr, request: &Request) -> Reply {
    match parse_form(context, request) {
        Ok(Some(Some(uri))) => add(context, cdr, Some(uri)),
        Ok(None) if context.switches.cdr_form_field == CdrFormField::UriNothing => Reply::empty(),
        Ok(None) if context.switches.cdr_form_field == CdrFormField::UriEmpty => add(context, cdr, None),
        Ok(_) => Reply::parameter_error("url", &context.switches),
        Err(bad) => Reply::bad(&bad, &context.switches),
    }
}

/// PUT on the collection creates a receiver without a URL (AP).
pub(crate) fn create_empty(context: &Context, cdr: &mut Cdr) -> Reply {
    add(context, cdr, None)
}

fn add(context: &Context, cdr: &mut Cdr, uri: Option<String>) -> Reply {
    let receivers = receivers(context, cdr);
    if receivers.len() >= context.switches.cdr_slots {
        return Reply::failure(400, "tooManyCdrReceivers", &context.switches);
    }
    Reply::created(COLLECTION, receivers.add(uri))
}

/// An empty `url` keeps the object and its id (AP).
pub(crate) fn modify(context: &Context, cdr: &mut Cdr, request: &Request, id: Id) -> Reply {
    let receivers = receivers(context, cdr);
    let found = match parse_form(context, request) {
        Ok(Some(uri)) => receivers.set_uri(id, uri),
        Ok(None) => receivers.find(id).is_some(),
        Err(bad) => return Reply::bad(&bad, &context.switches),
    };
    if found { Reply::empty() } else { Reply::missing("cdrReceiverDoesNotExist", false, &context.switches) }
}

pub(crate) fn delete(context: &Context, cdr: &mut Cdr, id: Id) -> Reply {
    match receivers(context, cdr).remove(id) {
        true => Reply::empty(),
        false => Reply::missing("cdrReceiverDoesNotExist", false, &context.switches),
    }
}

/// `None`: not given. `Some(None)`: given and empty. Otherwise an HTTP(S) URI with a host, exactly as it was written.
fn parse_form(context: &Context, request: &Request) -> Result<Option<Option<String>>, BadParameter> {
    let (url, uri) = (request.value("url"), request.value("uri"));
    let address = match context.switches.cdr_form_field {
        CdrFormField::Url => url,
        CdrFormField::AlsoUri => url.or(uri),
        CdrFormField::Uri if url.is_some() => return Err(BadParameter("url")),
        CdrFormField::Uri | CdrFormField::UriNothing | CdrFormField::UriEmpty => uri,
    };
    match address {
        None => Ok(None),
        Some("") => Ok(Some(None)),
        Some(text) => match reqwest::Url::parse(text) {
            Ok(url) if matches!(url.scheme(), "http" | "https") && url.has_host() => Ok(Some(Some(text.to_owned()))),
            _ => Err(BadParameter("url")),
        },
    }
}
