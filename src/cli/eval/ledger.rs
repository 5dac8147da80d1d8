//! `countervail eval ledger`: who looked at which test split, and whether the record of it is whole.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::Context as _;
use clap::{Args, Subcommand};
use time::format_description::well_known::Rfc3339;

use crate::cli::output::Output;
use crate::domain::digest::Digest;
use crate::eval::error::Error;
use crate::eval::ledger::{Entry, FILE, Ledger};

/// The record was changed.
const BROKEN: u8 = 1;

#[derive(Debug, Args)]
pub(super) struct LedgerArgs {
    #[command(subcommand)]
    command: LedgerCommand,
}

#[derive(Debug, Subcommand)]
enum LedgerCommand {
    /// Print one line for each look: sequence, time, benchmark, rank of the subject there, subject, policy
    Show {
        #[command(flatten)]
        file: LedgerFile,
        /// Only the looks at this benchmark
        #[arg(long, value_name = "NAME")]
        benchmark: Option<String>,
    },
    /// Verify every link of the chain; exit code 1 when one is broken
    Verify {
        #[command(flatten)]
        file: LedgerFile,
        /// Hash of a line, written down earlier: it must still be there, so that nothing was cut off the end
        #[arg(long, value_name = "SHA256")]
        holds: Option<Digest>,
    },
}

#[derive(Debug, Args)]
struct LedgerFile {
    /// The ledger
    #[arg(long, value_name = "FILE", default_value = FILE)]
    ledger: PathBuf,
}

pub(super) fn run(args: &LedgerArgs, output: &Output) -> anyhow::Result<ExitCode> {
    match &args.command {
        LedgerCommand::Show { file, benchmark } => {
            let ledger = open(&file.ledger)?;
            for entry in ledger.entries() {
                if benchmark.as_ref().is_none_or(|name| *name == entry.look.benchmark) {
                    output.data(row(&ledger, entry)?)?;
                }
            }
            Ok(ExitCode::SUCCESS)
        }
        LedgerCommand::Verify { file, holds } => verify(&file.ledger, holds.as_ref(), output),
    }
}

fn open(path: &Path) -> anyhow::Result<Ledger> {
    // A missing file is an empty ledger to whoever records, but not to whoever asks about one.
    fs_err::metadata(path).context("no look was recorded there yet")?;
    Ok(Ledger::open(path)?)
}

fn row(ledger: &Ledger, entry: &Entry) -> anyhow::Result<String> {
    let look = &entry.look;
    let looks = ledger.looks(&look.benchmark, &look.cases_digest, &look.subject_digest);
    let rank = looks.this_subject_rank.unwrap_or_default();
    Ok(format!(
        "{}\t{}\t{}@{}\tsubject {rank} of {}\t{}\t{}\t{}",
        entry.seq,
        entry.time.format(&Rfc3339)?,
        look.benchmark,
        look.benchmark_version,
        looks.distinct_subjects,
        look.subject,
        look.subject_digest,
        look.policy_version
    ))
}

fn verify(path: &Path, holds: Option<&Digest>, output: &Output) -> anyhow::Result<ExitCode> {
    let ledger = match open(path) {
        Ok(ledger) => ledger,
        Err(error) if matches!(error.downcast_ref(), Some(Error::Ledger { .. })) => {
            output.error(&error);
            return Ok(ExitCode::from(BROKEN));
        }
        Err(error) => return Err(error),
    };
    if let Some(hash) = holds.filter(|hash| !ledger.holds(hash)) {
        output.note(format_args!("error: no line has the hash {hash}; lines were cut off the end"));
        return Ok(ExitCode::from(BROKEN));
    }
    output.data(format_args!("{} looks, whole; last hash {}", ledger.entries().len(), ledger.head()))?;
    Ok(ExitCode::SUCCESS)
}
