//! The table `items`. There is no query by author, and there must be none.

use sqlx::AnyConnection;
use sqlx::any::AnyRow;

use crate::domain::id::ItemId;
use crate::domain::item::{Item, ItemText};
use crate::domain::text::Text;
use crate::store::codec::{Fields, count, text_out, time_out};
use crate::store::error::Error;
use crate::store::{Store, Tx};

const INSERT: &str = "INSERT INTO items \
    (id, body, body_sha256, body_bytes, source, external_id, author, context, created_at) \
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)";
const BY_ID: &str = "SELECT id, body, body_sha256, body_bytes, source, external_id, author, context, created_at \
    FROM items WHERE id = $1";

impl Tx {
    pub(crate) async fn insert_item(&mut self, item: &Item) -> Result<(), Error> {
        sqlx::query(INSERT)
            .bind(item.id.to_string())
            .bind(item.text.kept().map(|t| text_out(t.as_str()).into_owned()))
            .bind(item.text.sha256().to_string())
            .bind(count(item.text.bytes()))
            .bind(item.source.as_ref().map(ToString::to_string))
            .bind(item.external_id.as_ref().map(ToString::to_string))
            .bind(item.author.as_ref().map(|a| a.as_str().to_owned()))
            .bind(item.context.as_ref().map(|t| text_out(t.as_str()).into_owned()))
            .bind(time_out(item.at))
            .execute(self.conn())
            .await?;
        Ok(())
    }
}

impl Store {
    pub(crate) async fn item(&self, id: ItemId) -> Result<Item, Error> {
        by_id(&mut *self.read().await?, id).await
    }
}

async fn by_id(conn: &mut AnyConnection, id: ItemId) -> Result<Item, Error> {
    let row = sqlx::query(BY_ID).bind(id.to_string()).fetch_one(conn).await?;
    from_row(&row)
}

fn from_row(row: &AnyRow) -> Result<Item, Error> {
    let f = Fields::new(row, "items");
    // Bounded when it was written; a smaller limit of today must not make it unreadable.
    let text = |column: &str| -> Result<Option<Text>, Error> {
        f.free_text(column)?.map(|s| Text::parse(s, usize::MAX).map_err(|_| f.corrupt(column))).transpose()
    };
    let body = match text("body")? {
        Some(kept) => ItemText::Kept(kept),
        None => ItemText::Forgotten { sha256: f.parse("body_sha256")?, bytes: f.whole("body_bytes")? },
    };
    Ok(Item {
        id: f.parse("id")?,
        text: body,
        source: f.optional("source")?,
        external_id: f.optional("external_id")?,
        author: f.optional("author")?,
        context: text("context")?,
        at: f.time("created_at")?,
    })
}
