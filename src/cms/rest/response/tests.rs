use super::*;

fn read(request: Request, text: &str) -> Response {
    Response::read(&request, &Element::parse(text).expect("XML")).expect("what was asked for")
}

#[test]
fn a_leg_without_deactivated_is_not_in_the_lobby() {
    let text = "<callLeg id=\"l\"><status><state>connected</state><groupId>AB</groupId></status></callLeg>";
    let Response::Leg(leg) = read(Request::Leg("l".into()), text) else { panic!("a leg") };
    assert!(leg.connected && !leg.deactivated);
    assert_eq!(leg.group.as_deref(), Some("ab"));
}

#[test]
fn the_home_of_a_remote_participant_is_found_in_any_plausible_form() {
    for text in [
        "<callLegs total=\"0\"><callBridge>b1</callBridge></callLegs>",
        "<callLegs total=\"0\" callBridge=\"b1\"/>",
        "<callBridge>b1</callBridge>",
        "<callBridge id=\"b1\"/>",
        "<participant id=\"p\"><callBridge>b1</callBridge></participant>",
    ] {
        let Response::Legs(list) = read(Request::Legs("p".into()), text) else { panic!("legs") };
        assert_eq!((list.call_bridge.as_deref(), list.legs.len()), (Some("b1"), 0), "{text}");
    }
}

#[test]
fn pages_advance_by_the_entries_received() {
    let page = |items: usize, total| ListPage { items: vec![(); items], total, ..ListPage::default() };
    assert_eq!(page(10, Some(25)).next(0), Some(10));
    assert_eq!(page(5, Some(25)).next(20), None);
    assert_eq!(page(0, Some(25)).next(20), None);
    assert_eq!(page(10, None).next(0), Some(10));
}

#[test]
fn a_leg_that_may_have_lost_its_mark_is_not_taken_for_one_in_the_call() {
    let leg = |status: &str| {
        let Response::Leg(leg) = read(Request::Leg("l".into()), &format!("<callLeg id=\"l\"><name>B</name>{status}</callLeg>")) else {
            panic!("a leg")
        };
        (leg.connected, leg.deactivated, leg.unreadable)
    };
    let (is_in, waits, unreadable) = ((true, false, false), (true, true, false), (false, false, true));
    assert_eq!(leg("<status><state>connected</state></status>"), is_in);
    assert_eq!(leg("<status><state>connected</state><deactivated>false</deactivated></status>"), is_in);
    assert_eq!(leg("<status><state>connected</state><deactivated/></status>"), is_in);
    assert_eq!(leg("<status><state>connected</state><deactivated>true</deactivated></status>"), waits);
    assert_eq!(leg("<status><state>conn&#55357;</state><deactivated>true</deactivated></status>"), waits);
    assert_eq!(leg("<status><state>connected<deactivated>true</deactivated></status>"), waits);
    for status in [
        "<status><state>connected</state><deactivated>tr&#55357;ue</deactivated></status>",
        "<status><state>connected</state><deactivated>tr</status>",
        "<status><state>connected</state><deactivate</status>",
        "<status><state>connected</state>",
        "<status><state>conn&#55357;</state></status>",
    ] {
        assert_eq!(leg(status), unreadable, "{status}");
    }
}

#[rstest::rstest]
#[case("42", Some(42))]
#[case("42.9", Some(42))]
#[case("4e1", Some(40))]
#[case("-5", None)]
#[case("9223372036854775807", None)]
#[case("99999999999999999999999", None)]
#[case("1e300", None)]
#[case("an hour", None)]
fn the_age_of_a_leg_is_one_that_a_leg_can_have(#[case] written: &str, #[case] expected: Option<i64>) {
    let text = format!("<callLeg><status><durationSeconds>{written}</durationSeconds></status></callLeg>");
    let Response::Leg(leg) = read(Request::Leg("l".into()), &text) else { panic!("a leg") };
    assert_eq!(leg.duration_s, expected);
}

#[test]
fn an_entry_without_a_readable_id_is_counted_and_costs_none_of_the_others() {
    let text =
        "<calls total=\"99999999999999999999\"><call id=\"1\"/><call><name>x</name></call><call id=\"&#55357;\"/><call id=\"4\"/></calls>";
    let Response::Calls(page) = read(Request::Calls(0), text) else { panic!("calls") };
    assert_eq!((page.items.len(), page.unreadable, page.total, page.next(0)), (2, 2, None, Some(4)));
}

#[test]
fn a_login_page_is_no_response() {
    assert!(Response::read(&Request::Calls(0), &Element::parse("<html><body/></html>").expect("XML")).is_none());
}
