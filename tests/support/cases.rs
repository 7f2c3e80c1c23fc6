//! The number of random cases.

use proptest::test_runner::Config;

/// Returns the configuration of a test with that many random cases, or with as many as `PROPTEST_CASES` says.
pub fn config(cases: u32) -> Config {
    let set = std::env::var("PROPTEST_CASES").ok().and_then(|text| text.parse().ok());
    Config { cases: set.unwrap_or(cases), failure_persistence: None, ..Config::default() }
}
