//! The table `users`.

use sqlx::any::AnyRow;

use crate::domain::id::UserId;
use crate::domain::user::{User, UserName};
use crate::store::codec::{Fields, time_out};
use crate::store::error::Error;
use crate::store::{Store, Tx};

const INSERT: &str =
    "INSERT INTO users (id, name, password_hash, role, created_at) VALUES ($1, $2, $3, $4, $5)";
const BY_NAME: &str = "SELECT id, name, password_hash, role, created_at FROM users WHERE name = $1";
const ALL: &str = "SELECT id, name, role, created_at FROM users ORDER BY name";
const NAME: &str = "SELECT name FROM users WHERE id = $1";

impl Tx {
    /// [`Error::Conflict`] when the name is taken.
    pub(crate) async fn insert_user(&mut self, user: &User, password_hash: &str) -> Result<(), Error> {
        sqlx::query(INSERT)
            .bind(user.id.to_string())
            .bind(user.name.as_str())
            .bind(password_hash)
            .bind(user.role.id())
            .bind(time_out(user.created_at))
            .execute(self.conn())
            .await?;
        Ok(())
    }
}

impl Store {
    /// The account and its password's hash.
    pub(crate) async fn user_named(&self, name: &UserName) -> Result<Option<(User, String)>, Error> {
        let row = sqlx::query(BY_NAME).bind(name.as_str()).fetch_optional(&mut *self.read().await?).await?;
        row.map(|row| Ok((from_row(&row)?, Fields::new(&row, "users").text("password_hash")?))).transpose()
    }

    /// By name.
    pub(crate) async fn users(&self) -> Result<Vec<User>, Error> {
        let rows = sqlx::query(ALL).fetch_all(&mut *self.read().await?).await?;
        rows.iter().map(from_row).collect()
    }

    pub(crate) async fn user_name(&self, id: UserId) -> Result<String, Error> {
        let row = sqlx::query(NAME).bind(id.to_string()).fetch_one(&mut *self.read().await?).await?;
        Fields::new(&row, "users").text("name")
    }
}

pub(super) fn from_row(row: &AnyRow) -> Result<User, Error> {
    let f = Fields::new(row, "users");
    Ok(User {
        id: f.parse("id")?,
        name: f.parse("name")?,
        role: f.parse("role")?,
        created_at: f.time("created_at")?,
    })
}
