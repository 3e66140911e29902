//! The PBX's MySQL or MariaDB.
