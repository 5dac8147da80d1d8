//! What can go wrong in a use case. `http` maps each to a status, `cli` prints it; none carries a text.

use std::time::Duration;

use crate::domain::id::UserId;
use crate::domain::key::Scope;
use crate::domain::review::{Decision, IllegalTransition, Reason};
use crate::domain::user::Permission;
use crate::store;

/// Failures of the use cases.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The model's queue is full; nothing was stored. Try again after the given time.
    #[error("the model's queue is full; try again in {} ms", retry_after.as_millis())]
    Overloaded { retry_after: Duration },
    /// The time that the client would wait has passed; nothing was stored.
    #[error("the deadline passed before the model had an answer")]
    DeadlineExceeded,
    /// The model does not run; nothing was stored.
    #[error("the model is not running; restart the service")]
    ModelUnavailable,
    /// This one item could not be assessed, and was not stored; the others of the call were.
    #[error("the item could not be assessed: {reason}")]
    NotAssessed { reason: String },
    #[error("{got} items in one call, the limit is {limit}; send them in several calls")]
    TooManyItems { got: usize, limit: usize },
    /// The key of an earlier call came back with another body.
    #[error("this idempotency key was used for a different request; use a new key for a new request")]
    IdempotencyMismatch,
    #[error("idempotency key must be 1 to 255 visible ASCII characters")]
    BadIdempotencyKey,
    #[error("no such {what}")]
    NotFound { what: &'static str },
    /// The item was not flagged, so its text was not kept and a reviewer would see nothing.
    #[error("the text of this item was not kept; report it together with its text")]
    TextNotKept,
    #[error("somebody else has claimed this job")]
    AlreadyClaimed { by: UserId },
    /// The claim ran out, was given up, or never was.
    #[error("you have not claimed this job, or your claim ran out; claim it again")]
    NotClaimed,
    #[error(transparent)]
    IllegalTransition(#[from] IllegalTransition),
    #[error("`{reason}` is not a reason to {decision}; choose one that is")]
    ReasonDoesNotFit { decision: Decision, reason: Reason },
    #[error("`other` says nothing by itself; write a note")]
    NoteMissing,
    #[error("this needs the permission `{needs}`; ask a {}", needs.lowest_role())]
    NotPermitted { needs: Permission },
    /// Never says which of the two was wrong.
    #[error("user name or password is wrong")]
    BadCredentials,
    #[error("not signed in, or the session ran out; sign in again")]
    NotSignedIn,
    #[error("the API key is unknown or was revoked")]
    BadKey,
    #[error("the API key lacks the scope `{needs}`; create one that has it")]
    MissingScope { needs: Scope },
    #[error("there already is a user of that name; choose another")]
    NameTaken,
    #[error("password is {got} characters, at least {least} are needed; choose a longer one")]
    PasswordTooShort { got: usize, least: usize },
    #[error("password is {got} bytes, the limit is {limit}; choose a shorter one")]
    PasswordTooLong { got: usize, limit: usize },
    #[error("name is {got} characters; use 1 to {limit} printable ones")]
    BadName { got: usize, limit: usize },
    #[error("a key needs at least one scope")]
    NoScope,
    #[error("cannot hash the password: {0}")]
    Hash(String),
    /// The operating system gave no randomness.
    #[error("cannot get randomness from the operating system: {0}")]
    Randomness(String),
    #[error(transparent)]
    Store(#[from] store::error::Error),
}

/// For lookups by id: what was not there.
pub(super) fn missing(what: &'static str) -> impl Fn(store::error::Error) -> Error {
    move |error| match error {
        store::error::Error::NotFound => Error::NotFound { what },
        other => Error::Store(other),
    }
}
