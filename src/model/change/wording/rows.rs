//! The rows of a plan in words.

use crate::model::change::delete::DeleteMethod;
use crate::model::change::image_info::ImageInfo;
use crate::model::server::OwnApiUntag;

/// The tone of a text, which determines its look on the screen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Tone {
    /// Plain text.
    Plain,
    /// Text that matters less.
    Dim,
    /// Text that matters more.
    Strong,
    /// Something that stays, or is there already.
    Good,
    /// Something that is removed, is replaced, or is odd.
    Warn,
    /// Something that cannot be done.
    Bad,
    /// A size.
    Number,
    /// A key that can be pressed.
    Key,
}

/// A row of a plan.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum PlanRow {
    /// An empty row.
    Blank,
    /// A label with its text.
    Fact(Fact),
    /// A hint that would make something possible.
    Hint(String),
    /// The methods by which tags can be removed.
    Methods(Methods),
    /// Something that the user can switch on and off.
    Switch(Switch),
    /// Tags and images with their results, one below the other.
    Images(Vec<ImageRow>),
}

/// A label with its text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Fact {
    /// The label. Empty if the fact continues the one above it.
    pub(crate) label: &'static str,
    /// The tone of the text.
    pub(crate) tone: Tone,
    /// The text.
    pub(crate) text: String,
    /// Whether the text consists of names with `, ` between them. A long list may take several lines.
    pub(crate) is_list: bool,
}

/// The methods that a plan offers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Methods {
    /// The methods to choose from.
    pub(crate) methods: Vec<DeleteMethod>,
    /// The chosen one.
    pub(crate) chosen: DeleteMethod,
    /// Whether the images are known to stay if only tags are deleted.
    pub(crate) images_stay: bool,
    /// The vendor's own API, if it removes single tags.
    pub(crate) own_api: Option<OwnApiUntag>,
}

/// Something that the user can switch on and off.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Switch {
    /// The label. Empty if the switch belongs to the one above it.
    pub(crate) label: &'static str,
    /// The part of the request that it switches.
    pub(crate) option: PlanOption,
    /// Whether it is on.
    pub(crate) is_on: bool,
    /// The text: the things that are switched.
    pub(crate) text: String,
}

/// The parts of a request that can be switched on and off in its plan.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum PlanOption {
    /// Children of deleted indexes go along.
    Children,
    /// Referrers of the images go along.
    Referrers,
    /// Images that lose their last tag are kept under a tag of their own.
    Keep,
    /// Docker's manifests are converted to OCI.
    Convert,
}

/// A tag or image, and its result.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ImageRow {
    /// The tags or the digest by which it is named.
    pub(crate) name: (Tone, String),
    /// The new name, if it gets one.
    pub(crate) new_name: Option<String>,
    /// The date and size of the image; `None` if there is no image.
    pub(crate) info: Option<ImageInfo>,
    /// The result.
    pub(crate) result: (Tone, String),
    /// Facts about everything that is attached to it.
    pub(crate) facts: Vec<Fact>,
}
