//! Following changes gives the same view as building it from nothing.

use std::sync::LazyLock;
use std::time::Instant;

use proptest::prelude::*;

use super::*;
use crate::config::{Rules, Timing};
use crate::db::Db;
use crate::displays::projection::{Audience, AudienceFeed, ChosenMeeting, NameDetail, Projections, ViewFilter};
use crate::model::{ActionKind, Actor, Home, LegState, Lobby, LobbyFact, RosterPatch, Target};
use crate::moderation::ModerationRequests;
use crate::system_status::Problems;

/// No task writes this log: its entries stay in memory.
static LOG: LazyLock<AuditLog> = LazyLock::new(|| {
    let dir = tempfile::tempdir().expect("a directory");
    AuditLog::new(Db::open(dir.path()).expect("a database"), 0, &Timing::default(), Problems::channel().0).0
});

/// One thing that a bridge or a moderator may do. There are few objects, so that steps often affect the same one.
#[derive(Debug, Clone)]
enum WorldStep {
    Call { bridge: u8, call: u8, correlator: Option<u8>, name: u8 },
    End { bridge: u8, call: u8 },
    List { bridge: u8, call: u8, person: u8, name: u8, state: LegState },
    Unlist { bridge: u8, call: u8, person: u8 },
    Home { person: u8, bridge: u8 },
    Lobby { person: u8, state: Lobby },
    Admit { person: u8 },
    Hold { person: u8, on: bool },
    Acknowledge { person: u8 },
    Claim { user: u8, person: Option<u8>, meeting: u8 },
    Thresholds { meeting: u8, own: bool },
    Activator { person: u8, activator: Option<bool> },
    Away { person: u8 },
    Publish,
}

fn steps() -> impl Strategy<Value = Vec<WorldStep>> {
    let (bridge, call, person) = (0..3u8, 0..3u8, 0..6u8);
    let state = prop_oneof![Just(LegState::Ringing), Just(LegState::Connected)];
    let step =
        prop_oneof![
            (bridge.clone(), call.clone(), proptest::option::of(0..3u8), 0..3u8)
                .prop_map(|(bridge, call, correlator, name)| WorldStep::Call { bridge, call, correlator, name }),
            (bridge.clone(), call.clone()).prop_map(|(bridge, call)| WorldStep::End { bridge, call }),
            (bridge.clone(), call.clone(), person.clone(), 0..3u8, state).prop_map(|(bridge, call, person, name, state)| WorldStep::List {
                bridge,
                call,
                person,
                name,
                state
            }),
            (bridge.clone(), call, person.clone()).prop_map(|(bridge, call, person)| WorldStep::Unlist { bridge, call, person }),
            (person.clone(), bridge).prop_map(|(person, bridge)| WorldStep::Home { person, bridge }),
            (person.clone(), prop_oneof![Just(Lobby::Unknown), Just(Lobby::Waiting), Just(Lobby::In)])
                .prop_map(|(person, state)| WorldStep::Lobby { person, state }),
            (person.clone(), proptest::option::of(proptest::bool::ANY))
                .prop_map(|(person, activator)| WorldStep::Activator { person, activator }),
            person.clone().prop_map(|person| WorldStep::Away { person }),
            person.clone().prop_map(|person| WorldStep::Admit { person }),
            (person.clone(), proptest::bool::ANY).prop_map(|(person, on)| WorldStep::Hold { person, on }),
            person.clone().prop_map(|person| WorldStep::Acknowledge { person }),
            (0..2u8, proptest::option::of(person), 0..3u8).prop_map(|(user, person, meeting)| WorldStep::Claim { user, person, meeting }),
            (0..3u8, proptest::bool::ANY).prop_map(|(meeting, own)| WorldStep::Thresholds { meeting, own }),
            Just(WorldStep::Publish),
        ];
    proptest::collection::vec(step, 0..60)
}

fn key(bridge: u8, call: u8) -> CallKey {
    CallKey { bridge: format!("b{bridge}").into(), call: format!("c{call}").into() }
}

fn person(n: u8) -> ParticipantId {
    format!("p{n}").into()
}

fn apply_step(store: &Store, moderation: &Moderation, step: &WorldStep, now: Now) {
    let requests = ModerationRequests::new(moderation.clone(), store.clone(), LOG.clone());
    let actor = |user: u8| Actor { user: format!("u{user}").into(), address: std::net::Ipv4Addr::LOCALHOST.into() };
    match step {
        WorldStep::Call { bridge, call, correlator, name } => {
            store.put_call(&key(*bridge, *call), |facts| {
                facts.name = format!("n{name}").into();
                facts.correlator = correlator.map(|n| format!("m{n}").into());
            });
        }
        WorldStep::End { bridge, call } => store.remove_call(&key(*bridge, *call)),
        WorldStep::List { bridge, call, person: n, name, state } => {
            let patch = RosterPatch { name: Some(format!("n{name}").into()), state: Some(*state), ..RosterPatch::default() };
            store.list_person(&key(*bridge, *call), &person(*n), patch, now.instant, now);
        }
        WorldStep::Unlist { bridge, call, person: n } => {
            store.unlist_person(&key(*bridge, *call), &person(*n));
        }
        WorldStep::Home { person: n, bridge } => {
            store.update_person(&person(*n), |entry| entry.home = Some(Home::Bridge(format!("b{bridge}").into())));
        }
        WorldStep::Lobby { person: n, state } => {
            let since = (*state == Lobby::Waiting).then_some(1);
            store.update_person(&person(*n), |entry| entry.lobby = LobbyFact { state: *state, since, ..LobbyFact::default() });
        }
        WorldStep::Activator { person: n, activator } => {
            store.update_person(&person(*n), |entry| entry.activator = *activator);
        }
        WorldStep::Away { person: n } => {
            store.update_person(&person(*n), |entry| entry.home = Some(Home::Elsewhere { id: "x".into(), name: None }));
        }
        WorldStep::Admit { person: n } => {
            moderation.begin(&Target::Person(person(*n)), ActionKind::Admit, &"mo".into(), None, now);
        }
        WorldStep::Hold { person: n, on } => {
            requests.hold(&actor(0), &[person(*n)], on.then(|| ("".into(), None)), &[]);
        }
        WorldStep::Acknowledge { person: n } => {
            requests.acknowledge(&actor(0), &[person(*n)]);
        }
        WorldStep::Claim { user, person: n, meeting } => {
            let target = n.map_or_else(|| Target::Meeting(format!("m{meeting}").into()), |n| Target::Person(person(n)));
            requests.claim(&actor(*user), vec![target]);
        }
        WorldStep::Thresholds { meeting, own } => {
            requests.thresholds(&actor(0), &format!("m{meeting}").into(), own.then_some((1, 2)));
        }
        WorldStep::Publish => {}
    }
}

fn audiences() -> impl Iterator<Item = Audience> {
    let some = ViewFilter::Meetings { meetings: vec![ChosenMeeting { id: "m0".into(), name: "N2".into() }] };
    let views = [vec![ViewFilter::All], vec![some, ViewFilter::Bridges { bridges: vec!["b1".into()] }]];
    views.into_iter().zip([NameDetail::Full, NameDetail::None]).map(|(views, names)| Audience {
        views,
        names,
        titles: names == NameDetail::Full,
    })
}

fn watch(projections: &Projections, hubs: &mut AudienceHubs, audience: Audience, publisher: &Publisher) -> AudienceFeed {
    let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
    runtime.block_on(async {
        let (watched, ()) = tokio::join!(projections.watch(audience), async {
            let request = hubs.next_request().await;
            hubs.serve(request, publisher);
        });
        watched.expect("watched")
    })
}

fn sorted(mut rows: Vec<Arc<str>>) -> Vec<Arc<str>> {
    rows.sort();
    rows
}

proptest! {
    #[test]
    fn following_changes_gives_the_same_view_as_building_it_from_nothing(steps in steps(), hidden in proptest::bool::ANY) {
        let exclude = if hidden { Rules { names: vec!["n1".into()], ..Rules::default() } } else { Rules::default() };
        let filter = MeetingFilter { exclude, ..MeetingFilter::default() };
        let (store, moderation) = (Store::default(), Moderation::default());
        let mut publisher = Publisher::new(store.clone(), moderation.clone(), filter.clone());
        let mut page = View::new();
        let (projections, mut hubs) = Projections::channel(Duration::ZERO);
        let watched: Vec<_> = audiences().map(|audience| watch(&projections, &mut hubs, audience, &publisher)).collect();
        let now = Now { instant: Instant::now(), unix_ms: 1 };
        for step in steps.iter().chain([&WorldStep::Publish]) {
            apply_step(&store, &moderation, step, now);
            if matches!(step, WorldStep::Publish) {
                let delta = publisher.next(store.take_dirty(), None);
                hubs.follow(&delta, &publisher);
                view::apply(&mut page, &delta);
            }
        }
        let mut anew = Publisher::new(store.clone(), moderation.clone(), filter);
        anew.first();
        prop_assert_eq!(publisher.view(), anew.view());
        prop_assert_eq!(&page, anew.view());
        for (audience, followed) in audiences().zip(watched) {
            let (projections, mut hubs) = Projections::channel(Duration::ZERO);
            let full = watch(&projections, &mut hubs, audience, &anew);
            prop_assert_eq!(sorted(followed.hub.rows()), sorted(full.hub.rows()));
        }
    }
}
