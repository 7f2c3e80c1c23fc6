//! Tests of more than one module. Each folder is named after the part it tests.

mod demo {
    mod oci_client;
}
