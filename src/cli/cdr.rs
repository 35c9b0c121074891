//! `usher cdr show|register|remove|renew`: the addresses to which bridges post Call Detail Records. The only command that changes anything on a
//! bridge, and only Usher's own receiver.

use std::io::Write;
use std::sync::Arc;

use anyhow::{Context, bail, ensure};
use clap::Subcommand;
use rusqlite::Connection;

use crate::audit::{AuditEvent, AuditSubject};
use crate::cdr_endpoints;
use crate::check::is_own_receiver;
use crate::clock::Now;
use crate::cms::{OwnReceiver, ReceiverItem, Registration, RegistrationStep, Request, RequestError, Response, RestClient};
use crate::config::{BridgeConfig, CdrMode, Config, Secret};
use crate::db::open_connection;
use crate::text::normalize::caseless;

use super::audit;

#[derive(Debug, Subcommand)]
pub(super) enum CdrCommand {
    /// Print the secret address to enter as each bridge's CDR receiver, and when the last record arrived
    Show,
    /// Register Usher now as a CDR receiver, in a free slot of each bridge
    Register { bridge: Option<String> },
    /// Remove Usher's own CDR receivers from the bridges
    Remove { bridge: Option<String> },
    /// Remove the receiver with a bridge's secret address, and generate a new address
    Renew { bridge: String },
}

pub(super) async fn run(command: CdrCommand, config: Config, out: &mut impl Write) -> anyhow::Result<()> {
    let conn = open_connection(&config.data_dir)?;
    let wanted: Vec<_> = config.bridges.iter().filter(|bridge| bridge.cdr != CdrMode::Off).collect();
    ensure!(!wanted.is_empty(), "no bridge takes records; set `cdr = \"receive\"` or `cdr = \"register\"` in a [[bridge]] section");
    let names: Vec<_> = wanted.iter().map(|bridge| bridge.name.clone()).collect();
    let secrets = cdr_endpoints::secrets(&conn, &names)?;
    let chosen = |name: &Option<String>| -> anyhow::Result<Vec<&BridgeConfig>> {
        let chosen: Vec<_> =
            wanted.iter().copied().filter(|bridge| name.as_deref().is_none_or(|name| caseless(name) == caseless(&bridge.name))).collect();
        ensure!(!chosen.is_empty(), "no bridge of this name takes records; expected one of: {}", names.join(", "));
        Ok(chosen)
    };
    let base = config.cdr_url.as_deref();
    match command {
        CdrCommand::Show => {
            for name in &names {
                let Some(secret) = secrets.get(name) else { continue };
                writeln!(out, "{name}  {}", cdr_endpoints::url(base.unwrap_or("http(s)://<this machine>"), secret).expose())?;
                match cdr_endpoints::last_record(&conn, name)? {
                    Some(last) => writeln!(out, "  the last record came {} s ago", (Now::read().unix_ms - last.at).max(0) / 1000)?,
                    None => writeln!(out, "  no record has come yet")?,
                }
            }
        }
        CdrCommand::Register { bridge } => {
            let base = base.context("expected cdr.url or public_url in the configuration, so that the address is known")?;
            for bridge in chosen(&bridge)? {
                let Some(secret) = secrets.get(&bridge.name) else { continue };
                let registered = register(&RestClient::new(bridge, &config.timing)?, bridge, secret, base, out).await;
                record(&conn, AuditEvent::CdrRegister, bridge, &registered)?;
                registered?;
            }
        }
        CdrCommand::Remove { bridge } => {
            for bridge in chosen(&bridge)? {
                let Some(secret) = secrets.get(&bridge.name) else { continue };
                let removed = remove(&RestClient::new(bridge, &config.timing)?, bridge, secret, out).await;
                record(&conn, AuditEvent::CdrRemove, bridge, &removed)?;
                removed?;
                if bridge.cdr == CdrMode::Register {
                    writeln!(out, "  `cdr = \"register\"` is still set: a running `usher serve` registers again; set it to \"off\" first")?;
                }
            }
        }
        CdrCommand::Renew { bridge } => {
            for bridge in chosen(&Some(bridge))? {
                let Some(secret) = secrets.get(&bridge.name) else { continue };
                // A secret that may have leaked is renewed even if the bridge can't be reached.
                let removed = remove(&RestClient::new(bridge, &config.timing)?, bridge, secret, out).await;
                record(&conn, AuditEvent::CdrRemove, bridge, &removed)?;
                if let Err(error) = removed {
                    writeln!(out, "{error:#}\n  remove the old receiver in Web Admin under Configuration > CDR settings: it holds a slot")?;
                }
                cdr_endpoints::renew(&conn, &bridge.name)?;
                record(&conn, AuditEvent::CdrRenew, bridge, &Ok(()))?;
                writeln!(
                    out,
                    "{}  gets a new address, and the old one is refused, at the next start or SIGHUP of `usher serve`",
                    bridge.name
                )?;
                if bridge.cdr == CdrMode::Register {
                    writeln!(
                        out,
                        "  do that soon: until then a running `usher serve` registers the old address again, within ten minutes"
                    )?;
                }
            }
        }
    }
    Ok(())
}

/// Writes an entry about a change on a bridge.
fn record(conn: &Connection, action: AuditEvent, bridge: &BridgeConfig, result: &anyhow::Result<()>) -> anyhow::Result<()> {
    let about = AuditSubject { bridge: bridge.name.clone(), ..AuditSubject::default() };
    let entry = audit::done(action, "").about(about);
    let entry = match result {
        Ok(()) => entry,
        Err(error) => entry.ended("refused").reason(format!("{error:#}")),
    };
    Ok(audit::record_on(conn, &entry)?)
}

/// All receivers of a bridge, and their maximum number.
async fn listed(client: &RestClient) -> Result<(Vec<ReceiverItem>, Option<usize>), RequestError> {
    let (mut items, mut offset) = (Vec::new(), 0);
    loop {
        let Response::CdrReceivers { page, maximum } = client.send(&Request::CdrReceivers(offset)).await? else {
            return Err(RequestError::Garbled("no list of CDR receivers".into()));
        };
        let next = page.next(offset);
        items.extend(page.items);
        match next {
            Some(next) => offset = next,
            None => return Ok((items, maximum)),
        }
    }
}

/// Registers as a running server does: with `url`, then with `uri`, and reads the list again after each attempt.
async fn register(client: &RestClient, bridge: &BridgeConfig, secret: &Secret, base: &str, out: &mut impl Write) -> anyhow::Result<()> {
    let name = &bridge.name;
    let address = cdr_endpoints::url(base, secret);
    let (mut registration, mut created, mut changed) = (Registration::default(), None, false);
    loop {
        let (items, maximum) = listed(client).await.with_context(|| format!("{name}: the CDR receivers can't be read"))?;
        let (taken, nameless) = (items.len(), items.iter().any(|item| item.url.is_none()));
        let own = own_of(&items, secret, created.as_ref());
        let request = match registration.next_step(own, maximum.is_some_and(|maximum| taken >= maximum), nameless) {
            RegistrationStep::Done => {
                return Ok(writeln!(out, "{name}  {}", if changed { "registered" } else { "is registered already" })?);
            }
            RegistrationStep::NoSlot => {
                bail!("{name}: all {taken} CDR receivers are taken by others; free one in Web Admin under Configuration > CDR settings")
            }
            RegistrationStep::GiveUp(why) => bail!("{name}: {why}"),
            RegistrationStep::Add(field) => Request::AddCdrReceiver(address.clone(), field),
            RegistrationStep::Set(id, field) => Request::SetCdrReceiver(id, address.clone(), field),
        };
        changed = true;
        match client.send(&request).await {
            Ok(Response::Created(id)) => created = Some(id),
            Ok(_) => {}
            Err(RequestError::Refused { .. } | RequestError::Gone(_)) if registration.on_refusal() => {}
            // The reason is left out, because it may contain the address.
            Err(RequestError::Refused { status, .. }) => bail!("{name}: the bridge refused the receiver ({status})"),
            Err(error) => bail!("{name}: {error}"),
        }
    }
}

/// `created`: the receiver that was added just now, for lists without addresses.
fn own_of(items: &[ReceiverItem], secret: &Secret, created: Option<&Arc<str>>) -> OwnReceiver {
    if items.iter().any(|item| is_own_receiver(item, Some(secret))) {
        return OwnReceiver::Listed;
    }
    match items.iter().find(|item| item.url.is_none() && Some(&item.id) == created) {
        None => OwnReceiver::Missing,
        Some(own) if items.iter().any(|item| item.url.is_some()) => OwnReceiver::WithoutAddress(own.id.clone()),
        Some(own) => OwnReceiver::AddressHidden(own.id.clone()),
    }
}

async fn remove(client: &RestClient, bridge: &BridgeConfig, secret: &Secret, out: &mut impl Write) -> anyhow::Result<()> {
    let name = &bridge.name;
    let (items, _) = listed(client).await.with_context(|| format!("{name}: the CDR receivers can't be read"))?;
    let own: Vec<_> = items.into_iter().filter(|item| is_own_receiver(item, Some(secret))).map(|item| item.id).collect();
    if own.is_empty() {
        writeln!(out, "{name}  was not registered")?;
    }
    for receiver in own {
        match client.send(&Request::RemoveCdrReceiver(receiver)).await {
            Ok(_) | Err(RequestError::Gone(_)) => writeln!(out, "{name}  removed")?,
            Err(error) => bail!("{name}: {error}"),
        }
    }
    Ok(())
}
