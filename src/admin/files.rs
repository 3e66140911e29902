//! The files that pages name: style, scripts, the icon. They are built in, and for everybody, for the login needs some.

use axum::response::{IntoResponse, Response};
use http::{HeaderValue, header};

macro_rules! files {
    ($($name:ident $kind:expr, $file:literal;)+) => {
        $(
            #[doc = concat!("`GET /", $file, "`")]
            pub(super) async fn $name() -> Response {
                let kind = HeaderValue::from_static($kind);
                ([(header::CONTENT_TYPE, kind)], include_str!($file)).into_response()
            }
        )+
    };
}

const CSS: &str = "text/css; charset=utf-8";
const SCRIPT: &str = "text/javascript; charset=utf-8";

files! {
    style CSS, "static/style.css";
    board_style CSS, "static/board.css";
    heatmap_style CSS, "static/heatmap.css";
    status_script SCRIPT, "static/status.js";
    board_script SCRIPT, "static/board.js";
    listen_script SCRIPT, "static/listen.js";
    wall_script SCRIPT, "static/wall.js";
    icon "image/svg+xml", "static/icon.svg";
}
