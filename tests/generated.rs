//! The documents agree with the program: the key tables of README and docs/KEYS.md, and the options that README names.

use std::process::Command;

use regtui::app::keymap;
use regtui::config::Config;

const README: &str = include_str!("../README.md");
const KEYS: &str = include_str!("../docs/KEYS.md");

/// The text with another part between two comments.
fn with_part(text: &str, name: &str, part: &str) -> String {
    let (start, end) = (format!("<!-- {name} -->\n"), format!("<!-- end of {name} -->"));
    let (before, rest) = text.split_once(&start).expect("the part begins");
    let (_, after) = rest.split_once(&end).expect("the part ends");
    format!("{before}{start}{part}{end}{after}")
}

/// `REGTUI_WRITE_README=1 cargo test --test all generated` writes them.
#[test]
fn the_key_tables_of_the_documents_are_those_of_the_program() {
    let tables = [
        ("README.md", README, "keys", keymap::pane_table()),
        ("docs/KEYS.md", KEYS, "keys of dialogs", keymap::dialog_table()),
    ];
    for (file, text, name, table) in tables {
        let expected = with_part(text, name, &table);
        if std::env::var_os("REGTUI_WRITE_README").is_some() {
            let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join(file);
            std::fs::write(path, expected).expect("the document is written");
        } else {
            assert_eq!(text, expected, "{file}");
        }
    }
}

/// The help of the program, or of a subcommand.
fn help(of: &[&str]) -> String {
    let output = Command::new(env!("CARGO_BIN_EXE_regtui")).args(of).arg("--help").output().expect("it runs");
    assert!(output.status.success(), "{of:?}");
    String::from_utf8_lossy(&output.stdout).into_owned()
}

#[test]
fn readme_names_options_and_subcommands_that_exist() {
    let subcommands = [
        "ls",
        "search",
        "history",
        "inspect",
        "files",
        "cat",
        "extract",
        "packages",
        "waste",
        "dockerfile",
        "diff",
        "since",
        "belongs",
        "verify",
        "base",
        "login",
        "logout",
        "trust",
        "scan",
        "tag",
        "copy",
        "delete",
        "undo",
        "resume",
        "journal",
        "config",
        "keys",
        "completions",
        "man",
    ];
    let first = help(&[]) + &help(&["config", "print"]);
    let help = subcommands.iter().fold(first, |all, subcommand| all + &help(&[subcommand]));
    let words = README.split(|character: char| !(character.is_ascii_alphanumeric() || character == '-'));
    let of_cargo = ["--release", "--path", "--locked", "--test", "--no-default-features", "--bench"];
    for option in words.filter(|word| word.starts_with("--") && word.len() > 3) {
        assert!(help.contains(option) || of_cargo.contains(&option), "README names `{option}`");
    }
    for subcommand in subcommands {
        assert!(README.contains(&format!("regtui {subcommand}")), "README does not name `{subcommand}`");
    }
}

#[test]
fn the_configurations_that_readme_shows_are_valid() {
    let blocks: Vec<&str> =
        README.split("```toml\n").skip(1).filter_map(|after| after.split("```").next()).collect();
    let configs = blocks.into_iter().map(|block| Config::parse(block).expect(block)).collect::<Vec<_>>();
    let [rules, keys] = configs.as_slice() else { panic!("{} configurations", configs.len()) };
    assert_eq!(rules.rules().rules.len(), 3);
    assert_ne!(keys.keys, Config::default().keys);
}
