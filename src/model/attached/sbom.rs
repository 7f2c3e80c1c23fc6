//! The packages in SBOMs: SPDX 2 and 3 (<https://spdx.github.io/spdx-spec/>) and CycloneDX
//! (<https://cyclonedx.org/docs/1.6/json/>).

use jiff::Timestamp;
use serde::Serialize;

use super::{safe, weighed};
use crate::model::capped::Capped;
use crate::model::lenient::{self, Members};
use crate::model::text::SafeText;

/// An SBOM as a table of packages.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct Sbom {
    /// The format with its version: `SPDX 2.3`.
    pub(crate) format: SafeText,
    /// The name of the document or of the thing that it describes.
    pub(crate) name: Option<SafeText>,
    /// The date.
    pub(crate) created: Option<Timestamp>,
    /// The programs that wrote it.
    pub(crate) tools: Vec<SafeText>,
    /// The packages, without files and without the image itself.
    pub(crate) packages: Capped<Vec<SbomPackage>>,
    /// The number of packages that are left out.
    pub(crate) packages_left_out: usize,
}

/// A package of an SBOM.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct SbomPackage {
    /// The name.
    pub(crate) name: SafeText,
    /// The version.
    pub(crate) version: Option<SafeText>,
    /// The licences, as the SBOM concluded or declares them.
    pub(crate) licence: Option<SafeText>,
    /// The package URL.
    pub(crate) purl: Option<SafeText>,
}

/// The greatest number of programs that are named.
const MOST_TOOLS: usize = 16;

impl Sbom {
    /// Reads SPDX 2.
    pub(super) fn of_spdx(text: &str) -> Option<Sbom> {
        let document = Members::of(text, &["spdxversion", "name", "creationinfo", "packages"])?;
        let version = document.read("spdxversion", lenient::text)?;
        let creation = document.object("creationinfo", &["created", "creators"]);
        let creators = creation.read("creators", lenient::strings);
        let tools = creators.iter().filter_map(|creator| creator.strip_prefix("Tool: "));
        let tools = tools.take(MOST_TOOLS).map(|tool| SafeText::clean(tool.trim())).collect();
        let packages = document.objects_within(
            "packages",
            &[
                "name",
                "versioninfo",
                "licenseconcluded",
                "licensedeclared",
                "externalrefs",
                "primarypackagepurpose",
            ],
            |package| {
                let purpose = package.read("primarypackagepurpose", lenient::text).unwrap_or_default();
                if matches!(purpose.as_str(), "CONTAINER" | "FILE") {
                    return None;
                }
                let licence =
                    |name: &str| package.read(name, lenient::text).filter(|licence| is_said(licence));
                let references =
                    package.objects("externalrefs", &["referencetype", "referencelocator"], |reference| {
                        let kind = reference.read("referencetype", lenient::text)?;
                        reference.read("referencelocator", lenient::text).filter(|_| kind == "purl")
                    });
                let package = SbomPackage {
                    name: safe(package.read("name", lenient::text))?,
                    version: safe(package.read("versioninfo", lenient::text)),
                    licence: safe(licence("licenseconcluded").or_else(|| licence("licensedeclared"))),
                    purl: safe(references.into_iter().flatten().next()),
                };
                let size = package.text_size();
                weighed(package, size)
            },
        );
        Some(Sbom {
            format: SafeText::from(version.replacen("SPDX-", "SPDX ", 1)),
            name: safe(document.read("name", lenient::text)),
            created: creation.read("created", lenient::date),
            tools,
            packages_left_out: packages.left_out(),
            packages,
        })
    }

    /// Reads SPDX 3, a graph of elements.
    pub(super) fn of_spdx_graph(text: &str) -> Option<Sbom> {
        let document = Members::of(text, &["@graph"])?;
        let names: &[&str] = &[
            "type",
            "@type",
            "name",
            "software_packageversion",
            "software_packageurl",
            "software_primarypurpose",
        ];
        let packages = document.objects_within("@graph", names, |element| {
            let kind =
                element.read("type", lenient::text).or_else(|| element.read("@type", lenient::text))?;
            let purpose = element.read("software_primarypurpose", lenient::text).unwrap_or_default();
            if kind != "software_Package" || purpose == "container" {
                return None;
            }
            let package = SbomPackage {
                name: safe(element.read("name", lenient::text))?,
                version: safe(element.read("software_packageversion", lenient::text)),
                licence: None,
                purl: safe(element.read("software_packageurl", lenient::text)),
            };
            let size = package.text_size();
            weighed(package, size)
        });
        Some(Sbom {
            format: "SPDX 3".into(),
            name: None,
            created: None,
            tools: Vec::new(),
            packages_left_out: packages.left_out(),
            packages,
        })
    }

    /// Reads CycloneDX. Components of the type `file` are no packages: some programs list every file.
    pub(super) fn of_cyclonedx(text: &str) -> Option<Sbom> {
        let document = Members::of(text, &["bomformat", "specversion", "metadata", "components"])?;
        let metadata = document.object("metadata", &["timestamp", "component", "tools"]);
        let tools = metadata.objects("tools", &["name", "version"], tool_name);
        let newer = metadata.object("tools", &["components"]);
        let newer = newer.objects("components", &["name", "version"], tool_name);
        let packages = document.objects_within(
            "components",
            &["type", "name", "group", "version", "purl", "licenses"],
            |component| {
                if component.read("type", lenient::text).as_deref() == Some("file") {
                    return None;
                }
                let licences = component.objects("licenses", &["license", "expression"], |licence| {
                    let named = licence.object("license", &["id", "name"]);
                    let by_name =
                        || named.read("id", lenient::text).or_else(|| named.read("name", lenient::text));
                    licence.read("expression", lenient::text).or_else(by_name)
                });
                let licences: Vec<String> = licences.into_iter().flatten().collect();
                let name = component.read("name", lenient::text)?;
                let group = component.read("group", lenient::text);
                let package = SbomPackage {
                    name: SafeText::from(group.map(|group| format!("{group}/{name}")).unwrap_or(name)),
                    version: safe(component.read("version", lenient::text)),
                    licence: safe(Some(licences.join(", ")).filter(|licences| !licences.is_empty())),
                    purl: safe(component.read("purl", lenient::text)),
                };
                let size = package.text_size();
                weighed(package, size)
            },
        );
        let version = document.read("specversion", lenient::text).unwrap_or_default();
        Some(Sbom {
            format: SafeText::from(format!("CycloneDX {version}").trim_end().to_owned()),
            name: safe(metadata.object("component", &["name"]).read("name", lenient::text)),
            created: metadata.read("timestamp", lenient::date),
            tools: tools.into_iter().chain(newer).flatten().take(MOST_TOOLS).collect(),
            packages_left_out: packages.left_out(),
            packages,
        })
    }
}

fn tool_name(tool: &Members<'_>) -> Option<SafeText> {
    let name = tool.read("name", lenient::text)?;
    let version = tool.read("version", lenient::text).unwrap_or_default();
    Some(SafeText::from(format!("{name} {version}").trim_end().to_owned()))
}

/// Returns whether a licence says anything.
fn is_said(licence: &str) -> bool {
    !matches!(licence, "NOASSERTION" | "NONE")
}

impl SbomPackage {
    /// Returns the bytes of its texts.
    fn text_size(&self) -> usize {
        let others = [&self.version, &self.licence, &self.purl];
        let others = others.into_iter().flatten().map(|text| text.as_str().len());
        self.name.as_str().len() + others.sum::<usize>()
    }
}
