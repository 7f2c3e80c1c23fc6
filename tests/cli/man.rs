//! `regtui man`: one page for the program and one for each subcommand.

use std::path::Path;
use std::process::{Command, Output};

fn man(folder: &Path) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_regtui"));
    command
        .arg("man")
        .arg(folder)
        .env_clear()
        .env("REGTUI_SYSTEM_REGISTRIES", "false")
        .output()
        .expect("it runs")
}

/// The subcommands that the help lists.
pub(super) fn subcommands() -> Vec<String> {
    let output = Command::new(env!("CARGO_BIN_EXE_regtui")).arg("--help").output().expect("it runs");
    let help = String::from_utf8(output.stdout).expect("text");
    let listed = help.split_once("Commands:\n").expect("a list").1;
    let listed = listed.split_once("\n\n").expect("its end").0;
    // A description that is wrapped goes on further to the right.
    let lines = listed.lines().filter(|line| line.starts_with("  ") && !line.starts_with("   "));
    lines.filter_map(|line| line.split_whitespace().next()).map(String::from).collect()
}

fn files(folder: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(folder).expect("a folder");
    let mut names: Vec<String> =
        entries.map(|entry| entry.expect("an entry").file_name().into_string().expect("text")).collect();
    names.sort();
    names
}

#[test]
fn each_subcommand_has_a_page_in_a_folder_that_is_created() {
    let home = tempfile::tempdir().expect("a folder");
    let folder = home.path().join("share/man1");
    let output = man(&folder);
    assert!(output.status.success(), "{output:?}");
    let mut pages: Vec<String> = subcommands().iter().map(|name| format!("regtui-{name}.1")).collect();
    assert!(pages.len() >= 11, "{pages:?}");
    pages.push("regtui.1".into());
    pages.sort();
    assert_eq!(files(&folder), pages);
    for page in pages {
        let text = std::fs::read_to_string(folder.join(&page)).expect("a page");
        assert!(text.contains(".TH regtui") && text.contains(".SH SYNOPSIS"), "{page}: {text}");
    }
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    assert_eq!(said, format!("wrote {} manual pages to {}\n", subcommands().len() + 1, folder.display()));
    assert!(man(&folder).status.success(), "pages are replaced");
}

#[cfg(unix)]
#[test]
fn a_page_is_readable_by_everybody_and_a_link_in_its_place_is_not_followed() {
    use std::os::unix::fs::{PermissionsExt, symlink};
    let home = tempfile::tempdir().expect("a folder");
    let (folder, outside) = (home.path().join("man1"), home.path().join("outside"));
    std::fs::create_dir(&folder).expect("a folder");
    std::fs::write(&outside, "kept").expect("a file");
    symlink(&outside, folder.join("regtui.1")).expect("a link");
    assert!(man(&folder).status.success());
    assert_eq!(std::fs::read_to_string(&outside).expect("a file"), "kept");
    let page = folder.join("regtui.1").symlink_metadata().expect("a page");
    assert!(page.is_file() && page.permissions().mode() & 0o444 == 0o444, "{page:?}");
}

#[test]
fn a_folder_that_cannot_be_used_is_named() {
    let home = tempfile::tempdir().expect("a folder");
    let file = home.path().join("file");
    std::fs::write(&file, "kept").expect("a file");
    for folder in [file.clone(), file.join("man1")] {
        let output = man(&folder);
        let said = String::from_utf8_lossy(&output.stderr);
        assert_eq!((output.status.code(), output.stdout.len()), (Some(1), 0), "{said}");
        let problem = format!("cannot write `{}`: a file has the name of the folder", folder.display());
        assert_eq!(said, format!("regtui: {problem}\n"));
    }
    assert_eq!(std::fs::read_to_string(&file).expect("a file"), "kept");
}
