//! The plan of a delete as text: the method, the tags and images that go, those that stay, the indexes that break, and
//! the space that is freed.

use std::io::{self, Write};

use super::{REPLACEMENT, print_fact, print_facts, print_loss, print_unresolved, wrap_names};
use crate::cli::print::Table;
use crate::model::change::delete::{self, DeleteMethod};
use crate::model::plural::counted;
use crate::model::server::Cleanup;
use crate::model::size;

/// Prints the plan of a delete.
pub fn print(out: &mut impl Write, plan: &delete::DeletePlan) -> io::Result<()> {
    let way = match plan.method {
        DeleteMethod::Untag => "delete by tag",
        DeleteMethod::Image => "delete by digest: the images go, and every tag that they have",
        DeleteMethod::Replace => REPLACEMENT,
    };
    let stay = match plan.method == DeleteMethod::Image || plan.common.loss.is_at_risk() {
        true => "",
        false => ": the images stay",
    };
    print_fact(out, "method", format!("{way}{stay}"))?;
    print_loss(out, &plan.common.loss)?;
    writeln!(out)?;
    let others = if plan.method == DeleteMethod::Image { "GOES TOO" } else { "STAYS" };
    let mut table = Table::new(&["DIGEST", "CREATED", "SIZE", "GOES", others], &[2]);
    for image in &plan.images {
        let named = image.by_digest.then(|| "by digest".to_string());
        let named = wrap_names(image.named.iter().map(ToString::to_string).chain(named));
        let others = wrap_names(image.others.iter().map(ToString::to_string));
        for index in 0..named.len().max(others.len()).max(1) {
            let [digest, date, size] = match index {
                0 => [image.digest.short(), image.info.date(), image.info.bytes()],
                _ => Default::default(),
            };
            let cell = |of: &Vec<String>| of.get(index).cloned().unwrap_or_default();
            table.row(vec![digest, date, size, cell(&named), cell(&others)]);
        }
    }
    table.print(out)?;
    writeln!(out)?;
    let at_stake = plan.at_stake();
    for image in &plan.images {
        print_related(out, plan, image, &at_stake)?;
    }
    print_facts(
        out,
        "unknown",
        plan.unknown.iter().map(|tag| format!("{tag} (its digest cannot be found out)")).collect(),
    )?;
    print_unresolved(out, &plan.common.unresolved)?;
    plan.common.notes.iter().try_for_each(|note| print_fact(out, "note", note))?;
    print_freed_space(out, plan)
}

/// Prints the indexes that an image breaks, its children and its referrers.
fn print_related(
    out: &mut impl Write,
    plan: &delete::DeletePlan,
    image: &delete::ImageToDelete,
    at_stake: &delete::AtStake,
) -> io::Result<()> {
    let short = image.digest.short();
    if plan.method == DeleteMethod::Image {
        for parent in image.broken_indexes(at_stake) {
            let tags = wrap_names(parent.tags.iter().map(ToString::to_string)).join(" ");
            let tags = if tags.is_empty() { String::new() } else { format!(" ({tags})") };
            print_fact(
                out,
                "breaks",
                format!("the index {}{tags}, which lists {short}", parent.digest.short()),
            )?;
        }
    }
    if plan.method == DeleteMethod::Image {
        print_children(out, plan, image, &short)?;
    }
    if plan.leaves_no_tag(image) || plan.along.referrers {
        print_referrers(out, plan, image)?;
    }
    Ok(())
}

fn print_children(
    out: &mut impl Write,
    plan: &delete::DeletePlan,
    image: &delete::ImageToDelete,
    short: &str,
) -> io::Result<()> {
    let (all, needed) = (image.children.len(), image.needed_children.len());
    let (spare, going) = (image.removable_children().count(), plan.children_that_go(image).count());
    let listed = |count: usize| format!("{count} of {all} images that {short} lists");
    if going > 0 {
        print_fact(out, "children", format!("{} go along", listed(going)))?;
    } else if spare > 0 {
        let end = match plan.common.loss.cleanup {
            Cleanup::Later => "stay behind without a name (`--with-children` takes them along)",
            _ => "stay behind without a name, or go with it (`--with-children` takes them along)",
        };
        print_fact(out, "children", format!("{} {end}", listed(spare)))?;
    }
    if needed > 0 {
        print_fact(out, "children", format!("{} are needed elsewhere and stay", listed(needed)))?;
    }
    Ok(())
}

fn print_referrers(
    out: &mut impl Write,
    plan: &delete::DeletePlan,
    image: &delete::ImageToDelete,
) -> io::Result<()> {
    let going: Vec<&delete::PlannedReferrer> = plan.referrers_that_go(image).collect();
    for referrer in &image.referrers {
        let end = match plan.can_go_along(image, referrer) {
            _ if going.contains(&referrer) => "goes along",
            true if plan.common.loss.is_at_risk() => "may go with it (`--with-referrers` takes it along)",
            false if plan.common.loss.is_at_risk() && plan.leaves_no_tag(image) => "may go with it",
            true => "stays behind (`--with-referrers` takes it along)",
            false if plan.leaves_no_tag(image) => "stays behind: only deleting the image takes it along",
            false => "stays: the image keeps a tag",
        };
        let at = referrer.tag.as_ref().map_or_else(|| referrer.digest.short(), ToString::to_string);
        print_fact(out, "referrer", format!("{} {at} of {} {end}", referrer.kind, referrer.subject.short()))?;
    }
    Ok(())
}

/// Prints the freed space: `frees 1.3 GB once the registry collects its garbage,`, with the line
/// `unless other repositories hold it` below, because the client cannot ask all repositories.
fn print_freed_space(out: &mut impl Write, plan: &delete::DeletePlan) -> io::Result<()> {
    let shared = match (plan.shared.map(size::bytes), plan.shared_with) {
        _ if plan.shared.is_none_or(|bytes| bytes == 0) => None,
        (None, _) => None,
        (Some(shared), 0) => Some(format!("{shared} stay for what has no tag")),
        (Some(shared), tags) => {
            Some(format!("{shared} stay for {}", counted(tags, "other tag", "other tags")))
        }
    };
    let end = shared.as_ref().map(|shared| format!("; {shared}")).unwrap_or_default();
    match plan.frees {
        None => print_fact(out, "space", format!("unknown{end}")),
        Some(0) => print_fact(out, "space", format!("frees nothing{end}")),
        Some(frees) => {
            let frees = size::bytes(frees);
            // The blobs of an index belong to the images that it lists, and these may stay.
            let has_index = plan.images.iter().any(|image| image.media_type.is_index());
            let when = match (plan.common.loss.keep, plan.common.loss.cleanup) {
                (true, _) => "once the tags go that keep the images,",
                (false, Cleanup::AtOnce) if !has_index => "at once,",
                (false, _) => "once the registry collects its garbage,",
            };
            print_fact(out, "space", format!("frees {frees} {when}"))?;
            let condition = match plan.method {
                _ if plan.common.loss.cleanup == Cleanup::AtOnce && !has_index => {
                    "unless other repositories hold it"
                }
                DeleteMethod::Image => "unless other repositories hold it",
                DeleteMethod::Untag | DeleteMethod::Replace => {
                    "if it takes untagged manifests too, unless other repositories hold it"
                }
            };
            print_fact(out, "", condition)?;
            shared.map_or(Ok(()), |shared| print_fact(out, "", shared))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::change::plan::tests::{digest, info, printed, repository, tag};
    use crate::model::change::loss::Loss;
    use crate::model::change::{ChangePlan, PlanCommon};
    use crate::model::media_type::{MediaType, OCI_INDEX};
    use crate::model::server::Ability;

    fn image() -> delete::ImageToDelete {
        delete::ImageToDelete {
            digest: digest("a"),
            media_type: MediaType::new(OCI_INDEX),
            info: info(),
            named: vec![tag("1.4.2")],
            by_digest: false,
            others: (0..20).map(|number| tag(&format!("alias-{number}"))).collect(),
            parents: vec![delete::Parent { digest: digest("p"), tags: vec![tag("all")] }],
            children: vec![digest("x"), digest("y")],
            needed_children: vec![digest("y")],
            referrers: vec![delete::PlannedReferrer {
                digest: digest("s"),
                subject: digest("a"),
                tag: Some(tag("sha256-a.sig")),
                kind: "signature".into(),
            }],
        }
    }

    fn deletion(method: DeleteMethod, along: delete::Along) -> ChangePlan {
        ChangePlan::Delete(delete::DeletePlan {
            common: PlanCommon {
                loss: Loss { cleanup: Cleanup::Later, ..Loss::default() },
                ..PlanCommon::default()
            },
            repository: repository(),
            method,
            along,
            deletes: delete::Deletes { by_tag: Ability::Yes, by_digest: Ability::Yes },
            images: vec![image()],
            unknown: vec![tag("odd")],
            frees: Some(1_300_000_000),
            shared: Some(2_800_000_000),
            shared_with: 14,
            tags: std::collections::BTreeMap::new(),
        })
    }

    #[test]
    fn untagging_says_which_tags_stay() {
        let text = printed(deletion(DeleteMethod::Untag, delete::Along::default()));
        assert!(text.starts_with("untag team/app:1.4.2 in r.test\n\nmethod    delete by tag"), "{text}");
        assert!(text.contains("DIGEST        CREATED        SIZE  GOES   STAYS\n"), "{text}");
        assert!((0..20).all(|number| text.contains(&format!("alias-{number}"))), "{text}");
        assert!(!text.contains("breaks") && !text.contains("referrer"), "{text}");
    }

    #[test]
    fn deleting_an_image_names_tags_that_go_indexes_that_break_and_children_that_stay() {
        let text = printed(deletion(DeleteMethod::Image, delete::Along::default()));
        for part in [
            "GOES TOO",
            "alias-19",
            "breaks    the index",
            "(all)",
            "children  1 of 2 images",
            "`--with-children` takes them along",
            "children  1 of 2 images that",
            "are needed elsewhere and stay",
            "referrer  signature sha256-a.sig",
            "`--with-referrers` takes it along",
            "unknown   odd",
            "space     frees 1.3 GB once the registry collects its garbage,\n",
            "          unless other repositories hold it\n          2.8 GB stay for 14 other tags\n",
        ] {
            assert!(text.contains(part), "{part}:\n{text}");
        }
        let text = printed(deletion(DeleteMethod::Image, delete::Along { children: true, referrers: true }));
        assert!(text.contains("go along") && text.contains("goes along"), "{text}");
    }

    #[test]
    fn an_index_that_goes_too_does_not_break() {
        for (named, going) in [(true, 2), (false, 1)] {
            let mut work = deletion(DeleteMethod::Image, delete::Along::default());
            if let ChangePlan::Delete(plan) = &mut work {
                let index = delete::ImageToDelete {
                    digest: digest("p"),
                    named: vec![tag("all")],
                    others: Vec::new(),
                    parents: Vec::new(),
                    ..image()
                };
                plan.images.extend(named.then_some(index));
                assert_eq!(plan.images.len(), going);
            }
            let text = printed(work);
            assert_eq!(text.contains("breaks"), !named, "{text}");
        }
    }

    #[test]
    fn untagging_the_last_tag_tells_referrers_left_behind_from_those_that_go_along() {
        let text = |method, along| {
            let mut work = deletion(method, along);
            if let ChangePlan::Delete(plan) = &mut work {
                let by_subject = delete::PlannedReferrer {
                    digest: digest("b"),
                    subject: digest("a"),
                    tag: None,
                    kind: "SBOM".into(),
                };
                plan.images[0].others.clear();
                plan.images[0].referrers.push(by_subject);
            }
            printed(work)
        };
        let all = delete::Along { children: true, referrers: true };
        let short = digest("a").short();
        let sbom = digest("b").short();
        let untag = text(DeleteMethod::Untag, delete::Along::default());
        let left =
            format!("signature sha256-a.sig of {short} stays behind (`--with-referrers` takes it along)");
        assert!(untag.contains(&left), "{untag}");
        assert!(
            untag.contains("if it takes untagged manifests too, unless other repositories hold it"),
            "{untag}"
        );
        let untag = text(DeleteMethod::Untag, all);
        assert!(untag.contains(&format!("sha256-a.sig of {short} goes along")), "{untag}");
        assert!(untag.contains(&format!("SBOM {sbom} of {short} stays behind: only")), "{untag}");
        assert!(!untag.contains("children"), "{untag}");
        let replace = text(DeleteMethod::Replace, all);
        assert!(replace.contains("stays behind") && !replace.contains("goes along"), "{replace}");
        let kept = printed(deletion(DeleteMethod::Untag, all));
        assert!(kept.contains("stays: the image keeps a tag") && !kept.contains("goes along"), "{kept}");
    }
}
