//! Cases that differ in nothing but an identity: a fair system decides them alike (Dixon et al. 2018; Garg et al.
//! 2019, Counterfactual Fairness in Text Classification through Robustness, AIES).
//!
//! ```toml
//! [counterfactual]               # as the data set says: one template, filled in with several identities
//! group = "templ_id"
//! identity = "target_ident"
//! [counterfactual]               # or by the words: equal texts once the words of an identity are masked
//! slice = "identity"
//! ```

use serde::Deserialize;

use crate::data::example::Example;
use crate::eval::manifest::BenchmarkManifest;
use crate::eval::manifest::slice::column_value;

/// How to find them.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(try_from = "Written")]
pub enum Counterfactual {
    /// Columns of the group and of the identity.
    Columns { group: String, identity: String },
    /// Name of a slice with a list of identities; only texts that mention exactly one take part.
    Masked { slice: String },
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    group: Option<String>,
    identity: Option<String>,
    slice: Option<String>,
}

impl TryFrom<Written> for Counterfactual {
    type Error = String;

    fn try_from(w: Written) -> Result<Self, String> {
        match (w.group, w.identity, w.slice) {
            (Some(group), Some(identity), None) => Ok(Self::Columns { group, identity }),
            (None, None, Some(slice)) => Ok(Self::Masked { slice }),
            _ => Err("[counterfactual] needs `group` and `identity`, or `slice`".to_owned()),
        }
    }
}

impl Counterfactual {
    /// Group and identity of an example. Groups of two sources are never the same.
    pub(super) fn key(&self, manifest: &BenchmarkManifest, example: &Example) -> Option<(String, String)> {
        let (group, identity) = match self {
            Self::Columns { group, identity } => {
                (column_value(example, group)?.to_owned(), column_value(example, identity)?)
            }
            Self::Masked { slice } => {
                let slice = manifest.slices.iter().find(|s| s.name() == slice)?;
                slice.identities()?.masked(&example.text)?
            }
        };
        Some((format!("{}/{group}", example.source), identity.to_owned()))
    }
}
