//! regtui: a terminal UI for browsing and managing container image registries.
//!
//! | module | purpose |
//! |---|---|
//! | [`model`] | plain data: names, digests, manifests, images, failures, and how they are written |
//! | [`client`] | one registry over HTTP: auth, limits, retries, pages, cache |
//! | [`ops`] | operations of many requests: inspect an image, summarise a tag, list |
//! | [`app`] | how regtui behaves: state in, messages in, state and commands out |
//! | [`ui`] | how it looks: state in, cells out |
//! | [`runtime`] | the loop: events, effects, terminal, clipboard, log |
//! | [`cli`] | the command line and its subcommands |
//! | [`config`] | flags, environment and files, layered |
//! | `programs` | programs that run in the background, with limits |
//! | [`files`] | folders that no other user can write to, and files that are opened and replaced in them |
//! | [`layer`] | the files of a layer: entries of tars, tables of contents, and the tree of an image |
//! | [`packages`] | the packages of an image, parsed from the databases of package managers |
//! | [`demo`] | a registry in memory, used by `--demo` and by most tests |
//!
//! ```text
//!  key, mouse ─▶ Msg ─▶ app::update(&mut State, now, Msg) ─▶ Vec<Cmd> ─▶ runtime::effects ─▶ ops ─▶ client ─▶ network
//!                               │                                               └────────── Msg ◀──────────┘
//!                               └──▶ ui::view(frame, &State, &Theme, now)
//! ```
//!
//! `update` decides, `view` draws, `runtime` waits. Ten words used throughout:
//!
//! * **registry**: a server that speaks the OCI distribution API; **host** is its name
//! * **repository**: a named set of images in a registry; **tag**: a movable name for one of them
//! * **digest**: the hash that names content for ever; **manifest**: the JSON that a digest or tag leads to
//! * **index**: a manifest that lists manifests, one a **platform**; **config**: how an image was built and is run
//! * **layer**: a compressed tar, a part of the file system; **referrer**: a manifest that belongs to another
//! * **slot**: a place on the screen that wants only its newest answer; **ticket**: the number of the question
//!   that it waits for

pub mod app;
pub mod cli;
pub mod client;
pub mod config;
pub mod demo;
pub mod files;
pub mod layer;
pub mod model;
pub mod ops;
pub mod packages;
pub(crate) mod programs;
pub mod runtime;
pub mod store;
pub mod ui;

// Unit tests share the builders of `tests/support/plans.rs`, which name this crate as other tests do.
#[cfg(test)]
extern crate self as regtui;
