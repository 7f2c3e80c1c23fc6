//! `regtui keys`, and the errors of `[keys]` in the configuration.

use std::process::Command;

fn regtui(config: &str, arguments: &[&str]) -> (Option<i32>, String, String) {
    let home = tempfile::tempdir().expect("a folder");
    let file = home.path().join("config.toml");
    std::fs::write(&file, config).expect("a file");
    let mut command = Command::new(env!("CARGO_BIN_EXE_regtui"));
    command
        .arg("--config")
        .arg(&file)
        .args(arguments)
        .env_clear()
        .env("REGTUI_SYSTEM_REGISTRIES", "false")
        .env("HOME", home.path());
    let output = command.output().expect("it runs");
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("text");
    (output.status.code(), text(output.stdout), text(output.stderr))
}

#[test]
fn keys_lists_each_command_with_its_context_its_keys_and_its_help() {
    let (code, text, _) = regtui("", &["keys"]);
    assert_eq!(code, Some(0));
    let line = |command: &str| text.lines().find(|line| line.contains(command)).expect(command);
    let words = |command| line(command).split_whitespace().take(3).collect::<Vec<_>>();
    assert_eq!(words("tags.delete"), ["panes", "tags.delete", "d"]);
    assert_eq!(words("plan.keep"), ["plan", "plan.keep", "K"]);
    assert_eq!(words("everywhere.quit"), ["everywhere", "everywhere.quit", "Ctrl-c"]);
    assert!(line("tags.delete").contains("delete: shows the plan first"));
}

#[test]
fn keys_prints_one_json_document_a_line_with_the_keys_of_the_configuration() {
    let (code, text, _) = regtui("[keys]\ntags.delete = [\"F8\", \"ctrl-x\"]\n", &["keys", "--json"]);
    assert_eq!(code, Some(0));
    let rows = text.lines().map(|line| serde_json::from_str::<serde_json::Value>(line).expect(line));
    let row = rows.into_iter().find(|row| row["command"] == "tags.delete").expect("the command");
    assert_eq!(row["context"], "panes");
    assert_eq!(row["keys"], serde_json::json!(["F8", "Ctrl-x"]));
    assert!(row["help"].as_str().is_some_and(|help| help.starts_with("delete")));
}

#[test]
fn keys_that_cannot_be_bound_are_refused_with_file_and_line() {
    for (config, said) in [
        ("[keys]\ntags.delte = \"D\"\n", "did you mean `tags.delete`?"),
        ("[keys]\ntags.delete = \"c\"\n", "`c` is bound to `tags.copy` and to `tags.delete`"),
        ("[keys]\ntags.delete = \"hyper-x\"\n", "a key is expected"),
        ("[keys]\neverywhere.quit = []\n", "must keep a key"),
    ] {
        let (code, stdout, stderr) = regtui(config, &["keys"]);
        assert_eq!((code, stdout.as_str()), (Some(2), ""), "{config}");
        assert!(stderr.contains("config.toml") && stderr.contains("line 2"), "{stderr}");
        assert!(stderr.contains(said), "{stderr}");
    }
}
