//! The files of images for Windows, whose layers have them in a directory `Files`, as a shell sees them.

use regtui::demo::files::DemoFiles;
use regtui::demo::{Demo, DemoSettings, Store};

use crate::support::shell::{Shell, open};

/// Two versions, with a directory `C:\Hives` and the hives of the registry of Windows.
async fn versions() -> (Demo, String, Shell) {
    let store = Store::new();
    for version in ["1.0", "1.1"] {
        let base =
            DemoFiles::new().file("Files/Windows/win.ini", "base").file("Hives/Software_Base", "regf base");
        let mut app = DemoFiles::new()
            .file("Files/app/app.ini", format!("version {version}"))
            .file("Files/app/node_modules/a/package.json", format!(r#"{{"name":"a","version":"{version}"}}"#))
            .file("Files/Hives/Software_Delta", "of the user")
            .file("Hives/Software_Delta", format!("regf {version}"))
            .file("UtilityVM/Files/kernel", "kernel");
        if version == "1.1" {
            app = app.file("Files/app/new.ini", "new").whiteout("Files/Windows/win.ini");
        }
        let image = store.image("app").platform("windows", "amd64").layer("Apply image", base.into());
        image.layer("COPY app", app.into()).tag(version).push();
    }
    let demo = open(DemoSettings::default(), store).await;
    let repository = format!("{}/app", demo.address());
    (demo, repository, Shell::new())
}

#[tokio::test]
async fn a_path_that_files_prints_is_one_for_every_subcommand() {
    let (_demo, repository, shell) = versions().await;
    let (left, right) = (format!("{repository}:1.0"), format!("{repository}:1.1"));
    let platform = ["--platform", "windows/amd64"];
    let run = async |arguments: &[&str]| shell.run(&[arguments, &platform].concat()).await;
    let listed = run(&["files", &right]).await;
    let listed: Vec<&str> = listed.assert_code(0).stdout.lines().collect();
    assert_eq!(
        listed,
        [
            ":Hives/",
            ":Hives/Software_Base",
            ":Hives/Software_Delta",
            ":UtilityVM/",
            ":UtilityVM/Files/",
            ":UtilityVM/Files/kernel",
            "Hives/",
            "Hives/Software_Delta",
            "Windows/",
            "app/",
            "app/app.ini",
            "app/new.ini",
            "app/node_modules/",
            "app/node_modules/a/",
            "app/node_modules/a/package.json"
        ]
    );
    for path in listed.iter().filter(|path| !path.ends_with('/')) {
        run(&["cat", &right, path]).await.assert_code(0);
        let since = run(&["since", &repository, "--file", path, "--json"]).await;
        let first = if *path == "app/new.ini" { "1.1" } else { "1.0" };
        assert_eq!(since.assert_code(0).json()["since"]["tag"], first, "{path}");
        run(&["diff", &left, &right, path]).await.assert_code(0);
    }
    assert_eq!(run(&["cat", &right, "Hives/Software_Delta"]).await.stdout, "of the user");
    assert_eq!(run(&["cat", &right, ":Hives/Software_Delta"]).await.stdout, "regf 1.1");
    run(&["since", &repository, "--file", "Files/app/app.ini"]).await.assert_code(1);
    let diff = run(&["diff", &left, &right, "app/app.ini"]).await;
    assert!(diff.stdout.contains("-version 1.0\n") && diff.stdout.contains("+version 1.1\n"), "{diff:?}");
    for more in [&[][..], &["--all-layers"]] {
        let document = run(&[&["diff", &left, &right, "--files", "--json"][..], more].concat()).await.json();
        let rows = document["files"].as_array().expect("files").iter();
        let paths: Vec<&str> = rows.map(|row| row["path"].as_str().expect("a path")).collect();
        assert_eq!(
            paths,
            [
                ":Hives/Software_Delta",
                "Windows/win.ini",
                "app/app.ini",
                "app/new.ini",
                "app/node_modules/a/package.json"
            ]
        );
    }
    let packages = run(&["diff", &left, &right, "--packages", "--json"]).await.json();
    assert_eq!(packages["packages"][0]["right"], "1.1");
    let since = run(&["since", &repository, "--package", "a=1.1", "--json"]).await.json();
    assert_eq!(since["since"]["tag"], "1.1");
}
