//! The small files of Debian and of images made of its packages.

use super::packages::{DebianPackage, status};
use crate::demo::files::{DemoFiles, noise};

/// The packages of the smallest Debian 13.
pub(super) const TRIXIE: &[DebianPackage] = &[
    DebianPackage::new("apt", "3.0.3", 4_380, "commandline package manager"),
    DebianPackage::new("base-files", "13.8+deb13u2", 370, "Debian base system miscellaneous files"),
    DebianPackage::new("bash", "5.2.37-2+b5", 7_273, "GNU Bourne Again SHell"),
    DebianPackage::new("coreutils", "9.7-3", 18_024, "GNU core utilities"),
    DebianPackage::new("dash", "0.5.12-12", 213, "POSIX-compliant shell"),
    DebianPackage::new("dpkg", "1.22.21", 6_498, "Debian package management system"),
    DebianPackage::new("libc6", "2.41-12", 13_321, "GNU C Library: Shared libraries"),
    DebianPackage::new("libgcc-s1", "14.2.0-19", 153, "GCC support library"),
    DebianPackage::new("libssl3t64", "3.5.1-1", 7_128, "Secure Sockets Layer toolkit - shared libraries"),
    DebianPackage::new("passwd", "1:4.17.4-2", 2_802, "change and administer password and group data"),
    DebianPackage::new("perl-base", "5.40.1-6", 7_790, "minimal Perl system"),
    DebianPackage::new("tar", "1.35+dfsg-3.1", 3_216, "GNU version of the tar archiving utility"),
    DebianPackage::new("zlib1g", "1:1.3.dfsg+really1.3.1-1+b1", 168, "compression library - runtime"),
];

/// The packages of the smallest Debian 12.
const BOOKWORM: &[DebianPackage] = &[
    DebianPackage::new("apt", "2.6.1", 4_232, "commandline package manager"),
    DebianPackage::new("base-files", "12.4+deb12u12", 340, "Debian base system miscellaneous files"),
    DebianPackage::new("bash", "5.2.15-2+b9", 7_180, "GNU Bourne Again SHell"),
    DebianPackage::new("coreutils", "9.1-1", 18_062, "GNU core utilities"),
    DebianPackage::new("dash", "0.5.12-2", 191, "POSIX-compliant shell"),
    DebianPackage::new("dpkg", "1.21.22", 6_451, "Debian package management system"),
    DebianPackage::new("libc6", "2.36-9+deb12u13", 12_985, "GNU C Library: Shared libraries"),
    DebianPackage::new("libgcc-s1", "12.2.0-14+deb12u1", 140, "GCC support library"),
    DebianPackage::new(
        "libssl3",
        "3.0.17-1~deb12u2",
        6_030,
        "Secure Sockets Layer toolkit - shared libraries",
    ),
    DebianPackage::new(
        "passwd",
        "1:4.13+dfsg1-1+deb12u1",
        2_828,
        "change and administer password and group data",
    ),
    DebianPackage::new("perl-base", "5.36.0-7+deb12u3", 7_758, "minimal Perl system"),
    DebianPackage::new("tar", "1.34+dfsg-1.2+deb12u1", 3_152, "GNU version of the tar archiving utility"),
    DebianPackage::new("zlib1g", "1:1.2.13.dfsg-1", 164, "compression library - runtime"),
];

/// Returns packages with other versions of OpenSSL and of the C library.
pub(super) fn updated(
    packages: &[DebianPackage],
    openssl: &'static str,
    libc: &'static str,
) -> Vec<DebianPackage> {
    let update = |package: &DebianPackage| match package.name {
        "openssl" | "libssl3t64" => DebianPackage { version: openssl, ..package.clone() },
        "libc6" => DebianPackage { version: libc, ..package.clone() },
        _ => package.clone(),
    };
    packages.iter().map(update).collect()
}

/// The programs of the base, each with its size in bytes and its mode.
const PROGRAMS: &[(&str, usize, u32)] = &[
    ("bash", 31_264, 0o755),
    ("cat", 4_208, 0o755),
    ("chage", 7_352, 0o2755),
    ("cp", 9_464, 0o755),
    ("dash", 12_920, 0o755),
    ("dpkg", 24_560, 0o755),
    ("ls", 14_912, 0o755),
    ("mount", 6_136, 0o4755),
    ("passwd", 8_528, 0o4755),
    ("perl", 38_976, 0o755),
    ("su", 7_816, 0o4755),
    ("tar", 20_112, 0o755),
];

/// Returns the root of Debian, for an architecture in Debian's words.
pub(super) fn root(release: &str, architecture: &str) -> DemoFiles {
    let (packages, codename, date) = match release {
        "12.12" => (BOOKWORM.to_vec(), "bookworm", 1_768_262_400),
        "13.2" => (TRIXIE.to_vec(), "trixie", 1_771_891_200),
        _ => (updated(TRIXIE, "3.5.4-1~deb13u1", "2.41-12+deb13u1"), "trixie", 1_793_664_000),
    };
    let major = release.split('.').next().unwrap_or(release);
    let files = ["boot", "dev", "home", "media", "mnt", "opt", "proc", "run", "srv", "sys"]
        .into_iter()
        .fold(DemoFiles::new(), DemoFiles::directory)
        .directory("tmp")
        .mode(0o1777)
        .symlink("bin", "usr/bin")
        .symlink("lib", "usr/lib")
        .symlink("sbin", "usr/sbin")
        .file("etc/apt/sources.list.d/debian.sources", sources(codename))
        .file("etc/debian_version", format!("{release}\n"))
        .file("etc/group", "root:x:0:\nshadow:x:42:\nnogroup:x:65534:\n")
        .file("etc/passwd", PASSWD)
        .file("etc/shadow", "root:*:19700:0:99999:7:::\nnobody:*:19700:0:99999:7:::\n")
        .mode(0o640)
        .owner(0, 42)
        .symlink("etc/os-release", "../usr/lib/os-release")
        .file("etc/profile", "PATH=/usr/local/bin:/usr/bin:/bin\nexport PATH\n")
        .directory("root")
        .mode(0o700)
        .file("root/.bashrc", "umask 022\nalias ll='ls -l'\n");
    let files = PROGRAMS.iter().fold(files, |files, (name, size, mode)| {
        files.file(&format!("usr/bin/{name}"), program(*size)).mode(*mode)
    });
    let files = files
        .symlink("usr/bin/sh", "dash")
        .hard_link("usr/bin/perl5", "usr/bin/perl")
        .file("usr/lib/os-release", os_release(major, codename));
    let files = packages.iter().fold(files, |files, package| files.with_documents(package));
    let files =
        files.file("var/lib/dpkg/status", status(&packages, architecture)).directory("var/tmp").mode(0o1777);
    let files = packages.iter().fold(files, |files, package| {
        let list = format!("/.\n/usr\n/usr/share\n/usr/share/doc\n/usr/share/doc/{0}\n", package.name);
        files.file(&format!("var/lib/dpkg/info/{}.list", package.name), list)
    });
    files.dated(date)
}

impl DemoFiles {
    /// Adds the documents that every package has.
    pub(super) fn with_documents(self, package: &DebianPackage) -> DemoFiles {
        let folder = format!("usr/share/doc/{}", package.name);
        let copyright = format!(
            "Format: https://www.debian.org/doc/packaging-manuals/copyright-format/1.0/\n\
             Upstream-Name: {0}\n\nFiles: *\nLicense: see /usr/share/common-licenses\n",
            package.name
        );
        let changes =
            format!("{} ({}) stable; urgency=medium\n\n  * Update.\n", package.name, package.version);
        let change_log = changes.repeat(1 + package.size as usize / 400);
        self.file(&format!("{folder}/copyright"), copyright)
            .file(&format!("{folder}/changelog.Debian"), change_log)
    }
}

const PASSWD: &str = "root:x:0:0:root:/root:/bin/bash\n\
                      www-data:x:33:33:www-data:/var/www:/usr/sbin/nologin\n\
                      nobody:x:65534:65534:nobody:/nonexistent:/usr/sbin/nologin\n";

/// Returns bytes that begin like an ELF file.
pub(super) fn program(size: usize) -> Vec<u8> {
    [b"\x7fELF\x02\x01\x01\0\0\0\0\0\0\0\0\0", &noise(size)[..]].concat()
}

fn sources(codename: &str) -> String {
    format!(
        "Types: deb\nURIs: http://deb.debian.org/debian\nSuites: {codename} {codename}-updates\nComponents: main\n\
         Signed-By: /usr/share/keyrings/debian-archive-keyring.pgp\n"
    )
}

fn os_release(release: &str, codename: &str) -> String {
    format!(
        "PRETTY_NAME=\"Debian GNU/Linux {release} ({codename})\"\nNAME=\"Debian GNU/Linux\"\nVERSION_ID=\"{release}\"\n\
         VERSION=\"{release} ({codename})\"\nVERSION_CODENAME={codename}\nID=debian\n\
         HOME_URL=\"https://www.debian.org/\"\n"
    )
}

/// Returns the files of an image without a shell: the database of packages has one file for each.
pub(super) fn distroless(architecture: &str) -> DemoFiles {
    let packages = [
        DebianPackage::new("base-files", "13.8+deb13u2", 370, "Debian base system miscellaneous files"),
        DebianPackage::new("netbase", "6.5", 42, "Basic TCP/IP networking system"),
        DebianPackage::new("tzdata", "2025b-4+deb13u1", 1_504, "time zone and daylight-saving time data"),
    ];
    let files = DemoFiles::new()
        .file("etc/group", "root:x:0:\nnonroot:x:65532:\n")
        .file("etc/nsswitch.conf", "hosts: files dns\n")
        .symlink("etc/os-release", "../usr/lib/os-release")
        .file("etc/passwd", "root:x:0:0:root:/root:/sbin/nologin\nnonroot:x:65532:65532:nonroot:/home/nonroot:/sbin/nologin\n")
        .directory("home/nonroot")
        .mode(0o700)
        .owner(65532, 65532)
        .directory("tmp")
        .mode(0o1777)
        .file("usr/lib/os-release", os_release("13", "trixie").replace("Debian GNU/Linux 13 (trixie)", "Distroless"));
    packages.iter().fold(files, |files, package| files.with_one_file(package, architecture)).dated(0)
}

/// Returns the files of the layer with the certificates, but for the largest one.
pub(super) fn certificates() -> DemoFiles {
    let package = DebianPackage::new("ca-certificates", "20250419", 387, "Common CA certificates");
    DemoFiles::new().with_one_file(&package, "all").dated(0)
}

impl DemoFiles {
    /// Adds a package as images without dpkg do.
    fn with_one_file(self, package: &DebianPackage, architecture: &str) -> DemoFiles {
        let sums = format!("d41d8cd98f00b204e9800998ecf8427e  usr/share/doc/{}/copyright\n", package.name);
        self.with_documents(package)
            .file(&format!("var/lib/dpkg/status.d/{}", package.name), package.stanza(architecture))
            .file(&format!("var/lib/dpkg/status.d/{}.md5sums", package.name), sums)
    }
}
