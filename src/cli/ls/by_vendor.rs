//! `regtui ls --vendor`: the facts that the vendor of a registry lists about tags, without a request for each tag.

use std::collections::{HashMap, HashSet};
use std::io::{BufWriter, Write};

use jiff::Timestamp;
use serde::Serialize;

use super::By;
use crate::cli::CliError;
use crate::cli::print::{self, Table};
use crate::client::Registry;
use crate::model::failure::Failure;
use crate::model::page::ListedName;
use crate::model::platform::Platform;
use crate::model::reference::{RepositoryName, Tag};
use crate::model::text::SafeText;
use crate::model::vendor_lists::VendorTag;
use crate::model::{size, tag_order, time};

/// A line of JSON for a tag. Everything but the tag is `null` if the vendor did not tell it.
#[derive(Serialize)]
struct ToldRecord<'a> {
    tag: &'a str,
    #[serde(flatten)]
    told: ToldFacts<'a>,
}

#[derive(Serialize)]
struct ToldFacts<'a> {
    digest: Option<String>,
    size: Option<u64>,
    pushed: Option<Timestamp>,
    pulled: Option<Timestamp>,
    expires: Option<Timestamp>,
    platforms: Option<&'a [Platform]>,
}

/// Prints the tags with the facts of the vendor. Fails if the vendor lists none.
pub(super) async fn print(
    registry: &dyn Registry,
    name: &RepositoryName,
    mut items: Vec<ListedName<Tag>>,
    (sort, json): (By, bool),
) -> Result<(), CliError> {
    let Some(told) = read_all(registry, name, &items).await else {
        print::own_api_notice(registry);
        let what = format!("cannot list what the vendor of {} tells of tags", registry.host());
        let hint = Some(SafeText::from("`--long` reads the images themselves"));
        return Err(Failure { hint, ..Failure::local(what, "it tells nothing, or not to this login") }.into());
    };
    print::own_api_notice(registry);
    let of = |item: &ListedName<Tag>| told.get(item.name()?);
    match sort {
        By::Date => sort_by(&mut items, |item| of(item).and_then(|told| told.pushed)),
        By::Size => sort_by(&mut items, |item| of(item).and_then(|told| told.size)),
        By::Version | By::Name => {}
    }
    let mut out = BufWriter::new(std::io::stdout().lock());
    let now = Timestamp::now();
    let headings = ["TAG", "DIGEST", "SIZE", "PUSHED", "PULLED", "EXPIRES", "PLATFORMS"];
    let mut table = Table::new(&headings, &[2]);
    for item in &items {
        let told = of(item);
        if json {
            print::json(&mut out, &ToldRecord { tag: item.text(), told: facts(told) })?;
        } else {
            table.row(row(item.text(), told, now));
        }
    }
    if !json {
        table.print(&mut out)?;
    }
    Ok(out.flush()?)
}

/// Returns everything that the vendor tells of the tags that the registry lists.
async fn read_all(
    registry: &dyn Registry,
    name: &RepositoryName,
    items: &[ListedName<Tag>],
) -> Option<HashMap<Tag, VendorTag>> {
    let api = registry.own_api()?;
    let listed: HashSet<&Tag> = items.iter().filter_map(ListedName::name).collect();
    let (mut told, mut next) = (HashMap::new(), None);
    loop {
        let part = match api.tag_facts(name, next).await {
            Some(part) => part,
            // The notice tells why the rest is missing.
            None if !told.is_empty() => return Some(told),
            None => return None,
        };
        let known = part.tags.into_iter().filter(|tag| listed.contains(&tag.name));
        told.extend(known.map(|tag| (tag.name.clone(), tag)));
        next = part.next;
        if next.is_none() {
            return (!told.is_empty()).then_some(told);
        }
    }
}

/// Sorts tags by a value, the largest first, in the same order as the Tags pane.
fn sort_by<T: Ord>(items: &mut [ListedName<Tag>], value: impl Fn(&ListedName<Tag>) -> Option<T>) {
    items.sort_by(|a, b| {
        tag_order::compare_by(value(a), value(b), false, || tag_order::newest_first(a.text(), b.text()))
    });
}

fn facts(told: Option<&VendorTag>) -> ToldFacts<'_> {
    ToldFacts {
        digest: told.and_then(|told| told.digest).map(|digest| digest.to_string()),
        size: told.and_then(|told| told.size),
        pushed: told.and_then(|told| told.pushed),
        pulled: told.and_then(|told| told.pulled),
        expires: told.and_then(|told| told.expires),
        platforms: told.map(|told| &*told.platforms),
    }
}

fn row(tag: &str, told: Option<&VendorTag>, now: Timestamp) -> Vec<String> {
    let dash = || String::from("-");
    let age = |at: Option<Timestamp>| at.map_or_else(dash, |at| time::age(at, now));
    let listed = told.map(|told| &*told.platforms).unwrap_or_default();
    let platforms: Vec<String> = listed.iter().map(ToString::to_string).collect();
    vec![
        tag.into(),
        told.and_then(|told| told.digest).map_or_else(dash, |digest| digest.short()),
        told.and_then(|told| told.size).map_or_else(dash, |bytes| format!("~{}", size::bytes(bytes))),
        age(told.and_then(|told| told.pushed)),
        age(told.and_then(|told| told.pulled)),
        told.and_then(|told| told.expires).map_or_else(dash, |end| time::short_left(end, now)),
        SafeText::from(if platforms.is_empty() { dash() } else { platforms.join(",") }).to_string(),
    ]
}
