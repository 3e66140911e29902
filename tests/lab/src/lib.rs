//! A real Asterisk, a real MariaDB and SIP phones.
