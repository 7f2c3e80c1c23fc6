//! Changes to registries as values: a [`Wish`] is planned, the plan is shown and confirmed, and then it is the [`Work`]
//! that is carried out: exactly that, nothing else.

pub mod comparison;
pub mod copy;
pub mod delete;
pub mod info;
pub mod journal;
pub mod loss;
pub mod progress;
pub mod retag;
pub mod rules;
pub mod undo;

use serde::{Deserialize, Serialize};

use super::reference::{Host, Repository, RepositoryName};
use super::text::SafeText;
use rules::Refusal;

/// What the user asked for. Nothing is known of it yet.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Wish {
    /// Give images other tags.
    Retag(retag::Wish),
    /// Remove tags or images.
    Delete(delete::Wish),
    /// Copy images to another repository or registry.
    Copy(copy::Wish),
    /// Take back what an entry of the journal did.
    Undo(journal::EntryId),
    /// The same, and new tags that the server cannot take away by name go by way of replacements: see
    /// [`delete::Manner::Replace`].
    UndoByReplacement(journal::EntryId),
}

impl Wish {
    /// The entry that it takes back, if it takes one back.
    pub fn undoes(&self) -> Option<&journal::EntryId> {
        match self {
            Wish::Undo(entry) | Wish::UndoByReplacement(entry) => Some(entry),
            Wish::Retag(_) | Wish::Delete(_) | Wish::Copy(_) => None,
        }
    }

    /// The way in which it is to take tags away, where it says one.
    pub fn way(&self) -> Option<delete::Manner> {
        match self {
            Wish::Retag(wish) => wish.manner.way(),
            Wish::Delete(wish) => wish.manner,
            Wish::Copy(_) => None,
            Wish::Undo(_) => Some(delete::Manner::Untag),
            Wish::UndoByReplacement(_) => Some(delete::Manner::Replace),
        }
    }

    /// Whether images that lose a tag are to be kept under a tag of their own.
    pub fn keeps(&self) -> bool {
        match self {
            Wish::Retag(wish) => wish.keep,
            Wish::Delete(wish) => wish.keep,
            Wish::Copy(wish) => wish.keep,
            Wish::Undo(_) | Wish::UndoByReplacement(_) => false,
        }
    }

    /// Keeps images that lose a tag from now on, or not. Undoing keeps none.
    pub fn set_keep(&mut self, keep: bool) {
        match self {
            Wish::Retag(wish) => wish.keep = keep,
            Wish::Delete(wish) => wish.keep = keep,
            Wish::Copy(wish) => wish.keep = keep,
            Wish::Undo(_) | Wish::UndoByReplacement(_) => {}
        }
    }

    /// Takes tags away in another way from now on. New tags and copies take none away.
    pub fn take_way(&mut self, way: delete::Manner) {
        if let Some(entry) = self.undoes().cloned() {
            *self = match way {
                delete::Manner::Replace => Wish::UndoByReplacement(entry),
                delete::Manner::Untag | delete::Manner::Image => Wish::Undo(entry),
            };
            return;
        }
        match self {
            Wish::Delete(wish) => wish.manner = Some(way),
            Wish::Retag(wish) if wish.manner.moves() => wish.manner = retag::Manner::moving(way),
            _ => {}
        }
    }
}

/// A plan: everything that will happen, found out by asking, nothing changed yet. Once confirmed it is carried out.
#[derive(Debug, Clone, Serialize)]
#[serde(tag = "work", rename_all = "snake_case")]
pub enum Work {
    /// Tags to put.
    Retag(retag::Plan),
    /// Tags or images to remove.
    Delete(delete::Plan),
    /// Images to copy.
    Copy(copy::Plan),
    /// Manifests and tags to put back.
    Undo(undo::Plan),
}

impl Work {
    /// In a few words: `retag team/app:1.4.2 → stable`.
    pub fn title(&self) -> SafeText {
        match self {
            Work::Retag(plan) => plan.title(),
            Work::Delete(plan) => plan.title(),
            Work::Copy(plan) => plan.title(),
            Work::Undo(plan) => plan.title(),
        }
    }

    /// Why it must not be carried out, where a rule forbids it.
    pub fn refused(&self) -> Option<&Refusal> {
        match self {
            Work::Retag(plan) => plan.refused.as_ref(),
            Work::Delete(plan) => plan.refused.as_ref(),
            Work::Copy(plan) => plan.refused.as_ref(),
            Work::Undo(plan) => plan.refused.as_ref(),
        }
    }

    /// Why the server does not do it in this way. Other ways may be open: [`Work::ways`].
    pub fn blocked(&self) -> Option<&Refusal> {
        match self {
            Work::Retag(plan) => plan.blocked.as_ref(),
            Work::Delete(plan) => plan.blocked.as_ref(),
            Work::Copy(_) | Work::Undo(_) => None,
        }
    }

    /// The way in which it takes tags away, where it does.
    pub fn way(&self) -> Option<delete::Manner> {
        match self {
            Work::Retag(plan) => plan.manner.way(),
            Work::Delete(plan) => Some(plan.manner),
            Work::Copy(_) => None,
            Work::Undo(plan) => Some(plan.manner),
        }
    }

    /// The ways to choose from; none where there is no choice.
    pub fn ways(&self) -> Vec<delete::Manner> {
        match self {
            Work::Retag(plan) => plan.ways.clone(),
            Work::Delete(plan) => plan.ways(),
            Work::Copy(_) => Vec::new(),
            Work::Undo(plan) => plan.ways.clone(),
        }
    }

    /// Whether tags go by way of replacements, which is agreed to for itself.
    pub fn replaces_images(&self) -> bool {
        match self {
            Work::Retag(plan) => plan.manner == retag::Manner::MoveByReplacement,
            Work::Delete(plan) => plan.manner == delete::Manner::Replace,
            Work::Copy(_) => false,
            Work::Undo(plan) => plan.steps.iter().any(|step| step.by_replacement),
        }
    }

    /// The images that it takes a name from. Undoing loses none that the change had not made known.
    pub fn loss(&self) -> Option<&loss::Loss> {
        match self {
            Work::Retag(plan) => Some(&plan.loss),
            Work::Delete(plan) => Some(&plan.loss),
            Work::Copy(plan) => Some(&plan.loss),
            Work::Undo(_) => None,
        }
    }

    /// The repository whose name must be typed to confirm, where much is at stake or a rule protects it.
    pub fn name_to_type(&self) -> Option<&RepositoryName> {
        match self {
            Work::Retag(plan) => plan.name_to_type.as_ref(),
            Work::Delete(plan) => plan.name_to_type.as_ref(),
            Work::Copy(plan) => plan.name_to_type.as_ref(),
            Work::Undo(plan) => plan.name_to_type.as_ref(),
        }
    }

    /// The registries where it makes new tags, so that it is taken back by deleting them; and whether there is something to
    /// put back as well.
    pub fn taken_back_by(&self) -> (Vec<Host>, bool) {
        match self {
            Work::Retag(plan) => {
                let (new, old): (Vec<_>, Vec<_>) = plan
                    .steps
                    .iter()
                    .filter(|step| !step.is_done())
                    .partition(|step| step.replaces.is_none());
                let puts_back = !old.is_empty() || plan.manner.moves();
                (new.into_iter().map(|step| step.to.host.clone()).collect(), puts_back)
            }
            Work::Copy(plan) => {
                let replaces = |image: &&copy::Image| image.replaces.is_some_and(|old| old != image.digest);
                let (old, new): (Vec<_>, Vec<_>) = plan.images.iter().partition(replaces);
                let hosts = if new.is_empty() { Vec::new() } else { vec![plan.to.host.clone()] };
                (hosts, !old.is_empty())
            }
            Work::Delete(_) | Work::Undo(_) => (Vec::new(), true),
        }
    }

    /// The repositories that look different afterwards.
    pub fn changes(&self) -> Vec<Repository> {
        let mut all: Vec<Repository> = match self {
            Work::Retag(plan) => {
                plan.steps.iter().map(|step| step.to.clone()).chain([plan.from.clone()]).collect()
            }
            Work::Delete(plan) => vec![plan.repository.clone()],
            Work::Copy(plan) => vec![plan.to.clone()],
            Work::Undo(plan) => plan.steps.iter().map(|step| step.repository.clone()).collect(),
        };
        all.sort_by_key(Repository::to_string);
        all.dedup();
        all
    }
}
