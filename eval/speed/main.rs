//! A load generator for moderation services, and the texts it sends. `README.md` beside it says how it is used:
//!
//! ```sh
//! cargo run --release --example load -- texts eval/speed/mixed.toml --data DATA --out target/speed/mixed.jsonl
//! cargo run --release --example load -- run target/speed/mixed.jsonl --url http://127.0.0.1:8080/v1/moderations --connections 32
//! ```

mod load;

use std::io::Write as _;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use clap::Parser as _;

use self::load::drive::{Plan, Until};
use self::load::shape::Shape;
use self::load::target::{Reach, Target};
use self::load::{Order, Watched, measure, read_texts, texts};

/// Holds the API key, so that it does not stand on a command line.
const KEY_VARIABLE: &str = "COUNTERVAIL_LOAD_KEY";

/// Sends texts to a moderation service and measures it
#[derive(Debug, clap::Parser)]
enum Command {
    /// Send the texts of a JSONL file (`{"text": …}` a line) and measure
    Run(Box<Run>),
    /// Write the texts of a mix to a JSONL file; they are not part of the repository
    Texts {
        /// The mix, such as `eval/speed/mixed.toml`.
        mix: PathBuf,
        /// Folder with the data sets.
        #[arg(long, value_name = "DIR")]
        data: PathBuf,
        /// Folder with the manifests that the mix names.
        #[arg(long, value_name = "DIR", default_value = "eval/benchmarks")]
        benchmarks: PathBuf,
        #[arg(long, value_name = "FILE")]
        out: PathBuf,
    },
}

#[derive(Debug, clap::Args)]
struct Run {
    /// JSONL, an object with `text` a line.
    texts: PathBuf,
    /// The whole address that is posted to, such as `http://127.0.0.1:8080/v1/moderations`.
    #[arg(long)]
    url: String,
    /// How requests are written.
    #[arg(long, value_enum, default_value = "openai")]
    shape: Shape,
    /// Requests under way at a time.
    #[arg(long, default_value_t = 1)]
    connections: usize,
    /// Requests a second that are due whatever the service does; as fast as it answers when absent.
    #[arg(long, value_name = "PER_SECOND")]
    rate: Option<f64>,
    /// Stop after so many seconds.
    #[arg(long, default_value_t = 10.0)]
    seconds: f64,
    /// Stop after so many requests instead.
    #[arg(long)]
    requests: Option<usize>,
    /// Seconds before that, which are not measured.
    #[arg(long, default_value_t = 3.0)]
    warm_up: f64,
    #[arg(long, default_value_t = 1)]
    texts_per_request: usize,
    /// Another number for each measurement of one running service, so that no text is sent twice to it.
    #[arg(long, default_value_t = 0)]
    salt: u32,
    /// Seconds to wait for one answer.
    #[arg(long, default_value_t = 60.0)]
    timeout: f64,
    /// Lets texts leave this machine.
    #[arg(long)]
    allow_remote: bool,
    /// File with the API key; else it is taken from COUNTERVAIL_LOAD_KEY, if that is set.
    #[arg(long, value_name = "FILE")]
    key_file: Option<PathBuf>,
    /// Process of the service, whose processor time and memory are told.
    #[arg(long, conflicts_with = "start")]
    pid: Option<u32>,
    /// Command line that starts the service: measures until it is ready, and stops it at the end.
    #[arg(long, value_name = "COMMAND")]
    start: Option<String>,
    /// Path that answers 200 when the service is ready [default: /readyz, /health for tei]
    #[arg(long, value_name = "PATH")]
    ready: Option<String>,
    /// File that gets what a started service says.
    #[arg(long, value_name = "FILE")]
    log: Option<PathBuf>,
    /// One line of JSON.
    #[arg(long)]
    json: bool,
}

fn main() -> ExitCode {
    match run(Command::parse()) {
        Ok(text) => {
            let written = std::io::stdout().write_all(text.as_bytes());
            if written.is_ok() { ExitCode::SUCCESS } else { ExitCode::from(2) }
        }
        Err(error) => {
            let _ = writeln!(std::io::stderr(), "error: {error:#}");
            ExitCode::from(2)
        }
    }
}

fn run(command: Command) -> anyhow::Result<String> {
    match command {
        Command::Texts { mix, data, benchmarks, out } => {
            let (gathered, about) = texts::gather(&mix, &benchmarks, &data)?;
            texts::write(&gathered, &out)?;
            Ok(format!("{}:\n{about}\n", out.display()))
        }
        Command::Run(run) => {
            let json = run.json;
            let report = measure(&order(*run)?)?;
            Ok(if json { serde_json::to_string(&report)? + "\n" } else { report.to_string() })
        }
    }
}

fn order(run: Run) -> anyhow::Result<Order> {
    let seconds = |s: f64| Duration::try_from_secs_f64(s);
    anyhow::ensure!(run.rate.is_none_or(|r| r.is_finite() && r > 0.0), "--rate must be above 0");
    let reach = if run.allow_remote { Reach::Anywhere } else { Reach::Loopback };
    let target = Target::parse(&run.url, reach, key(run.key_file)?)?;
    let ready = run.ready.unwrap_or_else(|| run.shape.ready().to_owned());
    let process = match (run.pid, run.start) {
        (Some(pid), _) => Watched::Pid(pid),
        (None, Some(command)) => Watched::Started { command, ready, log: run.log },
        (None, None) => Watched::Nobody,
    };
    Ok(Order {
        target,
        shape: run.shape,
        texts: read_texts(&run.texts)?,
        texts_per_request: run.texts_per_request,
        salt: run.salt,
        plan: Plan {
            connections: run.connections,
            rate: run.rate,
            until: run.requests.map_or(Until::Passed(seconds(run.seconds)?), Until::Requests),
            patience: seconds(run.timeout)?,
        },
        warm_up: seconds(run.warm_up)?,
        process,
    })
}

fn key(file: Option<PathBuf>) -> anyhow::Result<Option<String>> {
    if let Some(file) = file {
        return Ok(Some(fs_err::read_to_string(file)?.trim().to_owned()));
    }
    match std::env::var_os(KEY_VARIABLE) {
        None => Ok(None),
        Some(key) => {
            let key = key.into_string().map_err(|_| anyhow::anyhow!("{KEY_VARIABLE} is not Unicode"))?;
            Ok(Some(key))
        }
    }
}
