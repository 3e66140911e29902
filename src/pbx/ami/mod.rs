//! The Asterisk Manager Interface: bytes → frames → events; actions → bytes; the session between them.
