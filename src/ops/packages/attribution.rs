//! The packages in the files of a search, each with the layer that brought it.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use bytes::Bytes;

use super::search::{ContentPlace, PackageSearch, SearchedFile};
use super::{FoundPackage, ImagePackages};
use crate::model::plural::counted;
use crate::packages::os_release::OsRelease;
use crate::packages::{PackageFileKind, ParsedPackages, parse};

/// Most packages of an image.
const MOST_PACKAGES: usize = 300_000;

/// Parses all contents. Files without one have a problem already.
pub(super) fn list_packages(search: PackageSearch, contents: &HashMap<ContentPlace, Bytes>) -> ImagePackages {
    let mut found = ImagePackages { problems: search.problems, ..ImagePackages::default() };
    let os = search.os_release.and_then(|place| contents.get(&place));
    found.os = os.map(|content| OsRelease::parse(content)).filter(|os| os.name().is_some());
    for file in &search.files {
        let Some(content) = contents.get(&file.current.place) else { continue };
        let parsed = match parse(file.kind, content) {
            Ok(parsed) => parsed,
            Err(error) if file.kind.is_certain(&file.path) => {
                found.problems.add_about(&file.path, error.to_string());
                continue;
            }
            Err(_) => continue,
        };
        // A `package.json` without a version is no package.
        if parsed.left_out > 0 && file.kind != PackageFileKind::Npm {
            let entries = counted(parsed.left_out, "entry has", "entries have");
            found.problems.add_about(&file.path, format!("{entries} no name or no version"));
        }
        if found.packages.len() + parsed.packages.len() > MOST_PACKAGES {
            let why = format!("the image has more than {MOST_PACKAGES} packages");
            found.problems.add_about(&file.path, why);
            break;
        }
        let layers = find_layers(file, &parsed, contents);
        let path: Arc<[u8]> = file.path.as_slice().into();
        let packages = parsed.packages.into_iter().zip(layers);
        found.packages.extend(packages.map(|(package, layer)| FoundPackage {
            package,
            path: path.clone(),
            layer,
        }));
    }
    found
        .packages
        .sort_by(|one, other| (one.package.key(), &one.path).cmp(&(other.package.key(), &other.path)));
    found
}

/// Returns the layer of each package: the lowest one of those that list it without a gap.
fn find_layers(
    file: &SearchedFile,
    parsed: &ParsedPackages,
    contents: &HashMap<ContentPlace, Bytes>,
) -> Vec<Option<u16>> {
    let mut layers = vec![Some(file.current.layer); parsed.packages.len()];
    // The packages that all versions so far list.
    let mut open: Vec<usize> = (0..layers.len()).collect();
    let mut place = file.current.place;
    let mut is_known = !file.has_more;
    for older in &file.older {
        if older.place != place {
            let older_parsed = contents.get(&older.place).and_then(|content| parse(file.kind, content).ok());
            let Some(older_parsed) = older_parsed else {
                is_known = false;
                break;
            };
            let listed: HashSet<_> = older_parsed.packages.iter().map(|package| package.key()).collect();
            open.retain(|index| {
                parsed.packages.get(*index).is_some_and(|package| listed.contains(&package.key()))
            });
            place = older.place;
        }
        for index in &open {
            layers[*index] = Some(older.layer);
        }
    }
    if !is_known {
        for index in open {
            layers[index] = None;
        }
    }
    layers
}
