//! Keys, accounts and sessions.

use std::time::Duration;

use countervail::domain::audit::Actor;
use countervail::domain::id::ApiKeyId;
use countervail::domain::key::{Scope, Scopes};
use countervail::domain::user::Role;
use countervail::service::error::Error;
use secrecy::{ExposeSecret as _, SecretString};

use crate::ground::{Ground, PASSWORD, item, on_both_databases};

on_both_databases! {
    a_key_works_until_it_is_revoked
    a_key_may_do_what_its_scopes_say
    signing_in_and_out
    wrong_names_and_passwords_are_one_answer
    a_session_runs_out
    names_are_unique_and_passwords_long
    no_secret_is_stored
}

async fn a_key_works_until_it_is_revoked(g: Ground) {
    let (key, secret) = g.service.create_key(Actor::Operator, "forum", Scope::ALL.into()).await.unwrap();
    assert!(secret.expose_secret().starts_with(&key.prefix));
    let client = g.service.authenticate(&secret).await.unwrap();
    assert_eq!((client.key_id, client.name.as_str()), (Some(key.id), "forum"));
    let wrong = SecretString::from(format!("{}x", secret.expose_secret()));
    assert!(matches!(g.service.authenticate(&wrong).await, Err(Error::BadKey)));
    let revoked = g.service.revoke_key(Actor::Operator, key.id).await.unwrap();
    assert!(matches!(g.service.authenticate(&secret).await, Err(Error::BadKey)));
    g.clock.advance(Duration::from_secs(5));
    assert_eq!(g.service.revoke_key(Actor::Operator, key.id).await.unwrap(), revoked);
    assert_eq!(g.service.keys().await.unwrap(), [revoked]);
    let unknown = ApiKeyId::from_uuid(uuid::Uuid::from_u128(1));
    assert!(matches!(g.service.revoke_key(Actor::Operator, unknown).await, Err(Error::NotFound { .. })));
}

async fn a_key_may_do_what_its_scopes_say(g: Ground) {
    let (_, secret) = g.service.create_key(Actor::Operator, "forum", [Scope::Report].into()).await.unwrap();
    let client = g.service.authenticate(&secret).await.unwrap();
    let refused = g.service.submit_item(item("hello"), &client, None, None).await;
    assert!(matches!(refused, Err(Error::MissingScope { needs: Scope::Moderate })));
    let none = g.service.create_key(Actor::Operator, "forum", Scopes::new()).await;
    assert!(matches!(none, Err(Error::NoScope)));
    let blank = g.service.create_key(Actor::Operator, " ", Scope::ALL.into()).await;
    assert!(matches!(blank, Err(Error::BadName { got: 0, .. })));
}

async fn signing_in_and_out(g: Ground) {
    let ann = g.reviewer("ann", Role::Lead).await;
    let session = g.service.log_in("ann", PASSWORD.into()).await.unwrap();
    assert_ne!(session.signed_in.session_id, ann.session_id);
    assert_eq!(g.service.session(&session.token).await.unwrap(), session.signed_in);
    g.service.log_out(&session.signed_in).await.unwrap();
    assert!(matches!(g.service.session(&session.token).await, Err(Error::NotSignedIn)));
    g.service.log_out(&session.signed_in).await.unwrap();
    assert_eq!(g.count("audit_events WHERE kind = 'signed_out'").await, 1);
    assert_eq!(g.count("sessions").await, 1);
}

async fn wrong_names_and_passwords_are_one_answer(g: Ground) {
    g.reviewer("ann", Role::Reviewer).await;
    let long = "x".repeat(2000);
    for (name, password) in [("ann", "wrong"), ("ben", PASSWORD), ("not a name!", PASSWORD), ("ann", &long)] {
        let refused = g.service.log_in(name, password.into()).await;
        assert!(matches!(refused, Err(Error::BadCredentials)), "{name}");
    }
}

async fn a_session_runs_out(g: Ground) {
    g.reviewer("ann", Role::Reviewer).await;
    let session = g.service.log_in("ann", PASSWORD.into()).await.unwrap();
    let second = Duration::from_secs(1);
    g.clock.advance(g.service.limits().session_ttl.checked_sub(second).unwrap());
    g.service.session(&session.token).await.unwrap();
    g.clock.advance(second);
    assert!(matches!(g.service.session(&session.token).await, Err(Error::NotSignedIn)));
    g.service.tidy_up().await.unwrap();
    assert_eq!(g.count("sessions").await, 0);
}

async fn names_are_unique_and_passwords_long(g: Ground) {
    g.reviewer("ann", Role::Reviewer).await;
    let add = async |name: &str, password: &str| {
        g.service.add_user(Actor::Operator, name.parse().unwrap(), password.into(), Role::Reviewer).await
    };
    assert!(matches!(add("ann", PASSWORD).await, Err(Error::NameTaken)));
    assert!(matches!(add("ben", "short").await, Err(Error::PasswordTooShort { got: 5, least: 12 })));
    assert!(matches!(add("ben", &"x".repeat(1025)).await, Err(Error::PasswordTooLong { .. })));
    add("aaa", PASSWORD).await.unwrap();
    let names: Vec<String> = g.service.users().await.unwrap().iter().map(|u| u.name.to_string()).collect();
    assert_eq!(names, ["aaa", "ann"]);
}

async fn no_secret_is_stored(g: Ground) {
    g.reviewer("ann", Role::Reviewer).await;
    let session = g.service.log_in("ann", PASSWORD.into()).await.unwrap();
    let (_, secret) = g.service.create_key(Actor::Operator, "forum", Scope::ALL.into()).await.unwrap();
    let plain = [PASSWORD, session.token.expose_secret(), secret.expose_secret()];
    for (table, column) in
        [("users", "password_hash"), ("sessions", "token_sha256"), ("api_keys", "secret_sha256")]
    {
        for secret in plain {
            assert_eq!(g.count(&format!("{table} WHERE {column} LIKE '%{secret}%'")).await, 0, "{table}");
        }
    }
}
