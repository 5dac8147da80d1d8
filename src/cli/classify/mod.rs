//! `countervail classify`: texts from a file or a pipe through a model, without a service or a database.
//!
//! One answer for each text, in their order. A text that cannot be assessed has its error in that place and
//! does not stop the others. Nothing is stored, and the texts themselves are not repeated.

mod answer;
mod progress;
mod read;
mod records;

use std::fs::File;
use std::io::{self, IsTerminal as _, Read};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::Context as _;
use clap::ValueEnum;

use crate::cli::classify::answer::Answers;
use crate::cli::classify::progress::Progress;
use crate::cli::classify::read::{Entry, Layout, Problem, Reader};
use crate::cli::output::{Hint, Output};
use crate::domain::assessment::Assessment;
use crate::domain::text::Text;
use crate::inference::cascade::Use;
use crate::inference::locate;
use crate::inference::pipeline::Pipeline;

/// Texts that are assessed and answered together: enough for full batches, few enough to see results early.
const BATCH: usize = 64;
/// A sample is for seeing drift in service; a file is read once.
const NO_SAMPLE: f64 = 0.0;

/// Assess texts from a file or a pipe; nothing is stored
#[derive(Debug, clap::Args)]
#[command(after_help = "\
One answer per text, in order; the text itself is not repeated. `line` is where the text begins. Blank lines \
are passed over. A text that cannot be assessed has {\"line\", \"error\": {\"code\", \"message\"}} in its place.

Exit codes: 0 every text was assessed, 1 some were not, 2 could not run.")]
pub(crate) struct Args {
    /// The texts; `-` reads standard input
    #[arg(default_value = "-", value_name = "FILE|-")]
    file: PathBuf,
    /// Model bundle: a name under models/, or the path of its folder
    #[arg(long, value_name = "NAME|PATH", default_value = "default")]
    model: String,
    /// Send every text to the encoder, also those that the bundle's first stage would answer
    #[arg(long)]
    no_cascade: bool,
    /// How the texts are written [default: by the file's ending, text if there is none]
    #[arg(long, value_enum, value_name = "FORMAT")]
    input: Option<Input>,
    /// Field or column of the text, for jsonl and csv [default: text]
    #[arg(long, value_name = "NAME")]
    field: Option<String>,
    /// Field or column of an id that is repeated in the answer, for jsonl and csv [default: id, if there is one]
    #[arg(long, value_name = "NAME")]
    id_field: Option<String>,
    /// How answers are written
    #[arg(long, value_enum, value_name = "FORMAT", default_value = "jsonl")]
    format: Format,
}

/// How texts are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Input {
    /// One text per line
    Text,
    /// One JSON object per line
    Jsonl,
    /// Comma-separated, with a header line
    Csv,
}

/// How answers are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    /// One JSON object per line
    Jsonl,
    /// Columns for people
    Table,
}

pub(crate) fn run(args: Args, output: &Output) -> anyhow::Result<ExitCode> {
    let layout = layout(&args)?;
    let Args { file, model, no_cascade, format, .. } = args;
    let (source, size) = open(&file)?;
    let typed = is_stdin(&file) && io::stdin().is_terminal();
    let mut reader = Reader::open(source, &layout)?;
    let cascade = if no_cascade { Use::Off } else { Use::On { sample: NO_SAMPLE } };
    let mut pipeline = open_model(&model)?.with_cascade(cascade);
    if typed {
        output.note("type texts, one per line; Ctrl-D ends");
    }
    let (model, policy) = (pipeline.model().clone(), pipeline.policy().clone());
    let answers = Answers { format, model: &model, policy: &policy };
    let progress = Progress::new(size);
    let mut written = answers.header();
    let mut all_assessed = true;
    // Whoever types wants each answer at once.
    let batch_size = if typed { 1 } else { BATCH };
    loop {
        let (entries, ended) = take(&mut reader, batch_size);
        let batch = assess(&mut pipeline, entries);
        all_assessed &= batch.iter().all(|(_, result)| result.is_ok());
        for (entry, result) in &batch {
            answers.write(entry, result.as_ref(), &mut written);
        }
        if progress.around(|| output.stream(&written))?.is_break() {
            return Ok(ExitCode::SUCCESS);
        }
        written.clear();
        progress.add(batch.len(), reader.position());
        if let Some(ended) = ended {
            ended?;
            return Ok(if all_assessed { ExitCode::SUCCESS } else { ExitCode::FAILURE });
        }
    }
}

fn is_stdin(file: &Path) -> bool {
    file == Path::new("-")
}

/// How the input is written: as the flags say, or as its name says.
fn layout(args: &Args) -> anyhow::Result<Layout> {
    let input = match args.input {
        Some(input) => input,
        None => guess(&args.file)?,
    };
    let text = args.field.clone().unwrap_or_else(|| "text".to_owned());
    let id = args.id_field.clone();
    match input {
        Input::Text => {
            anyhow::ensure!(
                args.field.is_none() && args.id_field.is_none(),
                Hint::new(
                    "plain text has no fields",
                    "leave --field and --id-field out, or say --input jsonl or --input csv"
                )
            );
            Ok(Layout::Lines)
        }
        Input::Jsonl => Ok(Layout::Jsonl { text, id: id.unwrap_or_else(|| "id".to_owned()) }),
        Input::Csv => Ok(Layout::Csv { text, id }),
    }
}

/// By the ending. One that is not known is refused: lines of JSON read as plain text would be assessed, and
/// the answers would mean nothing.
fn guess(file: &Path) -> anyhow::Result<Input> {
    let Some(ending) = file.extension() else { return Ok(Input::Text) };
    match ending.to_ascii_lowercase().to_str() {
        Some("txt" | "text") => Ok(Input::Text),
        Some("jsonl" | "ndjson") => Ok(Input::Jsonl),
        Some("csv") => Ok(Input::Csv),
        _ => Err(anyhow::anyhow!(Hint::new(
            format!("cannot tell from its name how {} is written", file.display()),
            "say --input text, --input jsonl or --input csv",
        ))),
    }
}

/// The input, and its size in bytes when that is known.
fn open(file: &Path) -> anyhow::Result<(Box<dyn Read>, Option<u64>)> {
    if is_stdin(file) {
        return Ok((Box::new(io::stdin().lock()), None));
    }
    let opened: File = fs_err::File::open(file)
        .with_context(|| Hint::new("cannot read the texts", "give a file, or `-` for standard input"))?
        .into();
    let about = opened.metadata().with_context(|| format!("cannot read {}", file.display()))?;
    anyhow::ensure!(
        !about.is_dir(),
        "{} is a folder; give one file, or `-` for standard input",
        file.display()
    );
    // A named pipe has no size worth telling.
    Ok((Box::new(opened), about.is_file().then_some(about.len())))
}

fn open_model(model: &str) -> anyhow::Result<Pipeline> {
    Pipeline::open(&locate(model)).with_context(|| {
        Hint::new(
            format!("cannot open the model `{model}`"),
            "give a name under models/ or the path of a bundle with --model",
        )
    })
}

/// The next entries, and how the input ended if it did. What was read before it broke is still answered.
fn take(reader: &mut Reader, count: usize) -> (Vec<Entry>, Option<anyhow::Result<()>>) {
    let mut entries = Vec::with_capacity(count);
    while entries.len() < count {
        match reader.next() {
            Some(Ok(entry)) => entries.push(entry),
            Some(Err(error)) => return (entries, Some(Err(error))),
            None => return (entries, Some(Ok(()))),
        }
    }
    (entries, None)
}

/// An assessment, or what is wrong, for each entry in its order.
fn assess(pipeline: &mut Pipeline, entries: Vec<Entry>) -> Vec<(Entry, Result<Assessment, Problem>)> {
    let texts: Vec<Text> = entries.iter().filter_map(|e| e.text.as_ref().ok().cloned()).collect();
    let mut assessed = assess_texts(pipeline, &texts).into_iter();
    entries
        .into_iter()
        .map(|entry| {
            let result = match &entry.text {
                Ok(_) => assessed.next().expect("there is one for each text"),
                Err(problem) => Err(problem.clone()),
            };
            (entry, result)
        })
        .collect()
}

fn assess_texts(pipeline: &mut Pipeline, texts: &[Text]) -> Vec<Result<Assessment, Problem>> {
    if let Ok(all) = pipeline.assess(texts) {
        return all.into_iter().map(Ok).collect();
    }
    // One of them did it; the others are answered.
    let alone = |text: &Text| {
        let mut one = pipeline.assess(std::slice::from_ref(text)).map_err(|e| Problem::not_assessed(&e))?;
        one.pop().ok_or_else(|| Problem::new("not_assessed", "the model gave no answer"))
    };
    texts.iter().map(alone).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn args(line: &str) -> Args {
        use clap::{Args as _, Command, FromArgMatches as _};
        let command = Args::augment_args(Command::new("classify"));
        Args::from_arg_matches(&command.get_matches_from(line.split(' '))).expect("valid flags")
    }

    #[test]
    fn the_ending_says_how_a_file_is_written_unless_a_flag_does() {
        let of = |line| layout(&args(line)).expect("known");
        assert_eq!(of("classify"), Layout::Lines);
        assert_eq!(of("classify notes"), Layout::Lines);
        let jsonl = |text: &str, id: &str| Layout::Jsonl { text: text.to_owned(), id: id.to_owned() };
        assert_eq!(of("classify posts.JSONL"), jsonl("text", "id"));
        assert_eq!(of("classify - --input jsonl --field body --id-field key"), jsonl("body", "key"));
        assert_eq!(of("classify posts.csv"), Layout::Csv { text: "text".to_owned(), id: None });
        assert_eq!(of("classify posts.csv --input text"), Layout::Lines);
    }

    #[test]
    fn an_unknown_ending_and_fields_of_plain_text_are_refused() {
        assert!(layout(&args("classify posts.json")).is_err());
        assert!(layout(&args("classify posts.txt --field body")).is_err());
        assert!(layout(&args("classify --id-field key")).is_err());
    }
}
