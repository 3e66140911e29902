//! Events of transfers.

use super::text::{Class, Text};
use crate::sim::pbx::{Bridge, Channel, Millis};

/// Passed on without asking.
pub(super) fn blind(
    transferer: &Channel,
    transferee: &Channel,
    bridge: &Bridge,
    target: (&str, &str),
    at: Option<Millis>,
) -> Text {
    let mut text = Text::event("BlindTransfer", Class::Call, at);
    text.put("Result", "Success");
    text.channel("Transferer", transferer);
    text.channel("Transferee", transferee);
    text.bridge("", bridge);
    text.put("IsExternal", "Yes");
    text.put("Context", target.0);
    text.put("Extension", target.1);
    text
}

/// Asked first: both legs of who passes on, each with its bridge.
pub(super) fn attended(
    first: (&Channel, &Bridge),
    second: (&Channel, &Bridge),
    transferee: &Channel,
    target: &Channel,
    at: Option<Millis>,
) -> Text {
    let mut text = Text::event("AttendedTransfer", Class::Call, at);
    text.put("Result", "Success");
    text.channel("OrigTransferer", first.0);
    text.bridge("Orig", first.1);
    text.channel("SecondTransferer", second.0);
    text.bridge("Second", second.1);
    text.channel("Transferee", transferee);
    text.channel("TransferTarget", target);
    text.put("IsExternal", "No");
    text.put("DestType", "Bridge");
    text.put("DestBridgeUniqueid", &first.1.uniqueid);
    text
}
