//! The test ledger: who has looked at which test split, when. A test split is worn out by looking at it, so a
//! report says the how-manieth subject it is about.
//!
//! One JSON line per look, only ever added. A line's hash is SHA-256 over three parts, each preceded by its
//! length as eight big-endian bytes: `countervail test ledger 1`, the 32 bytes of the hash before, and the line
//! itself without its `prev` and `hash`, as compact JSON. The first line follows 32 zero bytes. The file must be
//! byte for byte what this program would write; anything else is refused with the number of the line. What a chain
//! cannot show is that lines were cut from its end: write the last hash down elsewhere (a commit does).

use std::collections::BTreeSet;
use std::io::{ErrorKind, Read as _, Seek as _, SeekFrom, Write as _};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use time::OffsetDateTime;

use crate::domain::digest::{Canonical, Digest};
use crate::eval::error::Error;

/// Where the ledger of the repository is.
pub const FILE: &str = "eval/ledger.jsonl";

/// What is remembered of a look, but for its place in the chain and its time.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Look {
    pub benchmark: String,
    pub benchmark_version: u32,
    /// [`crate::eval::cases::Cases::digest`].
    pub cases_digest: String,
    /// Who was measured.
    pub subject: String,
    pub subject_digest: String,
    pub policy_version: String,
    /// Name and version of the program that measured.
    pub tool: String,
}

/// One line of the ledger, verified.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    /// 1 for the first line, then without gaps.
    pub seq: u64,
    /// Whole seconds, UTC.
    #[serde(with = "time::serde::rfc3339")]
    pub time: OffsetDateTime,
    #[serde(flatten)]
    pub look: Look,
}

/// How often a test split was looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Looks {
    /// Subjects that were measured on it so far, each counted once.
    pub distinct_subjects: usize,
    /// How many of them had looked when this subject first did, itself included. Later looks never change it,
    /// so a report that states it can be made again. `None` when this subject has not looked yet.
    pub this_subject_rank: Option<usize>,
}

/// A ledger file, verified as a whole when it is opened and before each line that is added.
#[derive(Debug)]
pub struct Ledger {
    path: PathBuf,
    chain: Chain,
}

#[derive(Debug, Default)]
struct Chain {
    entries: Vec<Entry>,
    /// Of each entry.
    hashes: Vec<Digest>,
}

/// The first wrong line.
#[derive(Debug)]
struct Broken {
    /// 1-based.
    line: usize,
    reason: &'static str,
}

impl Ledger {
    /// Opens a ledger; a file that is not there yet is an empty one.
    ///
    /// # Errors
    /// When it cannot be read, or is not what was written: the message names the first wrong line.
    pub fn open(path: &Path) -> Result<Self, Error> {
        let mut ledger = Self { path: path.to_owned(), chain: Chain::default() };
        match fs_err::File::open(path) {
            Ok(mut file) => {
                file.lock_shared()?;
                ledger.reread(&mut file)?;
            }
            Err(e) if e.kind() == ErrorKind::NotFound => {}
            Err(e) => return Err(e.into()),
        }
        Ok(ledger)
    }

    /// Adds a look, behind whatever other processes have added meanwhile; on disk when this returns.
    ///
    /// # Errors
    /// When the file cannot be written, or what is in it was changed.
    pub fn record(&mut self, look: &Look, now: OffsetDateTime) -> Result<(), Error> {
        if let Some(folder) = self.path.parent() {
            fs_err::create_dir_all(folder)?;
        }
        let mut file = fs_err::OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .open(&self.path)?;
        // Released with the file.
        file.lock()?;
        self.reread(&mut file)?;
        let time = now.to_offset(time::UtcOffset::UTC);
        let entry = Entry {
            seq: self.chain.entries.len() as u64 + 1,
            time: time.replace_nanosecond(0).expect("0 is in range"),
            look: look.clone(),
        };
        let line = Line::after(self.head(), entry);
        file.seek(SeekFrom::End(0))?;
        file.write_all(line.to_text().as_bytes())?;
        file.sync_all()?;
        self.chain.hashes.push(line.hash());
        self.chain.entries.push(line.entry);
        Ok(())
    }

    /// The looks of all subjects at one test split: the lines that name this benchmark, whatever its version, or
    /// these cases, whatever they are called. So neither a new name nor a dropped case starts the count afresh.
    #[must_use]
    pub fn looks(&self, benchmark: &str, cases_digest: &str, subject_digest: &str) -> Looks {
        let mut seen = BTreeSet::new();
        let mut rank = None;
        for look in self.chain.entries.iter().map(|e| &e.look) {
            if look.benchmark != benchmark && look.cases_digest != cases_digest {
                continue;
            }
            seen.insert(look.subject_digest.as_str());
            if rank.is_none() && look.cases_digest == cases_digest && look.subject_digest == subject_digest {
                rank = Some(seen.len());
            }
        }
        Looks { distinct_subjects: seen.len(), this_subject_rank: rank }
    }

    /// Every line, in order.
    #[must_use]
    pub fn entries(&self) -> &[Entry] {
        &self.chain.entries
    }

    /// The hash of the last line; zero bytes when there is none.
    #[must_use]
    pub fn head(&self) -> Digest {
        self.chain.hashes.last().copied().unwrap_or(Digest::ZERO)
    }

    /// Whether a line has this hash: true of any hash that was once the head, unless lines were cut off since.
    #[must_use]
    pub fn holds(&self, hash: &Digest) -> bool {
        self.chain.hashes.contains(hash)
    }

    fn reread(&mut self, file: &mut fs_err::File) -> Result<(), Error> {
        let mut bytes = Vec::new();
        file.seek(SeekFrom::Start(0))?;
        file.read_to_end(&mut bytes)?;
        self.chain = verify(&bytes).map_err(|broken| Error::Ledger {
            path: self.path.clone(),
            line: broken.line,
            reason: broken.reason.to_owned(),
        })?;
        Ok(())
    }
}

/// The clock of the ledger; [`Ledger::record`] takes the time, so that tests can set it.
#[must_use]
pub fn now() -> OffsetDateTime {
    OffsetDateTime::now_utc()
}

/// A line as it stands in the file.
#[derive(Serialize, Deserialize)]
struct Line {
    #[serde(flatten)]
    entry: Entry,
    prev: String,
    hash: String,
}

impl Line {
    fn after(head: Digest, entry: Entry) -> Self {
        let json = serde_json::to_string(&entry).expect("plain structs with string keys serialise");
        let hash = Canonical::new("countervail test ledger 1").bytes(head.as_bytes()).text(&json).digest();
        Self { entry, prev: head.to_string(), hash: hash.to_string() }
    }

    fn hash(&self) -> Digest {
        self.hash.parse().expect("`after` wrote a digest")
    }

    fn to_text(&self) -> String {
        let mut text = serde_json::to_string(self).expect("plain structs with string keys serialise");
        text.push('\n');
        text
    }
}

fn verify(bytes: &[u8]) -> Result<Chain, Broken> {
    let mut chain = Chain::default();
    let mut head = Digest::ZERO;
    for (text, line) in bytes.split_inclusive(|b| *b == b'\n').zip(1..) {
        let wrong = |reason| Broken { line, reason };
        if !text.ends_with(b"\n") {
            return Err(wrong(
                "unfinished: whoever wrote it was stopped; remove this line, no report was made",
            ));
        }
        let read: Line = serde_json::from_slice(text).map_err(|_| wrong("not a line of a ledger"))?;
        if read.entry.seq != line as u64 {
            return Err(wrong("out of sequence: a line was removed, added or moved"));
        }
        if read.prev != head.to_string() {
            return Err(wrong("does not follow the line before it"));
        }
        let expected = Line::after(head, read.entry);
        if expected.to_text().as_bytes() != text {
            return Err(wrong("not what was written: its hash does not fit"));
        }
        head = expected.hash();
        chain.hashes.push(head);
        chain.entries.push(expected.entry);
    }
    Ok(chain)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn look(benchmark: &str, cases: &str, subject: &str) -> Look {
        Look {
            benchmark: benchmark.to_owned(),
            benchmark_version: 1,
            cases_digest: cases.to_owned(),
            subject: subject.to_owned(),
            subject_digest: format!("sha256:{subject}"),
            policy_version: "p-1".to_owned(),
            tool: "countervail 0.1.0".to_owned(),
        }
    }

    fn ledger(looks: &[Look]) -> Ledger {
        let entry = |(i, look): (usize, &Look)| Entry {
            seq: i as u64 + 1,
            time: OffsetDateTime::UNIX_EPOCH,
            look: look.clone(),
        };
        let entries = looks.iter().enumerate().map(entry).collect();
        Ledger { path: PathBuf::new(), chain: Chain { entries, hashes: Vec::new() } }
    }

    fn text(looks: &[Look]) -> Vec<u8> {
        let mut head = Digest::ZERO;
        let mut out = String::new();
        for entry in ledger(looks).chain.entries {
            let line = Line::after(head, entry);
            head = line.hash();
            out.push_str(&line.to_text());
        }
        out.into_bytes()
    }

    #[test]
    fn a_subject_keeps_its_rank_whoever_looks_later() {
        let mut looks = vec![look("b", "c", "one"), look("b", "c", "two"), look("b", "c", "one")];
        let of = |looks: &[Look], subject: &str| ledger(looks).looks("b", "c", &format!("sha256:{subject}"));
        assert_eq!(of(&looks, "two"), Looks { distinct_subjects: 2, this_subject_rank: Some(2) });
        looks.extend([look("b", "c", "three"), look("b", "c", "two")]);
        assert_eq!(of(&looks, "two"), Looks { distinct_subjects: 3, this_subject_rank: Some(2) });
        assert_eq!(of(&looks, "one").this_subject_rank, Some(1));
        assert_eq!(of(&looks, "four").this_subject_rank, None);
    }

    #[test]
    fn neither_a_new_name_nor_changed_cases_start_afresh() {
        let looks = [look("a", "x", "one"), look("renamed", "x", "two"), look("a", "y", "three")];
        let rank = |b, c, s| ledger(&looks).looks(b, c, s).this_subject_rank;
        assert_eq!(rank("renamed", "x", "sha256:two"), Some(2));
        assert_eq!(rank("a", "y", "sha256:three"), Some(2));
        assert_eq!(ledger(&looks).looks("other", "z", "sha256:one").distinct_subjects, 0);
    }

    proptest! {
        #[test]
        fn any_changed_byte_is_found(
            subjects in prop::collection::vec("[a-zé\"\\\\]{1,8}", 1..5),
            at in any::<prop::sample::Index>(),
            to in any::<u8>(),
        ) {
            let looks: Vec<Look> = subjects.iter().map(|s| look("b", "c", s)).collect();
            let mut bytes = text(&looks);
            prop_assert_eq!(verify(&bytes).unwrap().entries.len(), looks.len());
            let at = at.index(bytes.len());
            prop_assume!(bytes[at] != to);
            bytes[at] = to;
            prop_assert!(verify(&bytes).is_err());
        }

        #[test]
        fn a_removed_or_moved_line_is_found(count in 2usize..6, first in any::<prop::sample::Index>()) {
            let looks: Vec<Look> = (0..count).map(|i| look("b", "c", &i.to_string())).collect();
            let whole = text(&looks);
            let mut lines: Vec<&[u8]> = whole.split_inclusive(|b| *b == b'\n').collect();
            let at = first.index(count - 1);
            lines.swap(at, at + 1);
            prop_assert_eq!(verify(&lines.concat()).unwrap_err().line, at + 1);
            lines.swap(at, at + 1);
            lines.remove(at);
            prop_assert_eq!(verify(&lines.concat()).unwrap_err().line, at + 1);
        }
    }
}
