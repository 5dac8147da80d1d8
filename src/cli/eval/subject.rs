//! Who is measured, as arguments: one of a bundle, a baseline, an endpoint, and predictions of another system.

use std::path::{Path, PathBuf};

use clap::{ArgGroup, Args, ValueEnum};
use secrecy::SecretString;

use crate::domain::score::Score;
use crate::eval::error::Error;
use crate::eval::manifest::Target;
use crate::eval::predictions::table::Table;
use crate::eval::subject::Subject;
use crate::eval::subject::baseline::Baseline;
use crate::eval::subject::endpoint::Endpoint;
use crate::inference::cascade::Use;

#[derive(Debug, Args)]
#[command(group(ArgGroup::new("subject").required(true).args(["model", "baseline", "endpoint", "predictions"])))]
pub(super) struct SubjectArgs {
    /// Bundle to measure: a folder, or a name under models/
    #[arg(long, value_name = "NAME|PATH")]
    model: Option<PathBuf>,
    /// Whether the bundle's first stage is used, where it has one: the bundle is then called NAME+cascade; `both`
    /// measures it both ways, side by side
    #[arg(long, value_name = "HOW", requires = "model", default_value = "on")]
    cascade: Cascade,
    /// Baseline to measure: a file, or a name under eval/baselines/ (tfidf, keywords, majority)
    #[arg(long, value_name = "NAME|FILE")]
    baseline: Option<PathBuf>,
    /// Service to measure over HTTP: a file like those of eval/endpoints/
    #[arg(long, value_name = "FILE")]
    endpoint: Option<PathBuf>,
    /// Key of the service; never stored, never printed
    #[arg(long, value_name = "KEY", env = "COUNTERVAIL_ENDPOINT_KEY", hide_env_values = true)]
    endpoint_key: Option<SecretString>,
    /// Measure predictions that are there already: a folder of NAME.jsonl files, or of NAME.csv files with --target
    #[arg(long, value_name = "DIR")]
    predictions: Option<PathBuf>,
    /// What the scores of NAME.csv (columns id, score and perhaps flagged) are about: extremism or a category
    #[arg(
        long,
        requires_all = ["predictions", "threshold"],
        conflicts_with_all = ["model", "baseline", "endpoint"],
        value_parser = target
    )]
    target: Option<Target>,
    /// From which score on the system of NAME.csv flags, 0 to 1
    #[arg(long, requires = "target", value_parser = score)]
    threshold: Option<Score>,
    /// What to call the system of NAME.csv
    #[arg(long, value_name = "NAME", requires = "target")]
    system: Option<String>,
}

/// How a bundle's first stage is used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Cascade {
    On,
    Off,
    Both,
}

impl Cascade {
    /// The shipped way first: a report is about its first subject.
    const fn ways(self) -> &'static [Use] {
        // A sample is for telling drift in service; here every text is compared anyway.
        const ON: Use = Use::On { sample: 0.0 };
        match self {
            Self::On => &[ON],
            Self::Off => &[Use::Off],
            Self::Both => &[ON, Use::Off],
        }
    }
}

impl SubjectArgs {
    /// One subject, or a bundle twice.
    pub(super) fn open(&self) -> Result<Vec<Subject>, Error> {
        if let Some(model) = &self.model {
            return self.cascade.ways().iter().map(|how| Subject::open(&folder_of(model), *how)).collect();
        }
        Ok(vec![self.open_other()?])
    }

    fn open_other(&self) -> Result<Subject, Error> {
        if let Some(baseline) = &self.baseline {
            return Ok(Subject::Baseline(Box::new(Baseline::open(&Self::file_of(baseline))?)));
        }
        if let Some(endpoint) = &self.endpoint {
            return Ok(Subject::Endpoint(Box::new(Endpoint::open(endpoint, self.endpoint_key.clone())?)));
        }
        let folder = self.predictions.as_ref().expect("clap requires one of the four");
        match (self.target, self.threshold) {
            (Some(target), Some(threshold)) => {
                let name = self.system.as_deref().unwrap_or("predictions");
                Ok(Subject::Table(Table::open(folder, name, target, threshold)?))
            }
            _ => Ok(Subject::Predictions(folder.clone())),
        }
    }

    /// A file that exists, or else a name under `eval/baselines/`.
    pub(super) fn file_of(baseline: &Path) -> PathBuf {
        if baseline.is_file() {
            return baseline.to_owned();
        }
        let mut file = baseline.as_os_str().to_owned();
        file.push(".toml");
        Path::new("eval/baselines").join(file)
    }
}

/// A folder that exists, or else a name under `models/`.
pub(super) fn folder_of(model: &Path) -> PathBuf {
    if model.is_dir() { model.to_owned() } else { Path::new("models").join(model) }
}

fn target(text: &str) -> Result<Target, String> {
    text.parse()
}

fn score(text: &str) -> Result<Score, String> {
    let number: f32 = text.parse().map_err(|_| "not a number".to_owned())?;
    Score::new(number).map_err(|e| e.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_means_one_of_the_repository() {
        assert_eq!(folder_of(Path::new("no-such-folder")), Path::new("models/no-such-folder"));
        assert_eq!(
            SubjectArgs::file_of(Path::new("no.such-file")),
            Path::new("eval/baselines/no.such-file.toml")
        );
    }
}
