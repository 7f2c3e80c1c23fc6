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

# Build a static program for Linux (needs `rustup target add x86_64-unknown-linux-musl` and musl-gcc)
[group("release")]
static:
    cargo build --release --locked --target {{ musl }}

# Write the completions and the manual pages to target/dist
[group("release")]
docs:
    cargo build --release --locked
    mkdir -p target/dist/completions
    target/release/regtui completions bash > target/dist/completions/regtui.bash
    target/release/regtui completions zsh > target/dist/completions/_regtui
    target/release/regtui completions fish > target/dist/completions/regtui.fish
    target/release/regtui man target/dist/man

# Build a Debian package (needs cargo-deb)
[group("release")]
deb: docs
    cargo deb --locked --no-build

# Collect what a release consists of in target/dist, with checksums
[group("release")]
dist: static deb
    cp target/{{ musl }}/release/regtui target/dist/regtui-{{ musl }}
    cp target/debian/regtui_*.deb target/dist/
    cd target/dist && sha256sum regtui-* *.deb > SHA256SUMS

# Do all steps before a release: checks, static program, Debian package, checksums
[group("release")]
release: ci deny typos dist
