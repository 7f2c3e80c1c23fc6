//! Plans the undo of a change: the state of each tag and manifest before it, the state now, and whether the first can
//! be restored. Changes nothing.

mod changes;
pub(crate) mod saved;

use std::collections::HashSet;

use futures_util::{FutureExt, StreamExt, stream};
use jiff::{SignedDuration, Timestamp};

use crate::client::{Pool, Priority, Registry};
use crate::model::change::ChangeRequest;
use crate::model::change::PlanCommon;
use crate::model::change::delete::DeleteMethod;
use crate::model::change::image_info::ImageInfo;
use crate::model::change::journal::{Damage, EntryId, EntryState, JournalEntry, Probe, Reached};
use crate::model::change::progress::Unresolved;
use crate::model::change::rules::Refusal;
use crate::model::change::undo::{UndoPlan, UndoStep};
use crate::model::digest::Digest;
use crate::model::failure::{Failure, FailureKind};
use crate::model::manifest::replacement::{is_replacement, is_replacement_of};
use crate::model::reference::{Repository, Selector};
use crate::model::server::{Ability, Cleanup};
use crate::model::text::SafeText;
use crate::ops::context::ChangeContext;
use crate::ops::delete::method;
use crate::ops::summary;
use changes::{TagChange, changes};
use saved::{describe_missing_parts, parse_saved};

/// The number of requests at the same time.
const AT_ONCE: usize = 16;
/// How long after it was begun a change that was never confirmed may still arrive.
const ARRIVES: SignedDuration = SignedDuration::from_mins(10);

/// Plans the undo of a journal entry. `method` says how new tags are removed if the server cannot untag. Changes
/// nothing.
pub(crate) async fn plan(
    context: &ChangeContext,
    id: &EntryId,
    method: DeleteMethod,
) -> Result<UndoPlan, Failure> {
    let (entry, request) = context.journal.entry_and_request(id).await?;
    let fail = |why: &'static str| Failure {
        what: SafeText::from(format!("cannot undo {}", entry.title)),
        why: why.into(),
        hint: None,
        kind: FailureKind::Local,
    };
    match entry.state {
        EntryState::Undone => return Err(fail("it was undone already")),
        EntryState::Running => return Err(fail("it still runs")),
        EntryState::Unreadable => return Err(fail("it cannot be read")),
        EntryState::Open | EntryState::Ended => {}
    }
    let changes = changes(&entry);
    if changes.is_empty() && entry.probes.is_empty() && !entry.damage.is_any() {
        return Err(fail("it changed nothing"));
    }
    let probed = || entry.probes.iter().map(|probe| &probe.repository);
    let repositories = || changes.iter().map(|change| &change.repository).chain(probed());
    let refused = rule_against(context, repositories());
    let asked: Vec<_> = changes.iter().map(|change| look_up_digest(&context.pool, change).boxed()).collect();
    let now: Vec<Result<Option<Digest>, Failure>> = stream::iter(asked).buffered(AT_ONCE).collect().await;
    if changes.is_empty() && entry.probes.is_empty() {
        let why = entry.damage.notes.first().cloned().unwrap_or_else(|| "nothing of it can be read".into());
        return Err(Failure { why, ..fail("") });
    }
    if let Some(Err(failure)) = now.iter().find(|_| now.iter().all(Result::is_err)) {
        return Err(failure.clone());
    }
    let mut planning = Planning {
        pool: &context.pool,
        method,
        may_probe: refused.is_none(),
        restored: HashSet::new(),
        methods: Vec::new(),
        hint: None,
    };
    let is_recent = Timestamp::now().duration_since(entry.at).abs() < ARRIVES;
    let mut steps: Vec<UndoStep> = Vec::new();
    for (change, now) in changes.iter().zip(now) {
        if change.is_saved && now.as_ref().is_ok_and(Option::is_some) {
            // It did not disappear.
            continue;
        }
        let mut step = planning.step(change, now).boxed().await;
        step.may_arrive = change.is_unconfirmed && is_recent && step.now == step.before;
        if step.impossible.is_none() && steps.iter().any(|other| needs(other, &step)) {
            step.impossible = Some("it keeps an image that cannot be put back elsewhere".into());
        }
        steps.push(step);
    }
    add_image_infos(&context.pool, &changes, &mut steps).await;
    let loses = |step: &&UndoStep| {
        let is_named_again = steps.iter().any(|other| other.before == step.now);
        step.impossible.is_none() && step.now.is_some() && !is_named_again
    };
    let mut probes = Vec::new();
    for probe in &entry.probes {
        probes.push(planning.plan_probe_removal(probe).boxed().await);
    }
    let loses = steps.iter().find(loses).map(|step| ("images that lose their last tag", &step.repository));
    let is_possible = steps.iter().any(|step| step.impossible.is_none());
    let leaves =
        match (request.as_ref().and_then(ChangeRequest::added_content).filter(|_| is_possible), loses) {
            (None, Some((what, at))) => match cleanup(context, at, refused.as_ref()).await {
                // The images stay as they were before the change.
                Cleanup::Later => None,
                other => Some(describe_leftovers(what, at, other)),
            },
            (Some((what, to)), _) => {
                Some(describe_leftovers(what, to, cleanup(context, to, refused.as_ref()).await))
            }
            (None, None) => None,
        };
    steps.extend(probes);
    let common = PlanCommon {
        name_to_type: repositories().find_map(|repository| context.rules.name_to_type(repository)),
        refused,
        methods: planning.methods,
        unresolved: unresolved_of(&entry.damage),
        notes: notes(&entry),
        ..PlanCommon::default()
    };
    Ok(UndoPlan {
        common,
        entry: id.clone(),
        of: entry.title.clone(),
        at: entry.at,
        method,
        hint: planning.hint,
        leaves,
        steps,
    })
}

/// Adds the dates and sizes of the images that are put back, or that lose a tag.
async fn add_image_infos(pool: &Pool, changes: &[TagChange], steps: &mut [UndoStep]) {
    let info = |step: &UndoStep| {
        let registry = pool.registry(&step.repository.host);
        let name = step.repository.name.clone();
        let held = changes.iter().filter_map(|change| change.before.as_ref());
        let held = held.filter(|held| Some(held.digest) == step.before).find_map(parse_saved);
        let digest = step.before.or(step.now);
        async move {
            match (held, digest) {
                (Some(manifest), _) => summary::info_of(&*registry, &name, &manifest).await,
                (None, Some(digest)) => summary::info(&*registry, &name, digest).await,
                (None, None) => ImageInfo::default(),
            }
        }
        .boxed()
    };
    let infos: Vec<_> = steps.iter().map(info).collect();
    let infos: Vec<ImageInfo> = stream::iter(infos).buffered(AT_ONCE).collect().await;
    steps.iter_mut().zip(infos).for_each(|(step, info)| step.info = info);
}

/// Returns notes about the entry that the user should know before relying on it.
fn notes(entry: &JournalEntry) -> Vec<SafeText> {
    let mut notes = entry.damage.notes.clone();
    notes.extend(entry.reached.iter().map(Reached::describe));
    if entry.state == EntryState::Open {
        let text = "it was cut off, or the end of its entry is lost: items without a noted outcome are looked at now";
        notes.push(text.into());
    }
    notes
}

/// Returns the parts that cannot be put back because their part of the entry is lost.
fn unresolved_of(damage: &Damage) -> Vec<Unresolved> {
    if damage.lost == 0 {
        return Vec::new();
    }
    let lines = if damage.lost == 1 { "line" } else { "lines" };
    let name = SafeText::from(format!("{} damaged {lines} of the journal", damage.lost));
    let failure = Failure {
        what: SafeText::from(format!("{name} cannot be put back")),
        why: "the replaced manifests can no longer be read".into(),
        hint: None,
        kind: FailureKind::Local,
    };
    vec![Unresolved::unnamed(name, failure)]
}

/// Returns whether and when a registry removes images that lose their last tag. The registry is not asked if a rule
/// forbids to change it.
async fn cleanup(context: &ChangeContext, at: &Repository, refused: Option<&Refusal>) -> Cleanup {
    match refused {
        None => context.pool.registry(&at.host).cleanups(&at.name).await.untagged,
        Some(_) => Cleanup::Unknown,
    }
}

/// Returns whether a new tag may be the last one of an image that the other step should put back and cannot.
fn needs(other: &UndoStep, step: &UndoStep) -> bool {
    let is_new = step.before.is_none() && step.now.is_some();
    is_new && other.impossible.is_some() && other.before == step.now
}

/// Returns the text about that content: whether and how long it stays.
fn describe_leftovers(what: &str, to: &Repository, cleanup: Cleanup) -> SafeText {
    let name = &to.name;
    SafeText::from(match cleanup {
        Cleanup::Later => format!("{what} stay in {name}, untagged, until its registry collects garbage"),
        Cleanup::AtOnce => format!("{what} in {name} are removed by the registry at once"),
        Cleanup::Unknown => {
            format!("{what} in {name} are not deleted, but whether the registry keeps them is not known")
        }
    })
}

async fn look_up_digest(pool: &Pool, change: &TagChange) -> Result<Option<Digest>, Failure> {
    let registry = pool.registry(&change.repository.host);
    let known: Vec<Digest> = change.known_digests.iter().flatten().copied().collect();
    let (name, selector) = (&change.repository.name, &change.selector);
    let now = registry.digest_now(name, selector, &known, Priority::Background).await;
    now.map_err(|error| {
        error.failure(format!("cannot look at {}:{}", change.repository.name, change.selector))
    })
}

/// A plan while its steps are looked at, one after the other.
struct Planning<'a> {
    pool: &'a Pool,
    method: DeleteMethod,
    /// Whether servers may be asked about the deletes that they support.
    may_probe: bool,
    /// Manifests that earlier steps put back.
    restored: HashSet<Digest>,
    methods: Vec<DeleteMethod>,
    hint: Option<SafeText>,
}

impl Planning<'_> {
    async fn step(&mut self, change: &TagChange, now: Result<Option<Digest>, Failure>) -> UndoStep {
        let before = change.before.as_ref().map(|saved| saved.digest);
        let found = now.as_ref().ok().copied().flatten();
        let mut step = UndoStep::new(change.repository.clone(), change.selector.clone(), before, found);
        let impossible = match now {
            Ok(_) if change.is_uncertain => Ok(Some(
                "its outcome, or the manifest that it replaced, can no longer be read in the journal".into(),
            )),
            Ok(_) => self.reason_impossible(change, &mut step).await,
            Err(failure) => Err(failure),
        };
        // A failure to look at one of them keeps no other from being put back.
        step.impossible = impossible
            .unwrap_or_else(|failure| Some(SafeText::from(format!("{}: {}", failure.what, failure.why))));
        if step.impossible.is_none() {
            self.restored.extend(step.before);
        }
        step
    }

    /// Returns the step that removes a throw-away tag.
    async fn plan_probe_removal(&mut self, probe: &Probe) -> UndoStep {
        let registry = self.pool.registry(&probe.repository.host);
        let selector = Selector::Tag(probe.tag.clone());
        let now = registry.head_manifest(&probe.repository.name, &selector, Priority::Background).await;
        let impossible = match &now {
            Ok(Some(now)) if *now != probe.digest => Some(format!("it moved since, to {}", now.short())),
            Ok(Some(_)) => match registry.deletes().by_digest {
                Ability::No(why) => Some(format!("the server does not delete by digest ({why})")),
                Ability::Yes | Ability::Unknown => None,
            },
            Ok(None) => None,
            Err(error) => Some(error.why()),
        };
        UndoStep {
            is_probe: true,
            impossible: impossible.map(SafeText::from),
            ..UndoStep::new(probe.repository.clone(), selector, None, now.ok().flatten())
        }
    }

    /// Returns the reason why a change cannot be undone, if there is one.
    async fn reason_impossible(
        &mut self,
        change: &TagChange,
        step: &mut UndoStep,
    ) -> Result<Option<SafeText>, Failure> {
        let no = |why: String| Ok(Some(SafeText::from(why)));
        if step.now == step.before {
            return Ok(None);
        }
        let registry = self.pool.registry(&change.repository.host);
        if !change.known_digests.contains(&step.now) {
            let Some(now) = step.now else { return no("it is gone since".into()) };
            let Some(image) = find_replaced_image(&*registry, change, now).await else {
                return no(format!("it moved since, to {}", now.short()));
            };
            (step.now, step.left_on) = (Some(image), Some(now));
        }
        match &change.before {
            None if matches!(change.selector, Selector::Digest(_)) => {
                no("untagged manifests are left as they are".into())
            }
            None => Ok(self.untag_impossible(&*registry, step).await),
            Some(held) => match parse_saved(held) {
                None => no("its manifest is not in the journal any more".into()),
                Some(manifest) => {
                    describe_missing_parts(&*registry, &change.repository, &manifest, &self.restored).await
                }
            },
        }
    }

    /// Returns the reason why a new tag cannot be removed by the chosen method, if there is one.
    async fn untag_impossible(&mut self, registry: &dyn Registry, step: &mut UndoStep) -> Option<SafeText> {
        let (deletes, denied) = method::ask_deletes(registry, &step.repository.name, self.may_probe).await;
        let closed = method::replacement_refusal(&step.repository.host, &deletes, denied.as_ref());
        step.by_replacement = self.method == DeleteMethod::Replace && closed.is_none();
        let Ability::No(why) = &deletes.by_tag else { return None };
        match &closed {
            None => self.methods = vec![DeleteMethod::Untag, DeleteMethod::Replace],
            Some(refusal) => self.hint.clone_from(&refusal.hint),
        }
        match (self.method, closed) {
            (DeleteMethod::Replace, closed) => closed.map(|refusal| refusal.why),
            (_, closed) => {
                if closed.is_none() {
                    self.hint = Some("untag by replacement manifests".into());
                }
                Some(SafeText::from(format!("the server does not delete by tag ({why})")))
            }
        }
    }
}

/// Returns the image of the change if its new tag was left on a replacement of it, because its removal was cut off.
async fn find_replaced_image(registry: &dyn Registry, change: &TagChange, now: Digest) -> Option<Digest> {
    if change.before.is_some() || !matches!(change.selector, Selector::Tag(_)) {
        return None;
    }
    let read = async |digest| {
        registry.manifest(&change.repository.name, &Selector::Digest(digest), Priority::Background).await.ok()
    };
    let now = read(now).await.filter(|now| is_replacement(now))?;
    for ours in change.known_digests.iter().flatten() {
        if let Some(image) = read(*ours).await
            && is_replacement_of(&now, &image)
        {
            return Some(*ours);
        }
    }
    None
}

/// Returns the rule that forbids to change one of these repositories.
pub(crate) fn rule_against<'a>(
    context: &ChangeContext,
    mut repositories: impl Iterator<Item = &'a Repository>,
) -> Option<Refusal> {
    repositories.find_map(|repository| context.rules.may_change(repository).err())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::change::builders::{app, journal_entry, undo_step};
    use crate::model::reference::Host;

    #[test]
    fn a_new_tag_stays_if_it_may_be_the_last_one_of_an_image_that_cannot_be_put_back() {
        let lost =
            |before| UndoStep { impossible: Some("it moved since".into()), ..undo_step("1", before, None) };
        let (a, b) = (Some("a"), Some("b"));
        let table = [
            ("its image cannot be put back", lost(a), undo_step("2", None, a), true),
            ("another image cannot", lost(b), undo_step("2", None, a), false),
            ("its image is put back", undo_step("1", a, None), undo_step("2", None, a), false),
            ("it is not new", lost(a), undo_step("2", b, a), false),
            ("it is gone", lost(None), undo_step("2", None, None), false),
        ];
        for (case, other, step, is_needed) in table {
            assert_eq!(needs(&other, &step), is_needed, "{case}");
        }
    }

    #[test]
    fn content_that_stays_behind_is_told_with_what_the_registry_does_to_it() {
        let table = [
            (Cleanup::Later, "the images stay in team/app, untagged, until its registry collects garbage"),
            (Cleanup::AtOnce, "the images in team/app are removed by the registry at once"),
            (
                Cleanup::Unknown,
                "the images in team/app are not deleted, but whether the registry keeps them is not known",
            ),
        ];
        for (cleanup, text) in table {
            assert_eq!(describe_leftovers("the images", &app(), cleanup).as_str(), text);
        }
    }

    #[test]
    fn lost_lines_are_named_as_parts_that_cannot_be_put_back() {
        for (lost, name) in [
            (0, None),
            (1, Some("1 damaged line of the journal")),
            (3, Some("3 damaged lines of the journal")),
        ] {
            let unresolved = unresolved_of(&Damage { lost, ..Damage::default() });
            assert_eq!(unresolved.first().map(|one| one.name.as_str()), name);
        }
    }

    #[test]
    fn the_notes_tell_damage_then_connections_then_that_the_change_was_cut_off() {
        let reached =
            Reached { host: Host::parse("r.test").expect("a host"), plain_http: true, insecure: false };
        let damage = Damage { notes: vec!["a line is lost".into()], ..Damage::default() };
        let entry = |state| JournalEntry {
            reached: vec![reached.clone()],
            damage: damage.clone(),
            ..journal_entry(state, Vec::new())
        };
        let text = |state| notes(&entry(state)).iter().map(ToString::to_string).collect::<Vec<_>>();
        let both = ["a line is lost", "r.test is reached over plain HTTP, as for the change"];
        assert_eq!(text(EntryState::Ended), both);
        assert_eq!(text(EntryState::Open)[..2], both);
        assert!(text(EntryState::Open)[2].starts_with("it was cut off"));
    }
}
