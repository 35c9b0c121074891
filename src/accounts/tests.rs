use rstest::rstest;

use super::*;

const PASSWORD: &str = "correct horse";

async fn accounts() -> (tempfile::TempDir, Accounts) {
    let dir = tempfile::tempdir().expect("directory");
    let accounts = Accounts::new(Db::open(dir.path()).expect("database"), Duration::from_secs(3600));
    accounts.add("Ana", Role::Admin, PASSWORD).await.expect("added");
    (dir, accounts)
}

#[tokio::test]
async fn only_the_right_password_of_a_known_name_opens() {
    let (_dir, accounts) = accounts().await;
    let name = |user: Option<User>| user.map(|user| user.name.to_string());
    assert_eq!(name(accounts.verify("ana", PASSWORD).await.expect("db")), Some("Ana".into()), "names ignore case");
    assert_eq!(name(accounts.verify("ana", "wrong horse").await.expect("db")), None);
    assert_eq!(name(accounts.verify("nobody", "nobody's password").await.expect("db")), None);
    assert_eq!(name(accounts.verify("ana", &"x".repeat(100_000)).await.expect("db")), None);
}

#[tokio::test]
async fn a_name_is_taken_whatever_its_case() {
    let (_dir, accounts) = accounts().await;
    let refused = accounts.add("ANA", Role::Viewer, PASSWORD).await;
    assert!(matches!(refused, Err(Refused::Rule(AccountError::Taken(_)))), "{refused:?}");
}

#[rstest]
#[case::demoted(true)]
#[case::removed(false)]
#[tokio::test]
async fn the_last_admin_stays(#[case] demote: bool) {
    let (_dir, accounts) = accounts().await;
    let change = || async { if demote { accounts.set_role("ana", Role::Viewer).await } else { accounts.remove("ana").await } };
    assert!(matches!(change().await, Err(Refused::Rule(AccountError::LastAdmin(_)))));
    accounts.add("ben", Role::Admin, PASSWORD).await.expect("added");
    change().await.expect("there is another admin now");
}

#[tokio::test]
async fn the_command_line_and_the_server_see_each_others_users() {
    let (dir, accounts) = accounts().await;
    let mut conn = crate::db::open_connection(dir.path()).expect("connection");
    let mut offline = Offline(&mut conn);
    offline.add("ben", Role::Moderator, PASSWORD).expect("added");
    assert!(accounts.verify("ben", PASSWORD).await.expect("db").is_some());
    offline.set_password("ben", "another horse").expect("changed");
    assert!(accounts.verify("ben", PASSWORD).await.expect("db").is_none());
    assert_eq!(offline.list().expect("list").len(), 2);
    offline.remove("ben").expect("removed");
    assert!(matches!(offline.remove("ben"), Err(Refused::Rule(AccountError::Unknown(_)))));
}

#[tokio::test]
async fn users_and_their_stamps_stay_out_of_logs() {
    let (_dir, accounts) = accounts().await;
    let user = accounts.verify("ana", PASSWORD).await.expect("db").expect("user");
    assert_eq!(format!("{user:?}"), "User { name: \"Ana\", role: Admin, .. }");
}
