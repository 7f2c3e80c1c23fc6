//! The keys for changes: each leads to a plan, and none of them changes anything by itself.

use crate::app::dialogs::Dialog;
use crate::app::dialogs::copy_prompt::describe_images;
use crate::app::dialogs::retag_prompt::Retag;
use crate::app::selection::{
    TakenImages, hidden_selected_names, images_to_copy, put_destination, selected_images,
};
use crate::app::update::Update;
use crate::model::change::{ChangeRequest, copy, delete};
use crate::model::reference::Repository;

impl Update<'_> {
    /// Asks for the new tag of the chosen images. `begun` is the initial text.
    pub fn prompt_to_retag(&mut self, initial: &str) {
        let Some((from, images)) = selected_images(self.state) else { return };
        self.state.dialogs.push(Dialog::Retag(Retag::of(
            from,
            images,
            initial,
            self.state.known_registries(),
        )));
    }

    /// Shows the plan to delete the chosen images.
    pub fn plan_delete(&mut self) {
        let Some((repository, selectors)) = selected_images(self.state) else { return };
        let along = delete::Along::default();
        let request = delete::DeleteRequest { repository, selectors, method: None, along, keep: false };
        self.plan_with(ChangeRequest::Delete(request), hidden_selected_names(self.state));
    }

    /// Asks for the destination of the chosen images. `begun` is the initial text.
    pub fn prompt_to_copy_selection(&mut self, begun: &str) {
        let Some((from, what)) = images_to_copy(self.state) else { return };
        self.prompt_to_copy(from, what, begun);
    }

    /// Takes the chosen images, to be put into another repository.
    pub fn take_images(&mut self) {
        let Some((from, what)) = images_to_copy(self.state) else { return };
        let hidden = hidden_selected_names(self.state);
        let among = match hidden.len() {
            0 => String::new(),
            some => format!(", {some} hidden"),
        };
        self.say_done(format!(
            "took {} of {from}{among}; `p` puts them at the cursor",
            describe_images(&what)
        ));
        self.state.taken = Some(TakenImages { from, what, hidden });
    }

    /// Shows the plan to copy the taken images to the place of the cursor.
    pub fn plan_put(&mut self) {
        let Some(taken) = self.state.taken.clone() else { return };
        let Some(to) = put_destination(self.state, &taken) else { return };
        let TakenImages { from, what, hidden } = taken;
        let request = copy::CopyRequest::with_referrers(from, what, to);
        self.plan_with(ChangeRequest::Copy(request), hidden);
    }

    /// Compares the repository shown with the one of that name in the other registry. If there is not exactly one other
    /// registry, asks for the repository.
    pub fn compare_shown_repository(&mut self) {
        let Some(left) = self.state.tags.repository.clone() else { return };
        let hosts = self.state.registries.items.iter().map(|registry| &registry.host);
        let others: Vec<_> = hosts.filter(|host| **host != left.host).cloned().collect();
        match <[_; 1]>::try_from(others) {
            Ok([host]) => {
                let right = Repository { host, name: left.name.clone() };
                self.compare(left, right);
            }
            Err(_) => {
                let line = self.command_line("compare ");
                self.state.dialogs.push(Dialog::CommandLine(line));
            }
        }
    }
}
