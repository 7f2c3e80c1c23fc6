//! The documents agree with the program: the key table of README, and the options that it names.

use std::process::Command;

use regtui::config::Config;

const README: &str = include_str!("../README.md");

/// The text between two comments of README.
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

/// The help of the program, or of a subcommand.
fn help(of: &[&str]) -> String {
    let output = Command::new(env!("CARGO_BIN_EXE_regtui")).args(of).arg("--help").output().expect("it runs");
    assert!(output.status.success(), "{of:?}");
    String::from_utf8_lossy(&output.stdout).into_owned()
}

#[test]
fn readme_names_options_and_subcommands_that_exist() {
    let subcommands = ["ls", "inspect", "tag", "copy", "delete", "undo", "resume", "journal"];
    let help = subcommands.iter().fold(help(&[]), |all, subcommand| all + &help(&[subcommand]));
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
fn the_configuration_that_readme_shows_is_one() {
    let (_, after) = README.split_once("```toml\n").expect("it begins");
    let (file, _) = after.split_once("```").expect("it ends");
    let rules = Config::parse(file).expect("a configuration").rules();
    assert_eq!(rules.rules.len(), 3);
}
