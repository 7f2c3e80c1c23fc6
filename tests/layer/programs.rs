//! Archives that GNU tar wrote, compared with its own list.

use std::fs;
use std::process::Command;

use regtui::layer::{EntryKind, StreamLimits};

use crate::support::tars::read_layer;

#[test]
fn archives_of_gnu_tar_hold_the_entries_that_it_lists() {
    let version = Command::new("tar").arg("--version").output();
    if !version.is_ok_and(|output| String::from_utf8_lossy(&output.stdout).contains("GNU tar")) {
        println!("left out: there is no GNU tar");
        return;
    }
    let folder = tempfile::tempdir().expect("a folder");
    let root = folder.path().join("root");
    let long = "long-name-".repeat(20);
    fs::create_dir_all(root.join(&long)).expect("a folder");
    fs::write(root.join("file"), b"content").expect("a file");
    fs::write(root.join(&long).join("deep"), vec![1; 5_000]).expect("a file");
    fs::hard_link(root.join("file"), root.join("hard")).expect("a link");
    #[cfg(unix)]
    std::os::unix::fs::symlink(&long, root.join("soft")).expect("a link");
    let sparse = fs::File::create(root.join("sparse")).expect("a file");
    sparse.set_len(3 << 20).expect("a hole");
    drop(sparse);

    for format in ["gnu", "pax", "oldgnu", "posix"] {
        let run = |arguments: &[&str]| {
            let mut command = Command::new("tar");
            command.current_dir(folder.path()).env("TZ", "UTC").args(arguments);
            let output = command.output().expect("tar runs");
            assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
            String::from_utf8_lossy(&output.stdout).into_owned()
        };
        run(&["--sparse", &format!("--format={format}"), "-cf", "a.tar", "-C", "root", "."]);
        let listed = run(&["--numeric-owner", "--quoting-style=literal", "-tvf", "a.tar"]);
        let mut listed: Vec<(String, String)> = listed.lines().map(fields).collect();
        let bytes = fs::read(folder.path().join("a.tar")).expect("the archive");
        let layer = read_layer(&bytes, StreamLimits::default()).expect(format);
        let mut found: Vec<(String, String)> = layer
            .entries
            .iter()
            .map(|entry| {
                let path = String::from_utf8_lossy(&entry.path).into_owned();
                let letter = match entry.kind {
                    EntryKind::Directory => 'd',
                    EntryKind::Symlink => 'l',
                    EntryKind::HardLink => 'h',
                    _ => '-',
                };
                (path, format!("{letter} {} {}/{}", entry.size, entry.uid, entry.gid))
            })
            .collect();
        listed.sort();
        found.sort();
        assert_eq!(found, listed, "{format}");
    }
}

/// Returns path, kind, size and owner of a line such as `-rw-r--r-- 0/0  7 2026-11-27 16:00 ./file`.
fn fields(line: &str) -> (String, String) {
    let words: Vec<&str> = line.split_whitespace().collect();
    let path = words[5].trim_start_matches("./").trim_end_matches('/').to_string();
    (path, format!("{} {} {}", &words[0][..1], words[2], words[1]))
}
