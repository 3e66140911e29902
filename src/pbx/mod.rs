//! The wire to one PBX: AMI (`ami`) and its MySQL tables (`mysql`). It never knows the store or the tasks.

pub mod ami;
pub mod mysql;
pub mod tls;
