//! Changes to registries as values: a [`ChangeRequest`] is planned, the plan is shown and confirmed, and then it is the [`ChangePlan`]
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
pub enum ChangeRequest {
    /// Give images other tags.
    Retag(retag::RetagRequest),
    /// Remove tags or images.
    Delete(delete::DeleteRequest),
    /// Copy images to another repository or registry.
    Copy(copy::CopyRequest),
    /// Take back what an entry of the journal did.
    Undo(journal::EntryId),
    /// The same, and new tags that the server cannot take away by name go by way of replacements: see
    /// [`delete::DeleteMethod::Replace`].
    UndoByReplacement(journal::EntryId),
}

impl ChangeRequest {
    /// The entry that it takes back, if it takes one back.
    pub fn undoes(&self) -> Option<&journal::EntryId> {
        match self {
            ChangeRequest::Undo(entry) | ChangeRequest::UndoByReplacement(entry) => Some(entry),
            ChangeRequest::Retag(_) | ChangeRequest::Delete(_) | ChangeRequest::Copy(_) => None,
        }
    }

    /// The way in which it is to take tags away, where it says one.
    pub fn method(&self) -> Option<delete::DeleteMethod> {
        match self {
            ChangeRequest::Retag(request) => request.mode.method(),
            ChangeRequest::Delete(request) => request.method,
            ChangeRequest::Copy(_) => None,
            ChangeRequest::Undo(_) => Some(delete::DeleteMethod::Untag),
            ChangeRequest::UndoByReplacement(_) => Some(delete::DeleteMethod::Replace),
        }
    }

    /// Whether images that lose a tag are to be kept under a tag of their own.
    pub fn keeps(&self) -> bool {
        match self {
            ChangeRequest::Retag(request) => request.keep,
            ChangeRequest::Delete(request) => request.keep,
            ChangeRequest::Copy(request) => request.keep,
            ChangeRequest::Undo(_) | ChangeRequest::UndoByReplacement(_) => false,
        }
    }

    /// Keeps images that lose a tag from now on, or not. Undoing keeps none.
    pub fn set_keep(&mut self, keep: bool) {
        match self {
            ChangeRequest::Retag(request) => request.keep = keep,
            ChangeRequest::Delete(request) => request.keep = keep,
            ChangeRequest::Copy(request) => request.keep = keep,
            ChangeRequest::Undo(_) | ChangeRequest::UndoByReplacement(_) => {}
        }
    }

    /// Takes tags away in another way from now on. New tags and copies take none away.
    pub fn use_method(&mut self, way: delete::DeleteMethod) {
        if let Some(entry) = self.undoes().cloned() {
            *self = match way {
                delete::DeleteMethod::Replace => ChangeRequest::UndoByReplacement(entry),
                delete::DeleteMethod::Untag | delete::DeleteMethod::Image => ChangeRequest::Undo(entry),
            };
            return;
        }
        match self {
            ChangeRequest::Delete(request) => request.method = Some(way),
            ChangeRequest::Retag(request) if request.mode.moves() => {
                request.mode = retag::RetagMode::moving(way)
            }
            _ => {}
        }
    }
}

/// A plan: everything that will happen, found out by asking, nothing changed yet. Once confirmed it is carried out.
#[derive(Debug, Clone, Serialize)]
#[serde(tag = "change", rename_all = "snake_case")]
pub enum ChangePlan {
    /// Tags to put.
    Retag(retag::RetagPlan),
    /// Tags or images to remove.
    Delete(delete::DeletePlan),
    /// Images to copy.
    Copy(copy::CopyPlan),
    /// Manifests and tags to put back.
    Undo(undo::UndoPlan),
}

impl ChangePlan {
    /// In a few words: `retag team/app:1.4.2 → stable`.
    pub fn title(&self) -> SafeText {
        match self {
            ChangePlan::Retag(plan) => plan.title(),
            ChangePlan::Delete(plan) => plan.title(),
            ChangePlan::Copy(plan) => plan.title(),
            ChangePlan::Undo(plan) => plan.title(),
        }
    }

    /// Why it must not be carried out, where a rule forbids it.
    pub fn refused(&self) -> Option<&Refusal> {
        match self {
            ChangePlan::Retag(plan) => plan.refused.as_ref(),
            ChangePlan::Delete(plan) => plan.refused.as_ref(),
            ChangePlan::Copy(plan) => plan.refused.as_ref(),
            ChangePlan::Undo(plan) => plan.refused.as_ref(),
        }
    }

    /// Why the server does not do it by this method. Others may be open: [`ChangePlan::methods`].
    pub fn blocked(&self) -> Option<&Refusal> {
        match self {
            ChangePlan::Retag(plan) => plan.blocked.as_ref(),
            ChangePlan::Delete(plan) => plan.blocked.as_ref(),
            ChangePlan::Copy(_) | ChangePlan::Undo(_) => None,
        }
    }

    /// The way in which it takes tags away, where it does.
    pub fn way(&self) -> Option<delete::DeleteMethod> {
        match self {
            ChangePlan::Retag(plan) => plan.mode.method(),
            ChangePlan::Delete(plan) => Some(plan.method),
            ChangePlan::Copy(_) => None,
            ChangePlan::Undo(plan) => Some(plan.method),
        }
    }

    /// The ways to choose from; none where there is no choice.
    pub fn methods(&self) -> Vec<delete::DeleteMethod> {
        match self {
            ChangePlan::Retag(plan) => plan.methods.clone(),
            ChangePlan::Delete(plan) => plan.methods(),
            ChangePlan::Copy(_) => Vec::new(),
            ChangePlan::Undo(plan) => plan.methods.clone(),
        }
    }

    /// Whether tags go by way of replacements, which is agreed to for itself.
    pub fn replaces_images(&self) -> bool {
        match self {
            ChangePlan::Retag(plan) => plan.mode == retag::RetagMode::MoveByReplacement,
            ChangePlan::Delete(plan) => plan.method == delete::DeleteMethod::Replace,
            ChangePlan::Copy(_) => false,
            ChangePlan::Undo(plan) => plan.steps.iter().any(|step| step.by_replacement),
        }
    }

    /// The images that it takes a name from. Undoing loses none that the change had not made known.
    pub fn loss(&self) -> Option<&loss::Loss> {
        match self {
            ChangePlan::Retag(plan) => Some(&plan.loss),
            ChangePlan::Delete(plan) => Some(&plan.loss),
            ChangePlan::Copy(plan) => Some(&plan.loss),
            ChangePlan::Undo(_) => None,
        }
    }

    /// The repository whose name must be typed to confirm, where much is at stake or a rule protects it.
    pub fn name_to_type(&self) -> Option<&RepositoryName> {
        match self {
            ChangePlan::Retag(plan) => plan.name_to_type.as_ref(),
            ChangePlan::Delete(plan) => plan.name_to_type.as_ref(),
            ChangePlan::Copy(plan) => plan.name_to_type.as_ref(),
            ChangePlan::Undo(plan) => plan.name_to_type.as_ref(),
        }
    }

    /// The registries where it makes new tags, so that it is taken back by deleting them; and whether there is something to
    /// put back as well.
    pub fn taken_back_by(&self) -> (Vec<Host>, bool) {
        match self {
            ChangePlan::Retag(plan) => {
                let (new, old): (Vec<_>, Vec<_>) = plan
                    .steps
                    .iter()
                    .filter(|step| !step.is_done())
                    .partition(|step| step.replaces.is_none());
                let puts_back = !old.is_empty() || plan.mode.moves();
                (new.into_iter().map(|step| step.to.host.clone()).collect(), puts_back)
            }
            ChangePlan::Copy(plan) => {
                let replaces =
                    |image: &&copy::ImageToCopy| image.replaces.is_some_and(|old| old != image.digest);
                let (old, new): (Vec<_>, Vec<_>) = plan.images.iter().partition(replaces);
                let hosts = if new.is_empty() { Vec::new() } else { vec![plan.to.host.clone()] };
                (hosts, !old.is_empty())
            }
            ChangePlan::Delete(_) | ChangePlan::Undo(_) => (Vec::new(), true),
        }
    }

    /// The repositories that look different afterwards.
    pub fn changes(&self) -> Vec<Repository> {
        let mut all: Vec<Repository> = match self {
            ChangePlan::Retag(plan) => {
                plan.steps.iter().map(|step| step.to.clone()).chain([plan.from.clone()]).collect()
            }
            ChangePlan::Delete(plan) => vec![plan.repository.clone()],
            ChangePlan::Copy(plan) => vec![plan.to.clone()],
            ChangePlan::Undo(plan) => plan.steps.iter().map(|step| step.repository.clone()).collect(),
        };
        all.sort_by_key(Repository::to_string);
        all.dedup();
        all
    }
}
