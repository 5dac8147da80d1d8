//! `predictions/NAME.cost.json`: what the predictions beside it have cost, over all runs that had a part in them,
//! failed requests included. Apart from the predictions, so that these stay the same however often the network
//! failed. A run that is killed loses the count of the chunk it was in.

use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::eval::error::Error;
use crate::eval::subject::endpoint::spec::Price;

/// What was asked of an endpoint.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Cost {
    /// Every request, repetitions included.
    pub requests: u64,
    /// Texts that were answered.
    pub texts: u64,
    /// Their Unicode characters.
    pub characters: u64,
    /// Requests that repeat one before.
    pub retries: u64,
    /// Between the first request of each batch and its answer, waiting included.
    pub seconds: f64,
    /// For the texts that were answered, as the description of the endpoint states it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub price: Option<f64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub currency: Option<String>,
}

impl Cost {
    /// Counts texts that were answered.
    pub(super) fn count(&mut self, texts: &[&str], price: Option<&Price>) {
        let characters: u64 = texts.iter().map(|t| t.chars().count() as u64).sum();
        self.texts += texts.len() as u64;
        self.characters += characters;
        if let Some(price) = price {
            let asked = texts.len() as f64 / 1e3 * price.per_1000_texts
                + characters as f64 / 1e6 * price.per_million_characters;
            self.price = Some(self.price.unwrap_or(0.0) + asked);
            self.currency = Some(price.currency.clone());
        }
    }

    fn plus(&self, more: &Self) -> Self {
        Self {
            requests: self.requests + more.requests,
            texts: self.texts + more.texts,
            characters: self.characters + more.characters,
            retries: self.retries + more.retries,
            seconds: self.seconds + more.seconds,
            price: match (self.price, more.price) {
                (Some(a), Some(b)) => Some(a + b),
                (a, b) => a.or(b),
            },
            currency: self.currency.clone().or_else(|| more.currency.clone()),
        }
    }
}

/// What the predictions at `predictions` have cost; `None` when they were free.
///
/// # Errors
/// When the file beside them cannot be read.
pub fn read(predictions: &Path) -> Result<Option<Cost>, Error> {
    let path = beside(predictions);
    let text = match fs_err::read_to_string(&path) {
        Ok(text) => text,
        Err(e) if e.kind() == ErrorKind::NotFound => return Ok(None),
        Err(e) => return Err(e.into()),
    };
    let cost = serde_json::from_str(&text)
        .map_err(|e| Error::Predictions { path, reason: format!("this is no cost: {e}") })?;
    Ok(Some(cost))
}

/// Adds to what the predictions at `predictions` have cost.
///
/// # Errors
/// When the file beside them cannot be read or written.
pub fn add(predictions: &Path, more: &Cost) -> Result<(), Error> {
    let total = read(predictions)?.unwrap_or_default().plus(more);
    let mut json = serde_json::to_string_pretty(&total).expect("a plain struct of finite numbers serialises");
    json.push('\n');
    let path = beside(predictions);
    let partial = path.with_extension("partial");
    fs_err::write(&partial, json)?;
    fs_err::rename(partial, path)?;
    Ok(())
}

/// Forgets the cost of predictions that are started anew.
///
/// # Errors
/// When the file is there and cannot be removed.
pub fn forget(predictions: &Path) -> Result<(), Error> {
    match fs_err::remove_file(beside(predictions)) {
        Err(e) if e.kind() != ErrorKind::NotFound => Err(e.into()),
        _ => Ok(()),
    }
}

fn beside(predictions: &Path) -> PathBuf {
    predictions.with_extension("cost.json")
}
