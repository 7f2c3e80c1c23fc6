//! Files that regtui keeps between runs. They are in folders that no other user can write to, and are opened without
//! following links and without waiting.

pub(crate) mod foreign;
pub(crate) mod unfinished;

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, ErrorKind, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;

use unfinished::Unfinished;

/// The name of the folder that holds everything of regtui.
const OURS: &str = "regtui";
/// The greatest depth of a folder of regtui below that one, that one included.
const MOST_BELOW: usize = 4;
/// The lock file of a folder, held while names in the folder are made or removed.
const LOCK: &str = ".lock";
/// The beginning of the name of a file that earlier versions wrote before it was put in its place.
const NEW: &str = ".new-";
/// The number of entries of a folder that are checked for links and the like.
const MOST_LOOKED_AT: usize = 10_000;
/// The number of attempts to take a lock, and the time between two of them.
const ASKED: (u32, Duration) = (100, Duration::from_millis(50));

/// The reason why a folder or a file is not used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{}` {why}", .path.display())]
pub(crate) struct Distrust {
    /// The folder or file.
    pub(crate) path: PathBuf,
    /// The reason in words: `belongs to another user`.
    pub(crate) why: &'static str,
    /// A hint that would help, if there is one.
    pub(crate) hint: Option<String>,
}

impl From<Distrust> for io::Error {
    fn from(distrust: Distrust) -> io::Error {
        io::Error::new(ErrorKind::PermissionDenied, distrust)
    }
}

/// Writes a file that the user named. Fails if it exists. Nothing but the whole file ever has its name.
pub(crate) fn save_new(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let (unfinished, mut file) = Unfinished::file(path, 0o666)?;
    file.write_all(bytes)?;
    file.sync_all()?;
    unfinished.finish()
}

/// Returns the reason why a folder or file was not used, if the error has one.
pub(crate) fn distrust(error: &io::Error) -> Option<&Distrust> {
    error.get_ref()?.downcast_ref()
}

/// Returns the reason why a folder, or something in it, must not be used. Returns `None` if the folder can be used, or
/// does not exist yet.
pub(crate) fn find_distrust(folder: &Path) -> Option<Distrust> {
    match check_folder(folder).and_then(|()| check_entries(folder)) {
        Ok(()) => None,
        Err(error) => distrust(&error).cloned(),
    }
}

/// Creates a folder that only this user can read, unless it exists, and checks that it can be used.
pub(crate) fn create_folder(folder: &Path) -> io::Result<()> {
    match check_folder(folder) {
        Err(error) if error.kind() == ErrorKind::NotFound => {}
        other => return other,
    }
    let mut builder = DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(folder)?;
    folder.parent().map_or(Ok(()), sync_folder)?;
    check_folder(folder)
}

/// Fails unless a folder, and the folders of regtui above it, belong to this user and cannot be written by other users.
/// The topmost folder is checked first, because a folder must not be created through a link of another user.
pub(crate) fn check_folder(folder: &Path) -> io::Result<()> {
    let mut near = folder.ancestors().take(MOST_BELOW);
    let depth = near.position(|above| above.file_name().is_some_and(|name| name == OURS));
    let ours: Vec<&Path> = folder.ancestors().take(1 + depth.unwrap_or(0)).collect();
    for above in ours.into_iter().rev() {
        let metadata = fs::symlink_metadata(above)?;
        if metadata.is_symlink() {
            // The user may keep the folder elsewhere. Another user must not make it lead elsewhere.
            check_owner(above, &metadata)?;
        }
        let metadata = fs::metadata(above)?;
        if !metadata.is_dir() {
            return Err(ErrorKind::NotADirectory.into());
        }
        check_owner(above, &metadata)?;
        check_mode(above, &metadata)?;
    }
    Ok(())
}

/// Fails if a folder holds anything but files and folders.
fn check_entries(folder: &Path) -> io::Result<()> {
    for entry in fs::read_dir(folder)?.take(MOST_LOOKED_AT) {
        let entry = entry?;
        let kind = entry.file_type()?;
        if !kind.is_file() && !kind.is_dir() {
            return Err(distrust_file_type(&entry.path(), kind.is_symlink()).into());
        }
    }
    Ok(())
}

/// Opens a file in a folder of regtui. It never follows a link and never waits for the other end of a fifo. It fails
/// unless the file is a regular file that no other user can have written.
pub(crate) fn open(path: &Path, options: &mut OpenOptions) -> io::Result<File> {
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt;
        let flags = rustix::fs::OFlags::NOFOLLOW | rustix::fs::OFlags::NONBLOCK;
        options.mode(0o600).custom_flags(flags.bits().cast_signed());
    }
    let file = match options.open(path) {
        Ok(file) => file,
        // The error of opening a link or a fifo differs from system to system.
        Err(error) => match fs::symlink_metadata(path) {
            Ok(found) if !found.is_file() && !found.is_dir() => {
                return Err(distrust_file_type(path, found.is_symlink()).into());
            }
            _ => return Err(error),
        },
    };
    check_metadata(path, &file.metadata()?)?;
    Ok(file)
}

fn check_metadata(path: &Path, metadata: &fs::Metadata) -> io::Result<()> {
    if metadata.is_dir() {
        return Err(ErrorKind::IsADirectory.into());
    }
    if !metadata.is_file() {
        return Err(distrust_file_type(path, false).into());
    }
    check_owner(path, metadata)?;
    check_mode(path, metadata)?;
    #[cfg(unix)]
    if std::os::unix::fs::MetadataExt::nlink(metadata) > 1 {
        let why = "has another hard link";
        return Err(Distrust { path: path.to_path_buf(), why, hint: None }.into());
    }
    Ok(())
}

/// Returns whether a file exists, without opening it. Fails unless it is a regular file that no other user can have
/// written.
pub(crate) fn check_file(path: &Path) -> io::Result<bool> {
    let metadata = match fs::symlink_metadata(path) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(false),
        metadata => metadata?,
    };
    if !metadata.is_file() && !metadata.is_dir() {
        return Err(distrust_file_type(path, metadata.is_symlink()).into());
    }
    check_metadata(path, &metadata).map(|()| true)
}

/// Opens a file for reading.
pub(crate) fn read(path: &Path) -> io::Result<File> {
    open(path, File::options().read(true))
}

/// A lock on a folder. Until it is dropped, no other process makes or removes names in the folder. Taking it removes
/// half-written files that other processes left in the folder.
#[derive(Debug)]
pub(crate) struct FolderLock {
    lock: File,
}

impl Drop for FolderLock {
    /// Gives the lock up at once. A program that is being started has a copy of the file for a moment, and the end of this
    /// one alone would leave the lock with it.
    fn drop(&mut self) {
        self.lock.unlock().ok();
    }
}

/// Waits for the lock of a folder, for a limited time.
pub(crate) fn lock_folder(folder: &Path) -> io::Result<FolderLock> {
    let lock = open_lock_file(folder)?;
    for _ in 0..ASKED.0 {
        if lock.try_lock().is_ok() {
            delete_leftovers(folder);
            return Ok(FolderLock { lock });
        }
        std::thread::sleep(ASKED.1);
    }
    Err(io::Error::new(ErrorKind::TimedOut, "another process holds its lock"))
}

/// Removes half-written files from a folder, unless another process is writing there.
pub(crate) fn remove_leftovers(folder: &Path) {
    let is_there = check_folder(folder).is_ok() && leftovers(folder).next().is_some();
    if is_there
        && let Ok(lock) = open_lock_file(folder)
        && lock.try_lock().is_ok()
    {
        let _held = FolderLock { lock };
        delete_leftovers(folder);
    }
}

fn open_lock_file(folder: &Path) -> io::Result<File> {
    open(&folder.join(LOCK), File::options().read(true).write(true).create(true).truncate(false))
}

fn delete_leftovers(folder: &Path) {
    // A file that cannot be removed only takes up space.
    leftovers(folder).for_each(|path| drop(fs::remove_file(path)));
}

/// Returns the files that were written and never put in their place, those of earlier versions included.
fn leftovers(folder: &Path) -> impl Iterator<Item = PathBuf> + use<> {
    let is_left =
        |name: &str| name.starts_with(NEW) || (name.starts_with(".tmp") && name.len() == ".tmp".len() + 6);
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    entries.filter(move |entry| entry.file_name().to_str().is_some_and(is_left)).map(|entry| entry.path())
}

/// Makes the names in a folder durable.
pub(crate) fn sync_folder(folder: &Path) -> io::Result<()> {
    #[cfg(unix)]
    File::open(folder)?.sync_all()?;
    #[cfg(not(unix))]
    let _ = folder;
    Ok(())
}

fn distrust_file_type(path: &Path, is_link: bool) -> Distrust {
    let why = if is_link { "is a link" } else { "is neither a file nor a folder" };
    Distrust { path: path.to_path_buf(), why, hint: Some(format!("remove `{}`", path.display())) }
}

#[cfg(unix)]
fn check_owner(path: &Path, metadata: &fs::Metadata) -> io::Result<()> {
    let is_ours = std::os::unix::fs::MetadataExt::uid(metadata) == rustix::process::geteuid().as_raw();
    if is_ours {
        Ok(())
    } else {
        let why = "belongs to another user";
        Err(Distrust { path: path.to_path_buf(), why, hint: None }.into())
    }
}

#[cfg(unix)]
fn check_mode(path: &Path, metadata: &fs::Metadata) -> io::Result<()> {
    match std::os::unix::fs::MetadataExt::mode(metadata) & 0o022 {
        0 => Ok(()),
        _ => {
            let why = "can be written by other users";
            let hint =
                Some(format!("`chmod go-w {}`, if no other user has put anything there", path.display()));
            Err(Distrust { path: path.to_path_buf(), why, hint }.into())
        }
    }
}

/// Accepts every file: std knows owners and modes only on Unix.
#[cfg(not(unix))]
fn check_owner(_: &Path, _: &fs::Metadata) -> io::Result<()> {
    Ok(())
}

#[cfg(not(unix))]
fn check_mode(_: &Path, _: &fs::Metadata) -> io::Result<()> {
    Ok(())
}

#[cfg(unix)]
#[cfg(test)]
mod tests {
    use std::os::unix::fs::{PermissionsExt, symlink};

    use super::*;

    fn folder() -> tempfile::TempDir {
        tempfile::tempdir().expect("a folder")
    }

    fn chmod(path: &Path, mode: u32) {
        fs::set_permissions(path, fs::Permissions::from_mode(mode)).expect("it is ours");
    }

    fn why(result: io::Result<impl std::fmt::Debug>) -> &'static str {
        distrust(&result.expect_err("it is refused")).expect("for what it is").why
    }

    fn fifo(path: &Path) {
        let status = std::process::Command::new("mkfifo").arg(path).status().expect("mkfifo runs");
        assert!(status.success());
    }

    #[test]
    fn nothing_is_made_below_a_folder_that_is_not_trusted() {
        let home = folder();
        let ours = home.path().join("regtui");
        fs::create_dir(&ours).expect("it is made");
        chmod(&ours, 0o777);
        create_folder(&ours.join("content/tags")).expect_err("others can write above it");
        assert!(!ours.join("content").exists());
    }

    #[test]
    fn a_folder_is_made_for_this_user_only_and_one_that_others_can_write_is_refused() {
        let home = folder();
        let ours = home.path().join("regtui/journal");
        create_folder(&ours).expect("it is made");
        let mode = |path: &Path| fs::metadata(path).expect("it is there").permissions().mode() & 0o777;
        assert_eq!((mode(&ours), mode(&home.path().join("regtui"))), (0o700, 0o700));
        for (folder, mode) in [("regtui/journal", 0o770), ("regtui", 0o777), ("regtui", 0o702)] {
            let folder = home.path().join(folder);
            chmod(&folder, mode);
            assert_eq!(why(create_folder(&ours)), "can be written by other users");
            assert!(find_distrust(&ours).is_some_and(|distrust| distrust.path == folder));
            chmod(&folder, 0o700);
        }
        chmod(&ours, 0o755);
        create_folder(&ours).expect("others may read the names");
    }

    #[test]
    fn a_link_that_this_user_made_to_a_folder_elsewhere_is_followed() {
        let (home, elsewhere) = (folder(), folder());
        symlink(elsewhere.path(), home.path().join("regtui")).expect("a link");
        create_folder(&home.path().join("regtui/content")).expect("it is made");
        assert!(elsewhere.path().join("content").is_dir());
        chmod(elsewhere.path(), 0o777);
        assert_eq!(why(check_folder(&home.path().join("regtui/content"))), "can be written by other users");
    }

    #[test]
    fn the_folder_of_another_user_is_refused() {
        // The root folder belongs to root, unless root runs the tests.
        if !rustix::process::geteuid().is_root() {
            assert_eq!(why(check_folder(Path::new("/"))), "belongs to another user");
        }
    }

    #[test]
    fn neither_links_nor_fifos_nor_files_with_a_second_name_are_opened_and_nothing_waits() {
        let folder = folder();
        let target = folder.path().join("target");
        fs::write(&target, "precious").expect("a file");
        chmod(&target, 0o600);
        let at = |name: &str| folder.path().join(name);
        symlink(&target, at("link")).expect("a link");
        symlink(folder.path().join("nowhere"), at("dangling")).expect("a link");
        fifo(&at("fifo"));
        let write = |name: &str| open(&at(name), File::options().write(true).create(true).truncate(true));
        for (name, expected) in
            [("link", "is a link"), ("dangling", "is a link"), ("fifo", "is neither a file nor a folder")]
        {
            assert_eq!(why(read(&at(name))), expected, "{name}");
            assert_eq!(why(write(name)), expected, "{name}");
        }
        assert!(!folder.path().join("nowhere").exists());
        fs::hard_link(&target, at("second")).expect("a second name");
        assert_eq!(why(read(&at("second"))), "has another hard link");
        fs::remove_file(at("second")).expect("it is gone");
        chmod(&target, 0o666);
        assert_eq!(why(read(&target)), "can be written by other users");
        assert_eq!(fs::read_to_string(&target).expect("a file"), "precious");
        assert!(find_distrust(folder.path()).is_some(), "what does not belong there is found");
    }

    #[test]
    fn half_written_files_of_a_crash_go_and_files_of_others_stay() {
        let folder = folder();
        for name in [".new-abc", ".tmpAbC123", ".tmpl"] {
            fs::write(folder.path().join(name), "half").expect("a file");
        }
        lock_folder(folder.path()).expect("it is free");
        let mut names: Vec<_> = fs::read_dir(folder.path())
            .expect("a folder")
            .map(|entry| entry.expect("an entry").file_name().into_string().expect("a name"))
            .collect();
        names.sort();
        assert_eq!(names, [".lock", ".tmpl"]);
    }

    #[test]
    fn a_file_is_checked_without_being_opened() {
        let folder = folder();
        let at = |name: &str| folder.path().join(name);
        fs::write(at("file"), "x").expect("a file");
        chmod(&at("file"), 0o600);
        symlink(at("file"), at("link")).expect("a link");
        fifo(&at("fifo"));
        assert!(!check_file(&at("none")).expect("it is not there"));
        assert!(check_file(&at("file")).expect("it is ours"));
        assert_eq!(why(check_file(&at("link"))), "is a link");
        assert_eq!(why(check_file(&at("fifo"))), "is neither a file nor a folder");
    }

    #[test]
    fn a_file_that_another_process_is_writing_stays() {
        let folder = folder();
        let held = lock_folder(folder.path()).expect("it is free");
        let path = folder.path().join(".new-abc");
        fs::write(&path, "half").expect("a file");
        remove_leftovers(folder.path());
        assert!(path.exists());
        // A program that is being started has copies of all open files.
        let _copy = held.lock.try_clone().expect("a copy");
        drop(held);
        remove_leftovers(folder.path());
        assert!(!path.exists());
    }
}
