//! The progress of a change, in one line on stderr. If stderr is no terminal, nothing is drawn, but waiting for a
//! registry is still reported there.

use std::io::IsTerminal;
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use tokio::sync::watch::{self, Receiver};
use tokio::task::AbortHandle;

use crate::cli::print;
use crate::model::change::progress::{Lookups, Progress};
use crate::ops::planning::report_lookups;

pub(crate) const OF_BYTES: &str =
    "{bar:24} {decimal_bytes} of {decimal_total_bytes}  {decimal_bytes_per_sec}  {eta} left  {wide_msg}";
const OF_ITEMS: &str = "{bar:24} {pos} of {len}  {wide_msg}";
/// The template while a registry is waited for. The speed and the time left mean nothing then.
const WAITING: &str = "{bar:10} {wide_msg}";
/// The template while a plan is made.
const ONLY_TEXT: &str = "{wide_msg}";
/// The shortest time between two lines about waiting, if no line can be redrawn.
const QUIET: Duration = Duration::from_secs(10);

/// The line of progress. Dropping it removes the line.
pub(crate) struct Bar {
    bar: ProgressBar,
    follower: AbortHandle,
}

impl Bar {
    /// Draws the progress as it arrives.
    pub(crate) fn of(progress: Receiver<Progress>) -> Bar {
        let bar = ProgressBar::with_draw_target(None, draw_target());
        let follower = tokio::spawn(draw_updates(bar.clone(), progress, can_redraw())).abort_handle();
        Bar { bar, follower }
    }

    /// Prints a message above the line.
    pub(crate) fn print(&self, text: &str) {
        self.bar.suspend(|| print::print_problem(text));
    }
}

impl Drop for Bar {
    fn drop(&mut self) {
        self.follower.abort();
        self.bar.finish_and_clear();
    }
}

/// Makes a plan. Meanwhile draws the count of the tags that are looked up.
pub(crate) async fn count_lookups<T>(planning: impl Future<Output = T>) -> T {
    let (sender, mut lookups) = watch::channel(Lookups::default());
    let line = LookupLine(ProgressBar::with_draw_target(None, draw_target()));
    line.0.set_style(style(ONLY_TEXT));
    let mut planning = std::pin::pin!(report_lookups(sender, planning));
    loop {
        tokio::select! {
            biased;
            planned = &mut planning => return planned,
            Ok(()) = lookups.changed() => {
                let text = lookups.borrow_and_update().describe();
                text.into_iter().for_each(|text| line.0.set_message(text));
            }
        }
    }
}

/// The line with the count of lookups. Dropping it removes the line.
struct LookupLine(ProgressBar);

impl Drop for LookupLine {
    fn drop(&mut self) {
        self.0.finish_and_clear();
    }
}

/// Returns whether lines on stderr can be redrawn.
fn can_redraw() -> bool {
    let is_dumb = std::env::var_os("TERM").is_some_and(|term| term == "dumb");
    std::io::stderr().is_terminal() && !is_dumb
}

/// Returns the place of lines that are drawn again: none if they cannot be.
pub(crate) fn draw_target() -> ProgressDrawTarget {
    if can_redraw() { ProgressDrawTarget::stderr() } else { ProgressDrawTarget::hidden() }
}

async fn draw_updates(bar: ProgressBar, mut progress: Receiver<Progress>, can_change: bool) {
    let mut shown = None;
    let mut said: Option<Instant> = None;
    while progress.changed().await.is_ok() {
        let now = progress.borrow_and_update().clone();
        if !can_change && !now.waiting.is_empty() && said.is_none_or(|at| at.elapsed() >= QUIET) {
            print::print_problem(&now.waiting);
            said = Some(Instant::now());
        }
        let template = match (now.waiting.is_empty(), now.total_bytes) {
            (false, _) => WAITING,
            (true, 0) => OF_ITEMS,
            (true, _) => OF_BYTES,
        };
        if shown != Some(template) {
            shown = Some(template);
            bar.set_style(style(template));
        }
        let (done, all) = match now.total_bytes {
            0 => (now.ended() as u64, now.items.len() as u64),
            bytes => (now.moved.min(bytes), bytes),
        };
        bar.set_length(all);
        bar.set_position(done);
        let message = if now.waiting.is_empty() { &now.now } else { &now.waiting };
        bar.set_message(message.to_string());
    }
}

/// Returns the style of a template. The templates are part of the program; one that is malformed would draw the default
/// bar.
pub(crate) fn style(template: &str) -> ProgressStyle {
    let style = ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar());
    style.progress_chars("━╸ ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_templates_can_be_read() {
        for template in [OF_BYTES, OF_ITEMS, WAITING, ONLY_TEXT] {
            assert!(ProgressStyle::with_template(template).is_ok(), "{template}");
        }
    }
}
