//! Following changes gives the same view as building it from nothing.

use std::sync::LazyLock;
use std::time::Instant;

use proptest::prelude::*;

use super::*;
use crate::config::{Rules, Timing};
use crate::db::Db;
use crate::displays::projection::{Audience, Chosen, Names, Walls, Watched, What};
use crate::model::{ActionKind, Actor, Home, LegState, Lobby, LobbyFact, RosterPatch, Target};
use crate::moderation::Requests;
use crate::system_status::Problems;

/// Nobody writes it: what is added stays in memory.
static LOG: LazyLock<AuditLog> = LazyLock::new(|| {
    let dir = tempfile::tempdir().expect("a directory");
    AuditLog::new(Db::open(dir.path()).expect("a database"), 0, &Timing::default(), Problems::channel().0).0
});

/// One thing that a bridge or a moderator may do, on few enough objects that they meet.
#[derive(Debug, Clone)]
enum Step {
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

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let (bridge, call, person) = (0..3u8, 0..3u8, 0..6u8);
    let state = prop_oneof![Just(LegState::Ringing), Just(LegState::Connected)];
    let step = prop_oneof![
        (bridge.clone(), call.clone(), proptest::option::of(0..3u8), 0..3u8).prop_map(|(bridge, call, correlator, name)| Step::Call {
            bridge,
            call,
            correlator,
            name
        }),
        (bridge.clone(), call.clone()).prop_map(|(bridge, call)| Step::End { bridge, call }),
        (bridge.clone(), call.clone(), person.clone(), 0..3u8, state).prop_map(|(bridge, call, person, name, state)| Step::List {
            bridge,
            call,
            person,
            name,
            state
        }),
        (bridge.clone(), call, person.clone()).prop_map(|(bridge, call, person)| Step::Unlist { bridge, call, person }),
        (person.clone(), bridge).prop_map(|(person, bridge)| Step::Home { person, bridge }),
        (person.clone(), prop_oneof![Just(Lobby::Unknown), Just(Lobby::Waiting), Just(Lobby::In)])
            .prop_map(|(person, state)| Step::Lobby { person, state }),
        (person.clone(), proptest::option::of(proptest::bool::ANY)).prop_map(|(person, activator)| Step::Activator { person, activator }),
        person.clone().prop_map(|person| Step::Away { person }),
        person.clone().prop_map(|person| Step::Admit { person }),
        (person.clone(), proptest::bool::ANY).prop_map(|(person, on)| Step::Hold { person, on }),
        person.clone().prop_map(|person| Step::Acknowledge { person }),
        (0..2u8, proptest::option::of(person), 0..3u8).prop_map(|(user, person, meeting)| Step::Claim { user, person, meeting }),
        (0..3u8, proptest::bool::ANY).prop_map(|(meeting, own)| Step::Thresholds { meeting, own }),
        Just(Step::Publish),
    ];
    proptest::collection::vec(step, 0..60)
}

fn key(bridge: u8, call: u8) -> CallKey {
    CallKey { bridge: format!("b{bridge}").into(), call: format!("c{call}").into() }
}

fn person(n: u8) -> ParticipantId {
    format!("p{n}").into()
}

fn take(store: &Store, desk: &Moderation, step: &Step, now: Now) {
    let requests = Requests::new(desk.clone(), store.clone(), LOG.clone());
    let actor = |user: u8| Actor { user: format!("u{user}").into(), address: std::net::Ipv4Addr::LOCALHOST.into() };
    match step {
        Step::Call { bridge, call, correlator, name } => {
            store.put_call(&key(*bridge, *call), |facts| {
                facts.name = format!("n{name}").into();
                facts.correlator = correlator.map(|n| format!("m{n}").into());
            });
        }
        Step::End { bridge, call } => store.remove_call(&key(*bridge, *call)),
        Step::List { bridge, call, person: n, name, state } => {
            let patch = RosterPatch { name: Some(format!("n{name}").into()), state: Some(*state), ..RosterPatch::default() };
            store.list_person(&key(*bridge, *call), &person(*n), patch, now.instant, now);
        }
        Step::Unlist { bridge, call, person: n } => drop(store.unlist_person(&key(*bridge, *call), &person(*n))),
        Step::Home { person: n, bridge } => {
            store.update_person(&person(*n), |entry| entry.home = Some(Home::Bridge(format!("b{bridge}").into())));
        }
        Step::Lobby { person: n, state } => {
            let since = (*state == Lobby::Waiting).then_some(1);
            store.update_person(&person(*n), |entry| entry.lobby = LobbyFact { state: *state, since, ..LobbyFact::default() });
        }
        Step::Activator { person: n, activator } => drop(store.update_person(&person(*n), |entry| entry.activator = *activator)),
        Step::Away { person: n } => {
            store.update_person(&person(*n), |entry| entry.home = Some(Home::Elsewhere { id: "x".into(), name: None }));
        }
        Step::Admit { person: n } => {
            desk.begin(&Target::Person(person(*n)), ActionKind::Admit, &"mo".into(), None, now);
        }
        Step::Hold { person: n, on } => drop(requests.hold(&actor(0), &[person(*n)], on.then(|| ("".into(), None)), &[])),
        Step::Acknowledge { person: n } => drop(requests.acknowledge(&actor(0), &[person(*n)])),
        Step::Claim { user, person: n, meeting } => {
            let target = n.map_or_else(|| Target::Meeting(format!("m{meeting}").into()), |n| Target::Person(person(n)));
            requests.claim(&actor(*user), vec![target]);
        }
        Step::Thresholds { meeting, own } => drop(requests.thresholds(&actor(0), &format!("m{meeting}").into(), own.then_some((1, 2)))),
        Step::Publish => {}
    }
}

fn audiences() -> impl Iterator<Item = Audience> {
    let some = What::Meetings { meetings: vec![Chosen { id: "m0".into(), name: "N2".into() }] };
    let views = [vec![What::All], vec![some, What::Bridges { bridges: vec!["b1".into()] }]];
    views.into_iter().zip([Names::Full, Names::None]).map(|(views, names)| Audience { views, names, titles: names == Names::Full })
}

fn watch(walls: &Walls, fan: &mut Fan, audience: Audience, publisher: &Publisher) -> Watched {
    let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
    runtime.block_on(async {
        let (watched, ()) = tokio::join!(walls.watch(audience), async {
            let wish = fan.wish().await;
            fan.grant(wish, publisher);
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
        let (store, desk) = (Store::default(), Moderation::default());
        let mut publisher = Publisher::new(store.clone(), desk.clone(), filter.clone());
        let mut page = View::new();
        let (walls, mut fan) = Walls::channel(Duration::ZERO);
        let watched: Vec<_> = audiences().map(|audience| watch(&walls, &mut fan, audience, &publisher)).collect();
        let now = Now { instant: Instant::now(), unix_ms: 1 };
        for step in steps.iter().chain([&Step::Publish]) {
            take(&store, &desk, step, now);
            if matches!(step, Step::Publish) {
                let change = publisher.next(store.take_dirty(), None);
                fan.follow(&change, &publisher);
                view::apply(&mut page, &change);
            }
        }
        let mut anew = Publisher::new(store.clone(), desk.clone(), filter);
        anew.first();
        prop_assert_eq!(publisher.view(), anew.view());
        prop_assert_eq!(&page, anew.view());
        for (audience, followed) in audiences().zip(watched) {
            let (walls, mut fan) = Walls::channel(Duration::ZERO);
            let full = watch(&walls, &mut fan, audience, &anew);
            prop_assert_eq!(sorted(followed.hub.rows()), sorted(full.hub.rows()));
        }
    }
}
