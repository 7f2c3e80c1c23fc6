# Common commands of the project. `just` lists them. See CONTRIBUTING.md.

musl := "x86_64-unknown-linux-musl"

# List the commands
[private]
default:
    @just --list --unsorted

# Run regtui with these arguments
run *arguments:
    cargo run --release -- {{ arguments }}

# Open an in-memory registry with sample images of every kind
demo:
    cargo run --release -- --demo

# Run the tests
test *arguments:
    cargo test {{ arguments }}

# Check formatting and clippy
lint:
    cargo fmt --check
    cargo clippy --locked --all-targets -- -D warnings

# Run everything that a pull request must pass, with real registries
ci:
    .ci/run

# Check licences, advisories and sources of the dependencies (needs cargo-deny)
deny:
    cargo deny check

# Check the spelling (needs typos-cli)
typos:
    typos

# Measure the figures of the README, or those with these names
bench *names:
    cargo bench --bench figures -- {{ names }}

# Build the documentation of the code, private items included
doc:
    cargo doc --locked --no-deps --document-private-items

# Draw assets/demo.svg anew (needs tmux, asciinema 2 and svg-term)
picture:
    .ci/picture

# Print the completions for a shell: bash, zsh, fish, elvish, powershell
completions shell:
    @cargo run --release --locked --quiet -- completions {{ shell }}

# Write the manual pages into a folder
man folder="target/man":
    mkdir -p {{ quote(folder) }}
    cargo run --release --locked --quiet -- man {{ quote(folder) }}

# Build a static program for Linux (needs `rustup target add x86_64-unknown-linux-musl` and musl-gcc)
[group("release")]
dist:
    cargo build --release --locked --target {{ musl }}
    cd target/{{ musl }}/release && sha256sum regtui > regtui.sha256

# Build a Debian package (needs cargo-deb)
[group("release")]
deb:
    cargo deb

# Do all steps before a release: checks, static program, Debian package
[group("release")]
release: ci deny typos dist deb
