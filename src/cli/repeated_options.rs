//! The options that a printed command needs so that it works later: those of this run that determine how registries are
//! reached and that are not in the configuration.

use std::ffi::OsString;

use crate::client::Pool;
use crate::model::reference::Host;
use crate::model::text::SafeText;

/// Returns the options for a command about these registries, each followed by a space.
pub(crate) fn options<'a>(pool: &Pool, hosts: impl Iterator<Item = &'a Host>) -> String {
    let mut all = of_arguments(std::env::args_os());
    for trust in hosts.filter_map(|host| pool.transport_of_this_run(host)) {
        for (is_on, option) in [(trust.plain_http, "--plain-http"), (trust.insecure, "--insecure")] {
            if is_on && !all.iter().any(|known| known == option) {
                all.push(option.into());
            }
        }
    }
    all.iter().map(|option| format!("{option} ")).collect()
}

/// Returns the options that were given as arguments for all registries.
fn of_arguments(arguments: impl Iterator<Item = OsString>) -> Vec<String> {
    let mut all = Vec::new();
    let mut arguments = arguments.map(|argument| argument.to_string_lossy().into_owned()).skip(1);
    while let Some(argument) = arguments.next() {
        let (name, value) = match argument.split_once('=') {
            Some((name, value)) => (name, Some(value.to_string())),
            None => (argument.as_str(), None),
        };
        match name {
            "--" => break,
            "--plain-http" | "--insecure" if !all.contains(&argument) => all.push(argument),
            "--ca-file" | "--config" => {
                if let Some(value) = value.or_else(|| arguments.next()) {
                    all.push(format!("{name} {}", quoted(&value)));
                }
            }
            _ => {}
        }
    }
    all
}

/// Quotes a value for a shell.
fn quoted(value: &str) -> String {
    let is_plain = |character: char| character.is_ascii_alphanumeric() || "/._-+:,@%".contains(character);
    if !value.is_empty() && value.chars().all(is_plain) {
        value.into()
    } else {
        format!("'{}'", SafeText::clean(value).as_str().replace('\'', "'\\''"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn options_for_all_registries_are_repeated_as_a_shell_reads_them() {
        let of = |line: &str| of_arguments(line.split(' ').map(OsString::from)).join(" ");
        assert_eq!(of("regtui copy --plain-http a b --yes --insecure"), "--plain-http --insecure");
        assert_eq!(
            of("regtui --ca-file=/etc/ca.pem tag --config c.toml a b"),
            "--ca-file /etc/ca.pem --config c.toml"
        );
        assert_eq!(of("regtui tag a b -- --plain-http"), "");
        assert_eq!(of("regtui delete a --log-file x"), "");
        let odd = of_arguments(["regtui", "--config", "it's mine"].into_iter().map(OsString::from));
        assert_eq!(odd, ["--config 'it'\\''s mine'"]);
    }
}
