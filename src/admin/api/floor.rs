//! Acts upon the floor: the request is read here; whether it may be and what it means, `tasks::acts` decides.

use axum::extract::{Extension, Path, Request, State};
use axum::response::{IntoResponse, Response};
use http::StatusCode;
use serde::Deserialize;

use crate::domain::account::Role;
use crate::domain::act::{Act, ActDone, ActRequest, Victim};
use crate::domain::ids::{Interface, PbxName, QueueName, UniqueId};

use super::super::Shared;
use super::super::error::Refusal;
use super::super::guard::Caller;
use super::{json_answer, query, read_json, unknown_parameter};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Pause {
    agent: String,
    queue: Option<String>,
    reason: Option<String>,
    pbx: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Unpause {
    agent: String,
    queue: Option<String>,
    pbx: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct NewMember {
    queue: String,
    agent: String,
    name: Option<String>,
    #[serde(default)]
    penalty: u32,
    state_interface: Option<String>,
    pbx: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Penalty {
    queue: Option<String>,
    agent: String,
    penalty: u32,
    pbx: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct MoveUp {
    pbx: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Withdraw {
    note: Option<String>,
    pbx: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct HangUp {
    channel: Option<String>,
    agent: Option<String>,
    pbx: Option<String>,
}

/// `POST /api/v1/floor/pause`
pub(in crate::admin) async fn pause(
    State(app): State<Shared>,
    Extension(caller): Extension<Caller>,
    request: Request,
) -> Result<Response, Refusal> {
    let Pause { agent, queue, reason, pbx } = read_json(request).await?;
    let act = Act::Pause { agent: Interface::new(agent), queue: queue.map(QueueName::new), reason };
    done(act_upon(&app, &caller, pbx, act).await?)
}

/// `POST /api/v1/floor/unpause`
pub(in crate::admin) async fn unpause(
    State(app): State<Shared>,
    Extension(caller): Extension<Caller>,
    request: Request,
) -> Result<Response, Refusal> {
    let Unpause { agent, queue, pbx } = read_json(request).await?;
    let act = Act::Unpause { agent: Interface::new(agent), queue: queue.map(QueueName::new) };
    done(act_upon(&app, &caller, pbx, act).await?)
}

/// `POST /api/v1/floor/members`
pub(in crate::admin) async fn add_member(
    State(app): State<Shared>,
    Extension(caller): Extension<Caller>,
    request: Request,
) -> Result<Response, Refusal> {
    let NewMember { queue, agent, name, penalty, state_interface, pbx } = read_json(request).await?;
    let (queue, agent) = (QueueName::new(queue), Interface::new(agent));
    let act = Act::Add { queue, agent, name, penalty, state_interface };
    let answer = done(act_upon(&app, &caller, pbx, act).await?)?;
    Ok((StatusCode::CREATED, answer).into_response())
}

/// `PATCH /api/v1/floor/members`
pub(in crate::admin) async fn change_member(
    State(app): State<Shared>,
    Extension(caller): Extension<Caller>,
    request: Request,
) -> Result<Response, Refusal> {
    let Penalty { queue, agent, penalty, pbx } = read_json(request).await?;
    let act = Act::Penalty { queue: queue.map(QueueName::new), agent: Interface::new(agent), penalty };
    done(act_upon(&app, &caller, pbx, act).await?)
}

/// `DELETE /api/v1/floor/members?queue=&agent=&pbx=`
pub(in crate::admin) async fn remove_member(
    State(app): State<Shared>,
    Extension(caller): Extension<Caller>,
    request: Request,
) -> Result<Response, Refusal> {
    let (mut queue, mut agent, mut pbx) = (None, None, None);
    for (key, value) in query(&request) {
        match key.as_str() {
            "queue" => queue = Some(value),
            "agent" => agent = Some(value),
            "pbx" => pbx = Some(value),
            other => return Err(unknown_parameter(other, "queue, agent, pbx")),
        }
    }
    let missing = || Refusal::invalid("Write both queue=sales and agent=PJSIP/108.");
    let (queue, agent) = (queue.ok_or_else(missing)?, agent.ok_or_else(missing)?);
    let act = Act::Remove { queue: QueueName::new(queue), agent: Interface::new(agent) };
    done(act_upon(&app, &caller, pbx, act).await?)
}

/// `POST /api/v1/floor/callers/{channel}/move-up`
pub(in crate::admin) async fn move_up(
    State(app): State<Shared>,
    Path(channel): Path<String>,
    Extension(caller): Extension<Caller>,
    request: Request,
) -> Result<Response, Refusal> {
    let MoveUp { pbx } = read_json(request).await?;
    let act = Act::MoveUp { caller: UniqueId::new(channel) };
    done(act_upon(&app, &caller, pbx, act).await?)
}

/// `POST /api/v1/floor/callers/{channel}/withdraw`
pub(in crate::admin) async fn withdraw(
    State(app): State<Shared>,
    Path(channel): Path<String>,
    Extension(caller): Extension<Caller>,
    request: Request,
) -> Result<Response, Refusal> {
    let Withdraw { note, pbx } = read_json(request).await?;
    let act = Act::Withdraw { caller: UniqueId::new(channel), note };
    done(act_upon(&app, &caller, pbx, act).await?)
}

/// `POST /api/v1/floor/hangup`
pub(in crate::admin) async fn hang_up(
    State(app): State<Shared>,
    Extension(caller): Extension<Caller>,
    request: Request,
) -> Result<Response, Refusal> {
    let HangUp { channel, agent, pbx } = read_json(request).await?;
    let victim = match (channel, agent) {
        (Some(channel), None) => Victim::Channel(UniqueId::new(channel)),
        (None, Some(agent)) => Victim::Agent(Interface::new(agent)),
        _ => {
            let detail = "Name either the channel or the agent.";
            return Err(Refusal::new(StatusCode::UNPROCESSABLE_ENTITY, "invalid", detail));
        }
    };
    done(act_upon(&app, &caller, pbx, Act::HangUp(victim)).await?)
}

async fn act_upon(app: &Shared, caller: &Caller, pbx: Option<String>, act: Act) -> Result<ActDone, Refusal> {
    let actor = caller.actor();
    let role = caller.identity.as_ref().map_or(Role::Viewer, |identity| identity.role);
    let pbx = pbx.map(PbxName::new);
    let asked = ActRequest { pbx, act, actor: actor.name, role, origin: actor.origin };
    Ok(app.handles.floor.act(asked).await?)
}

#[allow(clippy::unnecessary_wraps, reason = "the last line of every handler")]
fn done(done: ActDone) -> Result<Response, Refusal> {
    Ok(json_answer(&done))
}
