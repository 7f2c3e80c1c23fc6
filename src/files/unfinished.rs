//! Files and folders in the places that the user named. They are written beside their place, under a name that nothing
//! else has, and take their place in one step, which never replaces anything. Until then only they are removed.

use std::ffi::OsString;
use std::fs::{self, File};
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};

use tempfile::Builder;

/// Longer names are not repeated in the name of the unfinished part, whose name would then be too long.
const LONGEST_NAME: usize = 200;
/// The end of the name of an unfinished part, followed by random characters.
const PART: &str = ".part-";

/// A file or folder that has not taken its place yet. It is removed unless it is finished.
#[derive(Debug)]
pub(crate) struct Unfinished {
    path: PathBuf,
    place: PathBuf,
    is_folder: bool,
    is_finished: bool,
}

impl Unfinished {
    /// Creates a file for a place that must be free. It gets this mode, less the bits that the user's mask removes.
    pub(crate) fn file(place: &Path, mode: u32) -> io::Result<(Unfinished, File)> {
        if place.as_os_str().as_encoded_bytes().ends_with(b"/") {
            return Err(ErrorKind::IsADirectory.into());
        }
        let (folder, prefix) = find_names(place)?;
        let mut builder = Builder::new();
        builder.prefix(&prefix);
        #[cfg(unix)]
        builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(mode));
        #[cfg(not(unix))]
        let _ = mode;
        let created = builder.tempfile_in(folder).map_err(without_path)?;
        let (file, path) = created.keep().map_err(|failure| failure.error)?;
        Ok((Unfinished { path, place: place.into(), is_folder: false, is_finished: false }, file))
    }

    /// Creates a folder that only its owner can use, for a place that must be free.
    pub(crate) fn folder(place: &Path) -> io::Result<Unfinished> {
        let (folder, prefix) = find_names(place)?;
        let mut builder = Builder::new();
        builder.prefix(&prefix);
        #[cfg(unix)]
        builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o700));
        let path = builder.tempdir_in(folder).map_err(without_path)?.keep();
        Ok(Unfinished { path, place: place.into(), is_folder: true, is_finished: false })
    }

    /// Returns the path to write to.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Puts it in its place. Fails if something has taken the place meanwhile, which stays as it is.
    pub(crate) fn finish(mut self) -> io::Result<()> {
        put_in_place(&self.path, &self.place, self.is_folder)?;
        self.is_finished = true;
        Ok(())
    }
}

impl Drop for Unfinished {
    fn drop(&mut self) {
        if self.is_finished {
            return;
        }
        // The failure that led here is the one that is reported.
        if self.is_folder {
            fs::remove_dir_all(&self.path).ok();
        } else {
            fs::remove_file(&self.path).ok();
        }
    }
}

/// Fails if there is anything at a path, also a link that leads nowhere.
pub(crate) fn check_free(place: &Path) -> io::Result<()> {
    match fs::symlink_metadata(place) {
        Ok(_) => Err(ErrorKind::AlreadyExists.into()),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(()),
        Err(error) => Err(error),
    }
}

/// Returns the folder of a place that is free, and the beginning of the name of its unfinished part.
fn find_names(place: &Path) -> io::Result<(&Path, OsString)> {
    check_free(place)?;
    let name = place.file_name().ok_or(ErrorKind::InvalidInput)?;
    let folder = place.parent().filter(|folder| !folder.as_os_str().is_empty());
    let folder = folder.unwrap_or_else(|| Path::new("."));
    if !fs::metadata(folder)?.is_dir() {
        return Err(ErrorKind::NotADirectory.into());
    }
    let mut prefix = OsString::from(".");
    if name.len() <= LONGEST_NAME {
        prefix.push(name);
    }
    prefix.push(PART);
    Ok((folder, prefix))
}

/// Returns an error without the name of the unfinished part, which the user did not choose.
fn without_path(error: io::Error) -> io::Error {
    match error.kind() {
        ErrorKind::Other => error,
        kind => kind.into(),
    }
}

/// Renames, and replaces nothing.
fn put_in_place(from: &Path, to: &Path, is_folder: bool) -> io::Result<()> {
    #[cfg(any(target_os = "linux", target_os = "android", target_vendor = "apple"))]
    {
        use rustix::fs::{CWD, RenameFlags, renameat_with};
        use rustix::io::Errno;
        match renameat_with(CWD, from, CWD, to, RenameFlags::NOREPLACE) {
            // The kernel or the file system does not know the flag.
            Err(error) if [Errno::NOSYS, Errno::INVAL, Errno::NOTSUP, Errno::OPNOTSUPP].contains(&error) => {}
            renamed => return Ok(renamed?),
        }
    }
    rename_by_other_means(from, to, is_folder)
}

/// Renames where no request renames without replacing: a second name of a file is made only where there is none, and of
/// a folder it is looked first whether the place is free.
fn rename_by_other_means(from: &Path, to: &Path, is_folder: bool) -> io::Result<()> {
    if !is_folder {
        match fs::hard_link(from, to) {
            Ok(()) => {
                // It only takes up a name.
                fs::remove_file(from).ok();
                return Ok(());
            }
            Err(error) if error.kind() == ErrorKind::AlreadyExists => return Err(error),
            // The file system has no such names.
            Err(_) => {}
        }
    }
    check_free(to)?;
    fs::rename(from, to)
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    fn names(folder: &Path) -> Vec<String> {
        let entries = fs::read_dir(folder).expect("a folder").flatten();
        let mut names: Vec<String> =
            entries.map(|entry| entry.file_name().into_string().expect("a name")).collect();
        names.sort();
        names
    }

    #[test]
    fn a_file_is_beside_its_place_until_it_is_finished() {
        let home = tempfile::tempdir().expect("a folder");
        let place = home.path().join("out");
        let (unfinished, mut file) = Unfinished::file(&place, 0o600).expect("it is made");
        file.write_all(b"half").expect("it is written");
        assert!(!place.exists());
        let [name] = names(home.path()).try_into().expect("one file");
        assert!(name.starts_with(".out.part-"), "{name}");
        unfinished.finish().expect("the place is free");
        assert_eq!(names(home.path()), ["out"]);
        assert_eq!(fs::read(&place).expect("a file"), b"half");
    }

    #[test]
    fn what_takes_the_place_meanwhile_stays_and_only_the_own_part_is_removed() {
        let home = tempfile::tempdir().expect("a folder");
        for is_folder in [false, true] {
            let place = home.path().join(if is_folder { "folder" } else { "file" });
            let unfinished = if is_folder {
                Unfinished::folder(&place).expect("it is made")
            } else {
                Unfinished::file(&place, 0o600).expect("it is made").0
            };
            fs::write(&place, "precious").expect("a file");
            let error = unfinished.finish().expect_err("the place is taken");
            assert_eq!(error.kind(), ErrorKind::AlreadyExists);
            assert_eq!(fs::read_to_string(&place).expect("a file"), "precious");
        }
        assert_eq!(names(home.path()), ["file", "folder"]);
    }

    #[test]
    fn a_folder_never_takes_the_place_of_an_empty_one() {
        let home = tempfile::tempdir().expect("a folder");
        let place = home.path().join("out");
        let unfinished = Unfinished::folder(&place).expect("it is made");
        fs::write(unfinished.path().join("file"), "content").expect("a file");
        fs::create_dir(&place).expect("a folder");
        unfinished.finish().expect_err("the place is taken");
        assert!(names(&place).is_empty() && names(home.path()) == ["out"]);
    }

    #[test]
    fn nothing_is_replaced_where_no_request_renames_without_replacing() {
        let home = tempfile::tempdir().expect("a folder");
        let at = |name: &str| home.path().join(name);
        fs::write(at("new"), "new").expect("a file");
        fs::write(at("old"), "old").expect("a file");
        fs::create_dir(at("folder")).expect("a folder");
        fs::create_dir(at("empty")).expect("a folder");
        for (from, to, is_folder) in [("new", "old", false), ("folder", "empty", true)] {
            let error = rename_by_other_means(&at(from), &at(to), is_folder).expect_err("it is taken");
            assert_eq!(error.kind(), ErrorKind::AlreadyExists);
        }
        rename_by_other_means(&at("new"), &at("free"), false).expect("it is free");
        rename_by_other_means(&at("folder"), &at("free folder"), true).expect("it is free");
        assert_eq!(names(home.path()), ["empty", "free", "free folder", "old"]);
        assert_eq!(fs::read_to_string(at("old")).expect("a file"), "old");
    }

    #[test]
    fn names_of_any_length_and_places_that_are_none() {
        let home = tempfile::tempdir().expect("a folder");
        let place = home.path().join("x".repeat(255));
        drop(Unfinished::file(&place, 0o600).expect("it is made"));
        drop(Unfinished::folder(&place).expect("it is made"));
        for place in ["x".repeat(256), "missing/out".into(), "..".into()] {
            Unfinished::file(&home.path().join(place), 0o600).expect_err("no such place");
        }
        let slash = format!("{}/out/", home.path().display());
        Unfinished::file(Path::new(&slash), 0o600).expect_err("a folder is meant");
        assert!(names(home.path()).is_empty());
    }
}
