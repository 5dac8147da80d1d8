//! Files of data sets on the Hugging Face hub, through its own client, which keeps a cache and knows the hub's
//! redirects, tokens and mirrors (`HF_ENDPOINT`, `HF_HOME`).

use std::path::PathBuf;

use hf_hub::api::sync::{ApiBuilder, ApiError};
use hf_hub::{Repo, RepoType};

use crate::data::origin::{Origin, Place};

/// Where the client keeps the file.
pub(super) fn get(origin: &Origin) -> Result<PathBuf, String> {
    let Place::Hub { dataset, revision, path } = &origin.place else {
        unreachable!("only files of the hub are asked for here");
    };
    let explain = |e: ApiError| e.to_string();
    let api = ApiBuilder::from_env().with_progress(false).build().map_err(explain)?;
    let repository = Repo::with_revision(dataset.clone(), RepoType::Dataset, revision.clone());
    api.repo(repository).get(path).map_err(explain)
}
