//! `regtui packages`: lists the packages of an image without pulling it.

use std::collections::HashSet;
use std::io::{BufWriter, Write};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use clap::Args;
use serde::Serialize;

use super::CliError;
use super::image_files::{ImageArguments, announce_price};
use super::print::{self, Table};
use crate::client::Pool;
use crate::model::plural::{counted, group_thousands};
use crate::model::size;
use crate::model::text::SafeText;
use crate::ops::files::tree::ImageFiles;
use crate::ops::packages::search::wanted_contents;
use crate::ops::packages::{FoundPackage, ImagePackages, plan_packages, read_packages};

/// List the packages of an image without pulling it
#[derive(Debug, Args)]
pub(crate) struct Packages {
    #[command(flatten)]
    image: ImageArguments,
    /// Print one JSON document a line
    #[arg(long)]
    json: bool,
}

/// A line of JSON for a package.
#[derive(Serialize)]
struct PackageRecord<'a> {
    /// The type in package URLs: `deb`, `apk`, `rpm`, `alpm`, `pypi` or `npm`.
    ecosystem: &'static str,
    name: &'a str,
    version: &'a str,
    architecture: Option<&'a str>,
    /// The source package.
    source: Option<&'a str>,
    licence: Option<&'a str>,
    /// In bytes, as the package states it.
    installed_size: Option<u64>,
    /// The path of the file that lists it. Bytes that are not UTF-8 are replaced.
    path: String,
    /// The bytes of the path in base64, if they are not UTF-8.
    #[serde(skip_serializing_if = "Option::is_none")]
    path_bytes: Option<String>,
    /// The layer that brought it.
    layer: Option<u16>,
    layer_digest: Option<&'a str>,
}

impl Packages {
    /// Prints the packages.
    pub(super) async fn run(&self, pool: &Pool) -> Result<(), CliError> {
        let printed = self.read(pool).await;
        pool.flush().await;
        printed
    }

    async fn read(&self, pool: &Pool) -> Result<(), CliError> {
        let chosen = self.image.choose(pool).await?;
        let read = chosen.read(None, Some(&wanted_contents())).await?;
        let (files, registry) = (&read.files, &read.registry);
        let plan = plan_packages(&**registry, files).await;
        announce_price(&plan.price());
        let found = read_packages(&**registry, files, plan).await;
        self.print(files, &found)?;
        found.problems.texts().for_each(print::print_problem);
        if found.problems.is_empty() { read.result() } else { Err(CliError::Reported) }
    }

    fn print(&self, files: &ImageFiles, found: &ImagePackages) -> Result<(), CliError> {
        let mut out = BufWriter::new(std::io::stdout().lock());
        if self.json {
            for package in &found.packages {
                print::json(&mut out, &record(files, package))?;
            }
        } else {
            let mut table = Table::new(&["NAME", "VERSION", "ECOSYSTEM", "LAYER"], &[3]);
            // A package of npm may be installed at several places.
            let mut seen = HashSet::new();
            let rows: Vec<Vec<String>> = found.packages.iter().map(row).collect();
            rows.into_iter().filter(|row| seen.insert(row.clone())).for_each(|row| table.row(row));
            table.lines([String::new(), summary(files, found)]);
            table.print(&mut out)?;
        }
        out.flush()?;
        Ok(())
    }
}

/// Returns the line of JSON for a package.
fn record<'a>(files: &'a ImageFiles, found: &'a FoundPackage) -> PackageRecord<'a> {
    let package = &found.package;
    let index = found.layer.and_then(|layer| usize::from(layer).checked_sub(1));
    let source = index.and_then(|index| files.image.layers.get(index));
    PackageRecord {
        ecosystem: package.ecosystem.name(),
        name: &package.name,
        version: &package.version,
        architecture: package.architecture.as_deref(),
        source: package.source.as_deref(),
        licence: package.licence.as_deref(),
        installed_size: package.installed_size,
        path: String::from_utf8_lossy(&found.path).into_owned(),
        path_bytes: std::str::from_utf8(&found.path).is_err().then(|| STANDARD.encode(&found.path)),
        layer: found.layer,
        layer_digest: source.map(|source| source.descriptor.digest_text.as_str()),
    }
}

/// Returns the cells of a package.
fn row(found: &FoundPackage) -> Vec<String> {
    let package = &found.package;
    vec![
        SafeText::clean(&package.name).to_string(),
        SafeText::clean(&package.version).to_string(),
        package.ecosystem.name().into(),
        found.layer.map_or_else(|| "not known".into(), |layer| layer.to_string()),
    ]
}

/// Returns the number of packages, the operating system, and the bytes that were read.
fn summary(files: &ImageFiles, found: &ImagePackages) -> String {
    let packages = match found.packages.len() {
        1 => counted(1, "package", "packages"),
        count => format!("{} packages", group_thousands(count)),
    };
    let os = found.os.as_ref().and_then(|os| os.name());
    let os = os.map(|name| format!(" of {}", SafeText::clean(&name))).unwrap_or_default();
    let incomplete = if found.problems.is_empty() { "" } else { ", incomplete" };
    format!("{packages}{os}{incomplete}, {} read", size::bytes(files.received + found.received))
}
