//! What happened: `queue_log` rows → visits, talks, intervals → cells of one clock hour → figures.

pub mod figures;
