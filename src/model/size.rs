//! The one place that formats bytes.

/// Bytes in decimal units with one digit: `154.6 MB`, `812 B`.
pub fn bytes(count: u64) -> String {
    humansize::format_size(count, humansize::DECIMAL.decimal_places(1))
}
