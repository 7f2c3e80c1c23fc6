//! Tests of more than one module, in one binary. Each folder is named after the part that it tests.

mod architecture;
mod client {
    mod auth;
    mod content;
    mod paging;
    mod transport;
}
mod demo {
    mod auth;
    mod blobs;
    mod content;
    mod faults;
    mod lists;
    mod manifests;
    mod oci_client;
    mod wire;
}
mod support {
    pub mod hostile;
    pub mod registry;
}
