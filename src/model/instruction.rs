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
    if let Some(step) = text.strip_prefix("/bin/sh -c #(nop)") {
        return classic(step.trim());
    }
    if let Some(command) = text.strip_prefix("/bin/sh -c ") {
        return format!("RUN {command}");
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

/// Drops the build arguments in front: `|2 A=1 B=two words`. They may hold spaces, and end at the beginning of the
/// shell command.
fn without_arguments(command: &str) -> &str {
    let Some(rest) = command.strip_prefix('|') else { return command };
    if !rest.starts_with(|first: char| first.is_ascii_digit()) {
        return command;
    }
    rest.find("/bin/sh -c ").map_or(command, |shell| &rest[shell..])
}

fn without_shell(command: &str) -> &str {
    command.strip_prefix("/bin/sh -c ").unwrap_or(command)
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
