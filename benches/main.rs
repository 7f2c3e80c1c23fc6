//! The figures that README quotes: `cargo bench` repeats them, `cargo bench -- NAME` one of them.
//!
//! Each is taken beside a peer in the same run, or counted by the kernel, since machines differ and are noisy. Peers
//! that are not in PATH (crane, skopeo, syft, estargz, wrk, docker-registry) are named and left out.

#![expect(
    clippy::expect_used,
    clippy::print_stdout,
    reason = "a measurement may stop where it stands, and prints its figures"
)]
#![expect(unreachable_pub, reason = "nothing is outside of the benches")]

mod copy;
mod delay;
mod delete_plan;
mod endless;
mod files;
mod files_keys;
mod files_million;
mod first_frame;
mod idle;
mod inside;
mod keys;
mod keys_while_copying;
mod large;
mod listing;
mod long;
mod memory;
mod peers;
mod screen;
mod servers;
mod slow_line;

/// Name and body of each measurement.
const ALL: &[(&str, fn())] = &[
    ("first_frame", first_frame::run),
    ("listing", listing::run),
    ("keys", keys::run),
    ("memory", memory::run),
    ("large", large::run),
    ("idle", idle::run),
    ("long", long::run),
    ("slow_line", slow_line::run),
    ("copy", copy::run),
    ("files", files::run),
    ("files_keys", files_keys::run),
    ("files_million", files_million::run),
    ("inside", inside::run),
    ("delete_plan", delete_plan::run),
    ("keys_while_copying", keys_while_copying::run),
];

fn main() {
    let wanted: Vec<String> = std::env::args().skip(1).filter(|word| !word.starts_with('-')).collect();
    println!("{} processors, load {}", peers::processors(), peers::load());
    for (name, run) in ALL {
        if wanted.is_empty() || wanted.iter().any(|word| word == name) {
            println!("\n{name}");
            run();
        }
    }
}
