//! Blobs of any size, read and written with resumption.
//!
//! | subject | file |
//! |---|---|
//! | reading; a part of a blob, and its storage | `reader`, `range`, `places` |
//! | writing: the method, the session, its location, the bytes | `push`, `uploads`, `location`, `upload_body` |

pub(super) mod location;
pub(super) mod places;
pub(super) mod push;
pub(super) mod range;
pub(super) mod reader;
pub(super) mod upload_body;
pub(super) mod uploads;
