//! Tests of more than one module, in one binary. Each folder is named after the part that it tests.

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
