//! Tests of more than one module, in one binary. Each folder is named after the part that it tests.

mod demo {
    mod oci_client;
}
