//! `countervail calibrate`: thresholds of a bundle chosen so that the precision of what they flag can be promised.

use std::path::PathBuf;
use std::process::ExitCode;

use indicatif::{ProgressBar, ProgressStyle};

use crate::cli::output::Output;
use crate::inference::locate;
use crate::train::promise::{Order, Outcome, Terms, promise, words};

/// A promise could not be made.
const REFUSED: u8 = 1;

/// Choose thresholds whose precision can be promised, and write a new bundle
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Two fifths of the set fit the calibration, the rest certifies: of what is flagged, at least the given share \
is true, with confidence 1 - DELTA, for texts like those of the set. Where that cannot be said, nothing is \
written, and you are told what is missing. docs/CALIBRATION.md explains the method and its limits.

Exit codes: 0 promised and written, 1 it cannot be promised, 2 could not run.")]
pub(crate) struct Args {
    /// Model bundle: a name under models/, or the path of its folder
    #[arg(long, value_name = "NAME|PATH")]
    model: String,
    /// The labelled texts: a TOML file with `name`, `version` and sources as in a benchmark manifest
    #[arg(long, value_name = "FILE")]
    set: PathBuf,
    /// Folder that the paths of the set's sources are below
    #[arg(long, value_name = "DIR")]
    data: PathBuf,
    /// The bundle folder to write; replaced as a whole
    #[arg(long, value_name = "DIR", required_unless_present = "dry_run")]
    out: Option<PathBuf>,
    /// Share of true ones to promise among all that is flagged, and for each category
    #[arg(long, value_name = "SHARE", default_value_t = 0.8)]
    precision: f64,
    /// Share of true ones to promise among what is urgent
    #[arg(long, value_name = "SHARE", default_value_t = 0.95)]
    urgent_precision: f64,
    /// How likely each promise by itself may be wrong
    #[arg(long, value_name = "SHARE", default_value_t = 0.05)]
    delta: f64,
    /// Decides which texts calibrate and which certify
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Say what would be promised and write nothing
    #[arg(long)]
    dry_run: bool,
}

pub(crate) fn run(args: Args, output: &Output) -> anyhow::Result<ExitCode> {
    let order = Order {
        model: locate(&args.model),
        set: args.set,
        data: args.data,
        terms: Terms {
            precision: args.precision,
            urgent_precision: args.urgent_precision,
            delta: args.delta,
        },
        seed: args.seed,
    };
    let bar = progress_bar();
    let outcome = promise(&order, &mut |done, all| {
        bar.set_length(all as u64);
        bar.set_position(done as u64);
    })?;
    bar.finish_and_clear();
    match outcome {
        Outcome::Refused(record) => {
            output.note(words::summary(&record));
            output.note("the bands cannot be promised; nothing was written");
            Ok(ExitCode::from(REFUSED))
        }
        Outcome::Promised(promised) => {
            output.note(words::summary(&promised.record));
            match args.out.filter(|_| !args.dry_run) {
                Some(out) => {
                    promised.write(&out)?;
                    if promised.leaves_first_stage() {
                        output.note(
                            "its first stage was certified for other thresholds and was left out; make one with \
                             `countervail cascade train`",
                        );
                    }
                    output.note(format_args!("written to {}", out.display()));
                }
                None => output.note("nothing was written, as --dry-run asks"),
            }
            Ok(ExitCode::SUCCESS)
        }
    }
}

/// Hidden by indicatif when stderr is no terminal.
fn progress_bar() -> ProgressBar {
    let style = ProgressStyle::with_template("{bar:30} {pos}/{len} texts, {eta} left")
        .expect("the template is a constant");
    ProgressBar::new(0).with_style(style)
}
