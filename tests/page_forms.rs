//! Forms of the pages: a refused form comes back with its values but no password, an error at each field, and the focus on the first.

mod common;

use common::browser::Browser;
use common::server::{PASSWORD, TestServer};
use rstest::rstest;

/// The tag of the element with this id, unescaped.
fn tag(page: &str, id: &str) -> String {
    let at = page.find(&format!(" id=\"{id}\"")).unwrap_or_else(|| panic!("no element {id}: {page}"));
    let begin = page[..at].rfind('<').expect("its begin");
    let end = at + page[at..].find('>').expect("its end");
    page[begin..=end].replace("&#x2f;", "/")
}

/// The text of a field's error, without its icon.
fn error_at(page: &str, field: &str) -> String {
    let id = format!("{field}-error");
    let described = tag(page, field);
    assert!(described.contains("aria-invalid=\"true\""), "{described}");
    let ids = described.split("aria-describedby=\"").nth(1).and_then(|rest| rest.split('"').next()).unwrap_or_default();
    assert!(ids.split(' ').any(|each| each == id), "{described} names its error");
    let text = page.split(&format!("id=\"{id}\">")).nth(1).expect("an error").split("</p>").next().unwrap_or_default();
    text.rsplit("</svg>").next().unwrap_or_default().trim().to_owned()
}

/// The ids of the fields that are marked as wrong, and of the one that gets the focus.
fn marked(page: &str) -> (Vec<String>, Vec<String>) {
    let id = |tag: &str| tag.split(" id=\"").nth(1).and_then(|rest| rest.split('"').next()).unwrap_or("message").to_owned();
    let with = |attribute: &str| -> Vec<String> {
        let tags = page.split('<').filter_map(|rest| rest.split('>').next());
        tags.filter(|tag| tag.split(' ').any(|word| word.split('=').next() == Some(attribute))).map(id).collect()
    };
    (with("aria-invalid"), with("autofocus"))
}

/// The message at the top, with its links.
fn message(page: &str) -> &str {
    page.split("role=\"alert\"").nth(1).expect("a message").split("</div>").next().expect("its end")
}

async fn sent(browser: &mut Browser, page: &str, path: &str, fields: &[(&str, &str)], status: u16) -> String {
    let answer = browser.post(page, path, fields).await;
    assert_eq!(answer.status, status, "{}", answer.body);
    answer.body
}

#[tokio::test]
async fn a_refused_new_user_names_every_wrong_field_and_keeps_all_but_the_password() {
    let site = TestServer::start().await;
    let mut ana = site.logged_in("ana").await;
    let fields = [("name", "eve \"evil\""), ("role", "admin"), ("password", "another horse")];
    let page = sent(&mut ana, "/users", "/users", &fields, 400).await;
    assert_eq!(marked(&page), (vec!["name".to_owned()], vec!["name".to_owned()]));
    let fields = [("name", "eve \"evil\""), ("role", "admin"), ("password", "tiny")];
    let page = sent(&mut ana, "/users", "/users", &fields, 400).await;
    assert_eq!(marked(&page), (vec!["name".to_owned(), "password".to_owned()], vec!["name".to_owned()]));
    assert!(error_at(&page, "name").starts_with("Use 1 to 64 letters"), "{page}");
    assert_eq!(error_at(&page, "password"), "Use at least 10 characters.");
    assert!(tag(&page, "name").contains("value=\"eve &quot;evil&quot;\""), "{}", tag(&page, "name"));
    assert!(page.contains("<option value=\"admin\" selected>"), "{page}");
    assert!(!page.contains("tiny"), "a password is never shown");
    for link in ["href=\"#name\">Name: Use 1 to 64", "href=\"#password\">Password: Use at least 10"] {
        assert!(message(&page).contains(link), "{}", message(&page));
    }
    assert!(page.contains("<title>Error · Users"), "{page}");
}

#[tokio::test]
async fn a_name_that_is_taken_is_an_error_at_the_name() {
    let site = TestServer::start().await;
    let mut ana = site.logged_in("ana").await;
    let page = sent(&mut ana, "/users", "/users", &[("name", "MO"), ("role", "viewer"), ("password", "another horse")], 400).await;
    assert_eq!(error_at(&page, "name"), "A user with this name already exists.");
    assert_eq!(marked(&page), (vec!["name".to_owned()], vec!["name".to_owned()]));
    assert!(tag(&page, "name").contains("value=\"MO\"") && !page.contains("another horse"), "{page}");
}

#[rstest]
#[case::password("/users/mo/password", &[("password", "tiny")], "password-mo", "Use at least 10 characters.")]
#[case::role("/users/mo/role", &[("role", "king")], "role-mo", "This role does not exist.")]
#[case::last_admin(
    "/users/ana/role",
    &[("role", "viewer")],
    "role-ana",
    "This is the last administrator. Make someone else an administrator first."
)]
#[tokio::test]
async fn an_error_in_a_row_opens_the_form_of_that_row_only(
    #[case] path: &str,
    #[case] fields: &[(&str, &str)],
    #[case] field: &str,
    #[case] expected: &str,
) {
    let site = TestServer::start().await;
    let mut ana = site.logged_in("ana").await;
    let page = sent(&mut ana, "/users", path, fields, 400).await;
    assert_eq!(error_at(&page, field), expected);
    assert_eq!(marked(&page), (vec![field.to_owned()], vec![field.to_owned()]));
    assert_eq!(page.matches("<details class=\"act\" open>").count(), 1);
    assert!(message(&page).contains(&format!("href=\"#{field}\"")), "{}", message(&page));
    assert!(!page.contains("tiny"), "a password is never shown");
}

#[tokio::test]
async fn a_role_that_was_refused_stays_chosen() {
    let site = TestServer::start().await;
    let mut ana = site.logged_in("ana").await;
    let page = sent(&mut ana, "/users", "/users/ana/role", &[("role", "viewer")], 400).await;
    let choices = page.split("id=\"role-ana\"").nth(1).expect("the field").split("</select>").next().expect("its end");
    assert!(choices.contains("value=\"viewer\" selected") && !choices.contains("value=\"admin\" selected"), "{choices}");
}

#[rstest]
#[case::last_admin("/users/ana/remove", &[], "This is the last administrator.")]
#[case::removed_meanwhile("/users/gone/role", &[("role", "viewer")], "This user no longer exists.")]
#[case::removed_before_the_password("/users/gone/password", &[("password", "another horse")], "This user no longer exists.")]
#[tokio::test]
async fn an_error_that_no_field_can_put_right_has_the_focus_itself(
    #[case] path: &str,
    #[case] fields: &[(&str, &str)],
    #[case] expected: &str,
) {
    let site = TestServer::start().await;
    let mut ana = site.logged_in("ana").await;
    let page = sent(&mut ana, "/users", path, fields, 400).await;
    assert!(message(&page).contains(expected), "{}", message(&page));
    assert_eq!(marked(&page), (vec![], vec!["message".to_owned()]));
    assert!(!page.contains("another horse"));
}

#[tokio::test]
async fn a_refused_change_of_password_names_the_wrong_fields() {
    let site = TestServer::start().await;
    let mut mo = site.logged_in("mo").await;
    let fields = |current, password, again| [("current", current), ("password", password), ("again", again)];
    let page = sent(&mut mo, "/account", "/account/password", &fields("wrong horse", "another horse", "another horse"), 400).await;
    assert_eq!(error_at(&page, "current"), "The current password is wrong.");
    assert_eq!(marked(&page), (vec!["current".to_owned()], vec!["current".to_owned()]));
    let page = sent(&mut mo, "/account", "/account/password", &fields(PASSWORD, "tiny", "teeny"), 400).await;
    assert_eq!(error_at(&page, "password"), "Use at least 10 characters.");
    assert_eq!(error_at(&page, "again"), "The two new passwords don’t match.");
    assert_eq!(marked(&page).1, ["password"]);
    for secret in [PASSWORD, "wrong horse", "another horse", "tiny", "teeny"] {
        assert!(!page.contains(secret), "{secret} is shown");
    }
}

#[tokio::test]
async fn a_language_that_usher_does_not_have_is_an_error_at_its_field() {
    let site = TestServer::start().await;
    let mut mo = site.logged_in("mo").await;
    let page = sent(&mut mo, "/account", "/account/language", &[("language", "xx")], 400).await;
    assert_eq!(error_at(&page, "language"), "Usher does not have this language.");
    assert_eq!(marked(&page), (vec!["language".to_owned()], vec!["language".to_owned()]));
}

#[tokio::test]
async fn a_failed_sign_in_keeps_the_name_and_asks_for_the_password_again() {
    let site = TestServer::start().await;
    let mut stranger = site.browser();
    let page = stranger.get("/login").await.body;
    assert_eq!(marked(&page), (vec![], vec!["username".to_owned()]));
    let page = stranger.try_login("mo", "wrong horse").await.body;
    assert_eq!(error_at(&page, "password"), "Wrong user name or password.");
    assert_eq!(marked(&page), (vec!["password".to_owned()], vec!["password".to_owned()]));
    assert!(tag(&page, "username").contains("value=\"mo\"") && !page.contains("wrong horse"), "{page}");
}

#[tokio::test]
async fn unreadable_times_of_the_log_stay_in_their_fields() {
    let site = TestServer::start().await;
    let mut ana = site.logged_in("ana").await;
    let answer = ana.get("/log?from=yesterday&to=2026-11-22T17:44Z").await;
    assert_eq!(answer.status, 400);
    assert!(error_at(&answer.body, "from").contains("2026-11-22T17:44"), "{}", answer.body);
    assert!(tag(&answer.body, "from").contains("value=\"yesterday\""), "{}", answer.body);
    assert!(tag(&answer.body, "to").contains("value=\"2026-11-22T17:44\""), "{}", answer.body);
    assert_eq!(marked(&answer.body), (vec!["from".to_owned()], vec!["from".to_owned()]));
    let both = ana.get("/log?from=yesterday&to=tomorrow").await.body;
    assert_eq!(marked(&both).0, ["from", "to"]);
}
