//! Files that the user or another program keeps, and that regtui only reads: configurations, files of logins, authorities.

use std::fs::{self, File, OpenOptions};
use std::io::{self, ErrorKind, Read};
use std::path::Path;

/// The reason of a path that leads to a fifo, a device or a socket. It could wait for ever.
const NOT_REGULAR: &str = "it is not a regular file";

/// Opens a file for reading. Links are followed. It never waits for the other end of a fifo, and fails unless the file is a
/// regular file or the empty device, by which users turn a file off.
pub(crate) fn open_regular(path: &Path) -> io::Result<File> {
    // Opening some devices has an effect, so the path is looked at before.
    check(path, &fs::metadata(path)?)?;
    let mut options = OpenOptions::new();
    options.read(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt;
        options.custom_flags(rustix::fs::OFlags::NONBLOCK.bits().cast_signed());
    }
    let file = options.open(path)?;
    check(path, &file.metadata()?)?;
    Ok(file)
}

/// Reads a file of at most `most` bytes, as [`open_regular`] opens it.
pub(crate) fn read_regular(path: &Path, most: u64) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    let read = open_regular(path)?.take(most.saturating_add(1)).read_to_end(&mut bytes)?;
    if read as u64 > most {
        let text = format!("it is larger than {} MiB", most >> 20);
        return Err(io::Error::new(ErrorKind::FileTooLarge, text));
    }
    Ok(bytes)
}

/// Reads the text of a file in the same way.
pub(crate) fn read_regular_text(path: &Path, most: u64) -> io::Result<String> {
    let text = String::from_utf8(read_regular(path, most)?);
    text.map_err(|_| io::Error::new(ErrorKind::InvalidData, "it is not UTF-8 text"))
}

/// Returns whether an error means that there is no such file.
pub(crate) fn is_missing(error: &io::Error) -> bool {
    matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory)
}

/// Describes an error without the path and the number of the system: regtui's own words, or the kind.
pub(crate) fn describe(error: &io::Error) -> String {
    match error.get_ref() {
        Some(own) => own.to_string(),
        None => error.kind().to_string(),
    }
}

fn check(path: &Path, metadata: &fs::Metadata) -> io::Result<()> {
    if metadata.is_dir() {
        return Err(ErrorKind::IsADirectory.into());
    }
    let is_empty_device = || fs::canonicalize(path).is_ok_and(|path| path == Path::new("/dev/null"));
    if metadata.is_file() || is_empty_device() {
        return Ok(());
    }
    Err(io::Error::new(ErrorKind::InvalidInput, NOT_REGULAR))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Returns the text, or the reason why there is none.
    fn read(path: &Path) -> Result<String, String> {
        read_regular_text(path, 1 << 20).map_err(|error| describe(&error))
    }

    #[cfg(unix)]
    #[test]
    fn only_regular_files_are_read_and_nothing_is_waited_for() {
        let folder = tempfile::tempdir().expect("a folder");
        let at = |name: &str| folder.path().join(name);
        fs::write(at("file"), "text").expect("a file");
        let created = std::process::Command::new("mkfifo").arg(at("fifo")).status().expect("mkfifo runs");
        assert!(created.success());
        let _socket = std::os::unix::net::UnixListener::bind(at("socket")).expect("a socket");
        for (link, target) in [("link", "file"), ("to-fifo", "fifo"), ("to-nothing", "/dev/null")] {
            std::os::unix::fs::symlink(target, at(link)).expect("a link");
        }
        assert_eq!(read(&at("file")).as_deref(), Ok("text"));
        assert_eq!(read(&at("link")).as_deref(), Ok("text"));
        assert_eq!(read(Path::new("/dev/null")).as_deref(), Ok(""));
        assert_eq!(read(&at("to-nothing")).as_deref(), Ok(""));
        for name in ["fifo", "to-fifo", "socket"] {
            assert_eq!(read(&at(name)).as_deref(), Err(&NOT_REGULAR.to_string()), "{name}");
        }
        assert_eq!(read(Path::new("/dev/zero")).as_deref(), Err(&NOT_REGULAR.to_string()));
        assert_eq!(read(folder.path()).as_deref(), Err(&"is a directory".to_string()));
        assert!(read_regular(&at("missing"), 1).is_err_and(|error| is_missing(&error)));
        assert!(read_regular(&at("file/below"), 1).is_err_and(|error| is_missing(&error)));
    }

    #[test]
    fn a_file_that_is_too_large_or_no_text_is_refused_with_a_reason() {
        let folder = tempfile::tempdir().expect("a folder");
        let at = |name: &str| folder.path().join(name);
        for (name, bytes) in [("most", 1 << 20), ("more", (1 << 20) + 1)] {
            fs::write(at(name), vec![b'a'; bytes]).expect("a file");
        }
        fs::write(at("latin"), b"\xe9").expect("a file");
        assert_eq!(read(&at("most")).map(|text| text.len()), Ok(1 << 20));
        assert_eq!(read(&at("more")).as_deref(), Err(&"it is larger than 1 MiB".to_string()));
        assert_eq!(read(&at("latin")).as_deref(), Err(&"it is not UTF-8 text".to_string()));
    }
}
