//! `/wall`: an own view of the wall's program in the browser. By script it is a canvas that waits for the next picture
//! and sends every touch; without script a picture in a form that posts where it was clicked.

use askama::Template;
use axum::extract::{Extension, Path, Request, State};
use axum::response::{IntoResponse, Redirect, Response};
use http::{HeaderName, HeaderValue, StatusCode, header};

use crate::tasks::accounts::Identity;

use super::Shared;
use super::error::Refusal;
use super::guard::{Caller, form_field};
use super::handles::{Size, WallAct, WallRefusal};
use super::pages::{Frame, page, read_form};

/// What is offered; the first is taken where nothing was asked for.
const SIZES: [(Size, &str); 4] =
    [((1280, 720), "Wide"), ((720, 1280), "Upright"), ((1920, 1080), "Large"), ((800, 480), "Small")];
/// Each side of a picture is within these.
const SIDES: std::ops::RangeInclusive<u32> = 320..=1920;
/// And it has no more pixels than this.
const PIXELS: u32 = 1920 * 1080;
/// The longest name of a key.
const KEY: usize = 12;
/// Seconds until a place may be free.
const RETRY: u32 = 15;
/// The picture's number.
const NUMBER: HeaderName = HeaderName::from_static("x-picture");

#[derive(Template)]
#[template(path = "wall.html")]
struct WallPage {
    frame: Frame,
    id: String,
    size: Size,
    sizes: Vec<SizeChoice>,
}

struct SizeChoice {
    name: &'static str,
    word: String,
    chosen: bool,
}

#[derive(Template)]
#[template(path = "wall_closed.html")]
struct ClosedPage {
    frame: Frame,
    sentence: String,
}

impl From<WallRefusal> for Refusal {
    fn from(refusal: WallRefusal) -> Self {
        let (status, kind) = match &refusal {
            WallRefusal::Full(_) => (StatusCode::SERVICE_UNAVAILABLE, "wall-full"),
            WallRefusal::Gone => (StatusCode::NOT_FOUND, "wall-gone"),
            WallRefusal::Unavailable(_) => (StatusCode::SERVICE_UNAVAILABLE, "no-wall"),
        };
        Self::new(status, kind, refusal.to_string())
    }
}

/// `GET /wall?size=1280x720`: opens a view and goes there, so that loading it again opens no second one.
pub(super) async fn open(
    State(app): State<Shared>,
    Extension(caller): Extension<Caller>,
    request: Request,
) -> Result<Response, Refusal> {
    let asked = form_field(request.uri().query().unwrap_or_default().as_bytes(), "size");
    let size = asked.map_or(Ok(SIZES[0].0), |word| read_size(&word))?;
    match app.handles.walls.open(who(&caller)?, caller.origin.clone(), size).await {
        Ok(id) => Ok(Redirect::to(&format!("/wall/{id}")).into_response()),
        Err(refusal) => {
            let status = Refusal::from(refusal.clone()).status;
            let frame = Frame::of(&app, Some(&caller)).at("/wall");
            let mut response = page(status, &ClosedPage { frame, sentence: refusal.to_string() });
            response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(RETRY));
            Ok(response)
        }
    }
}

/// `GET /wall/{session}`; one that has ended is opened anew.
pub(super) async fn view(
    State(app): State<Shared>,
    Extension(caller): Extension<Caller>,
    Path(id): Path<String>,
) -> Result<Response, Refusal> {
    let Ok(size) = app.handles.walls.size(&id, &who(&caller)?) else {
        return Ok(Redirect::to("/wall").into_response());
    };
    let sizes = SIZES
        .iter()
        .map(|(known, name)| SizeChoice { name, word: size_word(*known), chosen: *known == size })
        .collect();
    let frame = Frame::of(&app, Some(&caller)).at("/wall");
    Ok(page(StatusCode::OK, &WallPage { frame, id, size, sizes }))
}

/// `GET /wall/{session}/picture?after=N`: at once, or when there is another one than N. 204: none came.
pub(super) async fn picture(
    State(app): State<Shared>,
    Extension(caller): Extension<Caller>,
    Path(id): Path<String>,
    request: Request,
) -> Result<Response, Refusal> {
    let after = form_field(request.uri().query().unwrap_or_default().as_bytes(), "after");
    let after = match after.as_deref() {
        None | Some("") => None,
        Some(text) => {
            Some(text.parse().map_err(|_| Refusal::invalid("\"after\" is no number of a picture."))?)
        }
    };
    let Some(view) = app.handles.walls.picture(id, who(&caller)?, after).await? else {
        return Ok(StatusCode::NO_CONTENT.into_response());
    };
    let headers = [
        (header::CONTENT_TYPE, HeaderValue::from_static("image/png")),
        (NUMBER, HeaderValue::from(view.number)),
    ];
    Ok((headers, view.png).into_response())
}

/// `POST /wall/{session}`: `act` with `x` and `y`, `key`, or `size`. A form is sent back to the view.
pub(super) async fn act(
    State(app): State<Shared>,
    Extension(caller): Extension<Caller>,
    Path(id): Path<String>,
    request: Request,
) -> Result<Response, Refusal> {
    let form = read_form(request).await?;
    let act = read_act(&form)?;
    let is_form = form_field(&form, "csrf").is_some();
    let back = if act == WallAct::End { "/".to_owned() } else { format!("/wall/{id}") };
    app.handles.walls.act(id, who(&caller)?, act).await?;
    Ok(if is_form { Redirect::to(&back).into_response() } else { StatusCode::NO_CONTENT.into_response() })
}

fn who(caller: &Caller) -> Result<Identity, Refusal> {
    caller.identity.clone().ok_or_else(Refusal::unauthorized)
}

fn read_act(form: &[u8]) -> Result<WallAct, Refusal> {
    let field = |name: &str| form_field(form, name).unwrap_or_default();
    let number = |name: &str| {
        let number: Option<f32> = field(name).parse().ok().filter(|number: &f32| number.is_finite());
        number.ok_or_else(|| Refusal::invalid(format!("\"{name}\" is no number of pixels.")))
    };
    Ok(match field("act").as_str() {
        "touch" => WallAct::Touch(number("x")?, number("y")?),
        "press" => WallAct::Press(number("x")?, number("y")?),
        "move" => WallAct::Move(number("x")?, number("y")?),
        "release" => WallAct::Release(number("x")?, number("y")?),
        "leave" => WallAct::Leave,
        "key" => {
            let key = field("key");
            if key.is_empty() || key.len() > KEY {
                return Err(Refusal::invalid("\"key\" is no name of a key. Send ArrowLeft, Enter or 7."));
            }
            WallAct::Key(key)
        }
        "size" => WallAct::Resize(read_size(&field("size"))?),
        "end" => WallAct::End,
        _ => {
            let known = "touch, press, move, release, leave, key, size, end";
            return Err(Refusal::invalid(format!("\"act\" is none of {known}.")));
        }
    })
}

fn read_size(word: &str) -> Result<Size, Refusal> {
    let sides = word.split_once('x').and_then(|(width, height)| width.parse().ok().zip(height.parse().ok()));
    sides
        .filter(|(width, height)| SIDES.contains(width) && SIDES.contains(height) && width * height <= PIXELS)
        .ok_or_else(|| {
            let detail =
                "\"size\" is no size of a picture. Write size=1280x720; each side has 320 to 1920 pixels.";
            Refusal::invalid(detail)
        })
}

fn size_word((width, height): Size) -> String {
    format!("{width}x{height}")
}
