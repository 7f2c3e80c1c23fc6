//! Programs that write the number of their process into a file. They tell nothing by themselves, so these functions look
//! at the file and at the process as often as is cheap.

use std::path::Path;
use std::time::Duration;

/// The pause between two looks. No test depends on its length.
const BETWEEN: Duration = Duration::from_millis(5);

/// Waits until a program has written a line with its number into the file, and returns the number.
pub async fn until_started(file: &Path) -> String {
    loop {
        match std::fs::read_to_string(file) {
            Ok(text) if text.ends_with('\n') => return text.trim().to_string(),
            _ => tokio::time::sleep(BETWEEN).await,
        }
    }
}

/// Waits until the process with this number is over. One that nobody has waited for counts as over.
pub async fn until_over(process: &str) {
    let is_over = || {
        let stat = std::fs::read_to_string(format!("/proc/{process}/stat"));
        stat.map_or(true, |stat| stat.contains(") Z "))
    };
    while !is_over() {
        tokio::time::sleep(BETWEEN).await;
    }
}
