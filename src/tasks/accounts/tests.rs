//! Accounts over a real store.

use std::time::Duration;

use super::*;

const GOOD: &str = "correct horse battery";

fn accounts() -> (tempfile::TempDir, Accounts) {
    let folder = tempfile::tempdir().expect("a folder");
    let store = Store::open(folder.path()).expect("a store");
    (folder, Accounts::new(store, "Main office"))
}

async fn with_anna(role: Role) -> (tempfile::TempDir, Accounts) {
    let (folder, accounts) = accounts();
    accounts.add(&Actor::console(), "Anna", role, Some(GOOD)).await.expect("an account");
    (folder, accounts)
}

#[tokio::test]
async fn the_setup_code_makes_the_first_account_once() {
    let (_folder, accounts) = accounts();
    assert!(accounts.offer_setup().await.expect("an answer"));
    let code = accounts.setup_code().borrow().clone().expect("a code");
    assert!(matches!(
        accounts.set_up(&code, "anna", "short", "10.0.0.1").await,
        Err(AccountError::Password(_))
    ));
    assert!(matches!(accounts.set_up("WRONG", "anna", GOOD, "10.0.0.1").await, Err(AccountError::Wrong)));
    let login = accounts.set_up(&code.to_lowercase(), "anna", GOOD, "10.0.0.1").await.expect("an account");
    assert_eq!(login.identity, Identity { name: "anna".into(), role: Role::Admin });
    assert_eq!(*accounts.setup_code().borrow(), None, "gone after use");
    assert!(matches!(accounts.set_up(&code, "bob", GOOD, "10.0.0.1").await, Err(AccountError::SetUp)));
    assert!(!accounts.offer_setup().await.expect("an answer"));
}

#[tokio::test]
async fn guessing_the_setup_code_changes_it() {
    let (_folder, accounts) = accounts();
    accounts.offer_setup().await.expect("an answer");
    let code = accounts.setup_code().borrow().clone();
    for guess in 0..10 {
        let origin = format!("10.0.0.{guess}");
        let answer = accounts.set_up("ABCDE-FGHJK", "anna", GOOD, &origin).await;
        assert!(matches!(answer, Err(AccountError::Wrong)));
    }
    let renewed = accounts.setup_code().borrow().clone();
    assert!(renewed.is_some() && renewed != code);
}

#[tokio::test]
async fn an_account_made_on_the_machine_ends_the_setup() {
    let (_folder, accounts) = accounts();
    accounts.offer_setup().await.expect("an answer");
    accounts.add(&Actor::console(), "anna", Role::Admin, Some(GOOD)).await.expect("an account");
    assert_eq!(*accounts.setup_code().borrow(), None);
}

#[tokio::test]
async fn a_session_lasts_until_logout_a_new_password_or_removal() {
    let (_folder, accounts) = with_anna(Role::Admin).await;
    let console = Actor::console();
    let who = |token: String| {
        let accounts = accounts.clone();
        async move { accounts.session(&token).await.expect("an answer").map(|identity| identity.name) }
    };
    let one = accounts.login("anna", GOOD, "10.0.0.1").await.expect("a session").token;
    let two = accounts.login("ANNA", GOOD, "10.0.0.1").await.expect("a session").token;
    assert_ne!(one, two);
    assert_eq!(who(one.clone()).await.as_deref(), Some("Anna"));
    accounts.logout(&one, &Actor { name: "Anna".into(), origin: "10.0.0.1".into() }).await.expect("out");
    assert_eq!(who(one).await, None);
    assert_eq!(accounts.present().await.expect("a list").len(), 1);
    accounts.set_password(&console, "anna", "another horse entirely").await.expect("a password");
    assert_eq!(who(two).await, None);
    assert!(matches!(accounts.login("anna", GOOD, "10.0.0.1").await, Err(AccountError::Wrong)));
    assert!(matches!(accounts.remove(&console, "anna").await, Err(AccountError::LastAdmin(_))));
    assert!(matches!(
        accounts.set_role(&console, "anna", Role::Viewer).await,
        Err(AccountError::LastAdmin(_))
    ));
    accounts.add(&console, "bob", Role::Admin, Some(GOOD)).await.expect("an account");
    let three = accounts.login("anna", "another horse entirely", "10.0.0.1").await.expect("a session").token;
    accounts.remove(&console, "anna").await.expect("removed");
    assert_eq!(who(three).await, None);
}

#[tokio::test]
async fn a_session_nobody_used_for_a_working_day_is_over() {
    let (_folder, accounts) = with_anna(Role::Viewer).await;
    let store = &accounts.inner.store;
    let entry = || JournalEntry::new(&Actor::console(), "login", "Anna");
    for (token, hours, alive) in [("fresh", 1, true), ("idle", 9, false)] {
        let at = Timestamp::from_second(now().as_second() - hours * 3600).expect("a time");
        store.add_session(at, secret::fingerprint(token), "anna", entry()).await.expect("a session");
        assert_eq!(accounts.session(token).await.expect("an answer").is_some(), alive, "{token}");
    }
    accounts.tend().await.expect("tended");
    assert!(store.session(secret::fingerprint("idle")).await.expect("an answer").is_none());
    assert!(store.session(secret::fingerprint("fresh")).await.expect("an answer").is_some());
}

#[tokio::test]
async fn guessing_is_slowed_for_the_account_and_the_address() {
    let (_folder, accounts) = with_anna(Role::Viewer).await;
    for _ in 0..5 {
        assert!(matches!(accounts.login("anna", "wrong", "10.0.0.1").await, Err(AccountError::Wrong)));
    }
    assert!(matches!(accounts.login("anna", GOOD, "10.0.0.1").await, Err(AccountError::TooSoon { .. })));
    assert!(matches!(accounts.login("anna", GOOD, "10.0.0.2").await, Err(AccountError::TooSoon { .. })));
    assert!(matches!(accounts.login("bob", GOOD, "10.0.0.1").await, Err(AccountError::TooSoon { .. })));
    assert!(matches!(accounts.login("bob", GOOD, "10.0.0.3").await, Err(AccountError::Wrong)));
}

#[tokio::test]
async fn a_link_works_once_and_in_time() {
    let (_folder, accounts) = with_anna(Role::Admin).await;
    let link = accounts.make_link("anna", Duration::from_secs(60)).await.expect("a link");
    assert_eq!(accounts.login_by_link(&link, "10.0.0.1").await.expect("in").identity.name, "Anna");
    assert!(matches!(accounts.login_by_link(&link, "10.0.0.1").await, Err(AccountError::Wrong)));
    let store = &accounts.inner.store;
    store.add_link(secret::fingerprint("late"), "Anna", now().as_second() - 1).await.expect("a link");
    assert!(matches!(accounts.login_by_link("late", "10.0.0.1").await, Err(AccountError::Wrong)));
}

#[tokio::test]
async fn a_pin_belongs_to_one_supervisor() {
    let (_folder, accounts) = with_anna(Role::Supervisor).await;
    let console = Actor::console();
    accounts.add(&console, "bob", Role::Supervisor, None).await.expect("an account");
    accounts.add(&console, "vera", Role::Viewer, None).await.expect("an account");
    accounts.set_pin(&console, "anna", Some("402817")).await.expect("a PIN");
    assert!(matches!(accounts.set_pin(&console, "bob", Some("402817")).await, Err(AccountError::Pin(_))));
    assert!(matches!(
        accounts.set_pin(&console, "vera", Some("402817")).await,
        Err(AccountError::NoPinForViewers(_))
    ));
    assert_eq!(accounts.unlock("402817", "wall").await.expect("unlocked").name, "Anna");
    assert!(matches!(accounts.unlock("402818", "wall").await, Err(AccountError::Wrong)));
    accounts.set_pin(&console, "anna", None).await.expect("away");
    assert!(matches!(accounts.unlock("402817", "wall").await, Err(AccountError::Wrong)));
}

#[tokio::test]
async fn tokens_work_until_revoked_and_nothing_secret_is_kept() {
    let (folder, accounts) = with_anna(Role::Admin).await;
    let console = Actor::console();
    let token = accounts.add_token(&console, "probe", Role::Viewer).await.expect("a token");
    assert!(matches!(accounts.add_token(&console, "Probe", Role::Viewer).await, Err(AccountError::Taken(_))));
    let who = accounts.bearer(&token).await.expect("an answer");
    assert_eq!(who, Some(Identity { name: "probe".into(), role: Role::Viewer }));
    assert_eq!(accounts.bearer("asterflow_x").await.expect("an answer"), None);
    assert!(accounts.tokens().await.expect("a list")[0].last_used.is_some());
    let session = accounts.login("anna", GOOD, "10.0.0.1").await.expect("a session").token;
    accounts.inner.store.checkpoint().await.expect("written");
    let bytes = std::fs::read(folder.path().join("asterflow.db")).expect("the database");
    for secret in [token.trim_start_matches("asterflow_"), &session, GOOD] {
        assert!(!bytes.windows(secret.len()).any(|window| window == secret.as_bytes()));
    }
    accounts.revoke_token(&console, "probe").await.expect("revoked");
    assert_eq!(accounts.bearer(&token).await.expect("an answer"), None);
    let actions: Vec<String> = accounts
        .journal(None, 50)
        .await
        .expect("rows")
        .into_iter()
        .rev()
        .map(|row| format!("{} {}", row.entry.action, row.entry.target))
        .collect();
    assert_eq!(actions, ["account add Anna", "token add probe", "login Anna", "token revoke probe"]);
    assert_eq!(accounts.verify_journal().await.expect("verdict").broken_at, None);
}

#[tokio::test]
async fn names_are_plain() {
    let (_folder, accounts) = accounts();
    for name in ["", "a b", "-x", "a\n", "<b>", &"x".repeat(33)] {
        let answer = accounts.add(&Actor::console(), name, Role::Viewer, None).await;
        assert!(matches!(answer, Err(AccountError::Name(_))), "{name}");
    }
}
