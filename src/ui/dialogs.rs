//! The dialogs, which are drawn over the panes. The lines that are typed at the bottom of the screen are drawn by
//! `bar`.

mod attached;
mod compare_prompt;
mod comparison;
mod copy_prompt;
mod diff_prompt;
mod extract_prompt;
mod file_history;
mod file_preview;
mod file_sides;
mod help;
mod image_diff;
mod jobs;
mod journal;
mod layer_choice;
mod log;
mod login_prompt;
mod menu;
mod open_prompt;
mod palette;
mod path_table;
mod plan;
mod prompt_field;
mod requests;
mod retag_prompt;
mod save_prompt;
mod search;
mod since;
mod since_prompt;
mod tag_history;
mod trust;

use super::Canvas;
use crate::app::dialogs::Dialog;

impl Canvas<'_, '_> {
    /// Draws the dialogs in order, so that the last one is on top.
    pub(crate) fn dialogs(&mut self) {
        for dialog in &self.state.dialogs {
            match dialog {
                Dialog::Filter(_) | Dialog::CommandLine(_) => {}
                Dialog::Palette(palette) => self.palette(palette),
                Dialog::Open(open) => self.open_prompt(open),
                Dialog::Search(search) => self.search(search),
                Dialog::Menu(menu) => self.menu(menu),
                Dialog::Help(help) => self.help(help),
                Dialog::Requests(log) => self.requests(log),
                Dialog::Messages(log) => self.messages(log.scroll),
                Dialog::Retag(prompt) => self.retag_prompt(prompt),
                Dialog::Copy(prompt) => self.copy_prompt(prompt),
                Dialog::Compare(prompt) => self.compare_prompt(prompt),
                Dialog::Comparison(comparison) => self.comparison(comparison),
                Dialog::Attached(attached) => self.attached(attached),
                Dialog::Login(prompt) => self.login_prompt(prompt),
                Dialog::Trust(dialog) => self.trust(dialog),
                Dialog::Save(prompt) => self.save_prompt(prompt),
                Dialog::Diff(prompt) => self.diff_prompt(prompt),
                Dialog::ImageDiff(dialog) => self.image_diff(dialog),
                Dialog::Since(dialog) => self.since(dialog),
                Dialog::SincePrompt(prompt) => self.since_prompt(prompt),
                Dialog::TagHistory(dialog) => self.tag_history(dialog),
                Dialog::FileSides(sides) => self.file_sides(sides),
                Dialog::LayerChoice(choice) => self.layer_choice(choice),
                Dialog::Plan(plan) => self.plan(plan),
                Dialog::FilePreview(preview) => self.file_preview(preview),
                Dialog::FileHistory(history) => self.file_history(history),
                Dialog::PathTable(table) => self.path_table(table),
                Dialog::Extract(prompt) => self.extract_prompt(prompt),
                Dialog::Jobs(jobs) => self.jobs(jobs),
                Dialog::Journal(journal) => self.journal(journal),
            }
        }
    }
}
