//! `countervail eval gate`: is this report worse than the committed one, by more than chance?

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;

use crate::cli::output::Output;
use crate::eval::gate::{self, Change, Gate};

#[derive(Debug, Args)]
pub(super) struct GateArgs {
    /// The new report.json
    #[arg(long, value_name = "FILE")]
    report: PathBuf,
    /// The report.json that it must not be worse than
    #[arg(long, value_name = "FILE")]
    baseline: PathBuf,
    /// Compare only these benchmarks of the baseline, by name
    #[arg(long, value_name = "NAME", num_args = 1..)]
    only: Vec<String>,
}

pub(super) fn run(args: &GateArgs, output: &Output) -> anyhow::Result<ExitCode> {
    let (report, mut baseline) = (gate::read(&args.report)?, gate::read(&args.baseline)?);
    if !args.only.is_empty() {
        gate::keep_only(&mut baseline, &args.baseline, &args.only)?;
    }
    let gate = gate::compare(&report, &baseline);
    output.data(table(&gate))?;
    Ok(if gate.passes() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn table(gate: &Gate) -> String {
    let (new, baseline) = &gate.subjects;
    let worse = changes("worse than the baseline's interval", &gate.regressions);
    let faults = list("cannot be compared", &gate.faults);
    let better = changes("better than the baseline's interval", &gate.improvements);
    let notes = list("not compared", &gate.notes);
    format!(
        "{new} against {baseline}\n{worse}{faults}{better}{notes}\n{} worse, {} better, {} unchanged within the interval, \
         {} without an interval to judge by, {} faults: {}",
        gate.regressions.len(),
        gate.improvements.len(),
        gate.unchanged,
        gate.unjudged,
        gate.faults.len(),
        if gate.passes() { "passed" } else { "failed" }
    )
}

fn changes(title: &str, changes: &[Change]) -> String {
    let lines = changes.iter().map(|c| format!("{}\n    was {}\n    now {}", c.place, c.baseline, c.new));
    list(title, &lines.collect::<Vec<_>>())
}

fn list(title: &str, lines: &[String]) -> String {
    if lines.is_empty() { String::new() } else { format!("\n{title}:\n  {}\n", lines.join("\n  ")) }
}
