//! The small files of Alpine.

use super::attached::SbomEntry;
use super::debian_files::program;
use super::packages::{AlpinePackage, installed};
use crate::demo::files::DemoFiles;
use crate::demo::layer::DemoLayer;

/// The packages of the root, which images bring up to date in a layer of their own.
const ROOT: &[AlpinePackage] = &[
    ("alpine-baselayout", "3.6.5-r0", 319_488, "GPL-2.0-only", "Alpine base dir structure and init scripts"),
    ("apk-tools", "2.14.4-r1", 311_296, "GPL-2.0-only", "Alpine Package Keeper - package manager"),
    ("busybox", "1.36.1-r30", 946_176, "GPL-2.0-only", "Size optimized toolbox of many common utilities"),
    ("libcrypto3", "3.3.3-r0", 4_628_480, "Apache-2.0", "Crypto library from openssl"),
    ("libssl3", "3.3.3-r0", 790_528, "Apache-2.0", "SSL shared libraries"),
    ("musl", "1.2.5-r1", 667_648, "MIT", "the musl c library (libc) implementation"),
    ("zlib", "1.3.1-r1", 110_592, "Zlib", "A compression/decompression library"),
];

/// Returns the root of Alpine, for an architecture in Alpine's words.
pub(super) fn root(architecture: &str) -> DemoFiles {
    let files =
        ["dev", "home", "proc", "run", "srv", "sys"].into_iter().fold(DemoFiles::new(), DemoFiles::directory);
    let files = ["ash", "cat", "ls", "mount", "sh"]
        .into_iter()
        .fold(files.program("bin/busybox", program(52_096)), |files, name| {
            files.symlink(&format!("bin/{name}"), "/bin/busybox")
        });
    files
        .file("etc/apk/repositories", "https://dl-cdn.alpinelinux.org/alpine/latest-stable/main\n")
        .file("etc/apk/world", "alpine-baselayout\napk-tools\nbusybox\n")
        .file("etc/group", "root:x:0:root\nnobody:x:65534:\n")
        .file("etc/passwd", "root:x:0:0:root:/root:/bin/sh\nnobody:x:65534:65534:nobody:/:/sbin/nologin\n")
        .file("etc/shadow", "root:*::0:::::\nnobody:!::0:::::\n")
        .mode(0o640)
        .owner(0, 42)
        .file("lib/apk/db/installed", installed(ROOT, architecture))
        .directory("root")
        .mode(0o700)
        .program("sbin/apk", program(24_512))
        .directory("tmp")
        .mode(0o1777)
        .program("usr/bin/bbsuid", program(6_104))
        .mode(0o4111)
}

/// Returns the layer of `apk upgrade` in a release, which leaves the newest packages behind.
pub(super) fn upgrade(version: &str, architecture: &str) -> DemoLayer {
    let (musl, busybox, openssl) = match version {
        "3.20.8" => ("1.2.5-r1", "1.36.1-r31", "3.3.5-r0"),
        "3.21.5" => ("1.2.5-r9", "1.37.0-r14", "3.3.5-r0"),
        _ => ("1.2.5-r12", "1.37.0-r19", "3.5.4-r0"),
    };
    let packages: Vec<AlpinePackage> = ROOT
        .iter()
        .map(|(name, version, size, licence, description)| {
            let version = match *name {
                "musl" => musl,
                "busybox" => busybox,
                "libcrypto3" | "libssl3" => openssl,
                _ => version,
            };
            (*name, version, *size, *licence, *description)
        })
        .collect();
    let branch = version.rsplit_once('.').map_or(version, |(branch, _)| branch);
    DemoFiles::new()
        .file("etc/alpine-release", format!("{version}\n"))
        .file(
            "etc/os-release",
            format!(
                "NAME=\"Alpine Linux\"\nID=alpine\nVERSION_ID={version}\nPRETTY_NAME=\"Alpine Linux v{branch}\"\n\
                 HOME_URL=\"https://alpinelinux.org/\"\n"
            ),
        )
        .file("lib/apk/db/installed", installed(&packages, architecture))
        .into()
}

/// The package that `team/worker` adds.
const TINI: AlpinePackage = ("tini", "0.19.0-r3", 28_672, "MIT", "A tiny but valid init for containers");

/// Returns the layer of `apk add` for tini.
pub(super) fn tini() -> DemoLayer {
    let packages: Vec<AlpinePackage> = ROOT.iter().copied().chain([TINI]).collect();
    DemoFiles::new()
        .file("lib/apk/db/installed", installed(&packages, "x86_64"))
        .program("sbin/tini", program(23_896))
        .into()
}

/// Returns the packages of `team/worker` for an SBOM.
pub(super) fn worker_packages() -> Vec<SbomEntry> {
    let entry = |package: &AlpinePackage| SbomEntry::new("apk/alpine", package.0, package.1);
    ROOT.iter().chain([&TINI]).map(entry).collect()
}

/// Returns the files of the layer of `apk add` for Node.js, but for the program.
pub(super) fn node() -> DemoFiles {
    let node =
        ("nodejs", "22.16.0-r2", 52_428_800, "MIT", "JavaScript runtime built on V8 engine - LTS version");
    let packages: Vec<AlpinePackage> = ROOT.iter().copied().chain([node]).collect();
    DemoFiles::new()
        .file("lib/apk/db/installed", installed(&packages, "x86_64"))
        .file("usr/share/doc/nodejs/README.md", "# Node.js\n\nSee https://nodejs.org.\n")
}
