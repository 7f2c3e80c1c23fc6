//! `regtui completions` for every shell.

use std::process::{Command, Output};

fn completions(shell: &str) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_regtui"));
    command
        .args(["completions", shell])
        .env_clear()
        .env("REGTUI_SYSTEM_REGISTRIES", "false")
        .output()
        .expect("it runs")
}

#[test]
fn the_completions_of_each_shell_name_every_subcommand() {
    for shell in ["bash", "elvish", "fish", "powershell", "zsh"] {
        let output = completions(shell);
        assert!(output.status.success() && output.stderr.is_empty(), "{shell}: {output:?}");
        let script = String::from_utf8(output.stdout).expect("text");
        for name in super::man::subcommands() {
            assert!(script.contains(&name), "{shell}: no `{name}`");
        }
        assert!(script.contains("plain-http"), "{shell}: no options");
    }
}

#[test]
fn a_shell_that_is_not_known_is_refused_with_those_that_are() {
    let output = completions("tcsh");
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!((output.status.code(), output.stdout.len()), (Some(2), 0), "{said}");
    assert!(said.contains("bash, elvish, fish, powershell, zsh"), "{said}");
}

#[test]
fn a_wrong_configuration_does_not_prevent_completions() {
    let mut command = Command::new(env!("CARGO_BIN_EXE_regtui"));
    command
        .args(["completions", "bash", "--config", "/nowhere/regtui.toml"])
        .env_clear()
        .env("REGTUI_SYSTEM_REGISTRIES", "false");
    assert!(command.output().expect("it runs").status.success());
}
