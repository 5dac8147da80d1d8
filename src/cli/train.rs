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
    train(&places, &mut Terminal::new(output))?;
    Ok(ExitCode::SUCCESS)
}

/// A bar with the time left on a terminal; a line now and then in a log.
pub(super) struct Terminal<'a> {
    output: &'a Output,
    bar: Option<ProgressBar>,
    interactive: bool,
}

/// Steps between two lines when there is no terminal.
const LINE_EVERY: u64 = 50;
/// Parts of the texts between two lines when there is no terminal.
const LINES: u64 = 20;

impl<'a> Terminal<'a> {
    pub(super) fn new(output: &'a Output) -> Self {
        Self { output, bar: None, interactive: std::io::stderr().is_terminal() }
    }

    /// The bar, made when it is first needed with what was done before.
    fn bar(&mut self, template: &str, done: u64, all: u64) -> &ProgressBar {
        let interactive = self.interactive;
        self.bar.get_or_insert_with(|| {
            let bar = if interactive { ProgressBar::new(all) } else { ProgressBar::hidden() };
            bar.set_length(all);
            bar.set_style(ProgressStyle::with_template(template).expect("the template is well-formed"));
            // What an earlier run did must not count as speed.
            bar.with_elapsed(std::time::Duration::ZERO).with_position(done)
        })
    }
}

impl Watcher for Terminal<'_> {
    fn stage(&mut self, name: &str) {
        if let Some(bar) = self.bar.take() {
            bar.finish_and_clear();
        }
        self.output.note(name);
    }

    fn step(&mut self, done: u64, all: u64, loss: f32) {
        let bar = self.bar("{wide_bar} {pos}/{len} steps, {eta} left, {msg}", done, all);
        bar.set_position(done);
        bar.set_message(format!("loss {loss:.3}"));
        let left = bar.eta();
        if !self.interactive && done.is_multiple_of(LINE_EVERY) {
            self.output.note(format_args!("step {done}/{all}, loss {loss:.3}, {left:.0?} left"));
        }
    }

    fn read(&mut self, done: u64, all: u64) {
        let bar = self.bar("{wide_bar} {pos}/{len} texts, {eta} left", 0, all);
        let before = bar.position();
        bar.set_position(done);
        let left = bar.eta();
        if !self.interactive && before * LINES / all != done * LINES / all {
            self.output.note(format_args!("{done}/{all} texts, {left:.0?} left"));
        }
    }
}
