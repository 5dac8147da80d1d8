//! The part of a bundle's own data that nothing in it was fitted to or certified on: what a first stage can be verified
//! with when there is nothing else.

use std::collections::BTreeMap;
use std::path::Path;

use crate::data::source::Source;
use crate::data::split::Part;
use crate::inference::bundle::ModelBundle;
use crate::train::cascade::teach::independent;
use crate::train::corpus::Parted;
use crate::train::error::Error;
use crate::train::recipe::Recipe;

/// The recipe that a bundle was made from. Files that lay beside it are looked for in `recipes` next to the bundle as
/// well, since a bundle holds its recipe and not those.
///
/// # Errors
/// [`Error::Recipe`] when there is none.
pub fn recipe_of(bundle: &ModelBundle) -> Result<Recipe, Error> {
    let path = bundle.file("recipe.toml");
    let (mut recipe, _) = Recipe::open(&path)?;
    let data = crate::data::recipe::RecipeData::open(&path)?;
    recipe.sources = data.sources;
    recipe.purges = data.purges;
    Ok(recipe)
}

/// Whether two recipes give the same texts to the same parts.
///
/// # Errors
/// A sentence that names what differs.
pub(super) fn same_data(ours: &Recipe, of_bundle: &Recipe) -> Result<(), String> {
    // Files beside a recipe have the path of the recipe's folder, which is not the bundle's.
    let named = |recipe: &Recipe| -> Vec<Source> {
        let without_folder = |source: &Source| Source {
            path: source.path.rsplit('/').next().unwrap_or_default().to_owned(),
            ..source.clone()
        };
        recipe.sources.iter().chain(&recipe.purges).map(without_folder).collect()
    };
    let what = if ours.seed != of_bundle.seed {
        "seed"
    } else if ours.split != of_bundle.split {
        "split"
    } else if named(ours) != named(of_bundle) {
        "list of sources"
    } else {
        return Ok(());
    };
    Err(format!(
        "its {what} is not that of the bundle's own recipe; texts that the encoder was fitted to would certify its \
         first stage"
    ))
}

/// The texts of the development part, without near-copies, by the name of their source.
///
/// # Errors
/// When the bundle does not say what it was made from, or the data cannot be read.
pub fn development(bundle: &ModelBundle, data: &Path) -> Result<BTreeMap<String, Vec<String>>, Error> {
    let recipe = recipe_of(bundle)?;
    let parted = Parted::read(&recipe, data)?;
    let mut by_source: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for example in independent(&parted.to_judge_by(&[Part::Development])) {
        let source = &recipe.sources[example.source].name;
        by_source.entry(source.clone()).or_default().push(example.text.clone());
    }
    Ok(by_source)
}
