//! The scans: their beginning, and the results that are kept on this machine, as far as they were asked for.

use std::collections::HashMap;

use super::remote::Ticket;
use super::settings::FoundScanner;
use super::update::Update;
use crate::model::digest::Digest;
use crate::model::scan::ScanRequest;
use crate::model::scan::report::ScanFacts;

/// The greatest number of images that are asked for at once.
const MOST_AT_ONCE: usize = 64;
/// The greatest number of images about which something is known. Beyond it, everything is asked for again.
const MOST_KNOWN: usize = 20_000;

/// The last scan of each image that was asked for.
#[derive(Debug, Default)]
pub(crate) struct Scans {
    /// The facts about each scan; `None` for an image that was not scanned.
    known: HashMap<Digest, Option<ScanFacts>>,
    pending: Option<Ticket>,
}

impl Scans {
    /// Returns the facts about the last scan of an image.
    pub(crate) fn of(&self, image: &Digest) -> Option<&ScanFacts> {
        self.known.get(image)?.as_ref()
    }

    /// Returns whether it is known if an image was scanned.
    pub(crate) fn is_known(&self, image: &Digest) -> bool {
        self.known.contains_key(image)
    }

    /// Returns the images among these that are to be asked for now: none while an answer is awaited.
    pub(crate) fn to_ask(&self, images: impl Iterator<Item = Digest>) -> Vec<Digest> {
        if self.pending.is_some() {
            return Vec::new();
        }
        let mut unknown: Vec<Digest> = Vec::new();
        for image in images.filter(|image| !self.known.contains_key(image)) {
            if unknown.len() < MOST_AT_ONCE && !unknown.contains(&image) {
                unknown.push(image);
            }
        }
        unknown
    }

    /// Notes that a question is open.
    pub(crate) fn ask(&mut self, ticket: Ticket) {
        self.pending = Some(ticket);
    }

    /// Takes the answer to the open question.
    pub(crate) fn take(&mut self, ticket: Ticket, found: Vec<(Digest, Option<ScanFacts>)>) {
        if self.pending != Some(ticket) {
            return;
        }
        self.pending = None;
        if self.known.len() > MOST_KNOWN {
            self.known.clear();
        }
        self.known.extend(found);
    }

    /// Forgets everything, because a scan has ended. Everything is asked for again.
    pub(crate) fn forget(&mut self) {
        *self = Scans::default();
    }
}

/// Begins to scan, as a job.
pub(crate) fn start_scan(update: &mut Update<'_>, request: ScanRequest) {
    let FoundScanner::Found(scanner) = update.state.settings.scanner.clone() else { return };
    let title = request.title();
    let start = update.state.jobs.start_scan(request, scanner, update.now);
    update.cmds.push(start);
    update.say_done(format!("began to {title}"));
}
