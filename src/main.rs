//! The `regtui` program; see `cli`.

fn main() -> std::process::ExitCode {
    regtui::cli::main()
}
