//! `regtui search`: finds repositories by words, in the registry or among the names that are known of it.

use std::collections::HashSet;
use std::io::{BufWriter, Write};
use std::pin::pin;

use clap::Args;
use futures_util::StreamExt;
use serde::Serialize;

use super::CliError;
use super::arguments::ArgumentReader;
use super::print::{self, Table};
use crate::client::{Pool, Registry};
use crate::config::paths;
use crate::model::plural::short_count;
use crate::model::reference::{Host, RepositoryName, Target};
use crate::model::vendor_lists::SearchHit;
use crate::ops::list;
use crate::store::remembered;
use crate::store::state::StateStore;

/// Search a registry for repositories: by its own search, or among the names that it lists and those that were opened
#[derive(Debug, Args)]
pub(crate) struct Search {
    /// Words that the repositories fit, or a digest, which zot finds
    #[arg(value_name = "WORDS", required = true)]
    words: Vec<String>,
    /// Search this registry
    #[arg(long, value_name = "HOST", default_value = "docker.io")]
    registry: String,
    /// Print one JSON document a line
    #[arg(long)]
    json: bool,
    /// Print at most this many repositories
    #[arg(long, value_name = "NUMBER", default_value_t = 25, value_parser = clap::value_parser!(u16).range(1..=1000))]
    limit: u16,
}

/// A line of JSON.
#[derive(Serialize)]
struct HitRecord<'a> {
    registry: &'a Host,
    #[serde(flatten)]
    hit: &'a SearchHit,
    /// Whether the registry found it, and not regtui among known names.
    searched: bool,
}

impl Search {
    /// Prints the repositories that are found.
    pub(super) async fn run(&self, pool: &Pool) -> Result<(), CliError> {
        let host =
            match ArgumentReader::of(pool).target(&format!("{}/", self.registry.trim_end_matches('/')))? {
                Target::Registry(host) => host,
                Target::Repository(_) | Target::Image(_) => {
                    let text = "`--registry` takes the host of a registry, as in `--registry quay.io`";
                    return Err(CliError::Usage(text.into()));
                }
            };
        let registry = pool.registry(&host);
        let (words, most) = (self.words.join(" "), usize::from(self.limit));
        let found = match registry.own_api() {
            Some(api) => api.search(&words, most).await,
            None => None,
        };
        print::own_api_notice(&*registry);
        let is_searched = found.is_some();
        let hits = match found {
            Some(hits) => hits,
            None => {
                let why =
                    format!("{host} is not searched by its own search: the names that are known of it are");
                print::print_problem(why);
                self.known_names(&*registry, most).await?
            }
        };
        pool.flush().await;
        let mut out = BufWriter::new(std::io::stdout().lock());
        if self.json {
            for hit in &hits {
                print::json(&mut out, &HitRecord { registry: &host, hit, searched: is_searched })?;
            }
        } else if hits.is_empty() {
            print::print_problem(format_args!("nothing in {host} fits `{words}`"));
        } else {
            let mut table = Table::new(&["NAME", "STARS", "PULLS", "OFFICIAL", "DESCRIPTION"], &[1, 2]);
            hits.iter().for_each(|hit| table.row(row(hit)));
            table.print(&mut out)?;
        }
        Ok(out.flush()?)
    }

    /// Returns the names that the registry lists or that were opened there, and contain all words.
    async fn known_names(&self, registry: &dyn Registry, most: usize) -> Result<Vec<SearchHit>, CliError> {
        let words: Vec<String> =
            self.words.iter().flat_map(|words| words.split_whitespace()).map(str::to_lowercase).collect();
        let fits = |name: &RepositoryName| words.iter().all(|word| name.as_str().contains(word.as_str()));
        let opened = remembered::read(&StateStore::new(paths::state()));
        let mut names: Vec<RepositoryName> =
            opened.get(registry.host()).into_iter().flatten().cloned().collect();
        names.retain(&fits);
        let mut pages = pin!(list::repositories(registry, &[]));
        while let Some(page) = pages.next().await {
            match page {
                Ok(page) => names.extend(
                    page.items.iter().filter_map(|item| item.name()).filter(|name| fits(name)).cloned(),
                ),
                // The names that were opened are worth more than none.
                Err(error) if !names.is_empty() => {
                    print::print_problem(error.catalog_failure());
                    break;
                }
                Err(error) => return Err(error.catalog_failure().into()),
            }
        }
        print::own_api_notice(registry);
        let mut seen = HashSet::new();
        names.retain(|name| seen.insert(name.clone()));
        names.sort_by(|a, b| (a.as_str().len(), a.as_str()).cmp(&(b.as_str().len(), b.as_str())));
        Ok(names.into_iter().take(most).map(SearchHit::of).collect())
    }
}

fn row(hit: &SearchHit) -> Vec<String> {
    let number = |count: Option<u64>| count.map_or_else(|| "-".into(), short_count);
    let official = if hit.official { "yes" } else { "-" };
    let name = hit.repository.to_string();
    vec![name, number(hit.stars), number(hit.pulls), official.into(), hit.about().to_string()]
}
