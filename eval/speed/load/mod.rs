//! Sends texts to a service and measures what comes back: how many, how fast, at what cost to the service.
//!
//! One thread for each connection and plain HTTP/1.1 over a socket, so that the client takes little of the machine it
//! shares with the service. No text is printed or written anywhere.

pub(crate) mod drive;
pub(crate) mod figures;
mod http;
pub(crate) mod process;
pub(crate) mod shape;
pub(crate) mod target;
pub(crate) mod texts;

use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context as _, ensure};
use serde::Deserialize;

use self::drive::{Plan, Round};
use self::figures::{Report, Setting};
use self::process::{Process, Usage};
use self::shape::{Requests, Shape};
use self::target::Target;

/// What to measure.
pub(crate) struct Order {
    pub(crate) target: Target,
    pub(crate) shape: Shape,
    pub(crate) texts: Vec<String>,
    pub(crate) texts_per_request: usize,
    /// Tells runs against one service apart: see [`Requests`].
    pub(crate) salt: u32,
    pub(crate) plan: Plan,
    /// Not measured, as many connections, one request after the other.
    pub(crate) warm_up: Duration,
    pub(crate) process: Watched,
}

/// Whose memory and processor time are told.
#[derive(Debug, Clone)]
pub(crate) enum Watched {
    Nobody,
    /// A process that runs.
    Pid(u32),
    /// A command line that is started, measured until it is ready, and stopped at the end.
    Started {
        command: String,
        ready: String,
        log: Option<PathBuf>,
    },
}

/// Runs it.
///
/// # Errors
/// When the texts cannot be sent, the service cannot be reached or answers the warm-up in another shape.
pub(crate) fn measure(order: &Order) -> anyhow::Result<Report> {
    let (process, cold_start) = match &order.process {
        Watched::Nobody => (None, None),
        Watched::Pid(pid) => (Some(Process::running(*pid)?), None),
        Watched::Started { command, ready, log } => {
            let (process, time) = Process::start(command, &order.target, ready, log.as_deref())?;
            (Some(process), Some(time))
        }
    };
    let requests = Requests::new(order.shape, &order.texts, order.texts_per_request, order.salt)?;
    let before = order.plan.warm_up(order.warm_up);
    let warm = drive::drive(&order.target, &requests, &before, 0)?;
    check(&warm, order.shape)?;
    ensure!(
        order.warm_up.is_zero() || warm.answered() > 0,
        "nothing was answered in the warm-up: {}",
        figures::errors(&warm)
    );
    let used = process.as_ref().map(Process::usage).transpose()?;
    let round = drive::drive(&order.target, &requests, &order.plan, warm.sent())?;
    let usage = process.as_ref().map(Process::usage).transpose()?;
    check(&round, order.shape)?;
    let setting = Setting {
        shape: order.shape.name(),
        url: order.target.to_string(),
        connections: order.plan.connections,
        rate: order.plan.rate,
        texts_per_request: order.texts_per_request,
    };
    Ok(Report::new(setting, &round, cost(&round, used, usage), cold_start))
}

fn check(round: &Round, shape: Shape) -> anyhow::Result<()> {
    match round.wrong() {
        Some(wrong) => anyhow::bail!("an answer is not of the shape `{}`: {wrong}", shape.name()),
        None => Ok(()),
    }
}

/// Processor seconds of the round, and the memory at its end.
fn cost(round: &Round, before: Option<Usage>, after: Option<Usage>) -> Option<figures::Cost> {
    let (before, after) = (before?, after?);
    Some(figures::Cost {
        cpu: after.cpu.saturating_sub(before.cpu),
        texts: round.answered_texts(),
        resident: after.resident,
        peak: after.peak,
    })
}

/// The texts of a JSONL file, each line an object with `text`.
///
/// # Errors
/// Naming the line that has none; never with what it holds.
pub(crate) fn read_texts(path: &Path) -> anyhow::Result<Vec<String>> {
    #[derive(Deserialize)]
    struct Line {
        text: String,
    }
    let file = fs_err::read_to_string(path)?;
    let mut texts = Vec::new();
    for (number, line) in file.lines().enumerate().filter(|(_, line)| !line.trim().is_empty()) {
        let line: Result<Line, _> = serde_json::from_str(line);
        // The message of serde_json may hold what it met.
        let line = line.ok().with_context(|| {
            format!("{}, line {}: not an object with a string `text`", path.display(), number + 1)
        })?;
        texts.push(line.text);
    }
    ensure!(!texts.is_empty(), "{} has no texts", path.display());
    Ok(texts)
}
