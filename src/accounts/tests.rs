use rstest::rstest;

use super::*;

const PASSWORD: &str = "correct horse";

async fn accounts() -> (tempfile::TempDir, Accounts) {
    let dir = tempfile::tempdir().expect("directory");
    let accounts = Accounts::new(Db::open(dir.path()).expect("database"), Duration::from_secs(3600));
    accounts.add("Ana", Role::Admin, PASSWORD).await.expect("added");
    (dir, accounts)
}

async fn verify(accounts: &Accounts, name: &str, password: &str) -> Option<User> {
    accounts.verify(name, password, HashQueue::Stranger).await.expect("db").expect("nobody waits")
}

#[tokio::test]
async fn only_the_right_password_of_a_known_name_is_accepted() {
    let (_dir, accounts) = accounts().await;
    let name = |user: Option<User>| user.map(|user| user.name.to_string());
    assert_eq!(name(verify(&accounts, "ana", PASSWORD).await), Some("Ana".into()), "names ignore case");
    assert_eq!(name(verify(&accounts, "ana", "wrong horse").await), None);
    assert_eq!(name(verify(&accounts, "nobody", "nobody's password").await), None);
    assert_eq!(name(verify(&accounts, "ana", &"x".repeat(100_000)).await), None);
}

#[tokio::test]
async fn two_names_must_differ_by_more_than_case() {
    let (_dir, accounts) = accounts().await;
    let refused = accounts.add("ANA", Role::Viewer, PASSWORD).await;
    assert!(matches!(refused, Err(ChangeError::Rule(AccountError::Taken(_)))), "{refused:?}");
}

#[rstest]
#[case::demoted(true)]
#[case::removed(false)]
#[tokio::test]
async fn the_last_admin_stays(#[case] demote: bool) {
    let (_dir, accounts) = accounts().await;
    let change = || async { if demote { accounts.set_role("ana", Role::Viewer).await } else { accounts.remove("ana").await } };
    assert!(matches!(change().await, Err(ChangeError::Rule(AccountError::LastAdmin(_)))));
    accounts.add("ben", Role::Admin, PASSWORD).await.expect("added");
    change().await.expect("there is another admin now");
}

#[tokio::test]
async fn the_command_line_and_the_server_see_each_others_users() {
    let (dir, accounts) = accounts().await;
    let mut conn = crate::db::open_connection(dir.path()).expect("connection");
    let mut offline = OfflineAccounts(&mut conn);
    offline.add("ben", Role::Moderator, PASSWORD).expect("added");
    assert!(verify(&accounts, "ben", PASSWORD).await.is_some());
    offline.set_password("ben", "another horse").expect("changed");
    assert!(verify(&accounts, "ben", PASSWORD).await.is_none());
    assert_eq!(offline.list().expect("list").len(), 2);
    offline.remove("ben").expect("removed");
    assert!(matches!(offline.remove("ben"), Err(ChangeError::Rule(AccountError::Unknown(_)))));
}

#[tokio::test]
async fn users_and_their_stamps_stay_out_of_logs() {
    let (_dir, accounts) = accounts().await;
    let user = verify(&accounts, "ana", PASSWORD).await.expect("user");
    assert_eq!(format!("{user:?}"), "User { name: \"Ana\", role: Admin, .. }");
}

#[tokio::test]
async fn a_name_and_a_password_may_be_typed_composed_or_not() {
    let (_dir, accounts) = accounts().await;
    accounts.add("Zoe\u{308}", Role::Viewer, "Mu\u{308}llers horse").await.expect("added");
    for (name, password) in [("Zoë", "Müllers horse"), ("ZOE\u{308}", "Mu\u{308}llers\u{a0}horse"), ("ｚｏë", "Müllers horse")] {
        assert!(verify(&accounts, name, password).await.is_some(), "{name:?} {password:?}");
    }
    assert!(verify(&accounts, "Zoë", "müllers horse").await.is_none());
    let refused = accounts.add("zoë", Role::Viewer, PASSWORD).await;
    assert!(matches!(refused, Err(ChangeError::Rule(AccountError::Taken(_)))), "{refused:?}");
}

/// Adds a user as older versions did: name and password as they were typed.
fn add_as_older_versions_did(conn: &Connection, name: &str, password: &str) {
    let key = name.to_lowercase();
    let sql = "INSERT INTO users (name, name_key, role, hash, stamp, created) VALUES (?1, ?2, 'viewer', ?3, x'00', 0)";
    conn.execute(sql, rusqlite::params![name, key, password::hash(password)]).expect("added");
}

#[tokio::test]
async fn users_saved_by_older_versions_can_sign_in_with_any_normal_form() {
    let (dir, accounts) = accounts().await;
    let conn = crate::db::open_connection(dir.path()).expect("connection");
    add_as_older_versions_did(&conn, "Zoe\u{308}", "Mu\u{308}llers horse");
    // Two users whose names differ only by normal form stay two users.
    add_as_older_versions_did(&conn, "Rene\u{301}", "first horse of two");
    add_as_older_versions_did(&conn, "Rene\u{301}".replace("e\u{301}", "é").as_str(), "second horse of two");
    assert!(verify(&accounts, "Zoë", "Müllers horse").await.is_none(), "the hash is of another normal form");
    assert!(verify(&accounts, "Zoë", "Mu\u{308}llers horse").await.is_some(), "as it was set");
    accounts.db.flush().await.expect("flushed");
    assert!(verify(&accounts, "zoe\u{308}", "Müllers horse").await.is_some(), "in any normal form from then on");
    assert!(verify(&accounts, "Rene\u{301}", "first horse of two").await.is_some());
    assert!(verify(&accounts, "René", "second horse of two").await.is_some());
}
