//! What is written down is what the program does: the key table of README, the options that it names.

use std::process::Command;

const README: &str = include_str!("../README.md");

/// What stands between two comments of README.
fn part(name: &str) -> &'static str {
    let (start, end) = (format!("<!-- {name} -->\n"), format!("<!-- end of {name} -->"));
    let after = README.split_once(&start).expect("the part begins").1;
    after.split_once(&end).expect("the part ends").0
}

/// `REGTUI_WRITE_README=1 cargo test --test all generated` writes it.
#[test]
fn the_key_table_of_readme_is_the_key_table() {
    let table = regtui::app::keymap::table();
    if std::env::var_os("REGTUI_WRITE_README").is_some() {
        let file = concat!(env!("CARGO_MANIFEST_DIR"), "/README.md");
        let (before, _) = README.split_once("<!-- keys -->\n").expect("the part begins");
        let (_, after) = README.split_once("<!-- end of keys -->").expect("the part ends");
        let text = format!("{before}<!-- keys -->\n{table}<!-- end of keys -->{after}");
        std::fs::write(file, text).expect("README is written");
        return;
    }
    assert_eq!(part("keys"), table);
}

#[test]
fn readme_names_options_and_subcommands_that_exist() {
    let output = Command::new(env!("CARGO_BIN_EXE_regtui")).arg("--help").output().expect("it runs");
    let help = String::from_utf8_lossy(&output.stdout).into_owned();
    let words = README.split(|character: char| !(character.is_ascii_alphanumeric() || character == '-'));
    let of_cargo = ["--release", "--path", "--locked", "--test", "--no-default-features", "--bench"];
    let of_subcommands = ["--json", "--long", "--sort"];
    for option in words.filter(|word| word.starts_with("--") && word.len() > 3) {
        let is_known =
            help.contains(option) || of_cargo.contains(&option) || of_subcommands.contains(&option);
        assert!(is_known, "README names `{option}`");
    }
    for subcommand in ["ls", "inspect"] {
        assert!(help.contains(subcommand) && README.contains(&format!("regtui {subcommand}")));
    }
}
