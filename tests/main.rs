//! Tests of more than one module, in one binary. Each folder is named after the part that it tests.

#![expect(
    clippy::expect_used,
    clippy::print_stdout,
    reason = "a test may stop where it stands, and says what it left out"
)]
#![expect(unreachable_pub, reason = "nothing is outside of the tests")]

mod app {
    mod attached;
    mod base_column;
    mod browse;
    mod budget;
    mod confirm;
    mod cursor;
    mod dialogs;
    mod files;
    mod first_minutes;
    mod image_diff;
    mod layer_diff;
    mod loads;
    mod login;
    mod manage;
    mod no_catalog;
    mod open;
    mod own_api;
    #[cfg(unix)]
    mod scan;
    mod session;
    mod since;
    mod start;
    mod tag_history;
    mod trust;
    mod widths;
}
mod architecture;
mod citations;
mod cli {
    mod attached;
    mod base;
    mod completions;
    mod config;
    mod copy;
    mod delete;
    mod diff;
    mod dockerfile;
    mod files;
    mod history;
    mod keys;
    mod left_out;
    #[cfg(unix)]
    mod login;
    #[cfg(unix)]
    mod login_theft;
    mod man;
    mod names;
    mod options;
    mod own_api;
    mod packages;
    #[cfg(unix)]
    pub mod scan;
    mod search;
    mod since;
    mod subcommands;
    mod system_registries;
    mod tag;
    mod undo;
    mod unreadable;
    mod vendor_facts;
    mod waste;
    mod windows;
}
mod client {
    mod auth;
    mod certificates;
    mod content;
    mod greeting;
    mod own_api;
    mod paging;
    mod peers;
    mod pins;
    mod proxies;
    mod ranges;
    mod registry;
    mod resumes;
    mod transport;
    mod uploads;
    mod writes;
}
mod demo {
    mod attached;
    mod auth;
    mod blobs;
    mod content;
    mod faults;
    mod layers;
    mod lists;
    mod manifests;
    mod oci_client;
    mod wire;
}
#[cfg(unix)]
mod demo_tape;
mod generated;
mod glossary;
mod layer {
    mod diff;
    mod hostile;
    mod programs;
    mod streams;
    mod tables;
    mod trees;
    mod waste;
}
mod ops {
    mod any_repository;
    mod compare;
    mod conversion;
    mod copy;
    mod crashes;
    mod damage;
    mod delete;
    mod fallback_tags;
    mod file_parts;
    mod files;
    mod images;
    mod interruptions;
    mod journal;
    mod kept_lists;
    mod large_answers;
    mod lists;
    mod loss;
    mod media_types;
    mod named_referrers;
    mod nested_indexes;
    mod outcomes;
    mod own_api;
    mod packages;
    mod pauses;
    mod probes;
    mod proofs;
    mod referrers;
    mod refusals;
    mod request_budget;
    mod resume;
    mod retag;
    mod same_bytes;
    mod stops;
    mod tag_restore;
    mod undo;
    mod waits;
}
#[cfg(unix)]
mod pty {
    mod answers;
    mod asks;
    mod dialogs;
    mod hangup;
    mod jobs;
    #[cfg(target_os = "linux")]
    mod large_answers;
    mod life;
    mod outside;
    mod panic;
}
mod servers {
    mod any_repository;
    mod browse;
    mod conformance;
    mod conversion;
    mod interruptions;
    #[cfg(target_os = "linux")]
    mod large_layer;
    mod layers;
    mod logins;
    mod manage;
    mod nginx;
    mod tool_logins;
    mod uploads;
}
mod store {
    mod damage;
    mod migration;
    mod processes;
}
mod support {
    pub mod app;
    pub mod authority;
    pub mod blob;
    pub mod cases;
    pub mod context;
    pub mod copying;
    pub mod eavesdropper;
    pub mod graph;
    pub mod harness;
    pub mod hostile;
    pub mod journal_child;
    pub mod layered;
    pub mod outcomes;
    #[expect(dead_code, reason = "the unit tests in `src/` use the others")]
    pub mod plans;
    pub mod programs;
    #[cfg(unix)]
    pub mod pty;
    pub mod registry;
    pub mod samples;
    pub mod servers;
    pub mod shell;
    pub mod skopeo;
    pub mod state;
    pub mod tars;
    pub mod time_machine;
    pub mod tour;
    pub mod uploader;
}
mod ui {
    mod any_size;
    mod changes;
    mod clicks;
    mod details;
    mod dialogs;
    mod files;
    mod image_diff;
    mod images;
    mod keys;
    mod names;
    mod panes;
    mod plans;
    mod screen;
    mod screens;
    mod search;
    mod since;
    mod start;
    mod tag_history;
    mod trust;
    mod vendor_image;
}
