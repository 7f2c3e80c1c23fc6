//! The questions that the app asks the runtime, their answers, and the places on the screen that wait for them.

use std::collections::HashSet;
use std::path::PathBuf;
use std::sync::Arc;

use super::dialogs::image_diff::reading::{DiffQuestion, DiffReadAnswer, DiffReadQuestion, DiffedPair};
use super::dialogs::saved_content::SavedContent;
use super::panes::details::files::reading::{
    ContentRequest, ExtractRequest, FileContent, FilesAnswer, FilesImage, PackagesAnswer, ReadFiles,
};
use super::vendor_images::NamedImage;
use crate::layer::ImageFindings;
use crate::model::attached::facts::AttachedFacts;
use crate::model::attached::page::AttachedPage;
use crate::model::base_image::BaseReport;
use crate::model::change::comparison::Comparison;
use crate::model::change::journal::{EntryId, JournalEntry};
use crate::model::change::{ChangePlan, ChangeRequest};
use crate::model::digest::Digest;
use crate::model::extraction::ExtractionPrice;
use crate::model::failure::Failure;
use crate::model::image_diff::SharedLayers;
use crate::model::image_diff::page::TextComparison;
use crate::model::inspection::{FoundReferrers, Inspection};
use crate::model::login::{LoginFacts, LoginOutcome, LoginRequest};
use crate::model::manifest::{Descriptor, Manifest};
use crate::model::page::{NextPage, Page};
use crate::model::platform::Platform;
use crate::model::price::Price;
use crate::model::reference::{Host, Reference, Repository, RepositoryName, Selector, Tag};
use crate::model::repository_facts::RepositoryFacts;
use crate::model::scan::report::ScanFacts;
use crate::model::server::Server;
use crate::model::server_trust::{ServerTrust, TrustRequest};
use crate::model::since::{PricedSince, SinceQuestion};
use crate::model::summary::Summary;
use crate::model::tag_history::{HistorySubject, TagHistory};
use crate::model::text::SafeText;
use crate::model::vendor_image::VendorImage;
use crate::model::vendor_lists::{SearchHit, VendorPosition, VendorTags};

/// A question.
#[derive(Debug)]
pub enum Ask {
    /// Asks for the properties of a registry.
    Server(Host),
    /// Asks for a page of the repositories of a registry. If it has no catalog, those beside these repositories are listed.
    Repositories(Host, Vec<RepositoryName>, Option<Box<NextPage>>),
    /// Asks for a page of the tags of a repository.
    Tags(Repository, Option<Box<NextPage>>),
    /// Asks for a part of the facts that the vendor lists about the tags of a repository.
    VendorTags(Repository, Option<Box<VendorPosition>>),
    /// Asks a registry for repositories that fit some words.
    Search(Host, String),
    /// Asks for the past of a tag or of a repository.
    TagHistory(HistorySubject),
    /// Asks for the summary of an image, shown in one line.
    Summary(Repository, Tag),
    /// Asks for the facts about a repository, shown in its row, with or without the date of its newest image.
    RepositoryFacts(Repository, bool),
    /// Asks for an image, without its referrers.
    Inspection(Repository, Selector),
    /// Asks for the referrers of an image. If all tags of the repository are known, its digest tags are passed along.
    Referrers(Arc<Inspection>, Option<Vec<Tag>>),
    /// Asks for the files of an image, even if reading them takes many bytes or not.
    Files(Box<FilesImage>, bool),
    /// Asks for the first bytes of a file.
    FileContent(Box<ContentRequest>),
    /// Asks for the bytes that an extraction moves. Writes nothing.
    ExtractionPrice(Box<ExtractRequest>),
    /// Asks for the findings of an image. Requests nothing from a server.
    Findings(Box<ReadFiles>),
    /// Asks for the packages of an image, even if reading them takes many bytes or not.
    Packages(Box<ReadFiles>, bool),
    /// Asks for the plan of a request. Changes nothing.
    Plan(ChangeRequest),
    /// Asks for a plan or a comparison although fewer requests are left than it needs.
    BeyondBudget(Box<Ask>),
    /// Asks for the journal.
    Journal,
    /// Asks for the journal at the start, after removing the throw-away tags that an earlier run left in these
    /// registries.
    InterruptedChanges(Vec<Host>),
    /// Asks for the rest of a change that a crash left half done.
    ResumeRequest(EntryId),
    /// Asks for the plan of the rest of that change. Tags that have moved since are left alone. Changes nothing.
    ResumePlan(EntryId, ChangeRequest),
    /// Asks for the differences between two repositories, tag by tag.
    Comparison(Repository, Repository),
    /// Asks for the documents of an attached artifact.
    Attached(Arc<AttachedQuestion>),
    /// Asks for the facts about everything that is attached to an image, except those that are known.
    AttachedFacts(Arc<Inspection>, HashSet<Digest>),
    /// Asks for the results of scans that are kept for these images. Requests nothing from the registry.
    KeptScans(Host, Vec<Digest>),
    /// Asks for the findings of the last scan of an image. Requests nothing from the registry.
    ScanPage(Host, Digest),
    /// Asks for the facts that the vendor tells of an image.
    VendorImage(NamedImage),
    /// Asks for the base of an image. Digests of bases that an earlier generation looked up are outdated.
    Base(Repository, Digest, u32),
    /// Asks to save something as a new file.
    Save(PathBuf, SavedContent),
    /// Asks for the differences between two images that their manifests and configs show.
    ImageDiff(Box<DiffQuestion>),
    /// Asks for the files or the packages of two images that differ.
    DiffRead(Box<DiffReadQuestion>),
    /// Asks for the lines of two files that differ. A side without a file counts as empty.
    FileSides(Box<[Option<Box<ContentRequest>>; 2]>),
    /// Asks for the layers that two images share.
    SharedLayers(Box<DiffQuestion>),
    /// Asks since which tag images have something, if that takes no more than was agreed to.
    Since(Arc<SinceRequest>, Price),
    /// Asks for the login that is used at a registry, and for the place of a new one.
    LoginFacts(Host),
    /// Asks to check a login and to use it.
    Login(Box<LoginRequest>),
    /// Asks for the certificate of a registry and the choices about it, or whether the registry speaks no TLS.
    Trust(Host),
    /// Asks to carry out a decision about a server.
    DecideTrust(Box<TrustRequest>),
    /// Asks for the registries with a saved login. No secret is read for it.
    SavedLogins,
}

/// The question since which tag images have something.
#[derive(Debug, Clone)]
pub struct SinceRequest {
    /// The repository.
    pub repository: Repository,
    /// The platform of images for several.
    pub platform: Option<Platform>,
    /// The question.
    pub question: SinceQuestion,
    /// Whether a binary search is enough.
    pub bisects: bool,
}

/// An attached artifact whose documents are asked for.
#[derive(Debug)]
pub struct AttachedQuestion {
    /// The repository that holds it.
    pub repository: Repository,
    /// The artifact.
    pub artifact: Descriptor,
    /// The manifest of the image that it is attached to, if that is known.
    pub image: Option<Arc<Manifest>>,
}

impl Ask {
    /// Returns the registry whose contents are asked for.
    pub(crate) fn host(&self) -> Option<&Host> {
        match self {
            Ask::Server(host)
            | Ask::Repositories(host, ..)
            | Ask::LoginFacts(host)
            | Ask::Trust(host)
            | Ask::Search(host, _) => Some(host),
            Ask::Login(request) => Some(&request.host),
            Ask::DecideTrust(request) => Some(&request.registry),
            Ask::Tags(repository, _)
            | Ask::Summary(repository, _)
            | Ask::RepositoryFacts(repository, _)
            | Ask::VendorTags(repository, _)
            | Ask::Inspection(repository, ..) => Some(&repository.host),
            Ask::Referrers(inspection, _) => Some(&inspection.repository.host),
            Ask::Files(image, _) => Some(&image.repository.host),
            Ask::FileContent(request) => Some(&request.image.repository.host),
            Ask::ExtractionPrice(request) => Some(&request.image.repository.host),
            Ask::Packages(files, _) => Some(&files.image.repository.host),
            Ask::Attached(question) => Some(&question.repository.host),
            Ask::AttachedFacts(inspection, _) => Some(&inspection.repository.host),
            Ask::Base(repository, ..) => Some(&repository.host),
            Ask::Since(request, _) => Some(&request.repository.host),
            Ask::VendorImage(image) => Some(&image.repository.host),
            Ask::TagHistory(subject) => Some(&subject.repository.host),
            Ask::Findings(_)
            | Ask::SavedLogins
            | Ask::Plan(_)
            | Ask::BeyondBudget(_)
            | Ask::Journal
            | Ask::InterruptedChanges(_)
            | Ask::ResumeRequest(_)
            | Ask::ResumePlan(..)
            | Ask::Comparison(..)
            | Ask::KeptScans(..)
            | Ask::ScanPage(..)
            | Ask::Save(..)
            | Ask::ImageDiff(_)
            | Ask::DiffRead(_)
            | Ask::FileSides(_)
            | Ask::SharedLayers(_) => None,
        }
    }
}

/// The answer to a question.
#[derive(Debug)]
pub enum Answer {
    /// The properties of the registry.
    Server(Result<Server, Failure>),
    /// A page of the catalog.
    Repositories(Result<Page<RepositoryName>, Failure>),
    /// A page of tags.
    Tags(Result<Page<Tag>, Failure>),
    /// A part of the facts that the vendor lists, or `None` if it lists none.
    VendorTags(Option<VendorTags>),
    /// The repositories that the registry found, or `None` if it cannot search.
    Search(Option<Vec<SearchHit>>),
    /// The past of the tag or of the repository.
    TagHistory(Result<TagHistory, Failure>),
    /// A row of the Tags pane.
    Summary(Result<Summary, Failure>),
    /// A row of the Repositories pane.
    RepositoryFacts(Result<RepositoryFacts, Failure>),
    /// The image for the Details pane.
    Inspection(Result<Arc<Inspection>, Failure>),
    /// The referrers of the image in the Details pane.
    Referrers(FoundReferrers),
    /// The files of the image, or the bytes that reading them takes.
    Files(Result<FilesAnswer, Failure>),
    /// The first bytes of the file.
    FileContent(Result<FileContent, Failure>),
    /// The bytes that the extraction moves.
    ExtractionPrice(Result<ExtractionPrice, Failure>),
    /// The findings of the image.
    Findings(Result<Box<ImageFindings>, Failure>),
    /// The packages of the image, or the bytes that reading them takes.
    Packages(Result<PackagesAnswer, Failure>),
    /// The plan of a request.
    Plan(Result<Box<ChangePlan>, Failure>),
    /// The journal entries, newest first.
    Journal(Result<Vec<JournalEntry>, Failure>),
    /// The journal entries, newest first, and a sentence for each throw-away tag of earlier runs that was removed.
    InterruptedChanges(Vec<JournalEntry>, Vec<SafeText>),
    /// The rest of a change that a crash left half done.
    ResumeRequest(Result<Box<ChangeRequest>, Failure>),
    /// Two repositories side by side.
    Comparison(Result<Comparison, Failure>),
    /// The documents of an attached artifact.
    Attached(Result<Vec<AttachedPage>, Failure>),
    /// The facts about artifacts, by their digests.
    AttachedFacts(Vec<(Digest, AttachedFacts)>),
    /// The facts about the last scan of each image that was asked for.
    KeptScans(Vec<(Digest, Option<ScanFacts>)>),
    /// The facts of the vendor about the image, or `None` if it tells none.
    VendorImage(Option<Box<VendorImage>>),
    /// The base of the image.
    Base(Box<BaseReport>),
    /// A sentence about the file that was saved.
    Saved(Result<SafeText, Failure>),
    /// Two images side by side.
    ImageDiff(Result<Arc<DiffedPair>, Failure>),
    /// The tag since which images have something, or what the answer takes.
    Since(Result<PricedSince, Failure>),
    /// The files or the packages that differ, or the bytes that reading them takes.
    DiffRead(Result<DiffReadAnswer, Failure>),
    /// The lines of two files that differ.
    FileSides(Result<Box<TextComparison>, Failure>),
    /// The layers that two images share.
    SharedLayers(Result<SharedLayers, Failure>),
    /// The login that is used at a registry, and the place for a new one.
    LoginFacts(LoginFacts),
    /// The result of a login.
    Login(Result<LoginOutcome, Failure>),
    /// The facts about a server, and the choices.
    Trust(Result<ServerTrust, Failure>),
    /// The decision about a server in a sentence.
    TrustDecided(Result<SafeText, Failure>),
    /// The registries with a saved login.
    SavedLogins(Vec<Host>),
}

/// A place on the screen that wants only its newest answer.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Slot {
    /// The header card of a registry.
    Server(Host),
    /// The repositories of a registry.
    Repositories(Host),
    /// The tags shown.
    Tags,
    /// The facts of the vendor about the tags shown.
    VendorTags,
    /// The results of a search.
    Search,
    /// The past of a tag or of a repository.
    TagHistory,
    /// A row of the Tags pane.
    Summary(Repository, Tag),
    /// A row of the Repositories pane.
    RepositoryFacts(Repository),
    /// The image shown.
    Detail,
    /// The referrers of the image shown.
    Referrers,
    /// The files of the image shown.
    Files,
    /// The content of the file shown.
    FileContent,
    /// The prompt for an extraction.
    Extraction,
    /// The findings or packages that are open.
    PathTable,
    /// The plan shown.
    Plan,
    /// The changes that were cut off in an earlier run.
    InterruptedChanges,
    /// The journal.
    Journal,
    /// The comparison.
    Comparison,
    /// The attached artifact that is open.
    Attached,
    /// The rows of the Referrers tab.
    AttachedFacts,
    /// The results of scans that are kept.
    KeptScans,
    /// The facts of the vendor about the image shown.
    VendorImage,
    /// The base of an image in the Tags pane.
    Base(Box<Digest>),
    /// The file that is saved.
    Save,
    /// The differences between two images.
    ImageDiff,
    /// The tag since which images have something.
    Since,
    /// The files of two images that differ.
    DiffedFiles,
    /// The packages of two images that differ.
    DiffedPackages,
    /// The files of both sides.
    FileSides,
    /// A row of the prompt for the image to compare with.
    SharedLayers(Box<Reference>),
    /// The facts in the prompt for a login.
    LoginFacts,
    /// The login that is checked.
    Login,
    /// The certificate that is shown, and the decision about it.
    Trust,
    /// The registries with a saved login in the prompt for a name.
    SavedLogins,
    /// The other image whose layers are offered.
    LayerChoice,
}
