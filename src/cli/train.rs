//! `countervail train RECIPE`: fine-tune a model from a recipe.

use std::io::IsTerminal as _;
use std::path::PathBuf;
use std::process::ExitCode;

use indicatif::{ProgressBar, ProgressStyle};

use crate::cli::output::Output;
use crate::train::run::{Places, Watcher, run as train};

/// Fine-tune a model and write a bundle
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The recipe, a TOML file such as `models/recipes/default.toml`.
    recipe: PathBuf,
    /// Folder that the paths of the recipe's sources are below.
    #[arg(long, value_name = "DIR")]
    data: PathBuf,
    /// Folder with the base model in Hugging Face layout; without it the hub is asked.
    #[arg(long, value_name = "DIR")]
    base: Option<PathBuf>,
    /// The bundle folder to write; replaced as a whole when the run is done.
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
    /// Folder for checkpoints; run the same command again to go on after a stop.
    #[arg(long, value_name = "DIR", default_value = "target/train")]
    work: PathBuf,
}

pub(crate) fn run(args: Args, output: &Output) -> anyhow::Result<ExitCode> {
    let places =
        Places { recipe: args.recipe, data: args.data, base: args.base, work: args.work, out: args.out };
    let mut watcher = Terminal { output, bar: None, interactive: std::io::stderr().is_terminal() };
    train(&places, &mut watcher)?;
    Ok(ExitCode::SUCCESS)
}

/// A bar with the time left on a terminal; a line now and then in a log.
struct Terminal<'a> {
    output: &'a Output,
    bar: Option<ProgressBar>,
    interactive: bool,
}

/// Steps between two lines when there is no terminal.
const LINE_EVERY: u64 = 50;

impl Watcher for Terminal<'_> {
    fn stage(&mut self, name: &str) {
        if let Some(bar) = self.bar.take() {
            bar.finish_and_clear();
        }
        self.output.note(name);
    }

    fn step(&mut self, done: u64, all: u64, loss: f32) {
        let interactive = self.interactive;
        let bar = self.bar.get_or_insert_with(|| {
            let bar = if interactive { ProgressBar::new(all) } else { ProgressBar::hidden() };
            bar.set_length(all);
            bar.set_style(
                ProgressStyle::with_template("{wide_bar} {pos}/{len} steps, {eta} left, {msg}")
                    .expect("the template is well-formed"),
            );
            // What an earlier run did must not count as speed.
            bar.with_elapsed(std::time::Duration::ZERO).with_position(done)
        });
        bar.set_position(done);
        bar.set_message(format!("loss {loss:.3}"));
        if !interactive && done.is_multiple_of(LINE_EVERY) {
            let left = bar.eta();
            self.output.note(format_args!("step {done}/{all}, loss {loss:.3}, {left:.0?} left"));
        }
    }
}
