//! The packages of npm and pip, as their programs lay them out.

use crate::demo::files::DemoFiles;

impl DemoFiles {
    /// Adds a package of npm below `folder`.
    pub(super) fn with_npm(self, folder: &str, name: &str, version: &str) -> DemoFiles {
        let root = format!("{folder}/node_modules/{name}");
        let description = format!(
            "{{\n  \"name\": \"{name}\",\n  \"version\": \"{version}\",\n  \"license\": \"MIT\",\n  \"main\": \"index.js\"\n}}\n"
        );
        let readme = format!("# {name}\n\nA stand-in for the package of this name.\n");
        self.file(&format!("{root}/package.json"), description)
            .file(&format!("{root}/README.md"), readme)
            .file(&format!("{root}/index.js"), format!("'use strict';\n\nexports.name = '{name}';\n"))
    }

    /// Adds a package of pip to the folder `site`.
    pub(super) fn with_pip(self, site: &str, name: &str, version: &str) -> DemoFiles {
        let module = name.to_lowercase().replace('-', "_");
        let info = format!("{site}/{}-{version}.dist-info", name.replace('-', "_"));
        let metadata = format!(
            "Metadata-Version: 2.4\nName: {name}\nVersion: {version}\nSummary: A stand-in for the package of this name\n\
             License-Expression: MIT\n\nA stand-in for the package of this name.\n"
        );
        let record = format!("{module}/__init__.py,,\n{module}/core.py,,\n");
        self.file(&format!("{site}/{module}/__init__.py"), format!("__version__ = \"{version}\"\n"))
            .file(&format!("{site}/{module}/core.py"), format!("\"\"\"The core of {name}.\"\"\"\n"))
            .file(&format!("{info}/INSTALLER"), "pip\n")
            .file(&format!("{info}/METADATA"), metadata)
            .file(&format!("{info}/RECORD"), record)
    }
}

/// Returns the files of the layer with Python, but for the program.
pub(super) fn python() -> DemoFiles {
    let library = "usr/local/lib/python3.13";
    ["argparse", "asyncio", "dataclasses", "json", "pathlib", "typing"]
        .into_iter()
        .fold(DemoFiles::new(), |files, module| {
            files.file(&format!("{library}/{module}.py"), format!("\"\"\"A stand-in for {module}.\"\"\"\n"))
        })
        .with_pip(&format!("{library}/site-packages"), "pip", "25.3")
        .symlink("usr/local/bin/python3", "python3.13")
        .symlink("usr/local/bin/python", "python3")
}

/// The packages of the layer with wheels, each with its version.
pub(super) const WHEELS: &[(&str, &str)] = &[
    ("numpy", "2.3.4"),
    ("pandas", "2.3.3"),
    ("PyYAML", "6.0.3"),
    ("requests", "2.32.5"),
    ("urllib3", "2.5.0"),
];

/// Returns the small files of the layer with wheels.
pub(super) fn python_packages() -> DemoFiles {
    WHEELS.iter().fold(DemoFiles::new(), |files, (name, version)| {
        files.with_pip("usr/local/lib/python3.13/site-packages", name, version)
    })
}

/// Returns the small files of the layer with the modules of the web server.
pub(super) fn web_modules() -> DemoFiles {
    let packages = [("fastify", "5.6.2"), ("pino", "10.1.0"), ("semver", "7.7.3"), ("undici", "7.16.0")];
    packages
        .into_iter()
        .fold(DemoFiles::new(), |files, (name, version)| files.with_npm("srv/web", name, version))
}
