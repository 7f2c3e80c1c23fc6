//! A file of logins on the disk, as it is replaced.
//!
//! The new text is written beside the file and takes its place in one step, so a reader sees the old logins or the new
//! ones, and a crash leaves one of them. Only the user can read it.

use std::fs;
use std::io::{self, ErrorKind, Write};
use std::path::{Path, PathBuf};

use super::auth_file::{EditError, read_blocking};
use super::problem::LoginProblem;
use crate::files::sync_folder;
use crate::model::text::SafeText;

/// How often a change begins again because another program wrote the file meanwhile.
const TRIES: usize = 5;

/// Replaces the text of a file of logins by the result of `edit`, which is given the text, or an empty one if the file
/// does not exist. Links are followed, so that the file they lead to is replaced and the link stays. Returns whether
/// there was anything to change. Blocks.
///
/// Fails if the file is not a regular file, belongs to another user, or holds a text that is not the expected JSON.
pub(crate) fn edit_file(
    path: &Path,
    edit: impl Fn(&str) -> Result<Option<String>, EditError>,
) -> Result<bool, LoginProblem> {
    let failed = |error: &io::Error| LoginProblem::Unwritable {
        source: SafeText::from(path.display().to_string()),
        why: SafeText::from(error.kind().to_string()),
    };
    let target = resolve(path).map_err(|error| failed(&error))?;
    for _ in 0..TRIES {
        let before = read_text(&target).map_err(|why| LoginProblem::Unwritable {
            source: SafeText::from(path.display().to_string()),
            why,
        })?;
        let after = edit(before.as_deref().unwrap_or_default()).map_err(|error| describe(path, error))?;
        let Some(after) = after else { return Ok(false) };
        match replace(&target, before.as_deref(), &after) {
            Ok(true) => return Ok(true),
            Ok(false) => {}
            Err(error) => return Err(failed(&error)),
        }
    }
    Err(LoginProblem::Unwritable {
        source: SafeText::from(path.display().to_string()),
        why: "other programs keep changing it".into(),
    })
}

/// Returns the file that a path leads to. A file that does not exist yet is its own.
fn resolve(path: &Path) -> io::Result<PathBuf> {
    match fs::canonicalize(path) {
        Err(error) if error.kind() == ErrorKind::NotFound => match fs::symlink_metadata(path) {
            // A link that leads nowhere: its owner meant another file, which regtui does not create.
            Ok(_) => Err(error),
            Err(_) => Ok(path.to_path_buf()),
        },
        resolved => resolved,
    }
}

/// Reads the text of the file. Returns `None` if it does not exist.
fn read_text(target: &Path) -> Result<Option<String>, SafeText> {
    let metadata = match fs::symlink_metadata(target) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(SafeText::from(error.kind().to_string())),
        Ok(metadata) => metadata,
    };
    if !metadata.is_file() {
        return Err("it is not a regular file".into());
    }
    #[cfg(unix)]
    if std::os::unix::fs::MetadataExt::uid(&metadata) != rustix::process::geteuid().as_raw() {
        return Err("it belongs to another user".into());
    }
    let text = read_blocking(target)?.unwrap_or_default();
    if text.len() as u64 != metadata.len() {
        return Err("it is being written".into());
    }
    Ok(Some(text))
}

/// Puts the text in the place of the file, if that still has the text from before. Returns whether it had.
fn replace(target: &Path, before: Option<&str>, after: &str) -> io::Result<bool> {
    let folder = target.parent().ok_or(ErrorKind::NotFound)?;
    create_private_folder(folder)?;
    // A file of this kind is readable by its owner only.
    let mut new = tempfile::Builder::new().prefix(".regtui-").tempfile_in(folder)?;
    new.write_all(after.as_bytes())?;
    new.as_file().sync_all()?;
    let is_unchanged = match before {
        Some(before) => read_blocking(target).is_ok_and(|text| text.as_deref() == Some(before)),
        None => !target.exists(),
    };
    if !is_unchanged {
        return Ok(false);
    }
    new.persist(target).map_err(|error| error.error)?;
    sync_folder(folder)?;
    Ok(true)
}

/// Creates the folder of the file, which only the user can read, unless it exists.
fn create_private_folder(folder: &Path) -> io::Result<()> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(folder)
}

fn describe(path: &Path, error: EditError) -> LoginProblem {
    let source = SafeText::from(path.display().to_string());
    match error {
        EditError::NotJson(line, column) => LoginProblem::NotJson { source, line, column },
        EditError::NotObject(part) => {
            LoginProblem::BadEntry { source, entry: part.into(), why: "is not a JSON object" }
        }
        EditError::Unwritable => {
            LoginProblem::Unwritable { source, why: "the login cannot be written as JSON".into() }
        }
    }
}

#[cfg(unix)]
#[cfg(test)]
mod tests {
    use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};

    use super::*;

    fn put(text: &str) -> impl Fn(&str) -> Result<Option<String>, EditError> {
        move |before| Ok(Some(format!("{before}{text}")))
    }

    #[test]
    fn a_new_file_and_its_folder_are_for_the_user_alone() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join(".docker/config.json");
        assert_eq!(edit_file(&path, put("a")), Ok(true));
        let mode = |path: &Path| fs::metadata(path).expect("it exists").mode() & 0o777;
        assert_eq!((mode(&path), mode(path.parent().expect("a parent"))), (0o600, 0o700));
        fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).expect("a mode");
        assert_eq!(edit_file(&path, put("b")), Ok(true));
        assert_eq!((mode(&path), fs::read_to_string(&path).expect("a text")), (0o600, "ab".into()));
        assert_eq!(fs::read_dir(path.parent().expect("a parent")).expect("a folder").count(), 1);
    }

    #[test]
    fn a_link_stays_and_the_file_behind_it_changes() {
        let folder = tempfile::tempdir().expect("a folder");
        let (file, link) = (folder.path().join("real.json"), folder.path().join("config.json"));
        fs::write(&file, "a").expect("a file");
        symlink("real.json", &link).expect("a link");
        assert_eq!(edit_file(&link, put("b")), Ok(true));
        assert!(fs::symlink_metadata(&link).expect("a link").is_symlink());
        assert_eq!(fs::read_to_string(&file).expect("a text"), "ab");
        symlink("nowhere", folder.path().join("loose")).expect("a link");
        assert!(edit_file(&folder.path().join("loose"), put("b")).is_err());
        assert!(!folder.path().join("nowhere").exists());
    }

    #[test]
    fn a_change_by_another_program_meanwhile_is_kept() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("config.json");
        let is_first = std::cell::Cell::new(true);
        let edit = |before: &str| {
            if is_first.replace(false) {
                fs::write(&path, "other ").expect("a file");
            }
            Ok(Some(format!("{before}ours")))
        };
        assert_eq!(edit_file(&path, edit), Ok(true));
        assert_eq!(fs::read_to_string(&path).expect("a text"), "other ours");
        let keeps_changing = |before: &str| {
            fs::write(&path, format!("{before}x")).expect("a file");
            Ok(Some(String::new()))
        };
        assert!(matches!(edit_file(&path, keeps_changing), Err(LoginProblem::Unwritable { .. })));
    }

    #[test]
    fn a_folder_and_text_that_is_not_utf_8_are_left_alone() {
        let folder = tempfile::tempdir().expect("a folder");
        let at = |name: &str| folder.path().join(name);
        fs::create_dir(at("folder")).expect("a folder");
        fs::write(at("latin"), b"{\"a\":\"\xe9\"}").expect("a file");
        for name in ["folder", "latin"] {
            assert!(edit_file(&at(name), put("x")).is_err(), "{name}");
        }
        assert_eq!(fs::read(at("latin")).expect("a file"), b"{\"a\":\"\xe9\"}");
        assert_eq!(edit_file(&at("none"), |_| Ok(None)), Ok(false));
        assert!(!at("none").exists());
    }
}
