//! The table `moderations`.

use sqlx::any::AnyRow;

use crate::domain::assessment::{Assessment, Heads, LanguageSupport, ModelRef, Reading, Span, Stage};
use crate::domain::id::{ItemId, ModerationId};
use crate::domain::moderation::Moderation;
use crate::domain::policy::Outcome;
use crate::domain::score::{Score, Scores};
use crate::domain::taxonomy::{Category, Context};
use crate::store::codec::{Fields, count, score_in, score_out, time_out};
use crate::store::error::Error;
use crate::store::{Store, Tx};

macro_rules! columns {
    () => {
        "id, item_id, extremism, scores, context_scores, language, support, windows, window_start, \
         window_end, band, categories, model_name, model_digest, policy_version, created_at"
    };
}

const INSERT: &str = concat!(
    "INSERT INTO moderations (",
    columns!(),
    ") VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16)"
);
const BY_ID: &str = concat!("SELECT ", columns!(), " FROM moderations WHERE id = $1");
const LATEST_OF_ITEM: &str =
    concat!("SELECT ", columns!(), " FROM moderations WHERE item_id = $1 ORDER BY id DESC LIMIT 1");

impl Tx {
    pub(crate) async fn insert_moderation(&mut self, m: &Moderation) -> Result<(), Error> {
        let a = &m.assessment;
        let reading = a.reading.as_ref();
        let heads = reading.and_then(Reading::heads);
        sqlx::query(INSERT)
            .bind(m.id.to_string())
            .bind(m.item_id.to_string())
            .bind(score_out(reading.map(|r| r.extremism)))
            .bind(heads.map(|h| json(h.scores.iter().map(|(_, s)| s.get()))))
            .bind(heads.map(|h| json(h.context)))
            .bind(a.language)
            .bind(a.language_support.id())
            .bind(count(a.windows))
            .bind(a.strongest_window.map(|s| count(s.start)))
            .bind(a.strongest_window.map(|s| count(s.end)))
            .bind(m.outcome.band.id())
            .bind(json(m.outcome.categories.map(u8::from)))
            .bind(m.model.name.as_str())
            .bind(m.model.digest.as_str())
            .bind(m.policy_version.as_str())
            .bind(time_out(m.at))
            .execute(self.conn())
            .await?;
        Ok(())
    }
}

impl Store {
    pub(crate) async fn moderation(&self, id: ModerationId) -> Result<Moderation, Error> {
        let row = sqlx::query(BY_ID).bind(id.to_string()).fetch_one(&mut *self.read().await?).await?;
        from_row(&row)
    }

    /// The newest of the item, if it was ever assessed.
    pub(crate) async fn moderation_of(&self, item: ItemId) -> Result<Option<Moderation>, Error> {
        let row = sqlx::query(LATEST_OF_ITEM)
            .bind(item.to_string())
            .fetch_optional(&mut *self.read().await?)
            .await?;
        row.as_ref().map(from_row).transpose()
    }
}

fn json<T: serde::Serialize>(numbers: impl IntoIterator<Item = T>) -> String {
    let numbers: Vec<T> = numbers.into_iter().collect();
    serde_json::to_string(&numbers).expect("a list of numbers is JSON")
}

fn from_row(row: &AnyRow) -> Result<Moderation, Error> {
    let f = Fields::new(row, "moderations");
    let span = match (f.optional_whole("window_start")?, f.optional_whole("window_end")?) {
        (Some(start), Some(end)) => Some(Span { start, end }),
        _ => None,
    };
    Ok(Moderation {
        id: f.parse("id")?,
        item_id: f.parse("item_id")?,
        assessment: Assessment {
            reading: reading(&f)?,
            language: language(&f.text("language")?).ok_or_else(|| f.corrupt("language"))?,
            language_support: support(&f.text("support")?).ok_or_else(|| f.corrupt("support"))?,
            windows: f.whole("windows")?,
            strongest_window: span,
        },
        outcome: Outcome { band: f.parse("band")?, categories: flags(&f, "categories")? },
        model: ModelRef { name: f.text("model_name")?, digest: f.text("model_digest")? },
        policy_version: f.text("policy_version")?,
        at: f.time("created_at")?,
    })
}

/// A score without those of the heads is the first stage's. That a text was sampled is counted when it happens, and
/// not stored.
fn reading(f: &Fields<'_>) -> Result<Option<Reading>, Error> {
    let Some(extremism) = score_in(f.float("extremism")?) else { return Ok(None) };
    if f.optional_text("scores")?.is_none() {
        return Ok(Some(Reading { extremism, stage: Stage::First }));
    }
    let scores: [f32; Category::COUNT] = numbers(f, "scores")?;
    let mut parsed = [Score::ZERO; Category::COUNT];
    for (into, from) in parsed.iter_mut().zip(scores) {
        *into = Score::new(from).map_err(|_| f.corrupt("scores"))?;
    }
    let context = numbers::<f32, { Context::COUNT }>(f, "context_scores")?;
    let heads = Heads { scores: Scores::new(parsed), context };
    Ok(Some(Reading { extremism, stage: Stage::Encoder(heads) }))
}

fn numbers<T: serde::de::DeserializeOwned, const N: usize>(
    f: &Fields<'_>,
    column: &str,
) -> Result<[T; N], Error> {
    let list: Vec<T> = serde_json::from_str(&f.text(column)?).map_err(|_| f.corrupt(column))?;
    list.try_into().map_err(|_| f.corrupt(column))
}

/// Which categories apply, from a JSON array of 0 and 1.
pub(super) fn flags(f: &Fields<'_>, column: &str) -> Result<[bool; Category::COUNT], Error> {
    Ok(numbers::<u8, { Category::COUNT }>(f, column)?.map(|flag| flag != 0))
}

/// The code as a constant: those of the language detector, and `und`.
pub(super) fn language(code: &str) -> Option<&'static str> {
    if code == "und" { Some("und") } else { whatlang::Lang::from_code(code).map(|lang| lang.code()) }
}

fn support(id: &str) -> Option<LanguageSupport> {
    [LanguageSupport::Supported, LanguageSupport::Unknown, LanguageSupport::Unsupported]
        .into_iter()
        .find(|s| s.id() == id)
}
