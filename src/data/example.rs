//! One labelled text. What a source does not label is *unknown* (`None`), never "no".

use std::collections::BTreeMap;
use std::fmt;

use crate::domain::taxonomy::{Category, Context};

/// A labelled text, ready for training or evaluation.
#[derive(Clone, PartialEq)]
pub struct Example {
    /// Unique within its source.
    pub id: String,
    /// As the source has it; normalisation is the model's business.
    pub text: String,
    /// Code as the source or its file has it, when it says.
    pub language: Option<String>,
    /// Examples of one source and group never go to different parts of a split.
    pub group: Option<String>,
    pub targets: Targets,
    /// The extra columns the source asks for, by column name.
    pub slices: BTreeMap<String, String>,
    /// Index of the source in the list it was read from.
    pub source: usize,
}

/// `Debug` does not print the text: texts never reach logs.
impl fmt::Debug for Example {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Example")
            .field("source", &self.source)
            .field("id", &self.id)
            .field("text", &format_args!("{} bytes", self.text.len()))
            .field("targets", &self.targets)
            .finish_non_exhaustive()
    }
}

/// What is known of a text. `None` is unknown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Targets {
    /// In the order of [`Category::ALL`].
    pub categories: [Option<bool>; Category::COUNT],
    pub context: Option<Context>,
    /// Whether a person who looks for extremism should see it.
    pub extremism: Option<bool>,
}

impl Targets {
    #[must_use]
    pub const fn get(&self, category: Category) -> Option<bool> {
        self.categories[category.index()]
    }
}
