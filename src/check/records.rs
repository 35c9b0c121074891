//! Whether a bridge's Call Detail Records would reach Usher, and whether they do. Asks and reads; registers nothing.

use super::report::{Report, Step};
use super::verdict;
use crate::cdr_endpoints::Arrived;
use crate::clock::Now;
use crate::cms::{Answer, Ask, AskError, Client, ReceiverItem};
use crate::config::{BridgeConfig, CdrMode, Secret};

/// What Usher's database knows of a bridge's records.
#[derive(Debug, Clone, Default)]
pub struct Known {
    /// None until Usher was started with records for this bridge.
    pub secret: Option<Secret>,
    pub arrived: Option<Arrived>,
}

const NAME: &str = "cdr";

/// A list that goes on after so many pages is a fault; a bridge has four.
const PAGES: usize = 4;

/// The receivers of a bridge.
struct Slots {
    receivers: Vec<ReceiverItem>,
    maximum: Option<usize>,
}

/// `next_record`: the index of the record that the bridge makes next, from its status.
pub(super) async fn records(client: &Client, config: &BridgeConfig, known: &Known, next_record: Option<u64>, report: &mut Report) {
    if config.cdr == CdrMode::Off {
        return report.push(Step::ok(NAME, "not used; with `cdr = \"register\"` lobby changes made elsewhere show at once"));
    }
    report.push(match slots(client).await {
        Ok(slots) => judge_slots(&slots, config, known, next_record, Now::read().unix_ms),
        Err(error) => verdict::receivers(&error, config),
    });
}

async fn slots(client: &Client) -> Result<Slots, AskError> {
    let (mut receivers, mut offset) = (Vec::new(), 0);
    for _ in 0..PAGES {
        let Answer::CdrReceivers { page, maximum } = client.ask(&Ask::CdrReceivers(offset)).await? else { break };
        let next = page.next(offset);
        receivers.extend(page.items);
        match next {
            Some(next) => offset = next,
            None => return Ok(Slots { receivers, maximum }),
        }
    }
    Ok(Slots { receivers, maximum: None })
}

fn judge_slots(slots: &Slots, config: &BridgeConfig, known: &Known, next_record: Option<u64>, now_ms: i64) -> Step {
    let own = |receiver: &&ReceiverItem| is_own(receiver, known.secret.as_ref());
    if slots.receivers.iter().any(|receiver| own(&receiver)) {
        return judge_arrivals(known.arrived, next_record, now_ms);
    }
    let taken = slots.receivers.len();
    let full = slots.maximum.is_some_and(|maximum| taken >= maximum);
    match config.cdr {
        _ if full => Step::warn(
            NAME,
            format!("all {taken} CDR receivers of this bridge are taken by others"),
            "Free one in Web Admin under Configuration > CDR settings. Until then Usher reads everybody in turn: lobby changes made elsewhere \
             show within seconds, with more load on the bridge.",
        ),
        CdrMode::Register => {
            Step::ok(NAME, format!("not registered yet; {taken} receivers are taken and a slot is free: `usher serve` registers"))
        }
        _ => Step::warn(
            NAME,
            "Usher is no CDR receiver of this bridge",
            "`usher cdr show` prints the address; enter it in Web Admin under Configuration > CDR settings, or set `cdr = \"register\"`.",
        ),
    }
}

fn judge_arrivals(arrived: Option<Arrived>, next_record: Option<u64>, now_ms: i64) -> Step {
    const ADVICE: &str = "Is `usher serve` running, and may the bridge open connections to the address that `usher cdr show` prints (firewall, DNS, \
                          proxy)? With https, does the bridge trust the certificate? Otherwise set `cdr.listen` and an http address in `cdr.url`.";
    match (arrived, next_record) {
        (None, Some(0)) => Step::ok(NAME, "registered; the bridge has made no record yet"),
        (None, _) => Step::warn(NAME, "registered, and no record has arrived yet", ADVICE),
        (Some(arrived), Some(next)) if arrived.next < next => {
            let found = format!(
                "registered; the bridge has made records up to {}, and Usher has those up to {}",
                next - 1,
                arrived.next.saturating_sub(1)
            );
            Step::warn(NAME, found, ADVICE)
        }
        (Some(arrived), _) => {
            let age = (now_ms - arrived.at).max(0) / 1000;
            Step::ok(NAME, format!("registered, and records arrive; the last one {age} s ago"))
        }
    }
}

/// A receiver with this bridge's secret, whatever the host before it is.
pub(crate) fn is_own(receiver: &ReceiverItem, secret: Option<&Secret>) -> bool {
    receiver.url.as_ref().zip(secret).is_some_and(|(url, secret)| url.expose().ends_with(&format!("/cdr/{}", secret.expose())))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check::Outcome;

    #[test]
    fn records_arrive_or_lag_or_never_came() {
        let arrived = |next| Some(Arrived { at: 1_000, next });
        let cases = [
            (None, Some(0), Outcome::Ok, "no record yet"),
            (None, Some(7), Outcome::Warn, "no record has arrived"),
            (None, None, Outcome::Warn, "no record has arrived"),
            (arrived(5), Some(7), Outcome::Warn, "up to 6, and Usher has those up to 4"),
            (arrived(7), Some(7), Outcome::Ok, "the last one 4 s ago"),
            (arrived(7), None, Outcome::Ok, "records arrive"),
        ];
        for (arrived, next, outcome, words) in cases {
            let step = judge_arrivals(arrived, next, 5_000);
            assert_eq!(step.outcome, outcome, "{arrived:?} {next:?}");
            assert!(step.found.contains(words), "{}", step.found);
        }
    }
}
