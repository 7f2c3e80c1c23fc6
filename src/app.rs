//! How regtui behaves: [`State`], [`init`] and [`update`]. No waiting, no drawing, no clock.

pub mod action;
pub mod cmd;
pub mod detail;
pub mod dialog;
pub mod layout;
pub mod list;
pub mod msg;
pub mod notices;
pub mod registries;
pub mod remote;
pub mod repositories;
pub mod settings;
pub mod tags;

use std::collections::VecDeque;

use crate::model::request::RequestLine;

use detail::Detail;
use dialog::Dialog;
use notices::Notices;
use registries::Registries;
use settings::Settings;
use tags::Tags;

/// Everything that regtui knows. Written only by [`update`]; drawing reads it.
#[derive(Debug)]
pub struct State {
    /// What flags and configuration said.
    pub settings: Settings,
    /// Columns and rows of the terminal.
    pub size: (u16, u16),
    /// The pane that keys go to.
    pub focus: Pane,
    /// Whether the focused pane has the screen for itself.
    pub zoomed: bool,
    /// The open registries, each with its repositories.
    pub registries: Registries,
    /// The tags of the repository under the cursor.
    pub tags: Tags,
    /// The image under the cursor.
    pub detail: Detail,
    /// What lies on top; the last one has the keys.
    pub dialogs: Vec<Dialog>,
    /// What was said to the user.
    pub notices: Notices,
    /// The last requests, oldest first.
    pub requests: VecDeque<RequestLine>,
    /// Whether attestations, digest tags and the like are shown.
    pub show_hidden: bool,
    /// Numbers the questions that were asked.
    pub tickets: remote::Tickets,
    /// Turns of the spinner: counts ticks while something loads.
    pub spin: usize,
}

/// The panes, from left to right.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Pane {
    /// The open registries.
    Registries,
    /// The repositories of the registry under the cursor.
    Repositories,
    /// The tags of the repository under the cursor.
    Tags,
    /// The image under the cursor.
    Details,
}
