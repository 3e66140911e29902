//! AsterFlow: a wall-display command centre for the queues of an Asterisk PBX.
//!
//! # Bird's eye
//! ```text
//!  Asterisk AMI ──> pbx::ami ────> tasks::live (owns domain::live) ──watch──┐
//!  PBX MySQL ─────> pbx::mysql ──> tasks::sync (domain::history) ──> store ─┼─> views (pure) ─> kiosk (ui/) | admin
//!  touch, web ────> tasks::control ─> pbx::ami            answers only after the effect was seen
//! ```
//! Data flows one way, from the PBX to the eye. A view is made from a snapshot by a pure function; a display only
//! shows it.
//!
//! # Map
//! | module | owns |
//! |---|---|
//! | [`domain`] | what a queue, member, visit, cell *is*; pure: no clock, no I/O, no logging |
//! | [`config`] | `asterflow.toml`: as written → validated → as used; the web page's values over it |
//! | [`pbx`] | the wire to one PBX: AMI bytes and sessions, its MySQL tables |
//! | [`store`] | SQLite: one writer thread, readers beside it |
//! | [`tasks`] | the running owners: live, sync, history, control, accounts, settings |
//! | [`views`] | snapshots and figures → what a page or the API shows |
//! | `sim` | the simulated call centre of `asterflow demo` (feature `sim`); used by nothing but `cli` |
//! | `kiosk` | the Slint wall: window, bare screen, memory (feature `kiosk`); the pages are in `ui/` |
//! | [`admin`] | hyper and axum: login, API, status page |
//! | [`report`] | the stored history as a table, CSV or JSON |
//! | [`cli`], `daemon` | arguments, and the wiring of everything |
//!
//! # Layer rule (held by `tests/it/tidy.rs`)
//! `domain` uses nothing of ours; `views`, `config` and `store` use `domain`; `pbx` uses `domain` and its own
//! config section; `tasks` use `domain`, `pbx`, `store`, `config`; `kiosk` and `admin` use `views`, `domain` and the
//! handles of `tasks`. Absent on purpose: no module below `tasks` knows that time passes by itself, and no display
//! can reach the PBX or the store.
//!
//! # Where do I change …
//! | to change | look in |
//! |---|---|
//! | which AMI event means what | `pbx/ami/event.rs` (bytes → event) |
//! | how an event changes the floor, and what state follows | `domain/live/apply.rs`, then `domain/live/board.rs` |
//! | which phones are a member's, and who is behind a Local channel | `domain/live/keys.rs`, `domain/live/chain.rs` |
//! | how a fresh picture takes over, and what counts as corrected | `domain/live/picture.rs`, `domain/live/corrected.rs`, `tasks/live.rs` |
//! | which shapes of queue_log are read | `pbx/mysql/shape.rs` |
//! | what is read when, and how another table is noticed | `tasks/sync/reader/` |
//! | how a queue_log row becomes a visit | `domain/history/event.rs` (row → event), `domain/history/fold/` (rows → visits) |
//! | how a visit becomes a cell | `domain/history/cells.rs` |
//! | what a number means | `domain/history/figures.rs` |
//! | which agent an interface is | `domain/history/identity.rs` (the map), `store/history/identity.rs` (what a change touches) |
//! | why a figure is what it is | `domain/history/explain/`, `tasks/history/explain/` |
//! | what the hourly check compares | `tasks/check.rs`; live against `queue_log`: `tasks/reconcile.rs` |
//! | what is stored, and in which transaction | `store/migrations/`, `store/history/batch.rs` |
//! | what a page shows | `views/`, then `ui/pages/` |
//! | an HTTP route and who may use it | `admin/routes.rs` |
//! | a configuration key | `config/raw.rs`, then `config/validate.rs` |
//! | what a touch on an agent's card leads to | `kiosk/desk/`, `views/desk.rs`, `ui/widgets/agent-sheet.slint` |
//! | what people do in the demo | `sim/centre/`; who works where: `sim/plan.rs`; how it is spelled as AMI: `sim/ami/encode/` |
//! | pausing, members, waiting callers, hanging up | `domain/act/` (what is meant, when it shows), `tasks/acts/` (how it is sent) |
//! | what `check --online` finds | `pbx/ami/probe.rs`, `pbx/mysql/probe.rs` (facts), `cli/check/` (what is said of them) |
//! | when an alarm is raised and lowered | `domain/alarm/` (the rules), `tasks/alarms.rs` (the watch) |
//! | what is recorded of the floor | `domain/replay/` (what is kept, packed), `tasks/replay.rs`, `store/replay.rs` |
//! | what listening does | `tasks/control/`, and which channel is meant: `domain/control/target.rs` |

#![forbid(unsafe_code)]

pub mod admin;
pub mod backoff;
pub mod cli;
pub mod clock;
pub mod config;
mod daemon;
pub mod domain;
#[cfg(feature = "kiosk")]
pub mod kiosk;
pub mod pbx;
pub mod report;
#[cfg(feature = "sim")]
pub mod sim;
pub mod store;
pub mod tasks;
pub mod views;
