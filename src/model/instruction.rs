//! A step of a build, written as a Dockerfile line.
//!
//! Builders write `created_by` in their own ways: the classic docker builder, buildkit, kaniko, bazel, jib and others.
//! The result is a reconstruction in one line, not the original.

/// Returns the Dockerfile line for a `created_by` text. White space is folded. Text that is not understood stays as it
/// is.
pub(crate) fn of(created_by: &str) -> String {
    let text = created_by.split_whitespace().collect::<Vec<_>>().join(" ");
    let (text, by_buildkit) = match text.strip_suffix(" # buildkit") {
        Some(rest) => (rest.to_string(), true),
        None => (text, false),
    };
    if let Some(command) = shell_command(&text) {
        return match command.strip_prefix("#(nop)") {
            Some(step) => classic(step.trim()),
            None => format!("RUN {command}"),
        };
    }
    if let Some(command) = text.strip_prefix("RUN ") {
        return format!("RUN {}", without_shell(without_arguments(command)));
    }
    if without_arguments(&text) != text && !by_buildkit {
        return format!("RUN {}", without_shell(without_arguments(&text)));
    }
    rewrite_ports(&text).unwrap_or(text)
}

/// Returns the line for a step of the classic builder that ran nothing.
fn classic(step: &str) -> String {
    if let Some(exposed) = rewrite_ports(step) {
        return exposed;
    }
    if let Some((instruction, rest)) = step.split_once(' ') {
        match instruction {
            "ADD" | "COPY" => return format!("{instruction} {}", shorten_copy(rest)),
            "CMD" | "ENTRYPOINT" | "VOLUME" | "SHELL" => {
                return format!("{instruction} {}", with_commas(rest));
            }
            _ => {}
        }
    }
    step.to_string()
}

/// Shortens the source of a copy: `file:<hash> in /x` becomes `<file> /x`. The original source is lost.
fn shorten_copy(rest: &str) -> String {
    let Some((source, target)) = rest.split_once(" in ") else { return rest.to_string() };
    let Some((name @ ("file" | "dir" | "multi"), _)) = source.split_once(':') else {
        return rest.to_string();
    };
    format!("<{name}> {}", target.trim())
}

/// Puts commas into a list as Go prints it: `["a" "b"]` becomes `["a", "b"]`.
fn with_commas(list: &str) -> String {
    if list.starts_with('[') && !list.contains("\", \"") && !list.contains("\",\"") {
        list.replace("\" \"", "\", \"")
    } else {
        list.to_string()
    }
}

/// Rewrites exposed ports: `EXPOSE map[80/tcp:{} 443/tcp:{}]` becomes `EXPOSE 80/tcp 443/tcp`.
fn rewrite_ports(step: &str) -> Option<String> {
    let ports = step.strip_prefix("EXPOSE map[")?.strip_suffix(']')?;
    Some(format!("EXPOSE {}", ports.replace(":{}", "")))
}

/// Drops the build arguments in front: `|2 A=1 B=two words`. Their values may hold spaces, so they end at the shell that
/// follows that many arguments. Without a shell they end with the last argument.
fn without_arguments(command: &str) -> &str {
    let Some((count, rest)) = command.strip_prefix('|').and_then(|rest| rest.split_once(' ')) else {
        return command;
    };
    let Ok(count) = count.parse::<usize>() else { return command };
    let (mut arguments, mut end) = (0, None);
    for at in beginnings_of_words(rest) {
        let from = &rest[at..];
        if arguments >= count && shell_command(from).is_some() {
            return from;
        }
        let word = from.split(' ').next().unwrap_or_default();
        if arguments < count && is_argument(word) {
            arguments += 1;
            end = from.get(word.len() + 1..).filter(|_| arguments == count);
        }
    }
    end.unwrap_or(command)
}

/// Returns whether a word begins as a build argument does: `VERSION=1.2`.
fn is_argument(word: &str) -> bool {
    word.split_once('=').is_some_and(|(name, _)| {
        !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_.-".contains(&byte))
    })
}

/// Returns the places at which the words of a text begin, in bytes.
fn beginnings_of_words(text: &str) -> impl Iterator<Item = usize> {
    std::iter::once(0).chain(text.match_indices(' ').map(|(at, _)| at + 1))
}

fn without_shell(command: &str) -> &str {
    shell_command(command).unwrap_or(command)
}

/// Returns the command that a shell is given, if the text begins with one: `make` of `/bin/bash -eo pipefail -c make`.
/// The instruction `SHELL` names such shells.
fn shell_command(text: &str) -> Option<&str> {
    let mut places = beginnings_of_words(text);
    let word_at = |at: usize| text[at..].split(' ').next().unwrap_or_default();
    if !is_shell(word_at(places.next()?)) {
        return None;
    }
    let mut takes_value = false;
    for at in places.take(MOST_SHELL_OPTIONS) {
        let option = word_at(at);
        let is_flag = option.starts_with('-') && option[1..].bytes().all(|byte| byte.is_ascii_alphabetic());
        if is_flag && option.ends_with('c')
            || ["-command", "/c"].iter().any(|word| option.eq_ignore_ascii_case(word))
        {
            return text.get(at + option.len() + 1..).filter(|command| !command.is_empty());
        }
        if !takes_value && !option.starts_with(['-', '/']) {
            return None;
        }
        takes_value = !takes_value && is_flag && (option.ends_with('o') || option.len() > 3);
    }
    None
}

/// The most words between a shell and its command.
const MOST_SHELL_OPTIONS: usize = 8;

/// Returns whether a word is the name or the path of a shell.
fn is_shell(word: &str) -> bool {
    let name = word.rsplit(['/', '\\']).next().unwrap_or_default().to_ascii_lowercase();
    let name = name.strip_suffix(".exe").unwrap_or(&name);
    matches!(name, "sh" | "ash" | "bash" | "dash" | "ksh" | "zsh" | "cmd" | "powershell" | "pwsh")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// docs/REGISTRIES.md §6.3.
    #[test]
    fn every_builder_is_understood() {
        let table = [
            (r#"/bin/sh -c #(nop)  CMD ["bash"]"#, r#"CMD ["bash"]"#),
            (
                r#"/bin/sh -c #(nop) CMD ["nginx" "-g" "daemon off;"]"#,
                r#"CMD ["nginx", "-g", "daemon off;"]"#,
            ),
            ("/bin/sh -c #(nop) ADD file:ab12cd in / ", "ADD <file> /"),
            ("/bin/sh -c #(nop) COPY dir:ab12 in /app ", "COPY <dir> /app"),
            ("/bin/sh -c #(nop)  ENV A=b c", "ENV A=b c"),
            ("/bin/sh -c #(nop)  EXPOSE map[80/tcp:{}]", "EXPOSE 80/tcp"),
            ("EXPOSE map[80/tcp:{} 443/tcp:{}]", "EXPOSE 80/tcp 443/tcp"),
            ("/bin/sh -c apt-get update", "RUN apt-get update"),
            ("|2 A=1 B=two words /bin/sh -c make all", "RUN make all"),
            ("RUN /bin/sh -c set -eux;\n\tmake # buildkit", "RUN set -eux; make"),
            ("RUN |1 VER=1.2 /bin/sh -c curl $VER # buildkit", "RUN curl $VER"),
            ("RUN |1 A=b /bin/bash -o pipefail -c make # buildkit", "RUN make"),
            ("RUN |2 A= B=/bin/sh -c x /bin/ash -eo pipefail -c make all # buildkit", "RUN make all"),
            ("|1 A=b cmd /S /C dir", "RUN dir"),
            ("RUN |1 A=b powershell -NoProfile -Command Get-Item . # buildkit", "RUN Get-Item ."),
            ("RUN |2 A=b C=d /usr/bin/make all # buildkit", "RUN /usr/bin/make all"),
            ("RUN |2 A=b # buildkit", "RUN |2 A=b"),
            ("/bin/bash -eo pipefail -c apt-get update", "RUN apt-get update"),
            ("/bin/bash -c #(nop) WORKDIR /x", "WORKDIR /x"),
            ("/bin/bash script.sh -c", "/bin/bash script.sh -c"),
            ("COPY src dst # buildkit", "COPY src dst"),
            ("WORKDIR /x", "WORKDIR /x"),
            ("ENTRYPOINT [\"/app\"]", "ENTRYPOINT [\"/app\"]"),
            ("bazel build ...", "bazel build ..."),
            ("jib-maven-plugin:3.4.0", "jib-maven-plugin:3.4.0"),
            ("/bin/sh", "/bin/sh"),
            ("", ""),
            ("|", "|"),
        ];
        for (created_by, expected) in table {
            assert_eq!(of(created_by), expected, "{created_by}");
        }
    }

    proptest::proptest! {
        #[test]
        fn no_text_panics_and_the_result_is_one_line(text in "\\PC*") {
            proptest::prop_assert!(!of(&text).contains('\n'));
        }
    }
}
