//! The data half of a training recipe: what a model was trained on, without how. Read by whoever checks a bundle
//! against a benchmark; training reads the whole recipe.

use std::path::Path;

use serde::Deserialize;

use crate::data::error::Error;
use crate::data::example::Example;
use crate::data::reader::read_all;
use crate::data::source::Source;
use crate::data::split::purge;

/// What a recipe says about data; its other keys are not looked at.
#[derive(Debug, Clone, Deserialize)]
pub struct RecipeData {
    pub name: String,
    #[serde(rename = "source")]
    pub sources: Vec<Source>,
    /// Texts whose near-duplicates are taken out of the sources.
    #[serde(default, rename = "purge")]
    pub purges: Vec<Source>,
}

impl RecipeData {
    /// Reads `path`. A source that is relative to the recipe is looked for beside it and, since a bundle holds its
    /// recipe but not what lay beside it, in `recipes` next to the bundle's folder.
    ///
    /// # Errors
    /// When the file cannot be read or is no recipe.
    pub fn open(path: &Path) -> Result<Self, Error> {
        let refuse = |problem: String| Error::Recipe { path: path.to_owned(), problem };
        let text = fs_err::read_to_string(path).map_err(|e| refuse(e.to_string()))?;
        let mut recipe: Self = toml::from_str(&text).map_err(|e| refuse(e.to_string()))?;
        let beside = path.parent().unwrap_or(Path::new(""));
        let recipes = beside.join("..").join("recipes");
        for source in recipe.sources.iter_mut().chain(&mut recipe.purges) {
            let folder = if beside.join(&source.path).exists() { beside } else { recipes.as_path() };
            // Made absolute, so that joining it to the data folder leaves it as it is.
            source.resolve(&std::path::absolute(folder).map_err(|e| refuse(e.to_string()))?);
        }
        Ok(recipe)
    }

    /// What the model was trained, calibrated and tuned on: every source below `root`, without what the purge takes out.
    /// [`Example::source`] is the position in [`RecipeData::sources`].
    ///
    /// # Errors
    /// The first source that cannot be read as described.
    pub fn examples(&self, root: &Path) -> Result<Vec<Example>, Error> {
        let held = read_all(&self.purges, root)?;
        Ok(purge(read_all(&self.sources, root)?, &held).0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bundle_finds_what_lay_beside_its_recipe() {
        let root = tempfile::tempdir().unwrap();
        let models = root.path().join("models");
        fs_err::create_dir_all(models.join("recipes")).unwrap();
        fs_err::create_dir_all(models.join("mine")).unwrap();
        fs_err::write(models.join("recipes/own.csv"), "text\ntea is ready\nthe hall is closed today\n")
            .unwrap();
        fs_err::write(root.path().join("held.csv"), "text\nTea is ready!\n").unwrap();
        let recipe = "name = \"mine\"\nseed = 3\n\
            [[source]]\nname = \"own\"\npath = \"./own.csv\"\nlicence = \"none\"\nformat = \"csv\"\n\
            [[purge]]\nname = \"held\"\npath = \"held.csv\"\nlicence = \"none\"\nformat = \"csv\"\n";
        for folder in ["mine", "recipes"] {
            let path = models.join(folder).join("recipe.toml");
            fs_err::write(&path, recipe).unwrap();
            let kept = RecipeData::open(&path).unwrap().examples(root.path()).unwrap();
            assert_eq!(kept.len(), 1, "one of two is purged");
        }
    }
}
