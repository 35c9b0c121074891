//! Checks whether Usher is a receiver of a bridge's Call Detail Records, and whether they arrive. Registers nothing.

use super::report::{CheckReport, CheckStep};
use super::verdict;
use crate::cdr_endpoints::LastRecord;
use crate::clock::Now;
use crate::cms::{ReceiverItem, Request, RequestError, Response, RestClient};
use crate::config::{BridgeConfig, CdrMode, Secret};

/// Facts about a bridge's records from Usher's database.
#[derive(Debug, Clone, Default)]
pub struct KnownRecords {
    /// None until Usher was started with records enabled for this bridge.
    pub secret: Option<Secret>,
    pub last: Option<LastRecord>,
}

const NAME: &str = "cdr";

/// The most pages of the list of receivers that are read; a bridge has four receivers.
const MAX_PAGES: usize = 4;

/// The receivers of a bridge.
struct ReceiverSlots {
    receivers: Vec<ReceiverItem>,
    maximum: Option<usize>,
}

/// `next_record`: the index of the bridge's next record, from its status.
pub(super) async fn check_records(
    client: &RestClient,
    config: &BridgeConfig,
    known: &KnownRecords,
    next_record: Option<u64>,
    report: &mut CheckReport,
) {
    if config.cdr == CdrMode::Off {
        return report.push(CheckStep::ok(NAME, "not used; with `cdr = \"register\"` lobby changes made elsewhere show at once"));
    }
    report.push(match fetch_receivers(client).await {
        Ok(slots) => verdict_on_slots(&slots, config, known, next_record, Now::read().unix_ms),
        Err(error) => verdict::receivers(&error, config),
    });
}

async fn fetch_receivers(client: &RestClient) -> Result<ReceiverSlots, RequestError> {
    let (mut receivers, mut offset) = (Vec::new(), 0);
    for _ in 0..MAX_PAGES {
        let Response::CdrReceivers { page, maximum } = client.send(&Request::CdrReceivers(offset)).await? else { break };
        let next = page.next(offset);
        receivers.extend(page.items);
        match next {
            Some(next) => offset = next,
            None => return Ok(ReceiverSlots { receivers, maximum }),
        }
    }
    Ok(ReceiverSlots { receivers, maximum: None })
}

fn verdict_on_slots(
    slots: &ReceiverSlots,
    config: &BridgeConfig,
    known: &KnownRecords,
    next_record: Option<u64>,
    now_ms: i64,
) -> CheckStep {
    let own = |receiver: &&ReceiverItem| is_own_receiver(receiver, known.secret.as_ref());
    if slots.receivers.iter().any(|receiver| own(&receiver)) {
        return verdict_on_arrivals(known.last, next_record, now_ms);
    }
    let taken = slots.receivers.len();
    let full = slots.maximum.is_some_and(|maximum| taken >= maximum);
    match config.cdr {
        _ if full => CheckStep::warn(
            NAME,
            format!("all {taken} CDR receivers of this bridge are taken by others"),
            "Free one in Web Admin under Configuration > CDR settings. Until then Usher reads everyone in turn: lobby changes made elsewhere \
             show within seconds, with more load on the bridge.",
        ),
        CdrMode::Register => {
            CheckStep::ok(NAME, format!("not registered yet; {taken} receivers are taken and a slot is free: `usher serve` registers"))
        }
        _ => CheckStep::warn(
            NAME,
            "Usher is no CDR receiver of this bridge",
            "`usher cdr show` prints the address; enter it in Web Admin under Configuration > CDR settings, or set `cdr = \"register\"`.",
        ),
    }
}

fn verdict_on_arrivals(last: Option<LastRecord>, next_record: Option<u64>, now_ms: i64) -> CheckStep {
    const ADVICE: &str = "Is `usher serve` running, and may the bridge open connections to the address that `usher cdr show` prints (firewall, DNS, \
                          proxy)? With https, does the bridge trust the certificate? Otherwise set `cdr.listen` and an http address in `cdr.url`.";
    match (last, next_record) {
        (None, Some(0)) => CheckStep::ok(NAME, "registered; the bridge has made no record yet"),
        (None, _) => CheckStep::warn(NAME, "registered, and no record has arrived yet", ADVICE),
        (Some(last), Some(next)) if last.next < next => {
            let found = format!(
                "registered; the bridge has made records up to {}, and Usher has those up to {}",
                next - 1,
                last.next.saturating_sub(1)
            );
            CheckStep::warn(NAME, found, ADVICE)
        }
        (Some(last), _) => {
            let age = (now_ms - last.at).max(0) / 1000;
            CheckStep::ok(NAME, format!("registered, and records arrive; the last one {age} s ago"))
        }
    }
}

/// Whether a receiver's address contains this bridge's secret, with any host.
pub(crate) fn is_own_receiver(receiver: &ReceiverItem, secret: Option<&Secret>) -> bool {
    receiver.url.as_ref().zip(secret).is_some_and(|(url, secret)| url.expose().ends_with(&format!("/cdr/{}", secret.expose())))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check::CheckOutcome;

    #[test]
    fn arrivals_are_judged_by_the_last_record() {
        let last = |next| Some(LastRecord { at: 1_000, next });
        let cases = [
            (None, Some(0), CheckOutcome::Ok, "no record yet"),
            (None, Some(7), CheckOutcome::Warn, "no record has arrived"),
            (None, None, CheckOutcome::Warn, "no record has arrived"),
            (last(5), Some(7), CheckOutcome::Warn, "up to 6, and Usher has those up to 4"),
            (last(7), Some(7), CheckOutcome::Ok, "the last one 4 s ago"),
            (last(7), None, CheckOutcome::Ok, "records arrive"),
        ];
        for (last, next, outcome, words) in cases {
            let step = verdict_on_arrivals(last, next, 5_000);
            assert_eq!(step.outcome, outcome, "{last:?} {next:?}");
            assert!(step.found.contains(words), "{}", step.found);
        }
    }
}
