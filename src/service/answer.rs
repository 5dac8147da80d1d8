//! How an answer is remembered under an idempotency key: one line per item, its id or why it has none.

use std::fmt::Display;
use std::str::FromStr;

use crate::service::error::Error;
use crate::store;

pub(super) fn write<I: Display, E: Display>(results: impl Iterator<Item = Result<I, E>>) -> String {
    let line = |result: Result<I, E>| match result {
        Ok(id) => format!("stored {id}\n"),
        Err(error) => format!("failed {}\n", error.to_string().replace(['\n', '\r', '\0'], " ")),
    };
    results.map(line).collect()
}

pub(super) fn read<I: FromStr>(stored: &str) -> Result<Vec<Result<I, String>>, Error> {
    let corrupt = || store::error::Error::Corrupt { table: "idempotency_keys", column: "answer".to_owned() };
    let line = |line: &str| match line.split_once(' ') {
        Some(("stored", id)) => id.parse().map(Ok).map_err(|_| corrupt().into()),
        Some(("failed", reason)) => Ok(Err(reason.to_owned())),
        _ => Err(corrupt().into()),
    };
    stored.lines().map(line).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_come_back() {
        let stored = write([Ok(7), Err("two\nlines"), Ok(9)].into_iter());
        let lines = read::<i32>(&stored).expect("readable");
        assert_eq!(lines, [Ok(7), Err("two lines".to_owned()), Ok(9)]);
        assert!(read::<i32>("nonsense").is_err());
    }
}
