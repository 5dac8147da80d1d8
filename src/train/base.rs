//! The pretrained encoder a run starts from.

use std::path::{Path, PathBuf};

use crate::data::digest::sha256_file;
use crate::train::error::Error;
use crate::train::recipe::Base;

/// Files of an encoder in Hugging Face layout.
#[derive(Debug, Clone)]
pub struct BaseFiles {
    pub config: PathBuf,
    pub tokenizer: PathBuf,
    pub weights: PathBuf,
    /// SHA-256 of the weights.
    pub digest: String,
}

/// Finds the base: in `folder` or its child named like the hub repository; without a folder, on the hub.
///
/// # Errors
/// [`Error::Base`] when a file is missing or the hub cannot be reached.
pub fn open(base: &Base, folder: Option<&Path>) -> Result<BaseFiles, Error> {
    let [config, tokenizer, weights] = match folder {
        Some(folder) => from_folder(base, folder)?,
        None => from_hub(base)?,
    };
    let digest = sha256_file(&weights)?;
    Ok(BaseFiles { config, tokenizer, weights, digest })
}

const FILES: [&str; 3] = ["config.json", "tokenizer.json", "model.safetensors"];

fn from_folder(base: &Base, folder: &Path) -> Result<[PathBuf; 3], Error> {
    let name = base.hub.rsplit('/').next().unwrap_or(&base.hub);
    let candidates = [folder.to_owned(), folder.join(name)];
    let Some(found) = candidates.iter().find(|c| c.join(FILES[0]).is_file()) else {
        let tried = candidates.map(|c| c.display().to_string()).join(" and ");
        return Err(Error::Base(format!("no config.json in {tried}; give `--base` the folder that holds {name}")));
    };
    Ok(FILES.map(|file| found.join(file)))
}

fn from_hub(base: &Base) -> Result<[PathBuf; 3], Error> {
    let explain = |e: hf_hub::api::sync::ApiError| {
        Error::Base(format!("cannot get {} from the hub: {e}; without a network use `--base FOLDER`", base.hub))
    };
    let api = hf_hub::api::sync::ApiBuilder::from_env().build().map_err(explain)?;
    let repository =
        hf_hub::Repo::with_revision(base.hub.clone(), hf_hub::RepoType::Model, base.revision.clone());
    let repository = api.repo(repository);
    let [config, tokenizer, weights] = FILES.map(|file| repository.get(file).map_err(explain));
    Ok([config?, tokenizer?, weights?])
}
