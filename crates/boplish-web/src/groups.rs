//! Groups of any size, as a page joins them.

use boplish_core::{
    GroupAccess, GroupAccessError, GroupEvent, Node, PublishError, SendToMemberError,
};
use boplish_wire::PeerId;
use wasm_bindgen::prelude::*;

use crate::browser::Host;
use crate::peer::{Peer, content, error, peer_id, send_code};
use crate::report;

#[wasm_bindgen(typescript_custom_section)]
const HOST: &str = r#"
export interface Host {
    /** This peer has a place in the group with a key. */
    groupJoined(group: string): void;
    /** A member has said something to the group, perhaps before this peer joined, or to this peer
     * alone. */
    groupPost(group: string, from: string, payload: string | Uint8Array, isHistory: boolean): void;
    groupDirect(group: string, from: string, payload: string | Uint8Array): void;
    /** How many members there are, and some of them. */
    groupSize(group: string, count: number, some: string[]): void;
}
"#;

#[wasm_bindgen]
extern "C" {
    #[wasm_bindgen(method, js_name = groupJoined)]
    fn group_joined(this: &Host, group: &str);
    #[wasm_bindgen(method, js_name = groupPost)]
    fn group_post(this: &Host, group: &str, from: &str, payload: JsValue, is_history: bool);
    #[wasm_bindgen(method, js_name = groupDirect)]
    fn group_direct(this: &Host, group: &str, from: &str, payload: JsValue);
    #[wasm_bindgen(method, js_name = groupSize)]
    fn group_size(this: &Host, group: &str, count: u32, some: Vec<String>);
}

#[wasm_bindgen]
impl Peer {
    /// Joins a group, and wants what was said there last, up to 64 posts; returns the group's key.
    /// `groupJoined` follows. With a password, this takes about a tenth of a second.
    #[wasm_bindgen(js_name = joinGroup)]
    pub fn join_group(
        &self,
        name: &str,
        password: Option<String>,
        history: u32,
    ) -> Result<String, JsValue> {
        let access = match password {
            Some(password) => GroupAccess::with_password(name, &password),
            None => GroupAccess::open(name),
        };
        let access = access.map_err(|wrong| error(access_code(wrong), &wrong))?;
        self.shell()
            .with_node(|node, now| node.join_group(now, &access, history))
            .map_err(refused)?;
        Ok(access.key().to_string())
    }

    /// Says something to all other members.
    #[wasm_bindgen(js_name = publishToGroup)]
    pub fn publish_to_group(&self, group: &str, payload: JsValue) -> Result<(), JsValue> {
        let (group, payload) = (peer_id(group)?, content(&payload)?);
        self.shell()
            .with_node(|node, now| node.publish_to_group(now, group, &payload))
            .map_err(refused)
    }

    /// Says something to one member; `delivered` or `undelivered` follows, with the id that this
    /// returns.
    #[wasm_bindgen(js_name = sendToMember)]
    pub fn send_to_member(&self, group: &str, to: &str, payload: JsValue) -> Result<u64, JsValue> {
        let (group, to, payload) = (peer_id(group)?, peer_id(to)?, content(&payload)?);
        let send = |node: &mut Node, now| node.send_to_member(now, group, to, &payload);
        match self.shell().with_node(send) {
            Ok(id) => Ok(id.0),
            Err(SendToMemberError::Group(wrong)) => Err(refused(wrong)),
            Err(SendToMemberError::Send(wrong)) => Err(error(send_code(&wrong), &wrong)),
        }
    }

    /// Leaves a group.
    #[wasm_bindgen(js_name = leaveGroup)]
    pub fn leave_group(&self, group: &str) -> Result<(), JsValue> {
        let group = peer_id(group)?;
        self.shell()
            .with_node(|node, now| node.leave_group(now, group));
        Ok(())
    }
}

/// Tells what has happened in a group.
pub(crate) fn event(host: &Host, group: PeerId, event: GroupEvent) {
    let group = group.to_string();
    match event {
        GroupEvent::Joined => host.group_joined(&group),
        GroupEvent::Post {
            from,
            payload,
            is_old,
        } => host.group_post(&group, &from.to_string(), report::payload(&payload), is_old),
        GroupEvent::Direct { from, payload } => {
            host.group_direct(&group, &from.to_string(), report::payload(&payload));
        }
        GroupEvent::Members { count, some } => host.group_size(&group, count, report::ids(&some)),
    }
}

fn access_code(wrong: GroupAccessError) -> &'static str {
    match wrong {
        GroupAccessError::Name(_) | GroupAccessError::Password(_) => "bad-option",
    }
}

fn refused(wrong: PublishError) -> JsValue {
    let code = match wrong {
        PublishError::NotJoined => "not-joined",
        PublishError::TooLong(_) => "too-large",
        PublishError::Closed => "closed",
    };
    error(code, &wrong)
}
