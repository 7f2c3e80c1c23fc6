//! The command that runs a scanner: a program and its arguments, with placeholders for the image.

use std::fmt;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize, Serializer};

use crate::model::digest::Digest;
use crate::model::platform::Platform;
use crate::model::reference::{Reference, Repository};

/// The placeholders that an argument may hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Placeholder {
    /// The image by its digest: `ghcr.io/org/app@sha256:…`.
    DigestReference,
    /// The image as it was named: `ghcr.io/org/app:1.2`.
    Reference,
    /// The registry: `ghcr.io`.
    Registry,
    /// The repository without its registry: `org/app`.
    Repository,
    /// The tag.
    Tag,
    /// The digest.
    Digest,
    /// The platform: `linux/amd64`.
    Platform,
    /// A file with the SBOM that is attached to the image.
    Sbom,
}

impl Placeholder {
    const ALL: [(&'static str, Placeholder); 8] = [
        ("digest_reference", Placeholder::DigestReference),
        ("reference", Placeholder::Reference),
        ("registry", Placeholder::Registry),
        ("repository", Placeholder::Repository),
        ("tag", Placeholder::Tag),
        ("digest", Placeholder::Digest),
        ("platform", Placeholder::Platform),
        ("sbom", Placeholder::Sbom),
    ];

    fn name(self) -> &'static str {
        Placeholder::ALL.iter().find(|(_, own)| *own == self).map_or("", |(name, _)| name)
    }
}

/// A part of an argument.
#[derive(Debug, Clone, PartialEq, Eq)]
enum ArgumentPart {
    Text(String),
    Value(Placeholder),
}

/// A command of the configuration: a program, and arguments that may hold placeholders. It is never given to a shell.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(try_from = "Vec<String>")]
pub struct ScanCommand {
    /// The program: a name in PATH, or an absolute path.
    pub(crate) program: String,
    arguments: Vec<Vec<ArgumentPart>>,
}

/// The image that stands for the placeholders.
#[derive(Debug)]
pub(crate) struct ScanValues<'a> {
    /// The name by which the user knows the image.
    pub(crate) reference: &'a Reference,
    /// The digest of the image that is scanned: that for one platform.
    pub(crate) digest: Digest,
    /// Its platform, as its config names it.
    pub(crate) platform: Option<&'a Platform>,
    /// The file with its SBOM.
    pub(crate) sbom: Option<&'a Path>,
}

impl Serialize for ScanCommand {
    /// Writes the words of the command, as the configuration has them.
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let word = |parts: &Vec<ArgumentPart>| parts.iter().map(ArgumentPart::to_string).collect::<String>();
        serializer.collect_seq(std::iter::once(self.program.clone()).chain(self.arguments.iter().map(word)))
    }
}

impl fmt::Display for ArgumentPart {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ArgumentPart::Text(text) => f.write_str(text),
            ArgumentPart::Value(value) => write!(f, "{{{}}}", value.name()),
        }
    }
}

impl TryFrom<Vec<String>> for ScanCommand {
    type Error = String;

    /// Reads a command. An error does not quote arguments, which may hold a secret in the wrong file.
    fn try_from(words: Vec<String>) -> Result<ScanCommand, String> {
        let mut words = words.into_iter();
        let program = words.next().filter(|program| !program.is_empty()).ok_or("a program is expected")?;
        if program.contains(['{', '}']) {
            return Err("the program cannot hold a placeholder".into());
        }
        if program.contains('/') && !Path::new(&program).is_absolute() {
            return Err("the program is a name in PATH, or an absolute path".into());
        }
        let arguments = words.map(|word| parse_argument(&word)).collect::<Result<_, _>>()?;
        Ok(ScanCommand { program, arguments })
    }
}

/// Reads an argument. Braces that hold no word are text, as in a template of another program.
fn parse_argument(text: &str) -> Result<Vec<ArgumentPart>, String> {
    let is_word = |word: &str| {
        !word.is_empty() && word.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
    };
    let (mut parts, mut plain, mut rest) = (Vec::new(), String::new(), text);
    while let Some((before, after)) = rest.split_once('{') {
        plain.push_str(before);
        match after.split_once('}').filter(|(word, _)| is_word(word)) {
            Some((word, after)) => {
                let known = Placeholder::ALL.into_iter().find(|(name, _)| *name == word);
                let Some((_, placeholder)) = known else {
                    let names = Placeholder::ALL.map(|(name, _)| format!("`{{{name}}}`")).join(", ");
                    return Err(format!("there is an unknown placeholder; those known are {names}"));
                };
                if !plain.is_empty() {
                    parts.push(ArgumentPart::Text(std::mem::take(&mut plain)));
                }
                parts.push(ArgumentPart::Value(placeholder));
                rest = after;
            }
            None => {
                plain.push('{');
                rest = after;
            }
        }
    }
    plain.push_str(rest);
    if !plain.is_empty() || parts.is_empty() {
        parts.push(ArgumentPart::Text(plain));
    }
    Ok(parts)
}

impl ScanCommand {
    /// Returns a command of this program. The words are those of the program text, so a mistake is one of regtui.
    pub(crate) fn built_in(program: &str, arguments: &[&str]) -> ScanCommand {
        let arguments = arguments.iter().map(|word| parse_argument(word).unwrap_or_default()).collect();
        ScanCommand { program: program.to_owned(), arguments }
    }

    /// Returns whether an argument is the file of an SBOM.
    pub(crate) fn needs_sbom(&self) -> bool {
        self.arguments.iter().flatten().any(|part| *part == ArgumentPart::Value(Placeholder::Sbom))
    }

    /// Returns the arguments for an image. Fails if a value does not exist, or could be taken for an option.
    pub(crate) fn arguments_for(&self, values: &ScanValues<'_>) -> Result<Vec<String>, String> {
        let argument = |parts: &Vec<ArgumentPart>| {
            parts.iter().try_fold(String::new(), |text, part| match part {
                ArgumentPart::Text(part) => Ok(text + part),
                ArgumentPart::Value(placeholder) => Ok(text + &values.get(*placeholder)?),
            })
        };
        self.arguments.iter().map(argument).collect()
    }
}

impl ScanValues<'_> {
    fn get(&self, placeholder: Placeholder) -> Result<String, String> {
        let repository: &Repository = &self.reference.repository;
        let value = match placeholder {
            Placeholder::DigestReference => Some(format!("{repository}@{}", self.digest)),
            Placeholder::Reference => Some(self.reference.to_string()),
            Placeholder::Registry => Some(repository.host.to_string()),
            Placeholder::Repository => Some(repository.name.to_string()),
            Placeholder::Tag => self.reference.tag.as_ref().map(ToString::to_string),
            Placeholder::Digest => Some(self.digest.to_string()),
            Placeholder::Platform => self.platform.map(ToString::to_string),
            Placeholder::Sbom => self.sbom.map(|file| file.display().to_string()),
        };
        let name = placeholder.name();
        match value {
            None if placeholder == Placeholder::Sbom => {
                Err("no SBOM is attached to the image, and the command needs `{sbom}`".into())
            }
            None => Err(format!("the image has no {name}, and the command needs `{{{name}}}`")),
            Some(value) if value.starts_with('-') || value.contains('\0') => {
                Err(format!("its {name} could be taken for an option"))
            }
            Some(value) => Ok(value),
        }
    }
}

/// A scanner that was found on this machine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Scanner {
    /// The program.
    pub(crate) path: PathBuf,
    /// Its name.
    pub(crate) name: String,
    /// The command for an image.
    pub(crate) of_image: ScanCommand,
    /// The command for the SBOM that is attached to an image, if it takes one.
    pub(crate) of_sbom: Option<ScanCommand>,
    /// Whether `--version` prints its version.
    pub(crate) tells_version: bool,
    /// The seconds that a scan may take.
    pub(crate) timeout: u32,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::reference::Target;

    fn command(words: &[&str]) -> Result<ScanCommand, String> {
        ScanCommand::try_from(words.iter().map(ToString::to_string).collect::<Vec<_>>())
    }

    fn fill(words: &[&str], image: &str, os: &str) -> Result<Vec<String>, String> {
        let Ok(Target::Image(reference)) = Target::parse(image) else { panic!("{image} is an image") };
        let platform = Platform { os: os.into(), ..Platform::parse("linux/amd64").expect("a platform") };
        let digest = Digest::sha256(b"x");
        let values = ScanValues { reference: &reference, digest, platform: Some(&platform), sbom: None };
        command(words)?.arguments_for(&values)
    }

    #[test]
    fn placeholders_stand_for_the_image() {
        let filled = fill(
            &[
                "s",
                "{digest_reference}",
                "{reference}",
                "--of={registry}/{repository}",
                "{tag}",
                "{{.Name}}",
                "",
            ],
            "r.test:5000/team/app:1.2",
            "linux",
        );
        let digest = Digest::sha256(b"x");
        let expected = [
            format!("r.test:5000/team/app@{digest}"),
            "r.test:5000/team/app:1.2".into(),
            "--of=r.test:5000/team/app".into(),
            "1.2".into(),
            "{{.Name}}".into(),
            String::new(),
        ];
        assert_eq!(filled, Ok(expected.to_vec()));
    }

    #[test]
    fn commands_that_cannot_work_are_refused_when_they_are_read() {
        for (words, why) in [
            (&["s", "{image}"][..], "`{digest_reference}`, `{reference}`"),
            (&["{tag}"], "the program cannot hold"),
            (&["./scan"], "an absolute path"),
            (&[""], "a program is expected"),
            (&[], "a program is expected"),
        ] {
            let problem = command(words).expect_err("it is refused");
            assert!(problem.contains(why), "{words:?}: {problem}");
        }
        assert!(command(&["/opt/scan", "{sbom}"]).is_ok_and(|command| command.needs_sbom()));
    }

    #[test]
    fn values_that_are_missing_or_look_like_options_are_refused() {
        let image = "r.test/app@sha256:2d711642b726b04401627ca9fbac32f5c8530fb1903cc4db02258717921a4881";
        let why = |words: &[&str]| fill(words, image, "-o").expect_err("it is refused");
        assert!(why(&["s", "{tag}"]).contains("has no tag"));
        assert!(why(&["s", "{sbom}"]).contains("no SBOM is attached"));
        assert_eq!(why(&["s", "--for={platform}"]), "its platform could be taken for an option");
    }
}
